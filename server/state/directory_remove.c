/*
 * What is deregistered: a service with its checks, a check, or a node with all
 * it has; and records that were left over.
 */
#include <stdlib.h>
#include <string.h>

#include "server/state/directory_impl.h"

#define REMOVED_AT_ONCE 500 /* services, checks: with one transaction */

/* -- a service ------------------------------------------------------------- */

/* The records of its checks go, some of them at least; true: all of them. */
static bool drop_checks(struct dir_change *ch, const char *service_id)
{
    struct directory *d = ch->d;
    unsigned count = 0;
    size_t len;
    const char *key = dir_key(d, &len, ch->node, service_id, NULL);
    struct keynode *at = keymap_from(&d->check_services, key, len);

    for (; at && keynode_has_prefix(at, key, len) && count < REMOVED_AT_ONCE;
         at = keymap_after(&d->check_services, at->key, at->key_len), count++)
        dir_effect_check(ch, dir_check_record_by_service(at), NULL);
    ch->much += count;
    return !at || !keynode_has_prefix(at, key, len);
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
static struct dir_instance *next_service(const struct dir_change *ch,
                                         const struct dir_node *n)
{
    return dir_instance_by_node(
        keymap_after(&n->instances, buf_data(&ch->after), buf_len(&ch->after)));
}

static void was_tried(struct dir_change *ch, const struct dir_instance *i)
{
    buf_reset(&ch->after, DIR_TEXT_MAX);
    buf_add(&ch->after, i->by_node.key, i->by_node.key_len);
}

static void keep_refusal(struct dir_change *ch, const char *text)
{
    if (!ch->text)
        ch->text = xstrdup(text);
}

/* The one that was tried last went by itself, while it was asked for. */
static bool went_itself(const struct dir_change *ch)
{
    const struct dir_node *n = directory_node(ch->d, ch->node);

    return !n || !keymap_find(&n->instances, buf_data(&ch->after),
                              buf_len(&ch->after));
}

/* Services of the node that may go together, with their checks. */
static unsigned gather(struct dir_change *ch, const struct dir_node *n,
                       struct service **list)
{
    const struct catalog_request q = {.by = ch->who.by,
                                      .may_all = ch->who.may_all};
    struct catalog *c = ch->d->catalog;
    struct dir_instance *i, *before = NULL;
    unsigned count = 0;
    const char *text;

    while (ch->much < REMOVED_AT_ONCE && (i = next_service(ch, n))) {
        text = i->entry ? catalog_removal_refusal(c, i->entry, &q) : NULL;
        if (i->entry && !text && catalog_is_busy(c, i->entry))
            break; /* it has to wait for its turn */
        if (text)
            keep_refusal(ch, text);
        was_tried(ch, i);
        ch->much++;
        if (!i->entry || text)
            continue;
        if (!before || dir_compare(before->id, i->id) != 0)
            (void)drop_checks(ch, i->id);
        before = i;
        list[count++] = i->entry;
    }
    return count;
}

/* What is left of a node without services: its checks, then its record. */
static bool drop_node(struct dir_change *ch)
{
    struct dir_record *r =
        dir_record_find(ch->d, ch->place.key, ch->place.key_len);

    if (!drop_checks(ch, ""))
        return false;
    if (r)
        dir_effect_node(ch, r, NULL);
    return true;
}

/* All that goes with one transaction: services, and behind the last of them the
 * node itself, but where one of them was refused. */
static void node_step(struct dir_change *ch)
{
    const struct dir_node *n = directory_node(ch->d, ch->node);
    struct service *list[REMOVED_AT_ONCE];
    unsigned count = n ? gather(ch, n, list) : 0;
    struct dir_instance *left = n ? next_service(ch, n) : NULL;

    ch->more = left || (!ch->text && !drop_node(ch));
    if (count) {
        dir_change_remove_all(ch, list, count);
    } else if (left && ch->much < REMOVED_AT_ONCE) {
        was_tried(ch, left);
        (void)drop_checks(ch, left->id);
        dir_change_remove(ch, left->entry);
    } else {
        dir_change_commit(ch);
    }
}

/* What was refused is told in the end, and the node stays. */
static void node_run(struct dir_change *ch)
{
    struct dir_result *r = &ch->result;

    if (r->outcome == DIR_FAILED) {
        ch->more = false;
        return;
    }
    if (r->outcome == DIR_REFUSED && !went_itself(ch))
        keep_refusal(ch, r->text);
    r->outcome = DIR_DONE;
    r->text = NULL;
    ch->much = 0;
    node_step(ch);
    if (ch->text && !ch->more && r->outcome == DIR_DONE) {
        r->outcome = DIR_REFUSED;
        r->text = ch->text;
    }
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
