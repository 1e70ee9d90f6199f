/*
 * Rows of the directory in an order of their own, which are shown over several
 * turns: each is kept by its node's name and the key that it is found by on
 * that node, for by the next turn it may be gone.
 */
#ifndef PLUGINS_REGISTRY_CONSUL_ROW_KEYS_H
#define PLUGINS_REGISTRY_CONSUL_ROW_KEYS_H

#include <stddef.h>

#include "lib/buf.h"
#include "server/state/keymap.h"

/* All zero: none. */
struct row_keys {
    struct buf bytes;  /* each: the node's name, a NUL, the key's length, it */
    const void **list; /* owned; as row_keys_list() made it, and then ordered */
    size_t count;
    size_t at; /* in the list: the next to be shown */
};

void row_keys_add(struct row_keys *k, const char *node,
                  const struct keynode *key);
/* When all are there: makes the list, which has count places. */
void row_keys_list(struct row_keys *k);
/* Of a place of the list: */
const char *row_keys_node(const void *row);
const char *row_keys_key(const void *row, size_t *len);
/* None, again. */
void row_keys_reset(struct row_keys *k);

#endif
