#include <stdlib.h>
#include <string.h>

#include "server/state/directory_impl.h"

static struct keynode *next_in(const struct keymap *m, const struct keynode *n)
{
    return n ? keymap_after(m, n->key, n->key_len) : keymap_from(m, "", 0);
}

const struct dir_node *directory_own(struct directory *d)
{
    dir_take_in(d);
    return d->own;
}

const struct dir_node *directory_node(struct directory *d, const char *name)
{
    const struct dir_node *n;
    const char *key;
    size_t len;

    dir_take_in(d);
    key = dir_key(d, &len, name, NULL, NULL);
    n = dir_node_of(keymap_find(&d->nodes, key, len - 1));
    return n && n->present ? n : NULL;
}

const struct dir_node *directory_next_node(struct directory *d,
                                           const struct dir_node *after)
{
    const struct dir_node *n = after;

    dir_take_in(d);
    do {
        n = dir_node_of(next_in(&d->nodes, n ? &n->by_name : NULL));
    } while (n && !n->present);
    return n;
}

const struct dir_name *directory_name(struct directory *d, const char *service)
{
    const struct dir_name *n;
    const char *key;
    size_t len;

    dir_take_in(d);
    key = dir_key(d, &len, service, NULL, NULL);
    n = dir_name_of(keymap_find(&d->names, key, len - 1));
    return n && n->count ? n : NULL;
}

const struct dir_name *directory_next_name(struct directory *d,
                                           const struct dir_name *after)
{
    const struct dir_name *n = after;

    dir_take_in(d);
    do {
        n = dir_name_of(next_in(&d->names, n ? &n->by_name : NULL));
    } while (n && !n->count);
    return n;
}

const struct dir_instance *directory_instance(struct directory *d,
                                              const char *node, const char *id)
{
    dir_take_in(d);
    return dir_find_instance(d, node, id);
}

const struct dir_check *directory_check_of(struct directory *d,
                                           const char *node, const char *id)
{
    dir_take_in(d);
    return dir_find_check(d, node, id);
}

const struct dir_instance *dir_name_next(const struct dir_name *n,
                                         const struct dir_instance *after)
{
    return dir_instance_by_name(
        next_in(&n->instances, after ? &after->by_name : NULL));
}

const struct dir_instance *dir_node_next(const struct dir_node *n,
                                         const struct dir_instance *after)
{
    return dir_instance_by_node(
        next_in(&n->instances, after ? &after->by_node : NULL));
}

const struct dir_check *dir_node_next_check(const struct dir_node *n,
                                            const struct dir_check *after)
{
    return dir_check_by_node(
        next_in(&n->checks, after ? &after->by_node : NULL));
}

const struct dir_check *dir_own_next_check(const struct dir_instance *i,
                                           const struct dir_check *after)
{
    return dir_check_by_instance(
        next_in(&i->checks, after ? &after->by_instance : NULL));
}

/* Of two runs, both in order, the one whose node comes first. */
static struct keynode *earlier(struct keynode *a, struct keynode *b)
{
    size_t len;
    int order;

    if (!a || !b)
        return a ? a : b;
    len = a->key_len < b->key_len ? a->key_len : b->key_len;
    order = memcmp(a->key, b->key, len);
    return order < 0 || (!order && a->key_len < b->key_len) ? a : b;
}

const struct dir_check *dir_next_check(const struct dir_instance *i,
                                       const struct dir_check *after)
{
    const struct keynode *at = after ? &after->by_instance : NULL;
    struct keynode *own = next_in(&i->checks, at);
    struct keynode *nodes = next_in(&i->node->own_checks, at);

    return dir_check_by_instance(earlier(nodes, own));
}

const struct dir_check *dir_next_check_apart(const struct dir_instance *i,
                                             const struct dir_check *after)
{
    struct keynode *next = NULL;

    if (!after || !after->instance)
        next =
            next_in(&i->node->own_checks, after ? &after->by_instance : NULL);
    if (!next)
        next = next_in(&i->checks,
                       after && after->instance ? &after->by_instance : NULL);
    return dir_check_by_instance(next);
}

enum dir_status dir_health(const struct dir_instance *i)
{
    enum dir_status worst = DIR_PASSING;
    const struct dir_check *c = NULL;

    while ((c = dir_next_check(i, c)))
        if (c->status > worst)
            worst = c->status;
    return worst;
}

/* -- over several turns ---------------------------------------------------- */

const struct dir_node *directory_node_behind(struct directory *d,
                                             const char *name)
{
    struct dir_node *n;
    const char *key;
    size_t len;

    dir_take_in(d);
    if (!name)
        return directory_next_node(d, NULL);
    key = dir_key(d, &len, name, NULL, NULL);
    n = dir_node_of(keymap_after(&d->nodes, key, len - 1));
    return !n || n->present ? n : directory_next_node(d, n);
}

const struct dir_name *directory_name_behind(struct directory *d,
                                             const char *name)
{
    struct dir_name *n;
    const char *key;
    size_t len;

    dir_take_in(d);
    if (!name)
        return directory_next_name(d, NULL);
    key = dir_key(d, &len, name, NULL, NULL);
    n = dir_name_of(keymap_after(&d->names, key, len - 1));
    return !n || n->count ? n : directory_next_name(d, n);
}

static struct keynode *behind(const struct keymap *m, const char *key,
                              size_t len)
{
    return key ? keymap_after(m, key, len) : keymap_from(m, "", 0);
}

const struct dir_instance *dir_name_behind(const struct dir_name *n,
                                           const char *key, size_t len)
{
    return dir_instance_by_name(behind(&n->instances, key, len));
}

const struct dir_instance *dir_node_behind(const struct dir_node *n,
                                           const char *key, size_t len)
{
    return dir_instance_by_node(behind(&n->instances, key, len));
}

const struct dir_check *dir_check_behind(const struct dir_node *n,
                                         const char *key, size_t len)
{
    return dir_check_by_node(behind(&n->checks, key, len));
}

const struct dir_instance *dir_node_at(const struct dir_node *n,
                                       const char *key, size_t len)
{
    return dir_instance_by_node(keymap_find(&n->instances, key, len));
}

const struct dir_check *dir_check_at(const struct dir_node *n, const char *key,
                                     size_t len)
{
    return dir_check_by_node(keymap_find(&n->checks, key, len));
}
