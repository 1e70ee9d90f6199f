#include "server/state/changes.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"

#define CHANGES_FIRST 1024
#define CHANGES_SOON  8 /* changes from the oldest on */

void changes_init(struct changes *s, size_t max, size_t max_bytes,
                  void (*forget)(void *arg, struct change *c), void *arg)
{
    *s = (struct changes){.max = max ? max : 1,
                          .max_bytes = max_bytes,
                          .forget = forget,
                          .arg = arg};
}

void changes_start(struct changes *s, uint64_t revision)
{
    assert(!s->count);
    s->head = s->services = revision;
}

static struct change *changes_slot(const struct changes *s, uint64_t revision)
{
    return &s->ring[revision & (s->size - 1)];
}

/* What a change keeps alive, as if nobody else did. */
static size_t change_bytes(const struct change *c)
{
    return sizeof(*c) + (c->before ? c->before->text_len : 0) +
           (c->after ? c->after->text_len : 0);
}

/* A change that is soon forgotten is of long ago: what that will look at is
 * asked for beforehand. */
static void changes_warm(const struct changes *s)
{
    const struct change *c = changes_slot(s, s->head - s->count + CHANGES_SOON);

    __builtin_prefetch(c->service);
    if (c->before)
        record_prefetch(c->before);
    if (c->after)
        record_prefetch(c->after);
}

static void changes_drop_oldest(struct changes *s)
{
    struct change *c = changes_slot(s, s->head - s->count + 1);

    if (s->count > CHANGES_SOON)
        changes_warm(s);
    s->bytes -= change_bytes(c);
    s->count--;
    s->forget(s->arg, c);
}

void changes_free(struct changes *s)
{
    while (s->count)
        changes_drop_oldest(s);
    free(s->ring);
    s->ring = NULL;
    s->size = 0;
}

static void changes_grow(struct changes *s)
{
    size_t size = s->size ? 2 * s->size : CHANGES_FIRST;
    struct change *ring = xcalloc(size, sizeof(*ring));
    uint64_t r;

    for (r = s->head - s->count + 1; r <= s->head && s->count; r++)
        ring[r & (size - 1)] = *changes_slot(s, r);
    free(s->ring);
    s->ring = ring;
    s->size = size;
}

void changes_add(struct changes *s, const struct change *c)
{
    assert(c->revision == s->head + 1);
    if (s->count == s->max)
        changes_drop_oldest(s);
    if (s->count == s->size)
        changes_grow(s);
    s->head++;
    s->count++;
    if (c->kind != CHANGE_OTHER)
        s->services = s->head;
    *changes_slot(s, s->head) = *c;
    s->bytes += change_bytes(c);
    while (s->count > 1 && s->bytes > s->max_bytes)
        changes_drop_oldest(s);
}

bool changes_knows(const struct changes *s, uint64_t revision)
{
    return revision <= s->head && s->head - revision <= s->count;
}

const struct change *changes_at(const struct changes *s, uint64_t revision)
{
    assert(revision <= s->head && s->head - revision < s->count);
    return changes_slot(s, revision);
}
