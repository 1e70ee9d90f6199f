/*
 * What is kept of a remote execution that is under way, so that a restart can
 * go on with it: a line of words.
 *
 *   PREFIX64 WAIT DISPATCHER JOBS [JID FIRST COUNT]... [NODE HOST]...
 *
 * The command is not in it: it is in the job's key. What was written of each
 * worker is seen by its keys.
 *
 * Pure. Must not know keys, nor the dispatcher.
 */
#ifndef PLUGINS_REGISTRY_CONSUL_REXEC_KEPT_H
#define PLUGINS_REGISTRY_CONSUL_REXEC_KEPT_H

#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/mem.h"

/* A worker: what it is called in keys, and to the dispatcher. */
struct rexec_target {
    char *node, *host; /* owned */
};

void rexec_targets_free(struct rexec_target *list, size_t count);

/* A job at the dispatcher, of some of the workers in their order. */
struct rexec_part {
    char *jid; /* owned; "": it was not taken */
    size_t first, count;
};

void rexec_parts_free(struct rexec_part *list, size_t count);

struct rexec_kept {
    char *prefix;             /* owned; of the keys, before the session's id */
    uint64_t wait_ms;         /* of silence until a sign of life */
    char *dispatcher;         /* owned; where it was asked for, HOST:PORT */
    struct rexec_part *parts; /* owned */
    size_t n_parts;           /* 0: it is not known whether it was asked for */
    struct rexec_target *targets; /* owned; by host */
    size_t count;
};

void rexec_kept_write(const struct rexec_kept *k, struct buf *out);
/* NULL, or a static text of what is wrong with it; rexec_kept_free() in either
 * case. */
MUST_CHECK const char *rexec_kept_read(struct rexec_kept *k, const char *bytes,
                                       size_t len);
void rexec_kept_free(struct rexec_kept *k);

#endif
