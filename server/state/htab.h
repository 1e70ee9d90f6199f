/*
 * A hash table of nodes that are embedded in what they index, growing a little
 * at every insertion so that no single one is slow.
 *
 * Must not know what the nodes belong to. uthash, which the other rooms use,
 * costs 56 bytes a node and doubles at once: with four million nodes (a million
 * services) that is a quarter of the memory and a pause of the whole daemon.
 */
#ifndef MUSTER_STATE_HTAB_H
#define MUSTER_STATE_HTAB_H

#include <stddef.h>
#include <stdint.h>

struct hnode {
    struct hnode *next;
    uint32_t hash;
};

struct htab {
    struct hnode **buckets; /* owned; 2^bits of them */
    struct hnode **old;     /* owned; being emptied into buckets, or NULL */
    size_t old_next;        /* first old bucket not yet emptied */
    size_t count;
    unsigned bits, old_bits;
};

void htab_init(struct htab *t);
/* Frees the table, not the nodes. */
void htab_free(struct htab *t);
void htab_insert(struct htab *t, struct hnode *n, uint32_t hash);
/* n must be in t. */
void htab_remove(struct htab *t, struct hnode *n);
/* The chains in which a node of that hash is found: first the one, then the
 * other (may be NULL). Compare hash and key on the way. */
static inline struct hnode *htab_chain(const struct htab *t, uint32_t hash)
{
    return t->buckets[hash & (((size_t)1 << t->bits) - 1)];
}
static inline struct hnode *htab_old_chain(const struct htab *t, uint32_t hash)
{
    return t->old ? t->old[hash & (((size_t)1 << t->old_bits) - 1)] : NULL;
}

/* Calls fn for every node; fn may free it. */
void htab_each(struct htab *t, void (*fn)(struct hnode *n, void *arg),
               void *arg);

#endif
