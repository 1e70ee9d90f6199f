#include "server/state/deadlines.h"

#include <stdlib.h>

#include "lib/mem.h"

#define HEAP_FIRST 64

void deadlines_free(struct deadlines *d)
{
    free(d->heap);
    *d = (struct deadlines){0};
}

static void heap_put(struct deadlines *d, uint32_t at, struct service *v)
{
    d->heap[at] = v;
    v->deadline_slot = at;
}

static void heap_up(struct deadlines *d, uint32_t at)
{
    struct service *v = d->heap[at];

    while (at && d->heap[(at - 1) / 2]->expires_ms > v->expires_ms) {
        heap_put(d, at, d->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    heap_put(d, at, v);
}

static void heap_down(struct deadlines *d, uint32_t at)
{
    struct service *v = d->heap[at];
    uint32_t child;

    while ((child = 2 * at + 1) < d->count) {
        if (child + 1 < d->count &&
            d->heap[child + 1]->expires_ms < d->heap[child]->expires_ms)
            child++;
        if (d->heap[child]->expires_ms >= v->expires_ms)
            break;
        heap_put(d, at, d->heap[child]);
        at = child;
    }
    heap_put(d, at, v);
}

static void heap_shrink(struct deadlines *d)
{
    if (d->size == HEAP_FIRST || d->count >= d->size / 4)
        return;
    d->size /= 2;
    d->heap = xreallocarray(d->heap, d->size, sizeof(*d->heap));
}

void deadlines_set(struct deadlines *d, struct service *v)
{
    uint32_t at = v->deadline_slot;

    if (at == SERVICE_NO_DEADLINE) {
        if (d->count == d->size) {
            d->size = d->size ? 2 * d->size : HEAP_FIRST;
            d->heap = xreallocarray(d->heap, d->size, sizeof(*d->heap));
        }
        at = d->count++;
        heap_put(d, at, v);
    }
    heap_up(d, at);
    heap_down(d, v->deadline_slot);
}

void deadlines_remove(struct deadlines *d, struct service *v)
{
    uint32_t at = v->deadline_slot;

    if (at == SERVICE_NO_DEADLINE)
        return;
    v->deadline_slot = SERVICE_NO_DEADLINE;
    d->count--;
    if (at < d->count) {
        heap_put(d, at, d->heap[d->count]);
        heap_up(d, at);
        heap_down(d, d->heap[at]->deadline_slot);
    }
    heap_shrink(d);
}

struct service *deadlines_first(const struct deadlines *d)
{
    return d->count ? d->heap[0] : NULL;
}
