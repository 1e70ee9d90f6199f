#include "server/state/seqset.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "server/state/service.h"

#define CHUNK_MAX   128 /* members of a chunk; then it is split */
#define CHUNK_FIRST 4

struct chunk {
    uint32_t count, size;
    struct service *items[];
};

struct seqset_many {
    uint32_t count, size;  /* chunks */
    struct chunk **chunks; /* owned; none is empty */
    uint64_t *lasts;       /* owned; the seq of the last member of each, so
                              that a search need not look at services */
};

static struct chunk *chunk_new(uint32_t size)
{
    struct chunk *c = xmalloc(sizeof(*c) + size * sizeof(c->items[0]));

    c->count = 0;
    c->size = size;
    return c;
}

static struct seqset_many *many_new(struct service *first)
{
    struct seqset_many *m = xcalloc(1, sizeof(*m));

    m->chunks = xcalloc(1, sizeof(*m->chunks));
    m->lasts = xcalloc(1, sizeof(*m->lasts));
    m->size = m->count = 1;
    m->chunks[0] = chunk_new(CHUNK_FIRST);
    m->chunks[0]->items[0] = first;
    m->chunks[0]->count = 1;
    m->lasts[0] = first->seq;
    return m;
}

static void many_free(struct seqset_many *m)
{
    uint32_t i;

    for (i = 0; i < m->count; i++)
        free(m->chunks[i]);
    free(m->chunks);
    free(m->lasts);
    free(m);
}

void seqset_free(struct seqset *s)
{
    if (s->count > 1)
        many_free(s->u.many);
    *s = (struct seqset){0};
}

static void many_note_last(struct seqset_many *m, uint32_t at)
{
    const struct chunk *c = m->chunks[at];

    m->lasts[at] = c->items[c->count - 1]->seq;
}

/* The first chunk whose last member is not below seq; count if there is none.
 */
static uint32_t many_find(const struct seqset_many *m, uint64_t seq)
{
    uint32_t low = 0, high = m->count, mid;

    if (m->lasts[high - 1] < seq)
        return high; /* mostly: what comes is newer than all */
    while (low < high) {
        mid = (low + high) / 2;
        if (m->lasts[mid] < seq)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* Where seq most likely stands in chunk at: as if its members were spread
 * evenly, as those of what was registered in turn are. */
static uint32_t many_guess(const struct seqset_many *m, uint32_t at,
                           uint64_t seq)
{
    uint64_t before = at ? m->lasts[at - 1] : 0, count = m->chunks[at]->count;
    uint64_t guess = (seq - before) * count / (m->lasts[at] - before + 1);

    return (uint32_t)(guess < count ? guess : count - 1);
}

/* The first member of c that is not below seq, looked for around a guess:
 * looking at a member may mean waiting for memory. */
static uint32_t chunk_find(const struct chunk *c, uint64_t seq, uint32_t guess)
{
    uint32_t low = 0, high = c->count, step;

    for (step = 1; low < high; step *= 2) {
        if (guess < low || guess >= high)
            guess = (low + high) / 2;
        if (c->items[guess]->seq < seq) {
            low = guess + 1;
            guess += step;
        } else {
            high = guess;
            guess -= step; /* it may wrap, out of range */
        }
    }
    return low;
}

static void many_insert_chunk(struct seqset_many *m, uint32_t at,
                              struct chunk *c)
{
    if (m->count == m->size) {
        m->size *= 2;
        m->chunks = xreallocarray(m->chunks, m->size, sizeof(*m->chunks));
        m->lasts = xreallocarray(m->lasts, m->size, sizeof(*m->lasts));
    }
    memmove(m->chunks + at + 1, m->chunks + at,
            (m->count - at) * sizeof(*m->chunks));
    memmove(m->lasts + at + 1, m->lasts + at,
            (m->count - at) * sizeof(*m->lasts));
    m->chunks[at] = c;
    m->count++;
}

/* Makes room in chunk at: grows it, splits it, or (at the end of all, where
 * newer ones come) begins another. Returns the chunk that takes seq. */
static uint32_t many_room(struct seqset_many *m, uint32_t at, uint64_t seq)
{
    struct chunk *c = m->chunks[at], *half;

    if (c->count < c->size)
        return at;
    if (c->size < CHUNK_MAX) {
        c = xreallocarray(c, 1, sizeof(*c) + 2 * c->size * sizeof(c->items[0]));
        c->size *= 2;
        m->chunks[at] = c;
        return at;
    }
    half = chunk_new(CHUNK_MAX);
    many_insert_chunk(m, at + 1, half);
    if (at + 2 == m->count && m->lasts[at] < seq)
        return at + 1;
    half->count = c->count / 2;
    c->count -= half->count;
    memcpy(half->items, c->items + c->count,
           half->count * sizeof(half->items[0]));
    many_note_last(m, at);
    many_note_last(m, at + 1);
    return m->lasts[at] < seq ? at + 1 : at;
}

static void many_add(struct seqset_many *m, struct service *v)
{
    uint32_t at = m->count - 1, i;
    struct chunk *c = m->chunks[at];

    if (v->seq > m->lasts[at] && c->count < c->size) {
        c->items[c->count++] = v; /* mostly: the newest */
        m->lasts[at] = v->seq;
        return;
    }
    at = many_find(m, v->seq);
    if (at == m->count)
        at--;
    at = many_room(m, at, v->seq);
    c = m->chunks[at];
    i = c->count;
    if (i && m->lasts[at] > v->seq)
        i = chunk_find(c, v->seq, many_guess(m, at, v->seq));
    memmove(c->items + i + 1, c->items + i,
            (c->count - i) * sizeof(c->items[0]));
    c->items[i] = v;
    c->count++;
    many_note_last(m, at);
}

void seqset_add(struct seqset *s, struct service *v)
{
    if (s->count == 0) {
        s->u.one = v;
    } else {
        if (s->count == 1)
            s->u.many = many_new(s->u.one);
        many_add(s->u.many, v);
    }
    s->count++;
}

/* Where v stands in c, looked for around a guess: by its pointer, so that no
 * service is looked at. */
static uint32_t chunk_place(const struct chunk *c, const struct service *v,
                            uint32_t guess)
{
    uint32_t d;

    for (d = 0; d < c->count; d++) {
        if (guess + d < c->count && c->items[guess + d] == v)
            return guess + d;
        if (d <= guess && c->items[guess - d] == v)
            return guess - d;
    }
    return c->count;
}

static void many_drop_chunk(struct seqset_many *m, uint32_t at)
{
    free(m->chunks[at]);
    m->count--;
    memmove(m->chunks + at, m->chunks + at + 1,
            (m->count - at) * sizeof(*m->chunks));
    memmove(m->lasts + at, m->lasts + at + 1,
            (m->count - at) * sizeof(*m->lasts));
}

static void many_remove(struct seqset_many *m, struct service *v)
{
    uint32_t at = many_find(m, v->seq), i;
    struct chunk *c;

    assert(at < m->count);
    c = m->chunks[at];
    i = chunk_place(c, v, many_guess(m, at, v->seq));
    assert(i < c->count);
    c->count--;
    memmove(c->items + i, c->items + i + 1,
            (c->count - i) * sizeof(c->items[0]));
    if (!c->count)
        many_drop_chunk(m, at);
    else if (i == c->count)
        many_note_last(m, at);
}

void seqset_remove(struct seqset *s, struct service *v)
{
    struct seqset_many *m;

    assert(s->count > 0);
    if (s->count == 1) {
        assert(s->u.one == v);
        s->u.one = NULL;
    } else {
        m = s->u.many;
        many_remove(m, v);
        if (s->count == 2) {
            s->u.one = m->chunks[0]->items[0];
            many_free(m);
        }
    }
    s->count--;
}

struct service *seqset_first(const struct seqset *s, uint64_t after,
                             struct seqset_pos *pos)
{
    *pos = (struct seqset_pos){.set = s};
    if (s->count == 0)
        return NULL;
    if (s->count == 1)
        return s->u.one->seq > after ? s->u.one : NULL;
    pos->chunk = many_find(s->u.many, after + 1);
    if (pos->chunk == s->u.many->count)
        return NULL;
    pos->index = chunk_find(s->u.many->chunks[pos->chunk], after + 1,
                            many_guess(s->u.many, pos->chunk, after + 1));
    return s->u.many->chunks[pos->chunk]->items[pos->index];
}

struct service *seqset_next(struct seqset_pos *pos)
{
    const struct seqset_many *m;

    if (pos->set->count < 2)
        return NULL;
    m = pos->set->u.many;
    if (++pos->index == m->chunks[pos->chunk]->count) {
        pos->index = 0;
        if (++pos->chunk == m->count)
            return NULL;
    }
    return m->chunks[pos->chunk]->items[pos->index];
}
