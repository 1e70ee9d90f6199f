#include "server/state/htab.h"

#include "server/state/pool.h"

#define HTAB_FIRST 16 /* places of an empty table */
#define HTAB_STEP  8  /* old places emptied by one insertion ... */
#define HTAB_FALL  32 /* ... or by one removal */
#define HTAB_SMALL 64 /* a table of so many places does not shrink */

/* Marks in hashes; a node's own hash is any other value. */
#define PLACE_FREE  HTAB_FREE
#define PLACE_GRAVE 1 /* a node was here: look on */

static void part_init(struct htab_part *p, size_t places)
{
    p->hashes = pool_array(places * sizeof(*p->hashes));
    p->nodes = pool_array(places * sizeof(struct hnode *));
    p->mask = places - 1;
    p->used = 0;
}

static void part_free(struct htab_part *p)
{
    size_t places = p->mask + 1;

    pool_array_free(p->hashes, places * sizeof(*p->hashes));
    pool_array_free(p->nodes, places * sizeof(struct hnode *));
    *p = (struct htab_part){0};
}

static void part_insert(struct htab_part *p, struct hnode *n, uint32_t hash)
{
    size_t i = hash & p->mask;

    while (p->hashes[i] > PLACE_GRAVE)
        i = (i + 1) & p->mask;
    p->used += p->hashes[i] == PLACE_FREE;
    p->hashes[i] = hash;
    p->nodes[i] = n;
}

/* True if n was there. The place is free again if nothing was put behind. */
static bool part_remove(struct htab_part *p, const struct hnode *n)
{
    size_t i = n->hash & p->mask;
    bool last;

    for (; p->hashes[i] != PLACE_FREE; i = (i + 1) & p->mask) {
        if (p->hashes[i] != n->hash || p->nodes[i] != n)
            continue;
        last = p->hashes[(i + 1) & p->mask] == PLACE_FREE;
        p->hashes[i] = last ? PLACE_FREE : PLACE_GRAVE;
        p->used -= last;
        return true;
    }
    return false;
}

void htab_init(struct htab *t)
{
    *t = (struct htab){.count = 0};
    part_init(&t->now, HTAB_FIRST);
}

void htab_free(struct htab *t)
{
    part_free(&t->now);
    part_free(&t->old);
}

/* Moves the nodes of some old places; the old part goes after the last. */
static void htab_step(struct htab *t, size_t places)
{
    size_t end = t->old_next + places;
    uint32_t hash;

    if (end > t->old.mask + 1)
        end = t->old.mask + 1;
    for (; t->old_next < end; t->old_next++) {
        hash = t->old.hashes[t->old_next];
        if (hash > PLACE_GRAVE) {
            part_insert(&t->now, t->old.nodes[t->old_next], hash);
            t->old.hashes[t->old_next] = PLACE_GRAVE;
        }
    }
    if (t->old_next > t->old.mask)
        part_free(&t->old);
}

/* Another array of so many places; what is in the one before moves into it
 * little by little. */
static void htab_renew(struct htab *t, size_t places)
{
    t->old = t->now;
    t->old_next = 0;
    part_init(&t->now, places);
}

/* Larger, or of the same size where gravestones filled it. */
static void htab_grow(struct htab *t)
{
    size_t places = t->now.mask + 1;

    htab_renew(t, t->count > places / 2 ? 2 * places : places);
}

/*
 * After a fall, to half the size. There is room for what is there and for what
 * comes until the old array is empty: an eighth of it each, at most. Removals
 * move enough for the table to keep up with them when everything goes.
 */
static void htab_shrink(struct htab *t)
{
    size_t places = t->now.mask + 1;

    if (!t->count && (places > HTAB_SMALL || t->old.hashes)) {
        htab_free(t);
        htab_init(t);
    } else if (t->old.hashes) {
        htab_step(t, HTAB_FALL);
    } else if (places > HTAB_SMALL && t->count < places / 8) {
        htab_renew(t, places / 2);
    }
}

void htab_insert(struct htab *t, struct hnode *n, uint32_t hash)
{
    n->hash = htab_hash(hash);
    if (t->old.hashes)
        htab_step(t, HTAB_STEP);
    else if (t->now.used > (t->now.mask + 1) / 4 * 3)
        htab_grow(t);
    part_insert(&t->now, n, n->hash);
    t->count++;
}

void htab_remove(struct htab *t, struct hnode *n)
{
    if (!part_remove(&t->now, n) && !(t->old.hashes && part_remove(&t->old, n)))
        return;
    t->count--;
    htab_shrink(t);
}

void htab_warm(const struct htab *t, uint32_t hash)
{
    hash = htab_hash(hash);
    __builtin_prefetch(&t->now.hashes[hash & t->now.mask]);
    __builtin_prefetch(&t->now.nodes[hash & t->now.mask]);
}

const struct hnode *htab_guess(const struct htab *t, uint32_t hash)
{
    const struct htab_part *p = &t->now;
    size_t i;

    hash = htab_hash(hash);
    for (i = hash & p->mask; p->hashes[i] != PLACE_FREE; i = (i + 1) & p->mask)
        if (p->hashes[i] == hash)
            return p->nodes[i];
    return NULL;
}

static void part_each(struct htab_part *p,
                      void (*fn)(struct hnode *n, void *arg), void *arg)
{
    size_t i;

    for (i = 0; p->hashes && i <= p->mask; i++)
        if (p->hashes[i] > PLACE_GRAVE)
            fn(p->nodes[i], arg);
}

void htab_each(struct htab *t, void (*fn)(struct hnode *n, void *arg),
               void *arg)
{
    part_each(&t->now, fn, arg);
    part_each(&t->old, fn, arg);
}
