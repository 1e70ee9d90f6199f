#include "server/state/pair.h"

#include <string.h>

#include "lib/buf.h"
#include "lib/mem.h"
#include "server/state/hash.h"
#include "server/state/pool.h"

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

struct attr_key *pair_key(struct record_index *x, const char *name, size_t len)
{
    uint32_t hash = hash_bytes(hash_key(), name, len);
    struct attr_key *k = key_find(x, hash, name, len);

    if (k)
        return k;
    k = pool_alloc(sizeof(*k) + len + 1);
    *k = (struct attr_key){.len = (uint16_t)len};
    k->quoted = buf_word_quotes(name, len);
    k->hidden = len && *name == '.';
    k->persist = len == 7 && !memcmp(name, "persist", len);
    k->check = len > 6 && !memcmp(name, "check.", 6);
    x->check_keys += k->check;
    memcpy(k->name, name, len);
    k->name[len] = '\0';
    htab_insert(&x->keys, &k->node, hash);
    return k;
}

static void key_release(struct record_index *x, struct attr_key *k)
{
    if (--k->refs)
        return;
    x->check_keys -= k->check;
    htab_remove(&x->keys, &k->node);
    seqset_free(&k->services);
    pool_free(k, sizeof(*k) + k->len + 1);
}

/* The attribute's own hash is the key: equal values of two attributes differ.
 */
static uint32_t value_hash(uint32_t attr, const char *value, size_t len)
{
    return hash_bytes(hash_mix(hash_key(), attr | 1), value, len);
}

uint32_t pair_hash(const struct attr_key *k, const char *value, size_t len)
{
    return value_hash(k->node.hash, value, len);
}

uint32_t attr_hash(const char *name, size_t len)
{
    return htab_hash(hash_bytes(hash_key(), name, len));
}

uint32_t pair_hash_named(const char *name, size_t name_len, const char *value,
                         size_t len)
{
    return htab_hash(value_hash(attr_hash(name, name_len), value, len));
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

void pair_warm(const struct record_index *x, uint32_t hash)
{
    htab_warm(&x->pairs, hash);
}

struct attr_pair *pair_intern(struct record_index *x, struct attr_key *k,
                              uint32_t hash, const char *value, size_t len)
{
    struct attr_pair *p = pair_find(x, hash, k, value, len);

    if (p)
        return p;
    p = pool_alloc(sizeof(*p) + len + 1);
    *p = (struct attr_pair){.key = k, .len = (uint32_t)len};
    k->refs++;
    p->quoted = buf_word_quotes(value, len);
    memcpy(p->value, value, len);
    p->value[len] = '\0';
    htab_insert(&x->pairs, &p->node, hash);
    return p;
}

void pair_settle(struct record_index *x, struct attr_pair *p)
{
    if (p->refs || p->services.count)
        return;
    htab_remove(&x->pairs, &p->node);
    seqset_free(&p->services);
    key_release(x, p->key);
    pool_free(p, sizeof(*p) + p->len + 1);
}

void pair_unref(struct record_index *x, struct attr_pair *p)
{
    p->refs--;
    pair_settle(x, p);
}
