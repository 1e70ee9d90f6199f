/*
 * What a remote execution writes into the tree of keys, in its order: acks,
 * output, exits. Every key is locked by the session, which deletes it when it
 * ends; a write that is refused (the session has ended) is the end of it all.
 *
 * What has been added and is not committed is bounded by who adds it: he looks
 * at rexec_writer_queued().
 *
 * Must not know what is written, nor jobs.
 */
#ifndef PLUGINS_REGISTRY_CONSUL_REXEC_WRITER_H
#define PLUGINS_REGISTRY_CONSUL_REXEC_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct musterd;
struct rexec_writer;

struct rexec_writer_calls {
    /* Something was committed. */
    void (*written)(void *arg);
    /* It could not be; nothing more will be written. text: static. */
    void (*refused)(void *arg, const char *text);
};

/* The keys are base/NODE/NAME; all is copied, m and calls are borrowed. */
struct rexec_writer *rexec_writer_new(struct musterd *m, const char *base,
                                      const char *session,
                                      const struct rexec_writer_calls *calls,
                                      void *arg);
/* No call comes any more; what is not written yet is not. NULL is fine. */
void rexec_writer_free(struct rexec_writer *w);

/* Adds base/node/name, with those flags. What is last of its node is not
 * committed together with what came before it, so that nobody sees it earlier.
 */
void rexec_writer_add(struct rexec_writer *w, const char *node,
                      const char *name, const void *value, size_t len,
                      uint64_t flags, bool last);
/* Bytes that wait, with those that are being committed. */
size_t rexec_writer_queued(const struct rexec_writer *w);

#endif
