#include "server/state/directory.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "server/state/directory_impl.h"

void dir_list_add(struct dir_list *l, void *item)
{
    if (l->count == l->size) {
        l->size = l->size ? 2 * l->size : 64;
        l->items = xreallocarray(l->items, l->size, sizeof(void *));
    }
    l->items[l->count++] = item;
}

void dir_list_free(struct dir_list *l)
{
    free(l->items);
    *l = (struct dir_list){0};
}

/* -- what has happened ----------------------------------------------------- */

static void note(struct directory *d)
{
    if (d->setup.pending &&
        d->services.count + d->nodes_put.count + d->checks_put.count == 1)
        d->setup.pending(d->setup.arg);
}

void dir_note_node(struct directory *d, struct dir_record *r)
{
    if (!d->awake)
        return;
    r->refs++;
    dir_list_add(&d->nodes_put, r);
    note(d);
}

void dir_note_check(struct directory *d, struct dir_check_record *r)
{
    if (!d->awake)
        return;
    r->refs++;
    dir_list_add(&d->checks_put, r);
    note(d);
}

void directory_changed(struct directory *d)
{
    const struct changes *s = &d->catalog->changes;
    const struct change *ch;

    if (!d->awake) {
        if (d->catalog->index.check_keys && d->setup.pending)
            d->setup.pending(d->setup.arg);
        return;
    }
    if (!s->count)
        return;
    ch = changes_at(s, s->head);
    if (!ch->service)
        return;
    ch->service->refs++;
    dir_list_add(&d->services, ch->service);
    note(d);
}

/* Nodes first, and checks last: so what one change made is found whole. Those
 * that went, last of all, when nothing is left on them. */
static void take_noted(struct directory *d)
{
    const struct dir_record *r;
    size_t i;

    for (i = 0; i < d->nodes_put.count; i++) {
        r = d->nodes_put.items[i];
        if (dir_record_find(d, r->by_name.key, r->by_name.key_len))
            dir_take_node(d, r);
    }
    for (i = 0; i < d->services.count; i++) {
        dir_take_service(d, d->services.items[i]);
        service_unref(&d->catalog->index, d->services.items[i]);
    }
    for (i = 0; i < d->checks_put.count; i++) {
        dir_take_check(d, d->checks_put.items[i]);
        dir_check_record_unref(d->checks_put.items[i]);
    }
    for (i = 0; i < d->nodes_put.count; i++) {
        dir_take_node(d, d->nodes_put.items[i]);
        dir_record_unref(d->nodes_put.items[i]);
    }
    d->nodes_put.count = d->services.count = d->checks_put.count = 0;
}

void dir_take_in(struct directory *d)
{
    if (d->taking)
        return;
    if (!d->awake || d->waking)
        directory_wake(d);
    if (!(d->nodes_put.count | d->services.count | d->checks_put.count))
        return;
    d->taking = true;
    take_noted(d);
    dir_tell_waiters(d);
    dir_forget(d);
    d->taking = false;
}

/* Records of checks whose node or service is not there (any longer) go, but for
 * those that found another of that id. */
static void clear_orphans(struct directory *d)
{
    size_t i, count = d->orphans.count;
    struct dir_list left = d->orphans;

    d->orphans = (struct dir_list){0};
    for (i = 0; i < count; i++) {
        dir_drop_orphan(d, left.items[i]);
        dir_check_record_unref(left.items[i]);
    }
    dir_list_free(&left);
}

static void mend_statuses(struct directory *d)
{
    struct dir_list left = d->amiss;
    const struct dir_instance *i;
    size_t n;

    d->amiss = (struct dir_list){0};
    for (n = 0; n < left.count; n++) {
        dir_take_in(d);
        i = dir_instance_of(d, left.items[n]);
        if (i && dir_is_amiss(i))
            dir_mend_status(d, i);
        service_unref(&d->catalog->index, left.items[n]);
    }
    dir_list_free(&left);
}

void directory_settle(struct directory *d)
{
    if (d->waking || (!d->awake && !d->catalog->index.check_keys))
        return;
    dir_take_in(d);
    clear_orphans(d);
    mend_statuses(d);
}

/* Checks that belong to nothing are found; true: all of them were looked at. */
static bool look_at_checks(struct directory *d, unsigned n)
{
    const char *key = buf_len(&d->woken_check) ? buf_data(&d->woken_check) : "";
    struct keynode *at =
        keymap_after(&d->check_records, key, buf_len(&d->woken_check));

    for (; at && n--;
         at = keymap_after(&d->check_records, at->key, at->key_len)) {
        dir_take_check(d, dir_check_record_of(at));
        buf_reset(&d->woken_check, DIR_TEXT_MAX);
        buf_add(&d->woken_check, at->key, at->key_len);
    }
    return !at;
}

bool directory_wake_some(struct directory *d, unsigned n)
{
    if (d->taking || (d->awake && !d->waking))
        return true;
    d->taking = true;
    if (!d->awake) {
        d->awake = d->waking = true;
        d->base = d->catalog->store->revision ? d->catalog->store->revision : 1;
        dir_view_start(d);
    }
    d->waking = !dir_view_go_on(d, n) || !look_at_checks(d, n);
    d->taking = false;
    if (d->waking)
        return false;
    buf_free(&d->woken_check);
    if (d->setup.pending &&
        (d->nodes_put.count | d->services.count | d->checks_put.count |
         d->orphans.count | d->amiss.count))
        d->setup.pending(d->setup.arg); /* for what has come meanwhile */
    return true;
}

void directory_wake(struct directory *d)
{
    while (!directory_wake_some(d, UINT_MAX))
        ;
}

static void give_all_back(struct directory *d)
{
    while (dir_view_give_back(d, UINT_MAX))
        continue;
}

bool directory_may_sleep(const struct directory *d)
{
    return d->awake && !d->waking && !d->taking && !d->waiters && !d->due &&
           !d->definitions && !d->catalog->index.check_keys &&
           !d->pending_bytes && !d->old_nodes.root && !d->old_names.root &&
           !(d->nodes_put.count | d->services.count | d->checks_put.count |
             d->orphans.count | d->amiss.count);
}

void directory_sleep(struct directory *d)
{
    d->awake = false;
    dir_view_drop(d);
    dir_list_free(&d->nodes_put);
    dir_list_free(&d->services);
    dir_list_free(&d->checks_put);
    if (d->setup.rests)
        d->setup.rests(d->setup.arg);
    else
        give_all_back(d);
}

/* -- life ------------------------------------------------------------------ */

struct directory *directory_new(struct catalog *c,
                                const struct directory_setup *setup)
{
    struct directory *d = xcalloc(1, sizeof(*d));

    d->catalog = c;
    d->setup = *setup;
    d->own_name = xstrdup(setup->node);
    d->setup.node = d->own_name;
    d->own_id = xstrdup("");
    d->own_address = xstrdup("127.0.0.1");
    htab_init(&d->by_entry);
    dir_records_init(d);
    return d;
}

void directory_start(struct directory *d, const char *id)
{
    free(d->own_id);
    d->own_id = xstrdup(id);
    if (d->definitions || d->catalog->index.check_keys)
        directory_wake(d);
}

void directory_limit(struct directory *d, const struct directory_limits *l)
{
    d->limits = *l;
}

void directory_advertise(struct directory *d, const char *address,
                         unsigned port)
{
    char *old = d->own_address;

    d->own_address = xstrdup(address);
    d->own_port = port;
    if (d->awake) {
        dir_take_in(d);
        d->own_service->port = port;
        dir_node_look(d, d->own, d->catalog->store->revision);
    }
    free(old);
}

void directory_free(struct directory *d)
{
    size_t i;

    if (!d)
        return;
    d->listeners = NULL;
    d->critical_count = 0;
    d->taking = true;
    take_noted(d);
    for (i = 0; i < d->orphans.count; i++)
        dir_check_record_unref(d->orphans.items[i]);
    for (i = 0; i < d->amiss.count; i++)
        service_unref(&d->catalog->index, d->amiss.items[i]);
    dir_list_free(&d->amiss);
    dir_list_free(&d->orphans);
    dir_list_free(&d->nodes_put);
    dir_list_free(&d->services);
    dir_list_free(&d->checks_put);
    give_all_back(d);
    dir_view_drop(d);
    give_all_back(d);
    dir_records_free(d);
    htab_free(&d->by_entry);
    buf_free(&d->key);
    buf_free(&d->woken_check);
    free(d->own_name);
    free(d->own_id);
    free(d->own_address);
    free(d);
}

/* -- who follows ----------------------------------------------------------- */

void directory_on_critical(struct directory *d,
                           void (*fn)(void *arg, const struct dir_check *c,
                                      bool gone),
                           void *arg)
{
    if (d->critical_count == DIR_ON_CRITICAL)
        abort(); /* a mistake of the program: there are as many as callers */
    d->critical[d->critical_count].fn = fn;
    d->critical[d->critical_count++].arg = arg;
}

void directory_listen(struct directory *d, struct dir_listener *l)
{
    LL_APPEND(d->listeners, l);
}

struct directory_counts directory_count(const struct directory *d)
{
    return (struct directory_counts){.nodes = d->node_count,
                                     .names = d->name_count,
                                     .instances = d->instance_count,
                                     .checks = d->check_count,
                                     .waiters = d->waiters,
                                     .woken = d->woken};
}
