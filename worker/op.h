/*
 * The operations: what a dispatcher may ask a worker to run. An operation is a
 * row of a table: its name, its arguments, and how a request for it becomes a
 * job. Names and arguments are checked here, once, before any handler.
 *
 * Must not know the wire beyond its words.
 */
#ifndef MUSTER_WORKER_OP_H
#define MUSTER_WORKER_OP_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/words.h"
#include "worker/job.h"

struct actions;
struct fronts;
struct op_request;
struct plugins;

struct op_arg {
    const char *name;
    bool required;
    bool repeated; /* may come several times: the lines of a text */
    bool bytes;    /* may hold NULs */
};

/* A row of the table here, or made by who adds operations: action.c,
 * plugins.c. */
struct op {
    const char *name;
    bool slot;  /* takes one */
    bool mutex; /* one at a time */
    const struct op_arg *args;
    size_t arg_count;
    /* NULL and *why (owned by the caller) when it is refused. */
    struct job *(*run)(struct jobs *js, const char *jid,
                       const struct op_request *r, char **why);
};

/* What this worker allows; borrowed from its settings. */
struct op_rules {
    const char *const *ops; /* names; "all" is all, "!NAME" is not that */
    size_t op_count;
    const char *const *users; /* whom a job may run as */
    size_t user_count;
    const struct actions *actions; /* more operations; may be NULL */
    const struct plugins *plugins; /* … */
    const struct fronts *fronts;   /* those of hosts behind it; may be NULL */
    const char *front;             /* such a host is meant; NULL: this one */
};

/* Whether the worker has one of that name by itself. */
bool op_is_builtin(const char *name);
/* Whether the operation name is one that this worker takes. */
bool op_is_allowed(const struct op_rules *rules, const char *name);
/* The names of those it takes, "execute,ping", into out. */
void op_list(const struct op_rules *rules, struct buf *out);

/*
 * A request `OP [arg value]… [.directive value]…`. Starts the job jid and
 * returns it, or NULL and in *why the words to refuse it with (owned by the
 * caller). The words are spoilt.
 */
struct job *op_run(struct jobs *js, const struct op_rules *rules,
                   const char *jid, struct word *words, int count, char **why);

#endif
