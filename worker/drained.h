/*
 * A worker that an operator has drained: it goes on with what it has, and says
 * in the registry why it is to get no more and until when, so that dispatchers
 * skip it. It remembers that itself, in a file, over restarts.
 *
 * It is not what a worker does at its own end: drain.h.
 */
#ifndef MUSTER_WORKER_DRAINED_H
#define MUSTER_WORKER_DRAINED_H

#include <stdint.h>

#include "lib/attrs.h"
#include "lib/mem.h"

struct worker;

#define DRAINED_REASON_MAX 200 /* bytes */

/* Drains it for so long (0: until it is ended), or, with reason NULL, no more.
 * NULL, or why it could not be remembered (free()); then nothing changed. */
MUST_CHECK char *drained_set(struct worker *w, const char *reason,
                             uint64_t seconds);
/* At the start: what the file says, and how it is registered. */
void drained_load(struct worker *w, struct attrs *attrs);
void drained_free(struct worker *w);

#endif
