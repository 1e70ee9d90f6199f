/*
 * The operation execute: a request's arguments become a process.
 *
 * Must not know how processes are run.
 */
#ifndef MUSTER_WORKER_EXECUTE_H
#define MUSTER_WORKER_EXECUTE_H

#include "lib/words.h"
#include "worker/job.h"
#include "worker/secrets.h"

struct op;
struct op_rules;

/* A request whose names have been checked; all of it borrowed. */
struct op_request {
    const struct op_rules *rules;
    const struct op *op;
    const char *host;   /* behind this one; NULL: this one */
    const char **names; /* of arguments, in the order they came */
    struct word **values;
    size_t count;
    struct secrets secrets;
    uint64_t timeout_ms, idle_ms; /* 0: none */
    uint64_t fence;               /* 0: none */
};

/* The first value of that name, or NULL. */
struct word *op_request_get(const struct op_request *r, const char *name);

/* NULL and *why (owned by the caller) when it is refused. */
struct job *execute_run(struct jobs *js, const char *jid,
                        const struct op_request *r, char **why);

#endif
