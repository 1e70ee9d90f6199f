/*
 * How long to wait before the next try: a random time up to a bound that
 * doubles (full jitter), so that a thousand clients of a registry that came
 * back do not come back all at once. Pure: the chance is passed in.
 */
#ifndef MUSTER_CLIENT_BACKOFF_H
#define MUSTER_CLIENT_BACKOFF_H

#include <stdint.h>

struct backoff {
    uint64_t min_ms, max_ms; /* the bound: first, last */
    unsigned tries;          /* failed since the last reset */
};

/* The bound of the next wait. */
static inline uint64_t backoff_bound(const struct backoff *b)
{
    uint64_t bound = b->min_ms;
    unsigned i;

    for (i = 0; i < b->tries && bound < b->max_ms; i++)
        bound *= 2;
    return bound < b->max_ms ? bound : b->max_ms;
}

/* The next wait in ms, with chance anywhere in 0..UINT32_MAX. */
static inline uint64_t backoff_next(struct backoff *b, uint32_t chance)
{
    uint64_t bound = backoff_bound(b);

    if (b->tries < 32)
        b->tries++;
    return (bound + 1) * chance >> 32;
}

static inline void backoff_reset(struct backoff *b)
{
    b->tries = 0;
}

#endif
