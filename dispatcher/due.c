#include "dispatcher/due.h"

#include <stdlib.h>

#include "lib/mem.h"

void due_free(struct due_heap *h)
{
    free(h->list);
    *h = (struct due_heap){0};
}

static void heap_place(struct due_heap *h, uint32_t i, struct due *d)
{
    h->list[i] = d;
    d->at = i + 1;
}

static void heap_up(struct due_heap *h, uint32_t i)
{
    struct due *d = h->list[i];

    while (i && h->list[(i - 1) / 2]->ms > d->ms) {
        heap_place(h, i, h->list[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    heap_place(h, i, d);
}

static void heap_down(struct due_heap *h, uint32_t i)
{
    struct due *d = h->list[i];

    for (;;) {
        uint32_t child = 2 * i + 1;

        if (child + 1 < h->count && h->list[child + 1]->ms < h->list[child]->ms)
            child++;
        if (child >= h->count || h->list[child]->ms >= d->ms)
            break;
        heap_place(h, i, h->list[child]);
        i = child;
    }
    heap_place(h, i, d);
}

void due_set(struct due_heap *h, struct due *d, uint64_t ms)
{
    d->ms = ms;
    if (!d->at) {
        if (h->count == h->size) {
            h->size = h->size ? 2 * h->size : 64;
            h->list = xreallocarray(h->list, h->size, sizeof(struct due *));
        }
        heap_place(h, h->count++, d);
    }
    heap_up(h, d->at - 1);
    heap_down(h, d->at - 1);
}

void due_remove(struct due_heap *h, struct due *d)
{
    uint32_t i = d->at - 1;
    struct due *last;

    if (!d->at)
        return;
    d->at = 0;
    last = h->list[--h->count];
    if (last == d)
        return;
    heap_place(h, i, last);
    heap_up(h, i);
    heap_down(h, last->at - 1);
}

struct due *due_first(const struct due_heap *h)
{
    return h->count ? h->list[0] : NULL;
}

struct due *due_next(struct due_heap *h, uint64_t now)
{
    struct due *d = due_first(h);

    if (!d || d->ms > now)
        return NULL;
    due_remove(h, d);
    return d;
}
