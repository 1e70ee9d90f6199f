#include "server/state/htab.h"

#include <stdlib.h>

#include "lib/mem.h"

#define HTAB_FIRST 16 /* places of an empty table */
#define HTAB_STEP  16 /* old places emptied by one insertion */

/* Marks in tags; a node's tag is any other value. */
#define TAG_FREE  0
#define TAG_GRAVE 1 /* a node was here: look on */

static uint16_t tag_of(uint32_t hash)
{
    return (uint16_t)(hash >> 16 | 2);
}

static void part_init(struct htab_part *p, size_t places)
{
    p->tags = xcalloc(places, sizeof(*p->tags));
    p->nodes = xmalloc(places * sizeof(struct hnode *));
    p->mask = places - 1;
    p->used = 0;
}

static void part_free(struct htab_part *p)
{
    free(p->tags);
    free(p->nodes);
    *p = (struct htab_part){0};
}

static void part_insert(struct htab_part *p, struct hnode *n)
{
    size_t i = n->hash & p->mask;

    while (p->tags[i] > TAG_GRAVE)
        i = (i + 1) & p->mask;
    p->used += p->tags[i] == TAG_FREE;
    p->tags[i] = tag_of(n->hash);
    p->nodes[i] = n;
}

static struct hnode *part_find(const struct htab_part *p, uint32_t hash,
                               htab_same_fn *same, const void *key)
{
    uint16_t tag = tag_of(hash);
    size_t i;

    for (i = hash & p->mask; p->tags[i] != TAG_FREE; i = (i + 1) & p->mask)
        if (p->tags[i] == tag && p->nodes[i]->hash == hash &&
            same(p->nodes[i], key))
            return p->nodes[i];
    return NULL;
}

/* True if n was there. The place is free again if nothing was put behind. */
static bool part_remove(struct htab_part *p, const struct hnode *n)
{
    size_t i = n->hash & p->mask;
    bool last;

    for (; p->tags[i] != TAG_FREE; i = (i + 1) & p->mask) {
        if (p->tags[i] <= TAG_GRAVE || p->nodes[i] != n)
            continue;
        last = p->tags[(i + 1) & p->mask] == TAG_FREE;
        p->tags[i] = last ? TAG_FREE : TAG_GRAVE;
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
static void htab_step(struct htab *t)
{
    size_t end = t->old_next + HTAB_STEP;

    if (end > t->old.mask + 1)
        end = t->old.mask + 1;
    for (; t->old_next < end; t->old_next++) {
        if (t->old.tags[t->old_next] > TAG_GRAVE) {
            part_insert(&t->now, t->old.nodes[t->old_next]);
            t->old.tags[t->old_next] = TAG_GRAVE;
        }
    }
    if (t->old_next > t->old.mask)
        part_free(&t->old);
}

/* Another array: larger, or of the same size where gravestones filled it. */
static void htab_renew(struct htab *t)
{
    size_t places = t->now.mask + 1;

    if (t->count > places / 2)
        places *= 2;
    t->old = t->now;
    t->old_next = 0;
    part_init(&t->now, places);
}

void htab_insert(struct htab *t, struct hnode *n, uint32_t hash)
{
    n->hash = hash;
    if (t->old.tags)
        htab_step(t);
    else if (t->now.used > (t->now.mask + 1) / 4 * 3)
        htab_renew(t);
    part_insert(&t->now, n);
    t->count++;
}

void htab_remove(struct htab *t, struct hnode *n)
{
    if (part_remove(&t->now, n) || (t->old.tags && part_remove(&t->old, n)))
        t->count--;
}

struct hnode *htab_find(const struct htab *t, uint32_t hash, htab_same_fn *same,
                        const void *key)
{
    struct hnode *n = part_find(&t->now, hash, same, key);

    if (!n && t->old.tags)
        n = part_find(&t->old, hash, same, key);
    return n;
}

void htab_warm(const struct htab *t, uint32_t hash)
{
    __builtin_prefetch(&t->now.tags[hash & t->now.mask]);
    __builtin_prefetch(&t->now.nodes[hash & t->now.mask]);
}

const struct hnode *htab_guess(const struct htab *t, uint32_t hash)
{
    const struct htab_part *p = &t->now;
    uint16_t tag = tag_of(hash);
    size_t i;

    for (i = hash & p->mask; p->tags[i] != TAG_FREE; i = (i + 1) & p->mask)
        if (p->tags[i] == tag)
            return p->nodes[i];
    return NULL;
}

static void part_each(struct htab_part *p,
                      void (*fn)(struct hnode *n, void *arg), void *arg)
{
    size_t i;

    for (i = 0; p->tags && i <= p->mask; i++)
        if (p->tags[i] > TAG_GRAVE)
            fn(p->nodes[i], arg);
}

void htab_each(struct htab *t, void (*fn)(struct hnode *n, void *arg),
               void *arg)
{
    part_each(&t->now, fn, arg);
    part_each(&t->old, fn, arg);
}
