/*
 * Watching selections: every distinct selector is one watch, however many
 * readers it has, and every change is looked at once for each. A reader is a
 * revision that walks along the stream of changes and asks the watch what each
 * change is to its selection.
 *
 * Must not know connections or lines.
 */
#ifndef MUSTER_STATE_WATCH_H
#define MUSTER_STATE_WATCH_H

#include <stdint.h>
#include <uthash.h>

#include "lib/selector.h"
#include "server/state/catalog.h"

enum watch_verdict {
    WATCH_NONE,    /* it does not touch the selection */
    WATCH_CAME,    /* the service came into it */
    WATCH_CHANGED, /* it changed in it */
    WATCH_LEFT     /* it left it */
};

#define WATCH_MEMO 1024 /* verdicts remembered; older ones are made again */

struct watch {
    char *key; /* owned; the selector's canonical text */
    struct selector selector;
    unsigned readers;
    uint64_t seen;    /* changes up to this revision have been looked at */
    uint64_t touched; /* the last of them that touched the selection */
    uint64_t since;   /* looked at since after this revision */
    unsigned char
        memo[WATCH_MEMO]; /* verdict of revision r at r % WATCH_MEMO */
    UT_hash_handle hh;
};

struct watches {
    struct watch *by_key;
};

/* The watch of that selector, which is taken over; one more reader. */
struct watch *watch_open(struct watches *all, const struct catalog *c,
                         struct selector *s);
void watch_close(struct watches *all, struct watch *w);
/* Looks at the changes up to now, as far as the budget goes; false if there are
 * more of them. */
bool watch_update(struct watch *w, const struct catalog *c, unsigned *budget);
/* What that change is to the selection; its cost is taken off the budget. */
enum watch_verdict watch_verdict(struct watch *w, const struct change *ch,
                                 unsigned *budget);

#endif
