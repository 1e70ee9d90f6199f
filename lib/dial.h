/*
 * Connecting without blocking: the name is resolved and the connection made
 * on the loop; the answer comes in a callback, never from inside the call.
 *
 * Must not know what is spoken afterwards.
 */
#ifndef MUSTER_LIB_DIAL_H
#define MUSTER_LIB_DIAL_H

#include <stdint.h>

#include "lib/addr.h"
#include "lib/loop.h"

struct dial;

/* fd >= 0: connected, non-blocking, the callee's to close. fd < 0: error says
 * what was dialled and why it failed. The dial is gone by then. */
typedef void dial_fn(void *arg, int fd, const char *error);

struct dial *dial_start(struct loop *l, const struct addr *addr,
                        uint64_t timeout_ms, dial_fn *done, void *arg);
/* Gives up; done is not called. */
void dial_cancel(struct dial *d);

#endif
