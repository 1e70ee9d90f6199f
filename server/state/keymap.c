#include "server/state/keymap.h"

#include <assert.h>
#include <string.h>

#include "server/state/hash.h"

static int key_order(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t len = a_len < b_len ? a_len : b_len;
    int order = len ? memcmp(a, b, len) : 0;

    return order ? order : (a_len > b_len) - (a_len < b_len);
}

static int node_order(const char *key, size_t len, const struct keynode *n)
{
    return key_order(key, len, n->key, n->key_len);
}

bool keynode_has_prefix(const struct keynode *n, const char *prefix, size_t len)
{
    return n->key_len >= len && (!len || !memcmp(n->key, prefix, len));
}

/* Before, in (0) or behind the run of keys that begin so. */
static int prefix_order(const char *prefix, size_t len, const struct keynode *n)
{
    return keynode_has_prefix(n, prefix, len) ? 0 : node_order(prefix, len, n);
}

/* -- numbers --------------------------------------------------------------- */

static struct keynode_numbered *numbered(const struct keynode *n)
{
    return (struct keynode_numbered *)(void *)n;
}

static uint64_t greatest_of(const struct keynode *n)
{
    return n ? numbered(n)->greatest : 0;
}

/* What is under it is another. */
static void node_count(const struct keymap *m, struct keynode *n)
{
    uint64_t left, right, most;

    if (!m->numbered)
        return;
    left = greatest_of(n->left);
    right = greatest_of(n->right);
    most = numbered(n)->number;
    if (left > most)
        most = left;
    numbered(n)->greatest = right > most ? right : most;
}

/* -- changing -------------------------------------------------------------- */

/* Cuts what is under n into what is before the key and what is behind it. */
static void split(const struct keymap *m, struct keynode *n,
                  const struct keynode *at, struct keynode **before,
                  struct keynode **behind)
{
    if (!n) {
        *before = *behind = NULL;
    } else if (node_order(at->key, at->key_len, n) < 0) {
        *behind = n;
        split(m, n->left, at, before, &n->left);
        node_count(m, n);
    } else {
        *before = n;
        split(m, n->right, at, &n->right, behind);
        node_count(m, n);
    }
}

static struct keynode *join(const struct keymap *m, struct keynode *before,
                            struct keynode *behind)
{
    if (!before || !behind)
        return before ? before : behind;
    if (before->priority > behind->priority) {
        before->right = join(m, before->right, behind);
        node_count(m, before);
        return before;
    }
    behind->left = join(m, before, behind->left);
    node_count(m, behind);
    return behind;
}

static struct keynode *insert_below(const struct keymap *m, struct keynode *at,
                                    struct keynode *n)
{
    int order;

    if (!at || at->priority < n->priority) {
        split(m, at, n, &n->left, &n->right);
        node_count(m, n);
        return n;
    }
    order = node_order(n->key, n->key_len, at);
    assert(order);
    if (order < 0)
        at->left = insert_below(m, at->left, n);
    else
        at->right = insert_below(m, at->right, n);
    node_count(m, at);
    return at;
}

/* Puts `instead` (NULL: what is under it) in the place of n. */
static struct keynode *change_below(const struct keymap *m, struct keynode *at,
                                    struct keynode *n, struct keynode *instead)
{
    int order;

    assert(at);
    if (at == n && !instead)
        return join(m, n->left, n->right);
    if (at == n) {
        node_count(m, instead);
        return instead;
    }
    order = node_order(n->key, n->key_len, at);
    if (order < 0)
        at->left = change_below(m, at->left, n, instead);
    else
        at->right = change_below(m, at->right, n, instead);
    node_count(m, at);
    return at;
}

void keymap_insert(struct keymap *m, struct keynode *n)
{
    /* mixed once, neighbouring numbers make a sequence, and a deep tree */
    uint64_t drawn = hash_mix(hash_key() ^ ++m->drawn, 0x9e3779b97f4a7c15ull);

    n->priority = (uint32_t)hash_mix(drawn, 0x8ebc6af09c88c6e3ull);
    m->root = insert_below(m, m->root, n);
    m->count++;
}

void keymap_remove(struct keymap *m, struct keynode *n)
{
    m->root = change_below(m, m->root, n, NULL);
    n->left = n->right = NULL;
    m->count--;
}

void keymap_replace(struct keymap *m, struct keynode *old, struct keynode *n)
{
    n->left = old->left;
    n->right = old->right;
    n->priority = old->priority;
    m->root = change_below(m, m->root, old, n);
    old->left = old->right = NULL;
}

struct keynode *keymap_pop(struct keymap *m)
{
    struct keynode *n = m->root;

    if (n) {
        /* no recursion of its own: what was right hangs below what was left */
        m->root = join(m, n->left, n->right);
        n->left = n->right = NULL;
        m->count--;
    }
    return n;
}

void keymap_empty(struct keymap *m, void (*fn)(struct keynode *n, void *arg),
                  void *arg)
{
    struct keynode *n;

    while ((n = keymap_pop(m)))
        fn(n, arg);
}

/* -- looking --------------------------------------------------------------- */

struct keynode *keymap_find(const struct keymap *m, const char *key, size_t len)
{
    struct keynode *n = m->root;
    int order;

    while (n && (order = node_order(key, len, n)))
        n = order < 0 ? n->left : n->right;
    return n;
}

static struct keynode *first_behind(const struct keymap *m, const char *key,
                                    size_t len, bool itself)
{
    struct keynode *n = m->root, *found = NULL;
    int order;

    while (n) {
        order = node_order(key, len, n);
        if (order < 0 || (itself && !order)) {
            found = n;
            n = n->left;
        } else {
            n = n->right;
        }
    }
    return found;
}

struct keynode *keymap_from(const struct keymap *m, const char *key, size_t len)
{
    return first_behind(m, key, len, true);
}

struct keynode *keymap_after(const struct keymap *m, const char *key,
                             size_t len)
{
    return first_behind(m, key, len, false);
}

struct keynode *keymap_behind(const struct keymap *m, const char *prefix,
                              size_t len)
{
    struct keynode *n = m->root, *found = NULL;

    while (n) {
        if (prefix_order(prefix, len, n) < 0) {
            found = n;
            n = n->left;
        } else {
            n = n->right;
        }
    }
    return found;
}

/* The part of the run that is under n, all of which is behind its beginning
 * (or, with last, before its end). */
static uint64_t greatest_at_edge(const struct keynode *n, const char *prefix,
                                 size_t len, bool last)
{
    uint64_t most = 0, inside;
    const struct keynode *within, *on;

    while (n) {
        on = last ? n->right : n->left;
        within = last ? n->left : n->right;
        if (prefix_order(prefix, len, n)) {
            n = within;
            continue;
        }
        inside = greatest_of(within);
        if (numbered(n)->number > inside)
            inside = numbered(n)->number;
        if (inside > most)
            most = inside;
        n = on;
    }
    return most;
}

uint64_t keymap_greatest(const struct keymap *m, const char *prefix, size_t len)
{
    const struct keynode *n = m->root;
    uint64_t left, right;
    int order;

    while (n && (order = prefix_order(prefix, len, n)))
        n = order < 0 ? n->left : n->right;
    if (!n)
        return 0;
    left = greatest_at_edge(n->left, prefix, len, false);
    right = greatest_at_edge(n->right, prefix, len, true);
    if (right > left)
        left = right;
    return numbered(n)->number > left ? numbered(n)->number : left;
}
