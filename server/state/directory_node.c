/*
 * Nodes: who is there, where it is, and whether it answers for itself.
 */
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "server/state/directory_impl.h"

void dir_node_touch(struct directory *d, struct dir_node *n, uint64_t revision)
{
    struct keynode *at;

    n->changed = revision;
    dir_touch_table(d, TABLE_NODES, revision);
    dir_touch(d, &d->nodes_index, &d->nodes_watch, revision);
    dir_touch(d, &d->instances_index, &d->instances_watch, revision);
    dir_touch(d, &n->rows_index, dir_watch_of(n->watches, DIR_WATCH_ROWS),
              revision);
    for (at = keymap_from(&n->instances, "", 0); at;
         at = keymap_after(&n->instances, at->key, at->key_len))
        dir_name_touch(d, dir_instance_by_node(at)->name, revision);
}

static void node_come(struct directory *d, struct dir_node *n,
                      uint64_t revision)
{
    n->present = true;
    n->created = revision;
    DL_DELETE(d->gone_nodes, n);
    d->gone_node_count--;
    d->node_count++;
    dir_node_checks_come(d, n, revision);
}

/* A node that goes takes what is on it along: of Consul's tables all three have
 * changed, and at once, though its services may have gone before it. */
static void node_go(struct directory *d, struct dir_node *n, uint64_t revision)
{
    dir_touch_table(d, TABLE_SERVICES, revision);
    dir_touch_table(d, TABLE_CHECKS, revision);
    dir_node_checks_go(d, n, revision);
    n->present = false;
    DL_APPEND(d->gone_nodes, n);
    d->gone_node_count++;
    d->node_count--;
}

#define HINTS_LOOKED_AT 16

/* Where a node that nobody registered is: where the first of its services that
 * says so is. */
static const char *said_address(const struct dir_node *n)
{
    struct keynode *at = keymap_from(&n->instances, "", 0);
    unsigned looked;

    for (looked = 0; at && looked < HINTS_LOOKED_AT; looked++) {
        const struct dir_instance *i = dir_instance_by_node(at);

        if (*i->hint)
            return i->hint;
        at = keymap_after(&n->instances, at->key, at->key_len);
    }
    return "";
}

/* What a Consul's own node has. */
static void own_fill(struct directory *d, struct dir_node *n)
{
    static const struct dir_pair meta[] = {{"consul-network-segment", ""}};

    d->own_tagged[0] = (struct dir_pair){"lan", n->address};
    d->own_tagged[1] = (struct dir_pair){"wan", n->address};
    n->tagged = (struct dir_pairs){d->own_tagged, ARRAY_LEN(d->own_tagged)};
    n->meta = (struct dir_pairs){meta, ARRAY_LEN(meta)};
}

/* Its row from what is known of it; true: it is another than before. */
static bool node_fill(struct directory *d, struct dir_node *n)
{
    const struct dir_record *r = n->own ? NULL : n->record;
    const char *address = r        ? r->address
                          : n->own ? d->own_address
                                   : said_address(n);
    bool same = !strcmp(n->address, address) && n->recorded == !!r;

    if (r || !same || !n->said_address) {
        free(n->said_address);
        n->said_address = r ? NULL : xstrdup(address);
    }
    n->address = r ? address : n->said_address;
    n->recorded = r;
    n->id = r ? r->id : n->own ? d->own_id : "";
    n->tagged = r ? r->tagged : (struct dir_pairs){0};
    n->meta = r ? r->meta : (struct dir_pairs){0};
    if (n->own)
        own_fill(d, n);
    return !same;
}

/* It shows nothing of a record that goes. */
static void node_empty(struct dir_node *n)
{
    n->address = n->id = "";
    n->tagged = n->meta = (struct dir_pairs){0};
}

static void tell_node(struct directory *d, const struct dir_node *n,
                      enum dir_event e)
{
    struct dir_listener *l;

    for (l = d->listeners; l; l = l->next)
        if (l->node)
            l->node(l->arg, n, e);
}

void dir_node_look(struct directory *d, struct dir_node *n, uint64_t revision)
{
    bool is = n->own || n->record || n->instances.count, was = n->present;
    bool touched = is != was;

    if (is && !was)
        node_come(d, n, revision);
    if (is && node_fill(d, n))
        touched = true;
    dir_set_serf(d, n, is && (n->own || !n->record || n->bound), revision);
    if (!is && was)
        node_go(d, n, revision);
    if (touched)
        dir_node_touch(d, n, revision);
    if (touched)
        tell_node(d, n, was ? is ? DIR_CHANGED : DIR_WENT : DIR_CAME);
}

void dir_take_node(struct directory *d, const struct dir_record *put)
{
    struct dir_record *r =
        dir_record_find(d, put->by_name.key, put->by_name.key_len);
    struct dir_node *n = dir_node_get(d, put->name);
    struct dir_record *old;
    uint64_t revision = r ? r->changed : put->changed;

    if (n->record == r)
        return;
    old = n->record; /* what is shown of it lies in there, until then */
    n->record = r;
    if (r)
        r->refs++;
    dir_node_look(d, n, revision);
    if (!n->present)
        node_empty(n);
    dir_record_unref(old);
    if (r && !n->own) {
        dir_node_touch(d, n, revision);
        n->created = r->created;
    }
}
