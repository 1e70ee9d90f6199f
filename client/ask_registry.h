/*
 * Asks a registry about tokens that a daemon does not know (lib/auth/ask.h), by
 * `.whoami 1` on its find port, each on a connection that shows that token and
 * no other. For the daemons of this tree; no part of libmuster.
 */
#ifndef MUSTER_CLIENT_ASK_REGISTRY_H
#define MUSTER_CLIENT_ASK_REGISTRY_H

#include "client/muster.h"
#include "lib/auth/ask.h"

/* Borrows m. */
struct asker ask_registry(struct muster *m);

#endif
