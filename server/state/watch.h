/*
 * Watching selections: every distinct selector is one watch, however many
 * watchers it has, and a change is looked at once for each watch that it may
 * concern (anchors.h), when it happens. Watchers of a watch that it touched are
 * woken at the end of the turn; nobody else is.
 *
 *   change --> anchors --> verdict of each watch --> touched: due
 *                              |                        |
 *                              v budget used up         v end of the turn
 *                           it lags, and walks along    its watchers wake
 *                           the changes by itself
 *
 * A watcher is a place in the stream of changes, `told`. While nothing touches
 * its selection it stands where it stood: that there was nothing since is what
 * its watch knows, and so its place moves on when it is next asked for
 * (watcher_next()), however much the ring of changes has forgotten by then.
 *
 * What touched it a watch logs as long as a watcher of details is behind. One
 * that is further behind than the log reaches looks at the changes again, and
 * is told of a gap where they are forgotten.
 *
 * Must not know connections or lines.
 */
#ifndef MUSTER_STATE_WATCH_H
#define MUSTER_STATE_WATCH_H

#include <stdint.h>
#include <uthash.h>

#include "lib/selector.h"
#include "server/state/anchors.h"
#include "server/state/catalog.h"

enum watch_verdict {
    WATCH_NONE,    /* it does not touch the selection */
    WATCH_CAME,    /* the service came into it */
    WATCH_CHANGED, /* it changed in it */
    WATCH_LEFT,    /* it left it */
    WATCH_LATER    /* the budget ended before that was clear: ask again */
};

#define WATCH_LOG      256  /* touches remembered; older ones are found again */
#define WATCH_BUDGET   5000 /* of one watch in a turn: see query_run() */
#define WATCH_SHARE    100  /* the least of it, where many watches lag */
#define WATCHES_BUDGET 20000 /* of all of them, for changes as they happen */

struct watch;

/* Embedded by who watches. */
struct watcher {
    /* The watch was touched, or (of all changes) something has changed. May
     * neither open nor close a watcher. */
    void (*wake)(struct watcher *r);
    uint64_t told;       /* what it has been told goes up to this revision */
    struct watch *watch; /* NULL: of all changes */
    bool details;        /* it asks for every change: watcher_next() */
    bool behind;         /* ... and has not come to the end of them */
    struct watcher *prev, *next;
};

struct watch {
    char *key; /* owned; the selector's canonical text */
    struct selector selector;
    struct watcher *watchers;
    unsigned readers; /* watchers */
    unsigned details; /* ... of details */
    unsigned behind;  /* ... that are behind */
    struct anchorage place;
    uint64_t touched; /* the last change that touched the selection */
    uint64_t looked;  /* the last change that was looked at, or tried */
    uint64_t seen;    /* while it lags: looked at up to this revision */
    uint64_t quiet;   /* while it is due: nothing touched it till here, since
                         its watchers were woken */
    uint64_t turn;    /* that the budget is of */
    unsigned budget;
    unsigned misses; /* changes that did not touch it since it was placed ... */
    unsigned patience; /* ... of so many, till another place is looked for */
    bool lags, due;
    struct watch *prev_due, *next_due, *prev_lag, *next_lag;

    /* With watchers of details: what touched it after revision `since` up to
     * now (or `seen`), each as revision * 4 + verdict. */
    uint64_t since;
    uint64_t *log; /* owned */
    unsigned log_count, log_size;
    UT_hash_handle hh;
};

struct watches {
    const struct catalog *catalog; /* borrowed */
    struct watch *by_key;
    struct anchors anchors;
    struct watcher *any; /* of all changes */
    unsigned watchers;   /* of whatever */
    struct watch *due;   /* touched: their watchers are to be woken */
    struct watch *lagging;
    uint64_t seen;  /* changes up to this revision have been looked at */
    uint64_t woken; /* the last change that watchers of all were woken for */
    unsigned n_lagging;
    unsigned budget; /* left in this turn */
    uint64_t turn;
    uint64_t verdicts; /* made: of one change for one watch */
    uint64_t wakes;    /* watchers woken */
    uint64_t gaps;     /* watchers told that they missed changes; counted by
                          who tells them */
};

void watches_init(struct watches *all, const struct catalog *c);
/* Every watcher must be closed. */
void watches_free(struct watches *all);

/* Looks at what has changed: after every commit. True if watches_wake() is
 * wanted at the end of this turn. */
bool watches_look_on(struct watches *all);
static inline bool watches_look(struct watches *all)
{
    return all->watchers && watches_look_on(all);
}

/* Wakes the watchers of what was touched. True if there is more to look at,
 * and it is to be called again in the next turn. */
bool watches_wake(struct watches *all);

/*
 * r, all zero but for wake() and details, watches the selector, which is taken
 * over; or all changes (s NULL). Its told is now, or what the caller makes of
 * it: `since` some earlier revision. Close it before r goes.
 */
void watcher_open(struct watches *all, struct watcher *r, struct selector *s,
                  uint64_t since);
void watcher_close(struct watches *all, struct watcher *r);
/* The last change that touched its selection, or any. */
uint64_t watcher_touched(const struct watches *all, const struct watcher *r);

enum watch_next {
    WATCH_TOUCH, /* *ch is told from now on, and *v is what it is */
    WATCH_END,   /* there is no more; told is now */
    WATCH_MORE,  /* the budget is used up */
    WATCH_GAP    /* changes were forgotten before they were told; told is now */
};

/* The next change after told that touches the selection of a watcher of
 * details. */
enum watch_next watcher_next(struct watches *all, struct watcher *r,
                             const struct change **ch, enum watch_verdict *v,
                             unsigned *budget);

/* What that change is to the selection; its cost is taken off the budget. */
enum watch_verdict watch_verdict(const struct watch *w, const struct change *ch,
                                 unsigned *budget);

#endif
