/*
 * Which watches a change may concern: every watch stands on one or a few
 * anchors, things that a service must have for its selector to match (a name,
 * an attribute with a value, an attribute), and a change looks up those that
 * the service had before or has after. So a change costs what it touches, and
 * not what is watched.
 *
 *   kind web mem>= 8G   stands on "kind web"
 *   role= web,db        on "role web" and on "role db"
 *   mem>= 8G            on "mem"
 *   .name db1           on the name db1
 *   kind! *             on nothing: every change may concern it
 *
 * Of several it is what the fewest services have, as the index tells when it is
 * chosen. Must not know what a watch makes of a change.
 */
#ifndef MUSTER_STATE_ANCHORS_H
#define MUSTER_STATE_ANCHORS_H

#include "lib/selector.h"
#include "server/state/catalog.h"

struct anchor;
struct watch;

#define ANCHOR_HOOKS 16 /* anchors of one watch, at most */

/* A watch on an anchor. */
struct anchor_hook {
    struct watch *watch;
    struct anchor *anchor; /* NULL: on the list of those without one */
    struct anchor_hook *prev, *next;
};

/* The hooks of a watch. */
struct anchorage {
    struct anchor_hook *hooks; /* owned */
    unsigned count;
};

/* What an anchor is, the narrower ones first. */
enum anchor_kind { ANCHOR_NAME, ANCHOR_PAIR, ANCHOR_ATTR, ANCHOR_KINDS };

#define ANCHOR_BITS 64

struct anchors {
    struct htab by_kind[ANCHOR_KINDS];
    /* A bit for each attribute that an anchor names, by its hash: most of a
     * record's pairs need not be looked at. */
    uint64_t attrs;
    unsigned per_bit[ANCHOR_BITS]; /* anchors of that bit */
    struct anchor_hook *loose;     /* of watches that any change may concern */
};

void anchors_init(struct anchors *a);
/* Every watch must be off it. */
void anchors_free(struct anchors *a);

/* Puts w, of that selector, where it belongs as things are now. */
void anchors_add(struct anchors *a, const struct catalog *c, struct watch *w,
                 const struct selector *s, struct anchorage *place);
void anchors_remove(struct anchors *a, struct anchorage *place);

/* A change on its way to the watches that it may concern. */
struct anchors_look {
    const struct anchors *all;
    const struct change *ch;
    /* May move the watch it is called for to other anchors. */
    void (*fn)(void *arg, struct watch *w, const struct change *ch);
    void *arg;
};

/* Calls fn for each of them; for some more than once. */
void anchors_each(const struct anchors_look *look);

#endif
