#include "lib/profile.h"

#include <stdlib.h>
#include <string.h>

#include "lib/conf_errors.h"
#include "lib/mem.h"
#include "lib/suggest.h"

static int by_name(const void *va, const void *vb)
{
    const struct profile *a = va, *b = vb;

    return strcmp(a->name, b->name);
}

const struct profile *profiles_find(const struct profiles *all,
                                    const char *name)
{
    struct profile key = {.name = name};

    if (all->n == 0)
        return NULL;
    return bsearch(&key, all->list, all->n, sizeof(key), by_name);
}

const char *profiles_nearest(const struct profiles *all, const char *name,
                             char *out, size_t size)
{
    struct suggest s;

    suggest_begin(&s, name);
    for (size_t i = 0; i < all->n; i++)
        suggest_try(&s, all->list[i].name);
    snprintf(out, size, "%s", s.best);
    return out[0] == '\0' ? NULL : out;
}

/* A name becomes part of node ids: the same holds for it. */
static bool name_is_good(const char *name)
{
    for (const char *p = name; *p != '\0'; p++)
        if ((unsigned char)*p <= ' ' || *p == 0x7f || *p == ',' || *p == '\'')
            return false;
    return *name != '\0';
}

static void read_parent(struct profile *p, const char *file,
                        struct conf_errors *errs)
{
    const struct conf_node *node = conf_node_get(p->node, "parent");

    if (node == NULL || node->kind == CONF_NODE_BAD)
        return;
    p->line = node->line;
    if (node->kind == CONF_NODE_SCALAR)
        p->parent = node->text;
    else
        conf_errors_add(errs, file, node->line,
                        "profile %s: the parent is the name of one profile",
                        p->name);
}

static void read_profile(struct profiles *all, const struct conf_node *node,
                         const char *file, struct conf_errors *errs)
{
    struct profile p = {.name = node->key, .node = node, .line = node->line};

    if (!name_is_good(node->key)) {
        conf_errors_add(errs, file, node->line,
                        "'%.100s' cannot be the name of a profile: it is empty "
                        "or holds a blank, a comma or a quote",
                        node->key);
        return;
    }
    if (node->kind == CONF_NODE_MAP) {
        read_parent(&p, file, errs);
    } else if (node->kind == CONF_NODE_NULL) {
        p.node = NULL;
    } else {
        if (node->kind != CONF_NODE_BAD)
            conf_errors_add(errs, file, node->line,
                            "profile %s: its settings go below it", p.name);
        return;
    }
    all->list[all->n++] = p;
}

/*
 * Walks up from a profile. Returns how many there are in its chain, or 0 with
 * *end where that has no end (NULL: it is too long) or no such parent.
 */
static size_t walk(const struct profiles *all, const struct profile *from,
                   const struct profile *chain[CONF_CHAIN_MAX],
                   const struct profile **end)
{
    const struct profile *p = from;
    size_t n = 0;

    while (n < CONF_CHAIN_MAX) {
        chain[n++] = p;
        *end = p;
        if (p->parent == NULL)
            return n;
        p = profiles_find(all, p->parent);
        if (p == NULL || p == from)
            return 0;
    }
    *end = NULL;
    return 0;
}

/* "a -> b -> a" */
static void tell_circle(const struct profile *from,
                        const struct profile *const *chain, const char *file,
                        struct conf_errors *errs)
{
    char text[200] = "";
    size_t at = 0;

    for (size_t i = 0; at < sizeof(text) - 60; i++) {
        at += (size_t)snprintf(text + at, sizeof(text) - at, "%.40s -> ",
                               chain[i]->name);
        if (strcmp(chain[i]->parent, from->name) == 0)
            break;
    }
    conf_errors_add(errs, file, from->line,
                    "profile %s: its parents form a circle: %s%s", from->name,
                    text, from->name);
}

static void tell_unknown(const struct profiles *all, const struct profile *p,
                         const char *file, struct conf_errors *errs)
{
    char near[SUGGEST_MAX + 1];

    if (profiles_nearest(all, p->parent, near, sizeof(near)) != NULL)
        conf_errors_add(errs, file, p->line,
                        "profile %s: there is no profile '%.100s' to be its "
                        "parent; did you mean %s?",
                        p->name, p->parent, near);
    else
        conf_errors_add(errs, file, p->line,
                        "profile %s: there is no profile '%.100s' to be its "
                        "parent",
                        p->name, p->parent);
}

static bool stands_before(const struct profile *a, const struct profile *b)
{
    return a->line < b->line ||
           (a->line == b->line && strcmp(a->name, b->name) < 0);
}

/* Whether a profile stands twice in a chain: there is a circle above. */
static bool goes_round(const struct profile *const *chain)
{
    for (size_t i = 1; i < CONF_CHAIN_MAX; i++)
        for (size_t j = 0; j < i; j++)
            if (chain[i] == chain[j])
                return true;
    return false;
}

/* A chain without end: told where it is one too long, or not at all. */
static void check_endless(const struct profiles *all, const struct profile *p,
                          const struct profile *const *chain, const char *file,
                          struct conf_errors *errs)
{
    const struct profile *rest[CONF_CHAIN_MAX], *end;

    if (!goes_round(chain) && walk(all, chain[1], rest, &end) > 0)
        conf_errors_add(errs, file, p->line,
                        "profile %s: more than %d profiles in a chain of "
                        "parents",
                        p->name, CONF_CHAIN_MAX);
}

/* Each mistake is told once, at the profile that makes it. */
static void check_chain(const struct profiles *all, const struct profile *p,
                        const char *file, struct conf_errors *errs)
{
    const struct profile *chain[CONF_CHAIN_MAX], *end, *first = p;

    if (walk(all, p, chain, &end) > 0)
        return;
    if (end == NULL) {
        check_endless(all, p, chain, file, errs);
    } else if (profiles_find(all, end->parent) == NULL) {
        if (end == p)
            tell_unknown(all, p, file, errs);
    } else {
        for (size_t i = 0; chain[i] != end; i++)
            if (stands_before(chain[i + 1], first))
                first = chain[i + 1];
        if (first == p)
            tell_circle(p, chain, file, errs);
    }
}

void profiles_read(struct profiles *all, const struct conf_node *top,
                   const char *file, struct conf_errors *errs)
{
    const struct conf_node *map = conf_node_get(top, "profiles"), *node;

    *all = (struct profiles){0};
    if (map == NULL || map->kind == CONF_NODE_NULL ||
        map->kind == CONF_NODE_BAD)
        return;
    if (map->kind != CONF_NODE_MAP) {
        conf_errors_add(errs, file, map->line,
                        "profiles are written NAME: with their settings below");
        return;
    }
    all->list = xcalloc(CONF_PROFILES_MAX, sizeof(*all->list));
    for (node = map->first; node != NULL; node = node->next) {
        if (all->n == CONF_PROFILES_MAX) {
            conf_errors_add(errs, file, node->line, "more than %d profiles",
                            CONF_PROFILES_MAX);
            break;
        }
        read_profile(all, node, file, errs);
    }
    qsort(all->list, all->n, sizeof(*all->list), by_name);
    for (size_t i = 0; i < all->n; i++)
        check_chain(all, &all->list[i], file, errs);
}

void profiles_free(struct profiles *all)
{
    free(all->list);
    *all = (struct profiles){0};
}

size_t profiles_chain(const struct profiles *all, const char *name,
                      const struct profile *chain[CONF_CHAIN_MAX])
{
    const struct profile *p = profiles_find(all, name), *swap, *end;
    size_t n = p == NULL ? 0 : walk(all, p, chain, &end);

    for (size_t i = 0; i < n / 2; i++) {
        swap = chain[i];
        chain[i] = chain[n - 1 - i];
        chain[n - 1 - i] = swap;
    }
    return n;
}
