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

static void gather(const struct query_def *d, const struct query_options *o,
                   struct query_answer *out)
{
    const struct dir_name *name = directory_name(o->directory, d->service);
    const struct dir_instance *i = NULL;
    size_t room = name ? name->count : 0;

    out->instances = xreallocarray(NULL, room + 1, sizeof(*out->instances));
    out->count = 0;
    while (name && out->count < room && (i = dir_name_next(name, i)))
        if ((!o->may_see || o->may_see(o->arg, i)) && has_meta(d, i->node) &&
            is_healthy(d, i) && has_tags(d, i))
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

static void swap(struct query_answer *a, size_t i, size_t k)
{
    const struct dir_instance *was = a->instances[i];

    a->instances[i] = a->instances[k];
    a->instances[k] = was;
}

static void shuffle(struct query_answer *a)
{
    size_t i;

    for (i = a->count; i > 1; i--)
        swap(a, i - 1, (size_t)(chance() % i));
}

static const char *node_of(const void *row)
{
    return ((const struct dir_instance *)row)->node->name;
}

static void sort_near(const struct query_options *o, const char *near,
                      struct query_answer *a)
{
    size_t i;

    coordinates_sort(o->coordinates, near, (const void **)a->instances,
                     a->count, node_of);
    for (i = 0; i < a->count && i < NEAR_DEPTH; i++)
        if (!dir_compare(node_of(a->instances[i]), near)) {
            swap(a, 0, i);
            break;
        }
}

void query_execute(const struct query_def *def, const struct query_options *o,
                   struct query_answer *out)
{
    const char *near = o->near && *o->near ? o->near : def->near;

    gather(def, o, out);
    shuffle(out);
    if (!strcmp(near, "_agent"))
        near = o->own_node;
    if (*near)
        sort_near(o, near, out);
    if (o->limit && out->count > o->limit)
        out->count = o->limit;
}

void query_answer_free(struct query_answer *a)
{
    free(a->instances);
    *a = (struct query_answer){0};
}
