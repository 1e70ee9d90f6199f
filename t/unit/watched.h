/*
 * Watchers of random selections beside the naive model: who is woken, what the
 * next change is to each, and where there is a gap, must be what looking at
 * every change with every selector says.
 */
#ifndef MUSTER_TEST_WATCHED_H
#define MUSTER_TEST_WATCHED_H

#include "server/state/watch.h"
#include "t/unit/model.h"

#define WATCHED 6

struct watched {
    struct watcher watcher;
    struct naive naive;
    uint64_t told;    /* what the model says it has been told */
    uint64_t checked; /* wakes for changes up to here have been checked */
    bool woken;       /* since then */
    bool lost;        /* its watch missed changes that were forgotten ... */
    bool wakes;       /* ... and wakes it for that */
    bool early;       /* it began while its watch was about to wake others */
    bool reread;      /* it began before its watch */
};

struct watched_life {
    struct rng *rng;
    struct catalog *c;
    const struct model *m;
    struct watches watches;
    struct watched list[WATCHED];
    unsigned touches, gaps, lags;
};

/* Takes over c's changed(). */
void watched_init(struct watched_life *l, struct catalog *c,
                  const struct model *m, struct rng *rng);
/* After every step of the model. */
void watched_check(struct watched_life *l);
void watched_end(struct watched_life *l);

#endif
