/*
 * Requests that came together, looked ahead at: in a large catalog a request
 * waits for memory most of its time, and what several of them will look at is
 * fetched side by side. Each of the steps asks for what the next one reads.
 *
 * Changes nothing, and decides nothing: what is guessed wrong costs a little
 * time. Must not know lines.
 */
#ifndef MUSTER_STATE_WARM_H
#define MUSTER_STATE_WARM_H

#include "server/state/catalog.h"

#define WARM_BATCH 32 /* requests that are warmed together, at most */

/* What a request is likely to be about. */
struct warm_hint {
    struct word name;        /* of a service, which may be there or not */
    struct word attr, value; /* that it sets; attr.len 0: none known */
};

void catalog_warm(const struct catalog *c, const struct warm_hint *hints,
                  unsigned count);

#endif
