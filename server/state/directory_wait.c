/*
 * The indexes of answers, and who waits for them to move. Each node and each
 * name has its own; in the manner of Consul 0.7 there are three, of its tables,
 * and whoever reads a table is woken by each of its rows.
 */
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "server/state/directory_impl.h"

#define MASK(t) (1u << (t))

/* What answers of a kind are made of. */
static const unsigned kind_tables[DIR_KINDS] = {
    [DIR_NODES] = MASK(TABLE_NODES),
    [DIR_SERVICES] = MASK(TABLE_SERVICES),
    [DIR_INSTANCES] = MASK(TABLE_NODES) | MASK(TABLE_SERVICES),
    [DIR_NODE] = MASK(TABLE_NODES) | MASK(TABLE_SERVICES),
    [DIR_NODE_CHECKS] = MASK(TABLE_CHECKS),
    [DIR_SERVICE] = MASK(TABLE_NODES) | MASK(TABLE_SERVICES),
    [DIR_SERVICE_CHECKS] = MASK(TABLE_CHECKS),
    [DIR_HEALTH] =
        MASK(TABLE_NODES) | MASK(TABLE_SERVICES) | MASK(TABLE_CHECKS),
    [DIR_STATE] = MASK(TABLE_CHECKS),
};

/* -- what moves ------------------------------------------------------------ */

static struct dir_watch none_due; /* behind the last that is due */

static void watch_due(struct directory *d, struct dir_watch *w)
{
    if (!w || !w->waiters || w->next_due)
        return;
    w->next_due = d->due ? d->due : &none_due;
    d->due = w;
}

void dir_touch(struct directory *d, uint64_t *index, struct dir_watch *w,
               uint64_t revision)
{
    if (*index < revision)
        *index = revision;
    watch_due(d, w);
}

void dir_touch_table(struct directory *d, enum dir_table t, uint64_t revision)
{
    unsigned kind;

    if (d->tables[t] < revision)
        d->tables[t] = revision;
    for (kind = 0; d->setup.by_table && kind < DIR_KINDS; kind++)
        if (kind_tables[kind] & MASK(t))
            watch_due(d, &d->kind_watch[kind]);
}

void dir_tell_waiters(struct directory *d)
{
    struct dir_waiter *w, *next;
    struct dir_watch *watch;

    while ((watch = d->due)) {
        d->due = watch->next_due == &none_due ? NULL : watch->next_due;
        watch->next_due = NULL;
        DL_FOREACH_SAFE (watch->waiters, w, next) {
            d->woken++;
            w->changed(w, d->catalog->store->revision);
        }
    }
}

/* -- where it is kept ------------------------------------------------------ */

static const struct dir_node *node_of_scope(struct directory *d,
                                            const struct dir_scope *s)
{
    size_t len;
    const char *key = dir_key(d, &len, s->name, NULL, NULL);

    return dir_node_of(keymap_find(&d->nodes, key, len - 1));
}

static const struct dir_name *name_of_scope(struct directory *d,
                                            const struct dir_scope *s)
{
    size_t len;
    const char *key = dir_key(d, &len, s->name, NULL, NULL);

    return dir_name_of(keymap_find(&d->names, key, len - 1));
}

/* The place of a state; -1: nothing has it. */
static int state_of(const char *name)
{
    enum dir_status s;

    if (!strcmp(name, "any"))
        return DIR_ANY;
    return dir_status_parse(name, &s) ? (int)s : -1;
}

static uint64_t node_index(struct directory *d, const struct dir_scope *s)
{
    const struct dir_node *n = node_of_scope(d, s);

    if (!n)
        return d->floor;
    return s->kind == DIR_NODE ? n->rows_index : n->checks_index;
}

static uint64_t name_index(struct directory *d, const struct dir_scope *s)
{
    const struct dir_name *n = name_of_scope(d, s);

    if (!n)
        return d->floor;
    return s->kind == DIR_SERVICE          ? n->rows_index
           : s->kind == DIR_SERVICE_CHECKS ? n->checks_index
                                           : n->health_index;
}

static uint64_t result_index(struct directory *d, const struct dir_scope *s)
{
    int state;

    switch (s->kind) {
    case DIR_NODES: return d->nodes_index;
    case DIR_SERVICES: return d->services_index;
    case DIR_INSTANCES: return d->instances_index;
    case DIR_NODE:
    case DIR_NODE_CHECKS: return node_index(d, s);
    case DIR_STATE:
        state = state_of(s->name);
        return state < 0 ? 0 : d->state_index[state];
    default: return name_index(d, s);
    }
}

static uint64_t tables_index(const struct directory *d, enum dir_kind kind)
{
    uint64_t index = 0;
    unsigned t;

    for (t = 0; t < DIR_TABLES; t++)
        if ((kind_tables[kind] & MASK(t)) && d->tables[t] > index)
            index = d->tables[t];
    return index;
}

uint64_t directory_index(struct directory *d, const struct dir_scope *s)
{
    uint64_t index;

    dir_take_in(d);
    index = d->setup.by_table ? tables_index(d, s->kind) : result_index(d, s);
    return index > d->base ? index : d->base;
}

/* -- waiting --------------------------------------------------------------- */

bool dir_is_waited(const struct dir_watch *watches)
{
    unsigned i;

    for (i = 0; watches && i < DIR_WATCHES; i++)
        if (watches[i].waiters)
            return true;
    return false;
}

/* Most nodes and names are never waited for: they come when they are. */
static struct dir_watch *watches_made(struct dir_watch **watches)
{
    if (!*watches)
        *watches = xcalloc(DIR_WATCHES, sizeof(**watches));
    return *watches;
}

static struct dir_watch *watch_of_node(struct directory *d,
                                       const struct dir_scope *s)
{
    struct dir_watch *w = watches_made(&dir_node_get(d, s->name)->watches);

    return &w[s->kind == DIR_NODE ? DIR_WATCH_ROWS : DIR_WATCH_CHECKS];
}

static struct dir_watch *watch_of_name(struct directory *d,
                                       const struct dir_scope *s)
{
    struct dir_watch *w = watches_made(&dir_name_get(d, s->name)->watches);

    return &w[s->kind == DIR_SERVICE          ? DIR_WATCH_ROWS
              : s->kind == DIR_SERVICE_CHECKS ? DIR_WATCH_CHECKS
                                              : DIR_WATCH_HEALTH];
}

static struct dir_watch *watch_of(struct directory *d,
                                  const struct dir_scope *s)
{
    int state;

    if (d->setup.by_table)
        return &d->kind_watch[s->kind];
    switch (s->kind) {
    case DIR_NODES: return &d->nodes_watch;
    case DIR_SERVICES: return &d->services_watch;
    case DIR_INSTANCES: return &d->instances_watch;
    case DIR_NODE:
    case DIR_NODE_CHECKS: return watch_of_node(d, s);
    case DIR_STATE:
        state = state_of(s->name);
        return state < 0 ? &d->none_watch : &d->state_watch[state];
    default: return watch_of_name(d, s);
    }
}

void directory_wait(struct directory *d, struct dir_waiter *w,
                    const struct dir_scope *s)
{
    dir_take_in(d);
    w->watch = watch_of(d, s);
    DL_APPEND(w->watch->waiters, w);
    d->waiters++;
    dir_forget_some(d); /* what is waited for may be new, and never come */
}

void directory_wait_end(struct directory *d, struct dir_waiter *w)
{
    if (!w->watch)
        return;
    DL_DELETE(w->watch->waiters, w);
    w->watch = NULL;
    d->waiters--;
}
