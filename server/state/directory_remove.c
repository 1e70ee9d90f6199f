/*
 * What is deregistered: a service with its checks, a check, or a node with all
 * it has; and records that were left over.
 */
#include <stdlib.h>
#include <string.h>

#include "server/state/directory_impl.h"

#define REMOVED_AT_ONCE 500 /* checks that go with one transaction */

/* -- a service ------------------------------------------------------------- */

/* The records of its checks go, some of them at least. */
static void drop_checks(struct dir_change *ch, const char *service_id)
{
    struct directory *d = ch->d;
    unsigned count = 0;
    size_t len;
    const char *key = dir_key(d, &len, ch->node, service_id, NULL);
    struct keynode *at = keymap_from(&d->check_services, key, len);

    for (; at && keynode_has_prefix(at, key, len) && count < REMOVED_AT_ONCE;
         at = keymap_after(&d->check_services, at->key, at->key_len), count++)
        dir_effect_check(ch, dir_check_record_by_service(at), NULL);
}

static void service_run(struct dir_change *ch)
{
    const char *id = ch->removal.service_id;
    const struct dir_instance *i = dir_find_instance(ch->d, ch->node, id);

    if (i && i->entry) {
        drop_checks(ch, id);
        dir_change_remove(ch, i->entry);
    }
}

/* -- a check --------------------------------------------------------------- */

static void check_run(struct dir_change *ch)
{
    struct directory *d = ch->d;
    struct dir_check_record *r =
        dir_check_record_find(d, ch->node, ch->removal.check_id);
    const struct dir_instance *i;
    struct record_edit edit;
    struct dir_edit e;

    if (!r)
        return;
    dir_effect_check(ch, r, NULL);
    ch->alone_if_refused = true;
    i = *r->service_id ? dir_find_instance(d, ch->node, r->service_id) : NULL;
    dir_edit_init(&e, ch, 1, 1);
    if (i && i->entry)
        dir_edit_status(&e, i, i->id);
    edit = dir_edit_done(&e);
    if (edit.set_count || edit.unset_count)
        dir_change_update(ch, i->entry, &edit);
    else
        dir_change_commit(ch);
}

/* -- a node ---------------------------------------------------------------- */

/* The next service of the node after those that were tried. */
static struct dir_instance *next_service(struct dir_change *ch)
{
    const struct dir_node *n = directory_node(ch->d, ch->node);
    struct keynode *at = NULL;
    struct dir_instance *i;

    if (!n)
        return NULL;
    at = ch->after ? keymap_after(&n->instances, ch->after, ch->after_len)
                   : keymap_from(&n->instances, "", 0);
    i = dir_instance_by_node(at);
    if (!i)
        return NULL;
    ch->after = memcpy(dir_change_alloc(ch, i->by_node.key_len), i->by_node.key,
                       i->by_node.key_len);
    ch->after_len = i->by_node.key_len;
    return i;
}

/* The node's own record and what checks it has left; false: nothing. */
static void node_last(struct dir_change *ch)
{
    struct directory *d = ch->d;
    struct dir_record *r = dir_record_find(d, ch->place.key, ch->place.key_len);

    drop_checks(ch, "");
    ch->more = ch->effects;
    if (!ch->more && r)
        dir_effect_node(ch, r, NULL);
    dir_change_commit(ch);
}

/* Services one after another; then its checks; then itself. What was refused is
 * told in the end, and the node stays. */
static void node_run(struct dir_change *ch)
{
    struct dir_result *r = &ch->result;
    struct dir_instance *i;

    if (r->outcome == DIR_FAILED) {
        ch->more = false;
        return;
    }
    if (r->outcome == DIR_REFUSED && !ch->text) {
        ch->text = xstrdup(r->text);
        r->text = ch->text;
    }
    while ((i = next_service(ch)))
        if (i->entry) {
            ch->more = true;
            drop_checks(ch, i->id);
            dir_change_remove(ch, i->entry);
            return;
        }
    ch->more = false;
    if (ch->text)
        r->outcome = DIR_REFUSED;
    else
        node_last(ch);
}

void directory_deregister(struct directory *d, const struct dir_removal *q,
                          dir_done_fn *done, void *arg)
{
    struct dir_change *ch = dir_change_new(d, q->node, &q->who, done, arg);
    bool service = q->service_id && *q->service_id;
    bool check = q->check_id && *q->check_id;

    if (!ch)
        return;
    ch->removal.service_id = dir_change_text(ch, q->service_id);
    ch->removal.check_id = dir_change_text(ch, q->check_id);
    ch->run = service ? service_run : check ? check_run : node_run;
    dir_change_go(ch);
}

/* -- what is left over ----------------------------------------------------- */

static void orphan_run(struct dir_change *ch)
{
    struct directory *d = ch->d;
    struct dir_check_record *r =
        dir_check_record_find(d, ch->node, ch->removal.check_id);
    const struct dir_node *n = directory_node(d, ch->node);
    const struct dir_check *c;

    if (!r)
        return;
    c = dir_find_check(d, ch->node, r->id);
    if (c && c->record == r)
        return; /* it belongs to something again */
    if (n &&
        (*r->service_id ? dir_find_instance(d, ch->node, r->service_id) != NULL
                        : !dir_is_serfs(n, r->id))) {
        dir_take_check(d, r);
        return;
    }
    dir_effect_check(ch, r, NULL);
    dir_change_commit(ch);
}

void dir_drop_orphan(struct directory *d, struct dir_check_record *r)
{
    static const struct dir_asker registry = {.may_all = true};
    struct dir_change *ch = dir_change_new(d, r->node, &registry, NULL, NULL);

    if (!ch)
        return;
    ch->removal.check_id = dir_change_text(ch, r->id);
    ch->run = orphan_run;
    dir_change_go(ch);
}
