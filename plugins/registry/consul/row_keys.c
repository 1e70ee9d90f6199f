#include "plugins/registry/consul/row_keys.h"

#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"

void row_keys_add(struct row_keys *k, const char *node,
                  const struct keynode *key)
{
    buf_add(&k->bytes, node, strlen(node) + 1);
    buf_add(&k->bytes, &key->key_len, sizeof(key->key_len));
    buf_add(&k->bytes, key->key, key->key_len);
    k->count++;
}

const char *row_keys_node(const void *row)
{
    return row;
}

const char *row_keys_key(const void *row, size_t *len)
{
    const char *at = row_keys_node(row) + strlen(row_keys_node(row)) + 1;
    uint32_t size;

    memcpy(&size, at, sizeof(size));
    *len = size;
    return at + sizeof(size);
}

void row_keys_list(struct row_keys *k)
{
    const char *at = buf_data(&k->bytes);
    size_t i, len;

    k->list = xcalloc(k->count + 1, sizeof(*k->list));
    for (i = 0; i < k->count; i++) {
        k->list[i] = at;
        at = row_keys_key(at, &len);
        at += len;
    }
}

void row_keys_reset(struct row_keys *k)
{
    buf_free(&k->bytes);
    free(k->list);
    *k = (struct row_keys){0};
}
