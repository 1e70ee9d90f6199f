/*
 * Services that expire, earliest first: a binary heap whose entries know their
 * place, so that any of them can be moved or taken out.
 *
 * Must not know the clock: times are given.
 */
#ifndef MUSTER_STATE_DEADLINES_H
#define MUSTER_STATE_DEADLINES_H

#include <stdint.h>

#include "server/state/service.h"

struct deadlines {
    struct service **heap; /* owned */
    uint32_t count, size;
};

void deadlines_free(struct deadlines *d);
/* Puts v where its expires_ms belongs: in, or to another place. */
void deadlines_set(struct deadlines *d, struct service *v);
void deadlines_remove(struct deadlines *d, struct service *v);
/* The one that expires first, or NULL. */
struct service *deadlines_first(const struct deadlines *d);

#endif
