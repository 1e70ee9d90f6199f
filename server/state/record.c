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

static struct attr_key *key_in_chain(struct hnode *n, uint32_t hash,
                                     const char *name, size_t len)
{
    struct attr_key *k;

    for (; n; n = n->next) {
        k = container_of(n, struct attr_key, node);
        if (n->hash == hash && k->len == len && !memcmp(k->name, name, len))
            return k;
    }
    return NULL;
}

static struct attr_key *key_find(const struct record_index *x, uint32_t hash,
                                 const char *name, size_t len)
{
    struct attr_key *k;

    k = key_in_chain(htab_chain(&x->keys, hash), hash, name, len);
    if (!k && x->keys.old)
        k = key_in_chain(htab_old_chain(&x->keys, hash), hash, name, len);
    return k;
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

static struct attr_pair *pair_in_chain(struct hnode *n, uint32_t hash,
                                       const struct attr_key *k,
                                       const char *value, size_t len)
{
    struct attr_pair *p;

    for (; n; n = n->next) {
        p = container_of(n, struct attr_pair, node);
        if (n->hash == hash && p->key == k && p->len == len &&
            !memcmp(p->value, value, len))
            return p;
    }
    return NULL;
}

static struct attr_pair *pair_find(const struct record_index *x, uint32_t hash,
                                   const struct attr_key *k, const char *value,
                                   size_t len)
{
    struct attr_pair *p;

    p = pair_in_chain(htab_chain(&x->pairs, hash), hash, k, value, len);
    if (!p && x->pairs.old)
        p = pair_in_chain(htab_old_chain(&x->pairs, hash), hash, k, value, len);
    return p;
}

struct attr_pair *record_find_pair(const struct record_index *x,
                                   const char *name, size_t name_len,
                                   const char *value, size_t len)
{
    struct attr_key *k = record_find_key(x, name, name_len);

    return k ? pair_find(x, pair_hash(k, value, len), k, value, len) : NULL;
}

/* Adds a reference. */
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
    p->refs++;
    return p;
}

static void pair_release(struct record_index *x, struct attr_pair *p)
{
    if (--p->refs)
        return;
    htab_remove(&x->pairs, &p->node);
    seqset_free(&p->services);
    key_release(x, p->key);
    free(p);
}

/* -- records --------------------------------------------------------------- */

static uint32_t pair_text_len(const struct attr_pair *p)
{
    return (p->key->quoted ? 2u * p->key->len + 2 : p->key->len) +
           (p->quoted ? 2 * p->len + 2 : p->len) + 2;
}

static int record_index_of(const struct record *r, const char *name, size_t len)
{
    uint32_t i;

    for (i = 0; i < r->count; i++)
        if (r->pairs[i]->key->len == len &&
            !memcmp(r->pairs[i]->key->name, name, len))
            return (int)i;
    return -1;
}

static void record_set(struct record_index *x, struct record *r,
                       const struct word *name, const struct word *value)
{
    struct attr_pair *p =
        pair_intern(x, name->text, name->len, value->text, value->len);
    uint32_t i;

    for (i = 0; i < r->count; i++) {
        if (r->pairs[i]->key == p->key) {
            pair_release(x, r->pairs[i]);
            r->pairs[i] = p;
            return;
        }
    }
    r->pairs[r->count++] = p;
}

static void record_unset(struct record_index *x, struct record *r,
                         const struct word *name)
{
    int i = record_index_of(r, name->text, name->len);

    if (i < 0)
        return;
    pair_release(x, r->pairs[i]);
    r->count--;
    memmove(r->pairs + i, r->pairs + i + 1,
            (r->count - (uint32_t)i) * sizeof(*r->pairs));
}

struct record *record_edit(struct record_index *x, const struct record *base,
                           const struct record_edit *edit)
{
    uint32_t i, had = base ? base->count : 0;
    struct record *r;

    r = xmalloc(sizeof(*r) + (had + edit->set_count) * sizeof(*r->pairs));
    r->refs = 1;
    r->count = had;
    for (i = 0; i < had; i++) {
        r->pairs[i] = base->pairs[i];
        r->pairs[i]->refs++;
    }
    for (i = 0; i < edit->unset_count; i++)
        record_unset(x, r, &edit->unsets[i]);
    for (i = 0; i < edit->set_count; i++)
        record_set(x, r, &edit->sets[2 * i], &edit->sets[2 * i + 1]);
    r->text_len = 0;
    for (i = 0; i < r->count; i++)
        r->text_len += pair_text_len(r->pairs[i]);
    return r;
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
    for (i = 0; i < r->count; i++)
        pair_release(x, r->pairs[i]);
    free(r);
}

const char *record_lookup(const void *record, const char *attr, size_t attr_len,
                          size_t *value_len)
{
    const struct record *r = record;
    int i = record_index_of(r, attr, attr_len);

    if (i < 0)
        return NULL;
    *value_len = r->pairs[i]->len;
    return r->pairs[i]->value;
}

struct attr_pair *record_pair_of(const struct record *r,
                                 const struct attr_key *key)
{
    uint32_t i;

    for (i = 0; i < r->count; i++)
        if (r->pairs[i]->key == key)
            return r->pairs[i];
    return NULL;
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
    return (at < r->count && r->pairs[at]->key == k) || record_pair_of(r, k);
}

void record_index_move(struct service *v, const struct record *from,
                       const struct record *to)
{
    struct attr_pair *p;
    uint32_t i;

    for (i = 0; from && i < from->count; i++) {
        p = from->pairs[i];
        if (has_pair_at(to, i, p))
            continue;
        seqset_remove(&p->services, v);
        if (!has_key_at(to, i, p->key))
            seqset_remove(&p->key->services, v);
    }
    for (i = 0; to && i < to->count; i++) {
        p = to->pairs[i];
        if (has_pair_at(from, i, p))
            continue;
        seqset_add(&p->services, v);
        if (!has_key_at(from, i, p->key))
            seqset_add(&p->key->services, v);
    }
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
