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

/* The nth of all that ever told of a service. */
static struct change *changes_slot(const struct changes *s, uint64_t nth)
{
    return &s->ring[nth & (s->size - 1)];
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
    const struct change *c = changes_slot(s, s->told - s->held + CHANGES_SOON);

    __builtin_prefetch(c->service);
    if (c->before)
        record_prefetch(c->before);
    if (c->after)
        record_prefetch(c->after);
}

/* The oldest revision is no longer known. */
static void changes_drop_oldest(struct changes *s)
{
    uint64_t oldest = s->head - s->count + 1;
    struct change *c;

    s->count--;
    if (!s->held)
        return;
    c = changes_slot(s, s->told - s->held);
    if (c->revision != oldest)
        return;
    if (s->held > CHANGES_SOON)
        changes_warm(s);
    s->bytes -= change_bytes(c);
    s->held--;
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
    uint64_t n;

    for (n = s->told - s->held; n < s->told; n++)
        ring[n & (size - 1)] = *changes_slot(s, n);
    free(s->ring);
    s->ring = ring;
    s->size = size;
}

void changes_add(struct changes *s, const struct change *c)
{
    assert(c->revision == s->head + 1);
    if (s->count == s->max)
        changes_drop_oldest(s);
    s->head++;
    s->count++;
    if (c->kind == CHANGE_OTHER)
        return;
    if (s->held == s->size)
        changes_grow(s);
    s->services = s->head;
    *changes_slot(s, s->told++) = *c;
    s->held++;
    s->bytes += change_bytes(c);
    while (s->count > 1 && s->bytes > s->max_bytes)
        changes_drop_oldest(s);
}

bool changes_knows(const struct changes *s, uint64_t revision)
{
    return revision <= s->head && s->head - revision <= s->count;
}

/* The first at or after that revision, among the nth of `from` up to, and
 * without, `to`; `to`: there is none. */
static uint64_t changes_search(const struct changes *s, uint64_t revision,
                               uint64_t from, uint64_t to)
{
    while (from < to) {
        uint64_t mid = from + (to - from) / 2;

        if (changes_slot(s, mid)->revision < revision)
            from = mid + 1;
        else
            to = mid;
    }
    return from;
}

const struct change *changes_at(const struct changes *s, uint64_t revision)
{
    static struct change other = {.kind = CHANGE_OTHER};
    uint64_t newer = s->head - revision, n;

    assert(revision <= s->head && newer < s->count);
    /* it stands there if all that came after it are of services, and never
     * before that */
    n = s->told - (newer < s->held ? newer + 1 : s->held);
    if (s->held && changes_slot(s, n)->revision != revision)
        n = changes_search(s, revision, n, s->told);
    if (n < s->told && changes_slot(s, n)->revision == revision)
        return changes_slot(s, n);
    other.revision = revision;
    return &other;
}
