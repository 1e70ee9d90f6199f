/*
 * Along the rows of a list. What was looked at last is remembered by name and
 * key, for it may be gone when the list goes on in another turn.
 */
#include <string.h>
#include <strings.h>

#include "plugins/registry/consul/listing_impl.h"
#include "server/musterd.h"

/* Consul lists them by the words for them. */
static const enum dir_status states[] = {DIR_CRITICAL, DIR_PASSING,
                                         DIR_WARNING};

static struct directory *directory_of(const struct listing *l)
{
    return l->call->m->directory;
}

void listing_rewind(struct listing *l)
{
    l->begun = l->sorted = false;
    l->state = 0;
    buf_reset(&l->node, 0);
    buf_reset(&l->key, 0);
    buf_reset(&l->last, 0);
    row_keys_reset(&l->order);
    listing_forget_names(l);
}

static void keep(struct buf *b, const char *bytes, size_t len)
{
    buf_reset(b, 4096);
    buf_add(b, bytes, len);
}

/* The key that was looked at last; NULL: none was. */
static const char *last_key(const struct listing *l)
{
    return l->begun ? buf_data(&l->key) : NULL;
}

static bool next_node(struct listing *l, struct listing_row *row)
{
    row->node = directory_node_behind(directory_of(l),
                                      l->begun ? buf_str(&l->node) : NULL);
    if (row->node)
        keep(&l->node, row->node->name, strlen(row->node->name));
    return row->node;
}

static bool next_name(struct listing *l, struct listing_row *row)
{
    row->name = directory_name_behind(directory_of(l),
                                      l->begun ? buf_str(&l->node) : NULL);
    if (row->name)
        keep(&l->node, row->name->name, strlen(row->name->name));
    return row->name;
}

static bool next_of_name(struct listing *l, struct listing_row *row)
{
    const struct dir_name *n = directory_name(directory_of(l), l->scope.name);
    const struct dir_instance *i =
        n ? dir_name_behind(n, last_key(l), buf_len(&l->key)) : NULL;

    if (!i)
        return false;
    *row = (struct listing_row){.node = i->node, .name = n, .instance = i};
    keep(&l->key, i->by_name.key, i->by_name.key_len);
    return true;
}

static bool next_of_node(struct listing *l, struct listing_row *row)
{
    const struct dir_node *n = directory_node(directory_of(l), l->scope.name);
    const struct dir_instance *i =
        n ? dir_node_behind(n, last_key(l), buf_len(&l->key)) : NULL;

    if (!i)
        return false;
    *row = (struct listing_row){.node = n, .name = i->name, .instance = i};
    keep(&l->key, i->by_node.key, i->by_node.key_len);
    return true;
}

static void set_check(struct listing *l, struct listing_row *row,
                      const struct dir_check *check)
{
    *row = (struct listing_row){
        .node = check->node, .instance = check->instance, .check = check};
    keep(&l->key, check->by_node.key, check->by_node.key_len);
}

static bool next_node_check(struct listing *l, struct listing_row *row)
{
    const struct dir_node *n = directory_node(directory_of(l), l->scope.name);
    const struct dir_check *check =
        n ? dir_check_behind(n, last_key(l), buf_len(&l->key)) : NULL;

    if (check)
        set_check(l, row, check);
    return check;
}

/* All checks of all nodes, once for each status. */
static bool next_any_check(struct listing *l, struct listing_row *row)
{
    const struct dir_node *n =
        l->begun ? directory_node(directory_of(l), buf_str(&l->node)) : NULL;
    const struct dir_check *check =
        n ? dir_check_behind(n, buf_data(&l->key), buf_len(&l->key)) : NULL;
    struct listing_row node = {0};

    while (!check) {
        if (!next_node(l, &node)) {
            if (++l->state >= ARRAY_LEN(states))
                return false;
            l->begun = false;
            continue;
        }
        l->begun = true;
        check = dir_check_behind(node.node, NULL, 0);
    }
    set_check(l, row, check);
    return true;
}

bool listing_next(struct listing *l, struct listing_row *row)
{
    bool found = false;

    *row = (struct listing_row){0};
    switch (l->rows) {
    case LIST_NODES: found = next_node(l, row); break;
    case LIST_SERVICES: found = next_name(l, row); break;
    case LIST_INSTANCES:
    case LIST_ENTRIES:
    case LIST_CHECKS: found = next_of_name(l, row); break;
    case LIST_OF_NODE: found = next_of_node(l, row); break;
    case LIST_NODE_CHECKS: found = next_node_check(l, row); break;
    case LIST_STATE: found = next_any_check(l, row); break;
    case LIST_NOTHING: break;
    }
    l->begun |= found;
    return found;
}

/* -- which of them --------------------------------------------------------- */

static bool has_metas(const struct listing *l, const struct dir_node *n)
{
    const char *value;
    unsigned i;

    for (i = 0; i < l->meta_count; i++) {
        value = dir_pair_get(&n->meta, l->metas[i].name);
        if (!value || strcmp(value, l->metas[i].value) != 0)
            return false;
    }
    return true;
}

static bool shows_instance(struct listing *l, const struct dir_instance *i)
{
    unsigned t;

    for (t = 0; t < l->tag_count; t++)
        if (!dir_has_tag(i, l->tags[t]))
            return false;
    if (l->passing && dir_health(i) != DIR_PASSING)
        return false;
    if (!has_metas(l, i->node))
        return false;
    /* names alone tell nothing of nodes */
    return l->rows == LIST_SERVICES ? authority_sees_service(l->call, i)
                                    : row_may_instance(l->call, i);
}

static bool in_state(const struct listing *l, const struct dir_check *check)
{
    enum dir_status s;

    if (l->rows != LIST_STATE)
        return true;
    if (check->status != states[l->state])
        return false;
    return !strcmp(l->scope.name, "any") ||
           (dir_status_parse(l->scope.name, &s) && s == check->status);
}

bool listing_shows(struct listing *l, const struct listing_row *row)
{
    if (row->check)
        return in_state(l, row->check) && has_metas(l, row->node) &&
               row_may_check(l->call, row->check);
    if (row->instance)
        return shows_instance(l, row->instance);
    if (row->name)
        return true; /* it is looked at instance by instance */
    return has_metas(l, row->node) && row_may_node(l->call, row->node);
}
