/*
 * A hash table of pointers to nodes that know their own hash: open addressing
 * with the hashes in an array of their own, so that a look-up reads that array,
 * one pointer and the node it wants, and growing reads no node at all. It grows
 * a little at every insertion, so that no single one is slow, and shrinks after
 * a fall in the same way.
 *
 * Must not know what the nodes belong to. uthash, which the other rooms use,
 * costs 56 bytes a node and doubles at once: with four million nodes (a million
 * services) that is a quarter of the memory and a pause of the whole daemon.
 */
#ifndef MUSTER_STATE_HTAB_H
#define MUSTER_STATE_HTAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Embedded in what is indexed. */
struct hnode {
    uint32_t hash;
};

/* One array of places; a table has two while it grows. */
struct htab_part {
    uint32_t *hashes;     /* owned; of the node in each place, or a mark */
    struct hnode **nodes; /* owned */
    size_t mask;          /* places - 1; a power of two - 1 */
    size_t used;          /* places that are not free: nodes and gravestones */
};

struct htab {
    struct htab_part now;
    struct htab_part old; /* being emptied into now; hashes NULL: none */
    size_t old_next;      /* first old place not yet emptied */
    size_t count;         /* nodes */
};

/* True if n (whose hash is the one looked for) is the one wanted. */
typedef bool htab_same_fn(const struct hnode *n, const void *key);

#define HTAB_MARKS 2 /* hashes that mark a place which holds no node */

/* A node's own hash, as the table keeps it. */
static inline uint32_t htab_hash(uint32_t hash)
{
    return hash >= HTAB_MARKS ? hash : hash + HTAB_MARKS;
}

void htab_init(struct htab *t);
/* Frees the table, not the nodes. */
void htab_free(struct htab *t);
void htab_insert(struct htab *t, struct hnode *n, uint32_t hash);
/* n must be in t. */
void htab_remove(struct htab *t, struct hnode *n);
/*
 * Look-ups done side by side wait for memory together: first htab_warm() for
 * each, then htab_guess() for each, then what is to be done with them. The
 * guess is most likely the node of that hash (or NULL), not yet looked at.
 */
void htab_warm(const struct htab *t, uint32_t hash);
const struct hnode *htab_guess(const struct htab *t, uint32_t hash);
/* Calls fn for every node, which may free it but change nothing in the table.
 */
void htab_each(struct htab *t, void (*fn)(struct hnode *n, void *arg),
               void *arg);

/* -- finding, inline for the sake of same() -------------------------------- */

#define HTAB_FREE 0 /* marks a place that never held a node */

static inline struct hnode *htab_part_find(const struct htab_part *p,
                                           uint32_t hash, htab_same_fn *same,
                                           const void *key)
{
    size_t i;

    for (i = hash & p->mask; p->hashes[i] != HTAB_FREE; i = (i + 1) & p->mask)
        if (p->hashes[i] == hash && same(p->nodes[i], key))
            return p->nodes[i];
    return NULL;
}

/* The node of that hash for which same(node, key) holds, or NULL. */
static inline struct hnode *htab_find(const struct htab *t, uint32_t hash,
                                      htab_same_fn *same, const void *key)
{
    struct hnode *n;

    hash = htab_hash(hash);
    n = htab_part_find(&t->now, hash, same, key);
    if (!n && t->old.hashes)
        n = htab_part_find(&t->old, hash, same, key);
    return n;
}

#endif
