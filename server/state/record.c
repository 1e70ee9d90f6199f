#include "server/state/record.h"

#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "server/state/hash.h"

void record_index_init(struct record_index *x)
{
    htab_init(&x->keys);
    htab_init(&x->pairs);
}

void record_index_free(struct record_index *x)
{
    htab_free(&x->keys);
    htab_free(&x->pairs);
}

/* -- interning ------------------------------------------------------------- */

/* What an interned thing is looked for by. */
struct text_key {
    const struct attr_key *attr; /* of a pair */
    const char *text;
    size_t len;
};

static bool key_same(const struct hnode *n, const void *arg)
{
    const struct attr_key *k = container_of(n, struct attr_key, node);
    const struct text_key *key = arg;

    return k->len == key->len && !memcmp(k->name, key->text, key->len);
}

static struct attr_key *key_find(const struct record_index *x, uint32_t hash,
                                 const char *name, size_t len)
{
    const struct text_key key = {.text = name, .len = len};
    struct hnode *n = htab_find(&x->keys, hash, key_same, &key);

    return n ? container_of(n, struct attr_key, node) : NULL;
}

struct attr_key *record_find_key(const struct record_index *x, const char *name,
                                 size_t len)
{
    return key_find(x, hash_bytes(hash_key(), name, len), name, len);
}

static struct attr_key *key_intern(struct record_index *x, const char *name,
                                   size_t len)
{
    uint32_t hash = hash_bytes(hash_key(), name, len);
    struct attr_key *k = key_find(x, hash, name, len);

    if (k)
        return k;
    k = xcalloc(1, sizeof(*k) + len + 1);
    k->len = (uint16_t)len;
    k->quoted = buf_word_quotes(name, len);
    memcpy(k->name, name, len);
    htab_insert(&x->keys, &k->node, hash);
    return k;
}

static void key_release(struct record_index *x, struct attr_key *k)
{
    if (--k->refs)
        return;
    htab_remove(&x->keys, &k->node);
    seqset_free(&k->services);
    free(k);
}

/* The attribute's own hash is the key: equal values of two attributes differ.
 */
static uint32_t pair_hash(const struct attr_key *k, const char *value,
                          size_t len)
{
    return hash_bytes(hash_mix(hash_key(), k->node.hash | 1), value, len);
}

static bool pair_same(const struct hnode *n, const void *arg)
{
    const struct attr_pair *p = container_of(n, struct attr_pair, node);
    const struct text_key *key = arg;

    return p->key == key->attr && p->len == key->len &&
           !memcmp(p->value, key->text, key->len);
}

static struct attr_pair *pair_find(const struct record_index *x, uint32_t hash,
                                   const struct attr_key *k, const char *value,
                                   size_t len)
{
    const struct text_key key = {.attr = k, .text = value, .len = len};
    struct hnode *n = htab_find(&x->pairs, hash, pair_same, &key);

    return n ? container_of(n, struct attr_pair, node) : NULL;
}

struct attr_pair *record_find_pair(const struct record_index *x,
                                   const char *name, size_t name_len,
                                   const char *value, size_t len)
{
    struct attr_key *k = record_find_key(x, name, name_len);

    return k ? pair_find(x, pair_hash(k, value, len), k, value, len) : NULL;
}

/* 0 stands for nothing to look for. */
uint32_t record_warm_pair(const struct record_index *x, const char *name,
                          size_t name_len, const char *value, size_t len)
{
    struct attr_key *k = record_find_key(x, name, name_len);
    uint32_t hash = k ? pair_hash(k, value, len) : 0;

    if (hash)
        htab_warm(&x->pairs, hash);
    return hash;
}

const struct attr_pair *record_guess_pair(const struct record_index *x,
                                          uint32_t warm)
{
    const struct hnode *n = warm ? htab_guess(&x->pairs, warm) : NULL;

    return n ? container_of(n, struct attr_pair, node) : NULL;
}

static struct attr_pair *pair_intern(struct record_index *x, const char *name,
                                     size_t name_len, const char *value,
                                     size_t len)
{
    struct attr_key *k = key_intern(x, name, name_len);
    uint32_t hash = pair_hash(k, value, len);
    struct attr_pair *p = pair_find(x, hash, k, value, len);

    if (!p) {
        p = xcalloc(1, sizeof(*p) + len + 1);
        p->key = k;
        k->refs++;
        p->len = (uint32_t)len;
        p->quoted = buf_word_quotes(value, len);
        memcpy(p->value, value, len);
        htab_insert(&x->pairs, &p->node, hash);
    }
    return p;
}

static void pair_free_unused(struct record_index *x, struct attr_pair *p)
{
    if (p->refs || p->services.count)
        return;
    htab_remove(&x->pairs, &p->node);
    seqset_free(&p->services);
    key_release(x, p->key);
    free(p);
}

static void pair_unref(struct record_index *x, struct attr_pair *p)
{
    p->refs--;
    pair_free_unused(x, p);
}

/* -- records --------------------------------------------------------------- */

static uint32_t pair_text_len(const struct attr_pair *p)
{
    return (p->key->quoted ? 2u * p->key->len + 2 : p->key->len) +
           (p->quoted ? 2 * p->len + 2 : p->len) + 2;
}

static uint32_t *record_hashes(const struct record *r)
{
    return (uint32_t *)(void *)(r->pairs + r->size);
}

static struct record *record_new(uint32_t size)
{
    struct record *r;

    r = xmalloc(sizeof(*r) + size * (sizeof(*r->pairs) + sizeof(uint32_t)));
    *r = (struct record){.refs = 1, .size = size};
    return r;
}

/* Where the attribute of that hash stands for which `key` (or, if that is NULL,
 * name) is the attribute; -1: it has none. Looks at no other pair. */
static int record_place(const struct record *r, uint32_t hash,
                        const struct attr_key *key, const char *name,
                        size_t len)
{
    const uint32_t *hashes = record_hashes(r);
    const struct attr_key *k;
    uint32_t i;

    for (i = 0; i < r->count; i++) {
        if (hashes[i] != hash)
            continue;
        k = r->pairs[i]->key;
        if (key ? k == key : k->len == len && !memcmp(k->name, name, len))
            return (int)i;
    }
    return -1;
}

static int record_place_named(const struct record *r, const char *name,
                              size_t len)
{
    return record_place(r, hash_bytes(hash_key(), name, len), NULL, name, len);
}

static void record_set(struct record *r, struct attr_pair *p)
{
    int at = record_place(r, p->key->node.hash, p->key, NULL, 0);

    if (at >= 0)
        r->text_len -= pair_text_len(r->pairs[at]);
    else
        at = (int)r->count++;
    r->pairs[at] = p;
    record_hashes(r)[at] = p->key->node.hash;
    r->text_len += pair_text_len(p);
}

static void record_unset(struct record *r, const struct word *name)
{
    int at = record_place_named(r, name->text, name->len);
    uint32_t *hashes = record_hashes(r), rest;

    if (at < 0)
        return;
    r->text_len -= pair_text_len(r->pairs[at]);
    rest = --r->count - (uint32_t)at;
    memmove(r->pairs + at, r->pairs + at + 1, rest * sizeof(*r->pairs));
    memmove(hashes + at, hashes + at + 1, rest * sizeof(*hashes));
}

/* How many of the pairs an edit sets are new attributes: room is for those. */
static uint32_t edit_adds(const struct record *base,
                          const struct record_edit *edit)
{
    uint32_t i, adds = 0;

    if (!base)
        return edit->set_count;
    for (i = 0; i < edit->set_count; i++)
        adds += record_place_named(base, edit->sets[2 * i].text,
                                   edit->sets[2 * i].len) < 0;
    return adds;
}

/* The pairs of a registration wait for memory together (see htab.h). */
static void edit_warm(const struct record_index *x,
                      const struct record_edit *edit)
{
    const struct word *w;
    uint32_t i;

    for (i = 0; i < edit->set_count; i++) {
        w = &edit->sets[2 * i];
        record_warm_pair(x, w[0].text, w[0].len, w[1].text, w[1].len);
    }
}

struct record *record_edit(struct record_index *x, const struct record *base,
                           const struct record_edit *edit,
                           struct record_pins *pins)
{
    struct record *r =
        record_new((base ? base->count : 0) + edit_adds(base, edit));
    const struct word *w;
    uint32_t i;

    if (base) {
        r->count = base->count;
        r->text_len = base->text_len;
        memcpy(r->pairs, base->pairs, base->count * sizeof(*r->pairs));
        memcpy(record_hashes(r), record_hashes(base),
               base->count * sizeof(uint32_t));
    }
    if (edit->set_count > 2)
        edit_warm(x, edit);
    for (i = 0; i < edit->unset_count; i++)
        record_unset(r, &edit->unsets[i]);
    for (i = 0; i < edit->set_count; i++) {
        w = &edit->sets[2 * i];
        pins->pairs[i] =
            pair_intern(x, w[0].text, w[0].len, w[1].text, w[1].len);
        pins->pairs[i]->refs++;
        record_set(r, pins->pairs[i]);
    }
    pins->count = edit->set_count;
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
        r->pairs[i]->refs++;
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
    free(r);
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
    int i = record_place(r, key->node.hash, key, NULL, 0);

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

bool record_equal(const struct record *a, const struct record *b)
{
    uint32_t i;

    if (a->count != b->count)
        return false;
    for (i = 0; i < a->count; i++)
        if (a->pairs[i] != b->pairs[i] && !record_has(b, a->pairs[i]))
            return false;
    return true;
}

/* -- the index ------------------------------------------------------------- */

/* True if r has that very pair; at is where it most likely stands. */
static bool has_pair_at(const struct record *r, uint32_t at,
                        const struct attr_pair *p)
{
    if (!r)
        return false;
    return (at < r->count && r->pairs[at] == p) || record_has(r, p);
}

static bool has_key_at(const struct record *r, uint32_t at,
                       const struct attr_key *k)
{
    if (!r)
        return false;
    return (at < r->count && record_hashes(r)[at] == k->node.hash &&
            r->pairs[at]->key == k) ||
           record_pair_of(r, k);
}

void record_index_move(struct record_index *x, struct service *v,
                       const struct record *from, const struct record *to,
                       bool keep)
{
    struct attr_pair *p;
    uint32_t i;

    for (i = 0; to && i < to->count; i++) {
        p = to->pairs[i];
        if (has_pair_at(from, i, p))
            continue;
        seqset_add(&p->services, v);
        if (!has_key_at(from, i, p->key))
            seqset_add(&p->key->services, v);
    }
    for (i = 0; from && i < from->count; i++) {
        p = from->pairs[i];
        if (has_pair_at(to, i, p))
            continue;
        seqset_remove(&p->services, v);
        if (!has_key_at(to, i, p->key))
            seqset_remove(&p->key->services, v);
        if (keep)
            p->refs++;
        else
            pair_free_unused(x, p);
    }
}

void record_forget(struct record_index *x, const struct record *from,
                   const struct record *to)
{
    uint32_t i;

    for (i = 0; from && i < from->count; i++)
        if (!has_pair_at(to, i, from->pairs[i]))
            pair_unref(x, from->pairs[i]);
}

static char *word_put(char *to, const char *text, size_t len)
{
    *to++ = ' ';
    memcpy(to, text, len);
    return to + len;
}

void record_write(const struct record *r, struct buf *out)
{
    const struct attr_pair *p;
    char *to = buf_reserve(out, r->text_len);
    uint32_t i;

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
