/*
 * What the keys of a remote execution say was written of a worker before a
 * restart (rexec_run.h has their names). Which stream the bytes of a piece are
 * of, and for how many that are missing it stands, is in the key's flags, which
 * nobody else looks at: an agent of Consul writes 0 there.
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

struct rexec_written {
    bool acked, exited;
    unsigned pieces; /* of output and signs of life: the number of the next */
    uint64_t bytes[REXEC_STREAMS]; /* of output, with those that are missing */
};

/* The flags of a piece of output: so many of its bytes are of stderr ... */
uint64_t rexec_written_flags(unsigned errors);
/* ... or of one that says that so many are missing. */
uint64_t rexec_written_missing(bool of_stderr, uint64_t bytes);

/* The keys are base/node/... */
void rexec_written_look(const struct kv *kv, const char *base, const char *node,
                        struct rexec_written *out);

#endif
