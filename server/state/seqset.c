#include "server/state/seqset.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "server/state/service.h"

#define CHUNK_MAX   128 /* members of a chunk; then it is split */
#define CHUNK_FIRST 4

/*
 * Members in order. Behind them stand the low halves of their seqs, so that a
 * search need not look at services, of which each may mean waiting for memory.
 */
struct chunk {
    uint32_t count, size;
    struct service *items[];
};

struct seqset_many {
    uint32_t count, size;  /* chunks */
    struct chunk **chunks; /* owned; none is empty */
    uint64_t *lasts;       /* owned; the seq of the last member of each */
};

/* -- chunks ---------------------------------------------------------------- */

static uint32_t *chunk_seqs(const struct chunk *c)
{
    return (uint32_t *)(void *)(c->items + c->size);
}

static struct chunk *chunk_new(uint32_t size)
{
    struct chunk *c =
        xmalloc(sizeof(*c) + size * (sizeof(c->items[0]) + sizeof(uint32_t)));

    c->count = 0;
    c->size = size;
    return c;
}

/* Moves the members of c from number `from` on to the end of another. */
static void chunk_move(struct chunk *to, struct chunk *c, uint32_t from)
{
    uint32_t n = c->count - from;

    memcpy(to->items + to->count, c->items + from, n * sizeof(c->items[0]));
    memcpy(chunk_seqs(to) + to->count, chunk_seqs(c) + from,
           n * sizeof(uint32_t));
    to->count += n;
    c->count = from;
}

/* The same members with another amount of room. */
static struct chunk *chunk_resize(struct chunk *c, uint32_t size)
{
    struct chunk *other = chunk_new(size);

    chunk_move(other, c, 0);
    free(c);
    return other;
}

static void chunk_insert(struct chunk *c, uint32_t i, struct service *v)
{
    uint32_t *seqs = chunk_seqs(c), behind = c->count - i;

    memmove(c->items + i + 1, c->items + i, behind * sizeof(c->items[0]));
    memmove(seqs + i + 1, seqs + i, behind * sizeof(*seqs));
    c->items[i] = v;
    seqs[i] = (uint32_t)v->seq;
    c->count++;
}

static void chunk_remove(struct chunk *c, uint32_t i)
{
    uint32_t *seqs = chunk_seqs(c), behind = --c->count - i;

    memmove(c->items + i, c->items + i + 1, behind * sizeof(c->items[0]));
    memmove(seqs + i, seqs + i + 1, behind * sizeof(*seqs));
}

/* -- many of them ---------------------------------------------------------- */

static struct seqset_many *many_new(struct service *first)
{
    struct seqset_many *m = xcalloc(1, sizeof(*m));

    m->chunks = xcalloc(1, sizeof(*m->chunks));
    m->lasts = xcalloc(1, sizeof(*m->lasts));
    m->size = m->count = 1;
    m->chunks[0] = chunk_new(CHUNK_FIRST);
    chunk_insert(m->chunks[0], 0, first);
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

/* All seqs of chunk `at` are above this. */
static uint64_t many_before(const struct seqset_many *m, uint32_t at)
{
    return at ? m->lasts[at - 1] : 0;
}

/* The seq of a member: its low half says it all, as long as those of the chunk
 * are less than 2^32 apart. */
static uint64_t many_seq(const struct seqset_many *m, uint32_t at, uint32_t i)
{
    const struct chunk *c = m->chunks[at];
    uint64_t last = m->lasts[at];

    if (last - many_before(m, at) > UINT32_MAX)
        return c->items[i]->seq;
    return last - ((uint32_t)last - chunk_seqs(c)[i]);
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

/* The first member of chunk `at` that is not below seq. That is mostly the
 * first of all where what is old goes; else it is looked for first where it
 * stands if the members are spread evenly, as those are that were registered in
 * turn. */
static uint32_t many_place(const struct seqset_many *m, uint32_t at,
                           uint64_t seq)
{
    uint32_t low = 0, high = m->chunks[at]->count, step;
    uint64_t before = many_before(m, at);
    uint64_t guess = (seq - before) * high / (m->lasts[at] - before + 1);

    if (many_seq(m, at, 0) >= seq)
        return 0;
    for (step = 1; low < high; step *= 2) {
        if (guess < low || guess >= high)
            guess = (low + high) / 2;
        if (many_seq(m, at, (uint32_t)guess) < seq) {
            low = (uint32_t)guess + 1;
            guess += step;
        } else {
            high = (uint32_t)guess;
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
    uint64_t last;

    if (c->count < c->size)
        return at;
    if (c->size < CHUNK_MAX) {
        m->chunks[at] = chunk_resize(c, 2 * c->size);
        return at;
    }
    half = chunk_new(CHUNK_MAX);
    last = many_seq(m, at, c->count / 2 - 1);
    many_insert_chunk(m, at + 1, half);
    m->lasts[at + 1] = m->lasts[at];
    if (at + 2 == m->count && m->lasts[at] < seq)
        return at + 1;
    chunk_move(half, c, c->count / 2);
    m->lasts[at] = last;
    return last < seq ? at + 1 : at;
}

static void many_add(struct seqset_many *m, struct service *v)
{
    uint32_t at = many_find(m, v->seq), i;

    if (at == m->count)
        at--;
    at = many_room(m, at, v->seq);
    i = m->chunks[at]->count;
    if (i && m->lasts[at] > v->seq)
        i = many_place(m, at, v->seq);
    else
        m->lasts[at] = v->seq;
    chunk_insert(m->chunks[at], i, v);
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

/* Room for fewer chunks, after a fall. */
static void many_shrink(struct seqset_many *m)
{
    if (m->size == 1 || m->count > m->size / 4)
        return;
    m->size /= 2;
    m->chunks = xreallocarray(m->chunks, m->size, sizeof(*m->chunks));
    m->lasts = xreallocarray(m->lasts, m->size, sizeof(*m->lasts));
}

/* Chunk `at` takes over the members of the one behind it. */
static void many_join(struct seqset_many *m, uint32_t at)
{
    struct chunk *next = m->chunks[at + 1];

    if (m->chunks[at]->size < m->chunks[at]->count + next->count)
        m->chunks[at] = chunk_resize(m->chunks[at], CHUNK_MAX);
    chunk_move(m->chunks[at], next, 0);
    m->lasts[at] = m->lasts[at + 1];
    many_drop_chunk(m, at + 1);
    many_shrink(m);
}

static bool many_fit(const struct seqset_many *m, uint32_t at)
{
    return at + 1 < m->count &&
           m->chunks[at]->count + m->chunks[at + 1]->count <= CHUNK_MAX / 2;
}

/* Chunk `at` has become small: it is joined with one beside it where both are,
 * so that there are never many with little in them; or takes less room. */
static void many_thin(struct seqset_many *m, uint32_t at)
{
    struct chunk *c = m->chunks[at];

    if (many_fit(m, at))
        many_join(m, at);
    else if (at && many_fit(m, at - 1))
        many_join(m, at - 1);
    else if (c->size > CHUNK_FIRST)
        m->chunks[at] = chunk_resize(c, c->size / 2);
}

static void many_remove(struct seqset_many *m, struct service *v)
{
    uint32_t at = many_find(m, v->seq), i;
    struct chunk *c;

    assert(at < m->count);
    c = m->chunks[at];
    i = many_place(m, at, v->seq);
    assert(i < c->count && c->items[i] == v);
    if (c->count == 1) {
        many_drop_chunk(m, at);
        many_shrink(m);
        return;
    }
    if (i == c->count - 1)
        m->lasts[at] = many_seq(m, at, i - 1);
    chunk_remove(c, i);
    if (c->count <= c->size / 4)
        many_thin(m, at);
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

void seqset_warm(const struct seqset *s)
{
    if (s->count > 1)
        __builtin_prefetch(s->u.many);
}

void seqset_warm_place(const struct seqset *s, const struct service *v)
{
    const struct seqset_many *m;
    const struct chunk *c;
    uint32_t at;

    if (s->count < 2)
        return;
    m = s->u.many;
    at = many_find(m, v->seq);
    if (at == m->count)
        at--;
    c = m->chunks[at];
    __builtin_prefetch(c);
    __builtin_prefetch(&c->items[CHUNK_MAX * 3 / 4]);
    __builtin_prefetch(&c->items[CHUNK_MAX + CHUNK_MAX / 4]);
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
    pos->index = many_place(s->u.many, pos->chunk, after + 1);
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
