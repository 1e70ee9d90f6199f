#include "server/state/htab.h"

#include <stdlib.h>

#include "lib/mem.h"

#define HTAB_FIRST_BITS 4
#define HTAB_STEP       8 /* old buckets emptied by one insertion */

void htab_init(struct htab *t)
{
    *t = (struct htab){.bits = HTAB_FIRST_BITS};
    t->buckets = xcalloc((size_t)1 << t->bits, sizeof(*t->buckets));
}

void htab_free(struct htab *t)
{
    free(t->buckets);
    free(t->old);
    *t = (struct htab){0};
}

static struct hnode **htab_bucket(struct htab *t, uint32_t hash)
{
    return &t->buckets[hash & (((size_t)1 << t->bits) - 1)];
}

/* Moves some old buckets over; the table is whole again after the last. */
static void htab_step(struct htab *t)
{
    size_t end = t->old_next + HTAB_STEP, size = (size_t)1 << t->old_bits;
    struct hnode *n, **bucket;

    if (end > size)
        end = size;
    for (; t->old_next < end; t->old_next++) {
        while ((n = t->old[t->old_next])) {
            t->old[t->old_next] = n->next;
            bucket = htab_bucket(t, n->hash);
            n->next = *bucket;
            *bucket = n;
        }
    }
    if (t->old_next == size) {
        free(t->old);
        t->old = NULL;
    }
}

static void htab_grow(struct htab *t)
{
    t->old = t->buckets;
    t->old_bits = t->bits;
    t->old_next = 0;
    t->bits++;
    t->buckets = xcalloc((size_t)1 << t->bits, sizeof(*t->buckets));
}

void htab_insert(struct htab *t, struct hnode *n, uint32_t hash)
{
    struct hnode **bucket;

    if (t->old)
        htab_step(t);
    else if (t->count >= (size_t)1 << t->bits)
        htab_grow(t);
    bucket = htab_bucket(t, hash);
    n->hash = hash;
    n->next = *bucket;
    *bucket = n;
    t->count++;
}

static int chain_remove(struct hnode **at, struct hnode *n)
{
    for (; *at; at = &(*at)->next) {
        if (*at == n) {
            *at = n->next;
            return 1;
        }
    }
    return 0;
}

void htab_remove(struct htab *t, struct hnode *n)
{
    size_t mask = ((size_t)1 << t->old_bits) - 1;

    t->count -= (size_t)(chain_remove(htab_bucket(t, n->hash), n) ||
                         (t->old && chain_remove(&t->old[n->hash & mask], n)));
}

static void buckets_each(struct hnode **buckets, size_t count,
                         void (*fn)(struct hnode *n, void *arg), void *arg)
{
    struct hnode *n, *next;
    size_t i;

    for (i = 0; i < count; i++) {
        for (n = buckets[i]; n; n = next) {
            next = n->next;
            fn(n, arg);
        }
    }
}

void htab_each(struct htab *t, void (*fn)(struct hnode *n, void *arg),
               void *arg)
{
    buckets_each(t->buckets, (size_t)1 << t->bits, fn, arg);
    if (t->old)
        buckets_each(t->old, (size_t)1 << t->old_bits, fn, arg);
}
