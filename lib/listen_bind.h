/*
 * Sockets to listen on, bound to an address of ours. Start-up only: a name may
 * be resolved here, before the loop runs.
 *
 * Must not know libevent, faces or bounds: that is listen.h.
 */
#ifndef MUSTER_LIB_LISTEN_BIND_H
#define MUSTER_LIB_LISTEN_BIND_H

#include <stdbool.h>

#include "lib/addr.h"
#include "lib/mem.h"

/* A socket bound to addr, or -1: then *why is a static text, or NULL where
 * errno says it. */
MUST_CHECK int listen_bind(const struct addr *addr, const char **why);
/* Makes what has to be there beside a socket that is bound so, on the same
 * port. False, and errno: it cannot. */
typedef bool listen_beside_fn(const struct addr *bound, void *ctx);
/* The same as listen_bind(), and what is beside it (NULL: nothing); where the
 * kernel chose a port that this cannot have, it chooses another. *bound is the
 * address. */
MUST_CHECK int listen_bind_beside(const struct addr *addr,
                                  listen_beside_fn *beside, void *ctx,
                                  struct addr *bound, const char **why);
/* As listen_bind() for datagrams; a is no unix socket. -1 and errno. */
MUST_CHECK int listen_bind_datagrams(const struct addr *a);
/* The address it is really bound to (port 0 asks the kernel) into a. */
void listen_bound_addr(struct addr *a, int fd);
/* What to do about that errno. */
const char *listen_advice(int error);

#endif
