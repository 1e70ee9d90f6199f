#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "lib/mem.h"
#include "server/state/coordinates.h"
#include "server/state/directory.h"
#include "server/state/hash.h"
#include "server/state/queries_impl.h"

#define NEAR_DEPTH 10 /* places at which the near node itself is looked for */

/* -- which ----------------------------------------------------------------- */

static bool is_ignored(const struct query_def *d, const char *check)
{
    size_t i;

    for (i = 0; i < d->ignore_checks.count; i++)
        if (!dir_compare(d->ignore_checks.items[i], check))
            return true;
    return false;
}

static bool is_healthy(const struct query_def *d, const struct dir_instance *i)
{
    const struct dir_check *c = NULL;

    while ((c = dir_next_check(i, c))) {
        if (c->status == DIR_PASSING || is_ignored(d, c->id))
            continue;
        if (d->only_passing || c->status == DIR_CRITICAL)
            return false;
    }
    return true;
}

static bool has_tags(const struct query_def *d, const struct dir_instance *i)
{
    const char *tag;
    size_t k;

    for (k = 0; k < d->tags.count; k++) {
        tag = d->tags.items[k];
        if (*tag == '!' ? dir_has_tag(i, tag + 1) : !dir_has_tag(i, tag))
            return false;
    }
    return true;
}

static bool has_meta(const struct query_def *d, const struct dir_node *n)
{
    const char *value;
    size_t i;

    for (i = 0; i + 1 < d->node_meta.count; i += 2) {
        value = dir_pair_get(&n->meta, d->node_meta.items[i]);
        if (!value || strcmp(value, d->node_meta.items[i + 1]) != 0)
            return false;
    }
    return true;
}

bool query_takes(const struct query_def *d, const struct query_options *o,
                 const struct dir_instance *i)
{
    return (!o->may_see || o->may_see(o->arg, i)) && has_meta(d, i->node) &&
           is_healthy(d, i) && has_tags(d, i);
}

static void gather(const struct query_def *d, const struct query_options *o,
                   struct query_answer *out)
{
    const struct dir_name *name = directory_name(o->directory, d->service);
    const struct dir_instance *i = NULL;
    size_t room = name ? name->count : 0;

    out->instances = xreallocarray(NULL, room + 1, sizeof(*out->instances));
    out->count = 0;
    while (name && out->count < room && (i = dir_name_next(name, i)))
        if (query_takes(d, o, i))
            out->instances[out->count++] = i;
}

/* -- in which order -------------------------------------------------------- */

/* No two answers alike, and no secret either: splitmix64. */
static uint64_t chance(void)
{
    static uint64_t at;
    uint64_t z;

    if (!at && getrandom(&at, sizeof(at), 0) != (ssize_t)sizeof(at))
        at = hash_key() | 1;
    z = at += 0x9e3779b97f4a7c15ull;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

static void swap(const void **rows, size_t i, size_t k)
{
    const void *was = rows[i];

    rows[i] = rows[k];
    rows[k] = was;
}

static void sort_near(const struct query_options *o, const char *near,
                      const void **rows, size_t count, query_node_fn *node_of)
{
    size_t i;

    coordinates_sort(o->coordinates, near, rows, count, node_of);
    for (i = 0; i < count && i < NEAR_DEPTH; i++)
        if (!dir_compare(node_of(rows[i]), near)) {
            swap(rows, 0, i);
            break;
        }
}

size_t query_order(const struct query_def *def, const struct query_options *o,
                   const void **rows, size_t count, query_node_fn *node_of)
{
    const char *near = o->near && *o->near ? o->near : def->near;
    size_t i;

    for (i = count; i > 1; i--)
        swap(rows, i - 1, (size_t)(chance() % i));
    if (!strcmp(near, "_agent"))
        near = o->own_node;
    if (*near)
        sort_near(o, near, rows, count, node_of);
    return o->limit && count > o->limit ? o->limit : count;
}

static const char *node_of(const void *row)
{
    return ((const struct dir_instance *)row)->node->name;
}

void query_execute(const struct query_def *def, const struct query_options *o,
                   struct query_answer *out)
{
    gather(def, o, out);
    out->count =
        query_order(def, o, (const void **)out->instances, out->count, node_of);
}

void query_answer_free(struct query_answer *a)
{
    free(a->instances);
    *a = (struct query_answer){0};
}
