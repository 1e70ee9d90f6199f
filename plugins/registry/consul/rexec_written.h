/*
 * What the keys of a remote execution say was written of a worker before a
 * restart (rexec_run.h has their names).
 *
 * Must not know jobs. Only reads.
 */
#ifndef PLUGINS_REGISTRY_CONSUL_REXEC_WRITTEN_H
#define PLUGINS_REGISTRY_CONSUL_REXEC_WRITTEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kv;

struct rexec_written {
    bool acked, exited;
    unsigned pieces; /* of output and signs of life: the number of the next */
    uint64_t bytes;  /* of output */
};

/* The keys are base/node/... */
void rexec_written_look(const struct kv *kv, const char *base, const char *node,
                        struct rexec_written *out);
/* True if the output has that text from its byte `at` on. */
bool rexec_written_has(const struct kv *kv, const char *base, const char *node,
                       uint64_t at, const char *text, size_t len);

#endif
