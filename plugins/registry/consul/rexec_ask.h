/*
 * What a remote execution asks of the dispatcher: one job; or several, beside
 * each other, where the names of its workers do not fit into one line. To who
 * asks they are one.
 *
 *   new --begin--> asking --all were answered--> submitted() --> output(), ...
 *     '--follow--> looking   --> ended() of each job
 *
 * A job that was taken is not read further before all of them were answered, so
 * that nothing is told of any worker before submitted(). The calls may come
 * from inside of rexec_ask_begin() and rexec_ask_follow().
 *
 * Each job is asked for under a key (.key) of its own, made of the session's
 * id: asked for once more it is the same job, and runs once.
 *
 * Must not know keys, nor what becomes of what it tells.
 */
#ifndef PLUGINS_REGISTRY_CONSUL_REXEC_ASK_H
#define PLUGINS_REGISTRY_CONSUL_REXEC_ASK_H

#include <stdbool.h>
#include <stddef.h>

#include "client/muster.h"
#include "plugins/registry/consul/rexec_job.h"
#include "plugins/registry/consul/rexec_kept.h"

/* Jobs of one remote execution; the last one has all workers that are left, so
 * that the dispatcher refuses these. Each has a connection, and a copy of the
 * script until it was sent. */
#define REXEC_JOBS_MAX 64
/* Bytes of a line to a dispatcher, whatever may be longer here: its own bound
 * is not known. The default of limits.line. */
#define REXEC_LINE_MAX (64 * 1024)
/* So long is a dispatcher looked for that has jobs which are to be followed: it
 * may be starting, too. */
#define REXEC_PATIENCE_MS 30000

struct loop;
struct rexec_ask;

/* Not to be freed from inside of them. host: as it was given; range: first and
 * count of the hosts, in their order. */
struct rexec_ask_calls {
    void (*submitted)(void *arg);
    /* stream: MUSTER_STDOUT or MUSTER_STDERR. */
    void (*output)(void *arg, const char *host, enum muster_stream stream,
                   const char *text, size_t len);
    void (*cut)(void *arg, const char *host, enum muster_stream stream,
                uint64_t bytes);
    void (*exited)(void *arg, const char *host, const struct muster_result *r);
    /* No more comes of these: who of them has not exited does not. */
    void (*ended)(void *arg, size_t first, size_t count, const char *why);
};

/* dispatcher is borrowed until rexec_ask_new() returns, the others as long as
 * the ask is there. */
struct rexec_ask_setup {
    struct loop *loop;
    const struct muster_options *dispatcher;
    const char *session;
    size_t count;
    const char *(*host)(const void *hosts, size_t i); /* of count; each once */
    const void *hosts;
    const struct rexec_ask_calls *calls;
    void *arg;
};

/* NULL and *error (for free()): there is no way to ask. */
struct rexec_ask *rexec_ask_new(const struct rexec_ask_setup *s, char **error);
/* Once one of the two. Asks for the job, in lines of that many bytes
 * (limits.line) ... */
void rexec_ask_begin(struct rexec_ask *a, const struct rexec_job *job,
                     size_t line);
/* ... or takes up jobs that were asked for before, of all the hosts; those
 * without an id end at once. What they have said is told again. */
void rexec_ask_follow(struct rexec_ask *a, const struct rexec_part *parts,
                      size_t count);
/* After submitted(): what rexec_ask_follow() wants, for rexec_parts_free(). */
struct rexec_part *rexec_ask_parts(const struct rexec_ask *a, size_t *count);
/* What runs at the dispatcher goes on. NULL is fine. */
void rexec_ask_free(struct rexec_ask *a);

/* Nothing is told until it is resumed, but for what is on its way. */
void rexec_ask_pause(struct rexec_ask *a);
void rexec_ask_resume(struct rexec_ask *a);
/* All its jobs, also those that are only taken later; they are read to their
 * end. May be repeated. */
void rexec_ask_cancel(struct rexec_ask *a);
/* Every job has ended, and was told of. */
bool rexec_ask_is_over(const struct rexec_ask *a);

/* The job as an operation for muster_exec(): pairs in out (REXEC_PAIRS_MAX at
 * most), their texts in text. Returns how many. */
#define REXEC_PAIRS_MAX 4
size_t rexec_ask_pairs(const struct rexec_job *j, struct buf *text,
                       struct muster_attr *out);

#endif
