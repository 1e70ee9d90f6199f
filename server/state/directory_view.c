/*
 * Nodes, names and instances, and what moves when one of them comes, changes or
 * goes. A node or name that is gone stays for a while, with its indexes and
 * whoever waits for it.
 */
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "server/state/directory_impl.h"
#include "server/state/hash.h"

#define FORGET_TRIES 4 /* for each that may have come */

struct dir_node *dir_node_of(struct keynode *n)
{
    return n ? container_of(n, struct dir_node, by_name) : NULL;
}

struct dir_name *dir_name_of(struct keynode *n)
{
    return n ? container_of(n, struct dir_name, by_name) : NULL;
}

struct dir_instance *dir_instance_by_node(struct keynode *n)
{
    return n ? container_of(n, struct dir_instance, by_node) : NULL;
}

struct dir_instance *dir_instance_by_name(struct keynode *n)
{
    return n ? container_of(n, struct dir_instance, by_name) : NULL;
}

static struct keynode *first(const struct keymap *m)
{
    return keymap_from(m, "", 0);
}

static struct keynode *next(const struct keymap *m, const struct keynode *n)
{
    return keymap_after(m, n->key, n->key_len);
}

/* -- nodes and names ------------------------------------------------------- */

struct dir_node *dir_node_get(struct directory *d, const char *name)
{
    size_t len, size = strlen(name) + 1;
    const char *key = dir_key(d, &len, name, NULL, NULL);
    struct dir_node *n = dir_node_of(keymap_find(&d->nodes, key, len - 1));

    if (n)
        return n;
    n = xcalloc(1, sizeof(*n) + size + len);
    n->name = memcpy(n->text, name, size);
    n->by_name.key = memcpy(n->text + size, key, len);
    n->by_name.key_len = (uint32_t)len - 1;
    n->address = n->id = "";
    n->rows_index = n->checks_index = d->floor;
    keymap_insert(&d->nodes, &n->by_name);
    DL_APPEND(d->gone_nodes, n);
    d->gone_node_count++;
    return n;
}

struct dir_name *dir_name_get(struct directory *d, const char *name)
{
    size_t len, size = strlen(name) + 1;
    const char *key = dir_key(d, &len, name, NULL, NULL);
    struct dir_name *n = dir_name_of(keymap_find(&d->names, key, len - 1));

    if (n)
        return n;
    n = xcalloc(1, sizeof(*n) + size + len);
    n->name = memcpy(n->text, name, size);
    n->by_name.key = memcpy(n->text + size, key, len);
    n->by_name.key_len = (uint32_t)len - 1;
    n->rows_index = n->checks_index = n->health_index = d->floor;
    n->version = (uint64_t)d->wakings << 32; /* none that was before */
    keymap_insert(&d->names, &n->by_name);
    DL_APPEND(d->gone_names, n);
    d->gone_name_count++;
    return n;
}

static void node_free(struct dir_node *n)
{
    dir_record_unref(n->record);
    free(n->serf);
    free(n->said_address);
    free(n->watches);
    free(n);
}

static void name_free(struct dir_name *n)
{
    free(n->watches);
    free(n);
}

static void raise_floor(struct directory *d, uint64_t index)
{
    if (d->floor < index)
        d->floor = index;
}

static void forget_nodes(struct directory *d, size_t tries)
{
    struct dir_node *n;

    while (d->gone_node_count > DIR_GONE_MAX && tries--) {
        n = d->gone_nodes;
        DL_DELETE(d->gone_nodes, n);
        if (dir_is_waited(n->watches)) {
            DL_APPEND(d->gone_nodes, n);
            continue;
        }
        raise_floor(d, n->rows_index);
        raise_floor(d, n->checks_index);
        keymap_remove(&d->nodes, &n->by_name);
        d->gone_node_count--;
        node_free(n);
    }
}

static void forget_names(struct directory *d, size_t tries)
{
    struct dir_name *n;

    while (d->gone_name_count > DIR_GONE_MAX && tries--) {
        n = d->gone_names;
        DL_DELETE(d->gone_names, n);
        if (dir_is_waited(n->watches)) {
            DL_APPEND(d->gone_names, n);
            continue;
        }
        raise_floor(d, n->rows_index);
        raise_floor(d, n->health_index); /* the checks' is never greater */
        keymap_remove(&d->names, &n->by_name);
        d->gone_name_count--;
        name_free(n);
    }
}

void dir_forget(struct directory *d)
{
    forget_nodes(d, d->gone_node_count);
    forget_names(d, d->gone_name_count);
}

void dir_forget_some(struct directory *d)
{
    if (d->taking || d->due)
        return;
    forget_nodes(d, FORGET_TRIES);
    forget_names(d, FORGET_TRIES);
}

/* -- what moves ------------------------------------------------------------ */

void dir_name_touch(struct directory *d, struct dir_name *n, uint64_t revision)
{
    n->version++;
    dir_touch(d, &n->rows_index, dir_watch_of(n->watches, DIR_WATCH_ROWS),
              revision);
    dir_touch(d, &n->health_index, dir_watch_of(n->watches, DIR_WATCH_HEALTH),
              revision);
}

/* A row of services; named: the list of names, or of their tags, is another. */
static void instance_touch(struct directory *d, struct dir_instance *i,
                           bool named, uint64_t revision)
{
    dir_touch_table(d, TABLE_SERVICES, revision);
    dir_touch(d, &d->instances_index, &d->instances_watch, revision);
    if (named)
        dir_touch(d, &d->services_index, &d->services_watch, revision);
    dir_touch(d, &i->node->rows_index,
              dir_watch_of(i->node->watches, DIR_WATCH_ROWS), revision);
    dir_name_touch(d, i->name, revision);
}

/* -- instances ------------------------------------------------------------- */

static bool entry_same(const struct hnode *n, const void *key)
{
    return container_of(n, struct dir_instance, by_entry)->entry == key;
}

static uint32_t entry_hash(const struct service *v)
{
    return hash_bytes(hash_key(), &v->seq, sizeof(v->seq));
}

struct dir_instance *dir_instance_of(const struct directory *d,
                                     const struct service *v)
{
    struct hnode *n = htab_find(&d->by_entry, entry_hash(v), entry_same, v);

    return n ? container_of(n, struct dir_instance, by_entry) : NULL;
}

static void instance_free(struct directory *d, struct dir_instance *i)
{
    if (i->entry)
        service_unref(&d->catalog->index, i->entry);
    free(i->said);
    free(i);
}

/* Somebody else has set its status, or not set it: looked at again at the end
 * of the turn. */
static void note_amiss(struct directory *d, const struct dir_instance *i)
{
    if (!dir_is_amiss(i))
        return;
    i->entry->refs++;
    dir_list_add(&d->amiss, i->entry);
    if (d->setup.pending)
        d->setup.pending(d->setup.arg);
}

static void instance_add(struct directory *d, struct dir_instance *i,
                         uint64_t revision)
{
    struct dir_node *n = *i->node_name ? dir_node_get(d, i->node_name) : d->own;
    struct dir_name *name = dir_name_get(d, i->service);
    bool new = !name->count++;

    if (new) {
        DL_DELETE(d->gone_names, name);
        d->gone_name_count--;
        d->name_count++;
    }
    i->node = n;
    i->name = name;
    keymap_insert(&n->instances, &i->by_node);
    keymap_insert(&name->instances, &i->by_name);
    if (i->entry)
        htab_insert(&d->by_entry, &i->by_entry, entry_hash(i->entry));
    d->instance_count++;
    n->bound += i->bound;
    dir_node_look(d, n, revision);
    dir_checks_come(d, i, revision);
    instance_touch(d, i, new || i->tags.count, revision);
    dir_tell_instance(d, i, DIR_CAME);
    note_amiss(d, i);
}

static void instance_remove(struct directory *d, struct dir_instance *i,
                            uint64_t revision)
{
    struct dir_node *n = i->node;
    struct dir_name *name = i->name;
    bool last = !--name->count;

    dir_tell_instance(d, i, DIR_WENT);
    dir_checks_go(d, i, revision);
    instance_touch(d, i, last || i->tags.count, revision);
    keymap_remove(&n->instances, &i->by_node);
    keymap_remove(&name->instances, &i->by_name);
    if (i->entry)
        htab_remove(&d->by_entry, &i->by_entry);
    d->instance_count--;
    n->bound -= i->bound;
    if (last) {
        DL_APPEND(d->gone_names, name);
        d->gone_name_count++;
        d->name_count--;
    }
    instance_free(d, i);
    dir_node_look(d, n, revision);
}

/* i takes the place of old, which has the same node, id and name. */
static void instance_replace(struct directory *d, struct dir_instance *old,
                             struct dir_instance *i)
{
    bool same = dir_same_instance(old, i);
    bool retagged = !dir_same_texts(&old->tags, &i->tags);
    uint64_t revision = i->changed;

    i->node = old->node;
    i->name = old->name;
    keymap_replace(&i->node->instances, &old->by_node, &i->by_node);
    keymap_replace(&i->name->instances, &old->by_name, &i->by_name);
    htab_remove(&d->by_entry, &old->by_entry);
    htab_insert(&d->by_entry, &i->by_entry, entry_hash(i->entry));
    i->node->bound += i->bound;
    i->node->bound -= old->bound;
    if (same)
        i->changed = old->changed;
    dir_checks_move(d, old, i, retagged ? revision : 0);
    instance_free(d, old);
    dir_node_look(d, i->node, revision);
    dir_look_said(d, i, revision);
    note_amiss(d, i);
    if (!same)
        instance_touch(d, i, retagged, revision);
    dir_tell_instance(d, i, DIR_CHANGED);
}

/* What it is found by is the same. */
static bool same_place(const struct dir_instance *a,
                       const struct dir_instance *b)
{
    return !strcmp(a->id, b->id) && !strcmp(a->service, b->service) &&
           !strcmp(a->node_name, b->node_name);
}

void dir_take_service(struct directory *d, struct service *v)
{
    struct dir_instance *old = dir_instance_of(d, v), *i;

    if (old && old->taken == v->changed && v->registered)
        return;
    if (!v->registered) {
        if (old)
            instance_remove(d, old, v->changed);
        return;
    }
    i = dir_map(d, v);
    i->taken = v->changed;
    if (old && same_place(old, i)) {
        instance_replace(d, old, i);
        return;
    }
    if (old)
        instance_remove(d, old, v->changed);
    instance_add(d, i, v->changed);
}

struct dir_instance *dir_find_instance(struct directory *d, const char *node,
                                       const char *id)
{
    size_t len;
    const char *key = dir_key(d, &len, node ? node : d->own_name, NULL, NULL);
    struct dir_node *n = dir_node_of(keymap_find(&d->nodes, key, len - 1));
    struct keynode *at;

    if (!n)
        return NULL;
    key = dir_key(d, &len, id, NULL, NULL);
    at = keymap_from(&n->instances, key, len);
    return at && keynode_has_prefix(at, key, len) ? dir_instance_by_node(at)
                                                  : NULL;
}

/* -- life ------------------------------------------------------------------ */

void dir_view_start(struct directory *d)
{
    struct keynode *at;

    d->wakings++;
    d->own = dir_node_get(d, d->own_name);
    d->own->own = true;
    dir_node_look(d, d->own, d->base);
    d->own_service = dir_map_own(d);
    instance_add(d, d->own_service, d->base);
    for (at = first(&d->records); at; at = next(&d->records, at))
        dir_take_node(d, container_of(at, struct dir_record, by_name));
}

bool dir_view_go_on(struct directory *d, unsigned n)
{
    struct seqset_pos pos;
    struct service *v = seqset_first(&d->catalog->all, d->woken_seq, &pos);

    for (; v && n--; v = seqset_next(&pos)) {
        dir_take_service(d, v);
        d->woken_seq = v->seq;
    }
    return !v;
}

void dir_view_drop(struct directory *d)
{
    d->old_nodes = d->nodes;
    d->old_names = d->names;
    d->nodes = d->names = (struct keymap){0};
    htab_free(&d->by_entry);
    htab_init(&d->by_entry);
    d->own = NULL;
    d->own_service = NULL;
    d->gone_nodes = NULL;
    d->gone_names = NULL;
    d->gone_node_count = d->gone_name_count = 0;
    d->node_count = d->name_count = d->instance_count = d->check_count = 0;
    d->woken_seq = 0;
}

/* Something of the node, and itself in the end. */
static void give_back(struct directory *d, struct dir_node *n)
{
    struct dir_instance *i;

    if (dir_free_check(n))
        return;
    i = dir_instance_by_node(keymap_pop(&n->instances));
    if (i) {
        instance_free(d, i);
        return;
    }
    (void)keymap_pop(&d->old_nodes);
    node_free(n);
}

bool dir_view_give_back(struct directory *d, unsigned n)
{
    struct keynode *at;

    while (n-- && (d->old_nodes.root || d->old_names.root)) {
        at = d->old_nodes.root;
        if (at)
            give_back(d, dir_node_of(at));
        else
            name_free(dir_name_of(keymap_pop(&d->old_names)));
    }
    return d->old_nodes.root || d->old_names.root;
}
