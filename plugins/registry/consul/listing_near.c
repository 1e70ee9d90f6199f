/*
 * Rows by the distance of their nodes: all of them are found at once, and then
 * shown as others are, those that are still there.
 */
#include <stdlib.h>
#include <string.h>

#include "plugins/registry/consul/listing_impl.h"
#include "server/musterd.h"
#include "server/self.h"
#include "server/state/coordinates.h"

struct rows {
    struct listing_row *list; /* owned */
    size_t count, size;
};

static void add(struct rows *r, const struct listing_row *row)
{
    if (r->count == r->size) {
        r->size = r->size ? 2 * r->size : 64;
        r->list = xreallocarray(r->list, r->size, sizeof(*r->list));
    }
    r->list[r->count++] = *row;
}

static const char *node_of(const void *row)
{
    return ((const struct listing_row *)row)->node->name;
}

/* What a row is found by again. */
static const struct keynode *key_of(const struct listing_row *row)
{
    return row->check      ? &row->check->by_node
           : row->instance ? &row->instance->by_node
                           : &row->node->by_name;
}

static void write_order(struct listing *l, const void *const *rows,
                        size_t count)
{
    const struct keynode *key;
    size_t i;

    for (i = 0; i < count; i++) {
        const char *node = node_of(rows[i]);

        key = key_of(rows[i]);
        buf_add(&l->order, node, strlen(node) + 1);
        buf_add(&l->order, &key->key_len, sizeof(key->key_len));
        buf_add(&l->order, key->key, key->key_len);
    }
}

void listing_sort(struct listing *l)
{
    const struct musterd *m = l->call->m;
    const char *near = l->call->near;
    struct listing_row row;
    struct rows r = {0};
    const void **rows;
    size_t i;

    while (listing_next(l, &row))
        if (listing_shows(l, &row))
            add(&r, &row);
    rows = xcalloc(r.count + 1, sizeof(*rows));
    for (i = 0; i < r.count; i++)
        rows[i] = &r.list[i];
    coordinates_sort(m->coordinates,
                     !strcmp(near, "_agent") ? m->self->node : near, rows,
                     r.count, node_of);
    write_order(l, rows, r.count);
    free(rows);
    free(r.list);
    l->sorted = true;
}

bool listing_next_sorted(struct listing *l, struct listing_row *row)
{
    const char *at = buf_data(&l->order), *name;
    size_t len = buf_len(&l->order);
    uint32_t size;

    *row = (struct listing_row){0};
    while (l->order_at < len) {
        name = at + l->order_at;
        l->order_at += strlen(name) + 1;
        memcpy(&size, at + l->order_at, sizeof(size));
        l->order_at += sizeof(size) + size;
        row->node = directory_node(l->call->m->directory, name);
        if (!row->node || l->rows == LIST_NODES) {
            if (row->node)
                return true;
            continue;
        }
        if (l->rows == LIST_STATE || l->rows == LIST_NODE_CHECKS)
            row->check = dir_check_at(row->node, at + l->order_at - size, size);
        else
            row->instance =
                dir_node_at(row->node, at + l->order_at - size, size);
        if (row->check)
            row->instance = row->check->instance;
        if (row->check || row->instance)
            return true;
    }
    return false;
}
