/*
 * What a remote execution is asked for by: the payload of the event says where
 * the job is, the key there what it is, both in JSON as Consul's agents read
 * them.
 *
 *   event _rexec    {"Prefix": "_rexec", "Session": "ID"}
 *   _rexec/ID/job   {"Command": "...", "Args": [...], "Script": "BASE64",
 *                    "Wait": NANOSECONDS}
 *
 * Pure. Must not know events, keys, or who may.
 */
#ifndef PLUGINS_REGISTRY_CONSUL_REXEC_JOB_H
#define PLUGINS_REGISTRY_CONSUL_REXEC_JOB_H

#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/mem.h"

#define REXEC_PREFIX_MAX 512 /* bytes */
#define REXEC_ARGS_MAX   1024
#define REXEC_WAIT_MS    2000 /* where none is said */
#define REXEC_WAIT_MIN   100
#define REXEC_WAIT_MAX   (10 * 60 * 1000)

struct rexec_place {
    char *prefix;  /* owned */
    char *session; /* owned; has the form of an id */
};

/* Exactly one of command, args and script is there: script before args before
 * command, as agents choose. */
struct rexec_job {
    char *command;     /* owned; NULL: none */
    char **args;       /* owned; n_args of them, without NULs */
    size_t n_args;     /* 0: none */
    struct buf script; /* any bytes; empty: none */
    uint64_t wait_ms;  /* of silence until a sign of life */
};

/* NULL, or a static text of what is wrong with it; rexec_place_free() in either
 * case. */
MUST_CHECK const char *rexec_place_read(struct rexec_place *p,
                                        const void *bytes, size_t len);
void rexec_place_free(struct rexec_place *p);

/* The same of a job, for rexec_job_free(). */
MUST_CHECK const char *rexec_job_read(struct rexec_job *j, const void *bytes,
                                      size_t len);
void rexec_job_free(struct rexec_job *j);

#endif
