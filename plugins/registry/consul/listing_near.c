/*
 * Rows by the distance of their nodes: all of them are found, and then shown as
 * others are, those that are still there.
 */
#include <string.h>

#include "plugins/registry/consul/listing_impl.h"
#include "server/musterd.h"
#include "server/self.h"
#include "server/state/coordinates.h"

/* What a row is found by again. */
static const struct keynode *key_of(const struct listing_row *row)
{
    return row->check      ? &row->check->by_node
           : row->instance ? &row->instance->by_node
                           : &row->node->by_name;
}

bool listing_sort(struct listing *l, unsigned *n)
{
    const struct musterd *m = l->call->m;
    const char *near = l->call->near;
    struct listing_row row;

    for (; *n; --*n) {
        if (!listing_next(l, &row))
            break;
        if (listing_shows(l, &row))
            row_keys_add(&l->order, row.node->name, key_of(&row));
    }
    if (!*n)
        return false;
    row_keys_list(&l->order);
    coordinates_sort(m->coordinates,
                     !strcmp(near, "_agent") ? m->self->node : near,
                     l->order.list, l->order.count, row_keys_node);
    l->sorted = true;
    return true;
}

bool listing_next_sorted(struct listing *l, struct listing_row *row)
{
    struct row_keys *o = &l->order;
    const char *key;
    const void *at;
    size_t len;

    *row = (struct listing_row){0};
    while (o->at < o->count) {
        at = o->list[o->at++];
        key = row_keys_key(at, &len);
        row->node = directory_node(l->call->m->directory, row_keys_node(at));
        if (!row->node || l->rows == LIST_NODES) {
            if (row->node)
                return true;
            continue;
        }
        if (l->rows == LIST_STATE || l->rows == LIST_NODE_CHECKS)
            row->check = dir_check_at(row->node, key, len);
        else
            row->instance = dir_node_at(row->node, key, len);
        if (row->check)
            row->instance = row->check->instance;
        if (row->check || row->instance)
            return true;
    }
    return false;
}
