/*
 * What the keys of a remote execution say was written of a worker before a
 * restart (rexec_run.h has their names). For how many bytes that are missing a
 * piece stands is in the key's flags; and behind the first REXEC_PLAIN, which a
 * dispatcher keeps, how many of its bytes are of stderr. An agent of Consul
 * writes 0 there, and nobody looks at it.
 *
 * Must not know jobs. Only reads.
 */
#ifndef PLUGINS_REGISTRY_CONSUL_REXEC_WRITTEN_H
#define PLUGINS_REGISTRY_CONSUL_REXEC_WRITTEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kv;

#define REXEC_STREAMS 2 /* stdout, stderr */
#define REXEC_PLAIN   4096

struct rexec_written {
    bool acked, exited;
    unsigned pieces; /* of output and signs of life: the number of the next */
    /* Of output, with those that are missing: in all; the first of them, of
     * either stream; those behind them. */
    uint64_t all, first, bytes[REXEC_STREAMS];
};

/* The flags of a piece of output, with which there are so many bytes in all: so
 * many of its bytes are of stderr ... */
uint64_t rexec_written_flags(uint64_t all, unsigned errors);
/* ... or of one that says that so many are missing. */
uint64_t rexec_written_missing(bool of_stderr, uint64_t bytes);

/* The keys are base/node/... */
void rexec_written_look(const struct kv *kv, const char *base, const char *node,
                        struct rexec_written *out);

#endif
