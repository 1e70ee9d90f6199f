/*
 * Sockets to listen on, bound to an address of ours. Start-up only: a name may
 * be resolved here, before the loop runs.
 *
 * Must not know libevent, faces or bounds: that is listen.h.
 */
#ifndef MUSTER_LIB_LISTEN_BIND_H
#define MUSTER_LIB_LISTEN_BIND_H

#include "lib/addr.h"
#include "lib/mem.h"

/* A socket bound to addr, or -1: then *why is a static text, or NULL where
 * errno says it. */
MUST_CHECK int listen_bind(const struct addr *addr, const char **why);
/* The address it is really bound to (port 0 asks the kernel) into a. */
void listen_bound_addr(struct addr *a, int fd);
/* What to do about that errno. */
const char *listen_advice(int error);

#endif
