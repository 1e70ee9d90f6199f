#include "server/state/lanes.h"

#include <stdlib.h>
#include <uthash.h>

#include "lib/mem.h"

/* The line for one key: who is first has it. */
struct lane {
    struct lane_place *first, *last;
    UT_hash_handle hh;
    char key[];
};

static struct lane *lane_of(struct lanes *l, const char *key, size_t len)
{
    struct lane *lane;

    HASH_FIND(hh, l->by_key, key, len, lane);
    if (lane)
        return lane;
    lane = xcalloc(1, sizeof(*lane) + len + 1);
    if (len)
        memcpy(lane->key, key, len);
    HASH_ADD_KEYPTR(hh, l->by_key, lane->key, len, lane);
    return lane;
}

static void place_take(struct lanes *l, struct lane_place *p)
{
    struct lane *lane = lane_of(l, p->key, p->key_len);

    if (lane->last && lane->last->claim == p->claim)
        return; /* the claim names the key twice */
    p->lane = lane;
    p->behind = NULL;
    if (lane->last) {
        lane->last->behind = p;
        p->claim->missing++;
    } else {
        lane->first = p;
    }
    lane->last = p;
}

/* Who is first now may run, if that was the last it missed. */
static void place_give(struct lanes *l, struct lane_place *p)
{
    struct lane *lane = p->lane;
    struct lane_claim *c;

    p->lane = NULL;
    lane->first = p->behind;
    if (!lane->first) {
        HASH_DEL(l->by_key, lane);
        free(lane);
        return;
    }
    c = lane->first->claim;
    if (--c->missing)
        return;
    c->next = NULL;
    if (l->ready)
        l->ready_last->next = c;
    else
        l->ready = c;
    l->ready_last = c;
}

static void claim_enter(struct lanes *l, struct lane_claim *c)
{
    unsigned i;

    l->inside++;
    for (i = 0; i < c->count; i++) {
        c->places[i].claim = c;
        c->places[i].lane = NULL;
        place_take(l, &c->places[i]);
    }
    if (!c->missing)
        c->run(c);
}

/* The next that may run; what waits to enter does, up to one that has to be
 * alone and cannot yet. */
static void lanes_go(struct lanes *l)
{
    struct lane_claim *c;

    if (l->going)
        return; /* what runs may enter others, and leave */
    l->going = true;
    for (;;) {
        if ((c = l->ready)) {
            l->ready = c->next;
            c->run(c);
        } else if (!(c = l->first) || l->alone || (c->all && l->inside)) {
            break;
        } else if (c->all) {
            l->alone = true;
            c->run(c);
        } else {
            l->first = c->next;
            claim_enter(l, c);
        }
    }
    l->going = false;
}

void lanes_enter(struct lanes *l, struct lane_claim *c)
{
    c->missing = 0;
    c->next = NULL;
    if (!l->first && !c->all) {
        claim_enter(l, c);
        return;
    }
    if (l->first)
        l->last->next = c;
    else
        l->first = c;
    l->last = c;
    lanes_go(l);
}

void lanes_leave(struct lanes *l, struct lane_claim *c)
{
    unsigned i;

    if (c->all) {
        l->alone = false;
        l->first = c->next;
    } else {
        l->inside--;
        for (i = 0; i < c->count; i++)
            if (c->places[i].lane)
                place_give(l, &c->places[i]);
    }
    lanes_go(l);
}
