/*
 * An ordered map of byte keys: what a prefix covers is one run of it. In a map
 * that is numbered, each node has a number, of which the greatest in any such
 * run is known without walking it. So a prefix is listed in order, and its
 * index (the last change below it) costs no more than finding one key.
 *
 * It is a treap whose nodes stand in what is kept, with random priorities that
 * no client knows: about 2 log n steps whatever keys are chosen. Of the
 * libraries we keep none has such a thing: uthash has no order, glibc's
 * tsearch() neither ranges nor sums, and libevent's trees are its own.
 *
 * Must not know what the keys are of, nor who owns them.
 */
#ifndef MUSTER_STATE_KEYMAP_H
#define MUSTER_STATE_KEYMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Embedded in what is mapped. key and key_len are the owner's, and may not
 * change while it is in a map: keymap_replace() does that. */
struct keynode {
    const char *key; /* borrowed */
    uint32_t key_len;
    uint32_t priority; /* its parent's is not less */
    struct keynode *left, *right;
};

/* What is embedded where the map is numbered; number is the owner's, likewise.
 */
struct keynode_numbered {
    struct keynode node;
    uint64_t number;   /* e.g. the revision of its last change */
    uint64_t greatest; /* of the numbers of this node and all below it */
};

/* All zero: an empty one that is not numbered. */
struct keymap {
    struct keynode *root;
    uint32_t count;
    uint32_t drawn : 31;   /* priorities, so far */
    uint32_t numbered : 1; /* its nodes are keynode_numbered, all of them */
};

/* Its key must not be there. */
void keymap_insert(struct keymap *m, struct keynode *n);
/* It must be there. */
void keymap_remove(struct keymap *m, struct keynode *n);
/* n, with the same key, takes the place of old. */
void keymap_replace(struct keymap *m, struct keynode *old, struct keynode *n);

struct keynode *keymap_find(const struct keymap *m, const char *key,
                            size_t len);
/* The first whose key is not less; NULL: none. "" gives the first of all. */
struct keynode *keymap_from(const struct keymap *m, const char *key,
                            size_t len);
/* The next after that key, which need not be there. */
struct keynode *keymap_after(const struct keymap *m, const char *key,
                             size_t len);
/* The first behind all whose key begins so. */
struct keynode *keymap_behind(const struct keymap *m, const char *prefix,
                              size_t len);
/* True if the node's key begins so. */
bool keynode_has_prefix(const struct keynode *n, const char *prefix,
                        size_t len);
/* In a numbered one: the greatest number of those whose key begins so; 0:
 * there are none. */
uint64_t keymap_greatest(const struct keymap *m, const char *prefix,
                         size_t len);
/* Takes any of them out; NULL: it is empty. */
struct keynode *keymap_pop(struct keymap *m);
/* Calls fn for each, in no order; it may free the node. The map is empty
 * afterwards. */
void keymap_empty(struct keymap *m, void (*fn)(struct keynode *n, void *arg),
                  void *arg);

#endif
