#include "server/state/record.h"

#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "server/state/hash.h"
#include "server/state/pool.h"

/* -- records --------------------------------------------------------------- */

static uint32_t pair_text_len(const struct attr_pair *p)
{
    return (p->key->quoted ? 2u * p->key->len + 2 : p->key->len) +
           (p->quoted ? 2 * p->len + 2 : p->len) + 2;
}

static size_t record_bytes(uint32_t size)
{
    return sizeof(struct record) +
           size * (sizeof(struct attr_pair *) + sizeof(uint32_t));
}

static struct record *record_new(uint32_t size)
{
    struct record *r;

    r = pool_alloc(record_bytes(size));
    *r = (struct record){.refs = 1, .size = size};
    return r;
}

/* Where the attribute stands; -1: r has it not. Looks at no other pair. */
static int record_place(const struct record *r, const struct attr_key *key)
{
    const uint32_t *hashes = record_hashes(r);
    uint32_t i;

    for (i = 0; i < r->count; i++)
        if (hashes[i] == key->node.hash && r->pairs[i]->key == key)
            return (int)i;
    return -1;
}

static int record_place_named(const struct record *r, const char *name,
                              size_t len)
{
    uint32_t hash = htab_hash(hash_bytes(hash_key(), name, len)), i;
    const uint32_t *hashes = record_hashes(r);
    const struct attr_key *k;

    for (i = 0; i < r->count; i++) {
        if (hashes[i] != hash)
            continue;
        k = r->pairs[i]->key;
        if (k->len == len && !memcmp(k->name, name, len))
            return (int)i;
    }
    return -1;
}

static void record_set(struct record *r, struct attr_pair *p)
{
    int at = record_place(r, p->key);

    if (at >= 0)
        r->text_len -= pair_text_len(r->pairs[at]);
    else {
        at = (int)r->count++;
        r->hidden += p->key->hidden;
    }
    r->pairs[at] = p;
    record_hashes(r)[at] = p->key->node.hash;
    r->persist |= p->key->persist;
    r->text_len += pair_text_len(p);
}

static void record_unset(struct record *r, const struct word *name)
{
    int at = record_place_named(r, name->text, name->len);
    uint32_t *hashes = record_hashes(r), rest;

    if (at < 0)
        return;
    r->text_len -= pair_text_len(r->pairs[at]);
    r->persist &= !r->pairs[at]->key->persist;
    r->hidden -= r->pairs[at]->key->hidden;
    rest = --r->count - (uint32_t)at;
    memmove(r->pairs + at, r->pairs + at + 1, rest * sizeof(*r->pairs));
    memmove(hashes + at, hashes + at + 1, rest * sizeof(*hashes));
}

/* -- editing --------------------------------------------------------------- */

#define EDIT_BATCH 16 /* pairs that wait for memory together (see htab.h) */

/* A pair that an edit sets, on its way to be interned. */
struct edit_pair {
    struct attr_key *key;
    uint32_t hash; /* of the pair */
};

/* The pairs of an edit from number `from` on; how many fit into a batch. */
static uint32_t edit_begin(struct record_index *x,
                           const struct record_edit *edit, uint32_t from,
                           struct edit_pair *e)
{
    const struct word *w = &edit->sets[2 * from];
    uint32_t i, n = edit->set_count - from;

    if (n > EDIT_BATCH)
        n = EDIT_BATCH;
    for (i = 0; i < n; i++, w += 2) {
        e[i].key = pair_key(x, w[0].text, w[0].len);
        e[i].hash = pair_hash(e[i].key, w[1].text, w[1].len);
        if (n > 2)
            pair_warm(x, e[i].hash);
    }
    return n;
}

/* base (NULL: nothing), and room for what the edit adds to it: attributes that
 * are there already need none, as far as the batch at hand tells. */
static struct record *edit_copy(const struct record *base,
                                const struct record_edit *edit,
                                const struct edit_pair *e, uint32_t n)
{
    uint32_t room = edit->set_count, i;
    struct record *r;

    if (!base)
        return record_new(room);
    for (i = 0; i < n; i++)
        room -= record_place(base, e[i].key) >= 0;
    r = record_new(base->count + room);
    r->count = base->count;
    r->text_len = base->text_len;
    r->persist = base->persist;
    r->hidden = base->hidden;
    memcpy(r->pairs, base->pairs, base->count * sizeof(*r->pairs));
    memcpy(record_hashes(r), record_hashes(base),
           base->count * sizeof(uint32_t));
    return r;
}

static void edit_take(struct record_index *x, struct record *r,
                      const struct word *w, const struct edit_pair *e,
                      uint32_t n, struct record_pins *pins)
{
    struct attr_pair *p;

    for (; n--; w += 2, e++) {
        p = pair_intern(x, e->key, e->hash, w[1].text, w[1].len);
        pair_ref(p);
        pins->pairs[pins->count++] = p;
        record_set(r, p);
    }
}

struct record *record_edit(struct record_index *x, const struct record *base,
                           const struct record_edit *edit,
                           struct record_pins *pins)
{
    struct edit_pair e[EDIT_BATCH];
    uint32_t i, from = 0, n = edit_begin(x, edit, 0, e);
    struct record *r = edit_copy(base, edit, e, n);

    pins->count = 0;
    for (i = 0; i < edit->unset_count; i++)
        record_unset(r, &edit->unsets[i]);
    while (n) {
        edit_take(x, r, &edit->sets[2 * from], e, n, pins);
        from += n;
        n = edit_begin(x, edit, from, e);
    }
    return r;
}

void record_unpin(struct record_index *x, struct record_pins *pins)
{
    while (pins->count)
        pair_unref(x, pins->pairs[--pins->count]);
}

void record_count(struct record *r)
{
    uint32_t i;

    if (r->counted)
        return;
    r->counted = true;
    for (i = 0; i < r->count; i++)
        pair_ref(r->pairs[i]);
}

struct record *record_ref(struct record *r)
{
    r->refs++;
    return r;
}

void record_unref(struct record_index *x, struct record *r)
{
    uint32_t i;

    if (!r || --r->refs)
        return;
    for (i = 0; r->counted && i < r->count; i++)
        pair_unref(x, r->pairs[i]);
    pool_free(r, record_bytes(r->size));
}

const char *record_lookup(const void *record, const char *attr, size_t attr_len,
                          size_t *value_len)
{
    const struct record *r = record;
    int i = record_place_named(r, attr, attr_len);

    if (i < 0)
        return NULL;
    *value_len = r->pairs[i]->len;
    return r->pairs[i]->value;
}

struct attr_pair *record_pair_of(const struct record *r,
                                 const struct attr_key *key)
{
    int i = record_place(r, key);

    return i < 0 ? NULL : r->pairs[i];
}

bool record_has(const struct record *r, const struct attr_pair *pair)
{
    uint32_t i;

    for (i = 0; i < r->count; i++)
        if (r->pairs[i] == pair)
            return true;
    return false;
}

/* -- places ---------------------------------------------------------------- */

#define PLACES_FEW 32 /* so many are looked through one after the other */

/* The table is made when something is looked for: mostly nothing is. */
static void places_make(struct record_places *p)
{
    const uint32_t *hashes = record_hashes(p->record);
    uint32_t i, at, size = 64;

    while (size < 2 * p->record->count)
        size *= 2;
    p->mask = size - 1;
    p->table = xcalloc(size, sizeof(*p->table));
    for (i = 0; i < p->record->count; i++) {
        for (at = hashes[i] & p->mask; p->table[at]; at = (at + 1) & p->mask)
            continue;
        p->table[at] = i + 1;
    }
}

int record_places_find(struct record_places *p, const struct attr_key *key)
{
    const struct record *r = p->record;
    uint32_t at, i;

    if (!r)
        return -1;
    if (r->count <= PLACES_FEW)
        return record_place(r, key);
    if (!p->table)
        places_make(p);
    for (at = key->node.hash & p->mask; (i = p->table[at]);
         at = (at + 1) & p->mask)
        if (record_hashes(r)[i - 1] == key->node.hash &&
            r->pairs[i - 1]->key == key)
            return (int)i - 1;
    return -1;
}

void record_places_end(struct record_places *p)
{
    free(p->table);
}

/* -- the index ------------------------------------------------------------- */

/* v no longer has the pair. */
static void pair_leave(struct record_index *x, struct attr_pair *p,
                       struct service *v, bool keep)
{
    seqset_remove(&p->services, v);
    if (keep)
        pair_ref(p);
    else
        pair_settle(x, p);
}

/* As far as both records have the same attributes at the same places; returns
 * how far that is. Mostly it is all of them: an update sets other values. */
static uint32_t move_in_step(struct record_index *x, struct service *v,
                             const struct record *from, const struct record *to,
                             bool keep)
{
    uint32_t i, n = from->count < to->count ? from->count : to->count;

    for (i = 0; i < n; i++) {
        if (from->pairs[i] == to->pairs[i])
            continue;
        if (from->pairs[i]->key != to->pairs[i]->key)
            return i;
        seqset_add(&to->pairs[i]->services, v);
        pair_leave(x, from->pairs[i], v, keep);
    }
    return n;
}

void record_index_move(struct record_index *x, struct service *v,
                       const struct record *from, const struct record *to,
                       bool keep)
{
    uint32_t step = from && to ? move_in_step(x, v, from, to, keep) : 0, i;
    struct record_places there;
    struct attr_pair *p;
    int at;

    record_places_of(&there, from);
    for (i = step; to && i < to->count; i++) {
        p = to->pairs[i];
        at = record_places_find(&there, p->key);
        if (at >= 0 && from->pairs[at] == p)
            continue;
        seqset_add(&p->services, v);
        if (at < 0)
            seqset_add(&p->key->services, v);
    }
    record_places_end(&there);
    record_places_of(&there, to);
    for (i = step; from && i < from->count; i++) {
        p = from->pairs[i];
        at = record_places_find(&there, p->key);
        if (at >= 0 && to->pairs[at] == p)
            continue;
        if (at < 0)
            seqset_remove(&p->key->services, v);
        pair_leave(x, p, v, keep);
    }
    record_places_end(&there);
}

static void forget_many(struct record_index *x, const struct record *from,
                        const struct record *to)
{
    struct record_places there;
    uint32_t i;
    int at;

    record_places_of(&there, to);
    for (i = 0; i < from->count; i++) {
        at = record_places_find(&there, from->pairs[i]->key);
        if (at < 0 || to->pairs[at] != from->pairs[i])
            pair_unref(x, from->pairs[i]);
    }
    record_places_end(&there);
}

/* Where there are few, no memory but the records' is looked at. */
void record_forget(struct record_index *x, const struct record *from,
                   const struct record *to)
{
    uint32_t i;

    if (from && to && to->count > PLACES_FEW) {
        forget_many(x, from, to);
        return;
    }
    for (i = 0; from && i < from->count; i++)
        if (!(to && i < to->count && to->pairs[i] == from->pairs[i]) &&
            !(to && record_has(to, from->pairs[i])))
            pair_unref(x, from->pairs[i]);
}

static char *word_put(char *to, const char *text, size_t len)
{
    *to++ = ' ';
    memcpy(to, text, len);
    return to + len;
}

static void write_some(const struct record *r, bool hidden, struct buf *out)
{
    const struct attr_pair *p;
    uint32_t i;

    for (i = 0; i < r->count; i++) {
        p = r->pairs[i];
        if (p->key->hidden != hidden)
            continue;
        buf_add_word(out, p->key->name, p->key->len);
        buf_add_word(out, p->value, p->len);
    }
}

void record_write_hidden(const struct record *r, struct buf *out)
{
    if (r->hidden)
        write_some(r, true, out);
}

void record_write(const struct record *r, struct buf *out)
{
    const struct attr_pair *p;
    uint32_t i;
    char *to;

    if (r->hidden) {
        write_some(r, false, out);
        return;
    }
    to = buf_reserve(out, r->text_len);
    for (i = 0; i < r->count; i++) {
        p = r->pairs[i];
        if (p->quoted || p->key->quoted) {
            out->end = (size_t)(to - out->data);
            buf_add_word(out, p->key->name, p->key->len);
            buf_add_word(out, p->value, p->len);
            to = out->data + out->end;
            continue;
        }
        to = word_put(to, p->key->name, p->key->len);
        to = word_put(to, p->value, p->len);
    }
    out->end = (size_t)(to - out->data);
}
