/*
 * Changes on their way: one of a node after another (lanes.h), each a row of
 * transactions, each of these a service of the catalog, or none, with records
 * of nodes and checks under one revision.
 */
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "server/state/directory_impl.h"

#define GIVEN_A_TURN 2000 /* pieces of a view that was forgotten */

/* -- what belongs to it ---------------------------------------------------- */

void *dir_change_alloc(struct dir_change *ch, size_t size)
{
    struct dir_piece *p = xcalloc(1, sizeof(*p) + size);

    p->next = ch->pieces;
    ch->pieces = p;
    ch->size += size;
    ch->d->pending_bytes += size;
    return p->bytes;
}

const char *dir_change_text(struct dir_change *ch, const char *text)
{
    size_t size = text ? strlen(text) + 1 : 1;
    char *copy = dir_change_alloc(ch, size);

    if (text)
        memcpy(copy, text, size);
    return copy;
}

static void effects_free(struct dir_change *ch)
{
    struct dir_effect *f;

    while ((f = ch->effects)) {
        ch->effects = f->next;
        dir_record_unref(f->node);
        dir_record_unref(f->node_after);
        dir_check_record_unref(f->check);
        dir_check_record_unref(f->check_after);
        free(f);
    }
    ch->last = &ch->effects;
    ch->d->coming_nodes -= ch->new_nodes;
    ch->d->coming_checks -= ch->new_checks;
    ch->new_nodes = ch->new_checks = 0;
}

struct dir_change *dir_change_new(struct directory *d, const char *node,
                                  const struct dir_asker *who,
                                  dir_done_fn *done, void *arg)
{
    struct dir_result r = {.outcome = DIR_FAILED,
                           .revision = d->catalog->store->revision,
                           .text = "too much waits for the store: try again "
                                   "later"};
    struct dir_change *ch;

    if (d->pending_bytes > DIR_PENDING_MAX) {
        if (done)
            done(arg, &r);
        return NULL;
    }
    ch = xcalloc(1, sizeof(*ch));
    ch->d = d;
    ch->done = done;
    ch->arg = arg;
    ch->last = &ch->effects;
    ch->node = dir_change_text(ch, node ? node : d->own_name);
    ch->who = *who;
    if (who->by.len)
        ch->who.by.text = memcpy(dir_change_alloc(ch, who->by.len + 1),
                                 who->by.text, who->by.len);
    ch->result.outcome = DIR_DONE;
    return ch;
}

static void change_free(struct dir_change *ch)
{
    struct dir_piece *p;

    effects_free(ch);
    ch->d->pending_bytes -= ch->size;
    while ((p = ch->pieces)) {
        ch->pieces = p->next;
        free(p);
    }
    buf_free(&ch->after);
    free(ch->text);
    free(ch);
}

static void change_end(struct dir_change *ch)
{
    struct dir_result *r = &ch->result;

    if (!r->revision)
        r->revision = ch->d->catalog->store->revision;
    if (ch->done)
        ch->done(ch->arg, r);
    lanes_leave(&ch->d->lanes, &ch->claim);
    change_free(ch);
}

void dir_change_refuse(struct dir_change *ch, const char *text)
{
    effects_free(ch);
    ch->result.outcome = DIR_REFUSED;
    ch->result.text = text;
    ch->more = false;
}

void dir_change_refuse_owned(struct dir_change *ch, char *text)
{
    free(ch->text);
    ch->text = text;
    dir_change_refuse(ch, text);
}

/* -- its course ------------------------------------------------------------ */

/* It is much that is to be done, a node with all its services: others go
 * between. */
static void change_rest(struct dir_change *ch)
{
    struct directory *d = ch->d;

    DL_APPEND(d->resting, ch);
    d->setup.rests(d->setup.arg);
}

static void change_drive(struct dir_change *ch)
{
    unsigned n = 0;

    do {
        if (n >= DIR_A_TURN && ch->d->setup.rests && !ch->d->ends) {
            change_rest(ch);
            return;
        }
        ch->asked = ch->answered = false;
        ch->much = 1;
        dir_take_in(ch->d);
        ch->going = true;
        ch->run(ch);
        ch->going = false;
        if (ch->asked && !ch->answered)
            return;
        n += ch->much;
    } while (ch->more);
    change_end(ch);
}

bool directory_go_on(struct directory *d)
{
    struct dir_change *ch = d->resting;

    if (ch) {
        DL_DELETE(d->resting, ch);
        change_drive(ch);
    }
    return dir_view_give_back(d, GIVEN_A_TURN) || d->resting;
}

void directory_finish(struct directory *d)
{
    d->ends = true;
    while (directory_go_on(d))
        continue;
}

static void claim_run(struct lane_claim *claim)
{
    change_drive(container_of(claim, struct dir_change, claim));
}

void dir_change_go(struct dir_change *ch)
{
    size_t len = strlen(ch->node);
    char *key = dir_change_alloc(ch, len + 1);

    ch->place.key = dir_fold_text(&key, ch->node);
    ch->place.key_len = len;
    ch->claim.places = &ch->place;
    ch->claim.count = 1;
    ch->claim.run = claim_run;
    lanes_enter(&ch->d->lanes, &ch->claim);
}

/* A transaction is over. */
static void change_answered(struct dir_change *ch)
{
    effects_free(ch);
    ch->answered = true;
    if (ch->going)
        return; /* within run(): change_drive() goes on */
    if (ch->more)
        change_drive(ch);
    else
        change_end(ch);
}

/* -- effects --------------------------------------------------------------- */

static void effect_done(struct store_txn *txn, enum store_status status,
                        uint64_t revision)
{
    struct dir_change *ch = container_of(txn, struct dir_effect, txn)->change;

    ch->result.revision = revision;
    if (status != STORE_OK) {
        ch->result.outcome = DIR_FAILED;
        ch->result.text = status == STORE_FAILED
                              ? txn->error
                              : "it was changed meanwhile: try again";
    }
    change_answered(ch);
}

static struct dir_effect *effect_new(struct dir_change *ch, bool put)
{
    struct dir_effect *f = xcalloc(1, sizeof(*f));

    f->change = ch;
    f->txn.op = put ? STORE_PUT : STORE_DELETE;
    f->txn.expect = STORE_EXPECT_ANY; /* check() looks for itself */
    f->txn.done = effect_done;
    *ch->last = f;
    ch->last = &f->next;
    return f;
}

void dir_effect_node(struct dir_change *ch, struct dir_record *before,
                     struct dir_record *after)
{
    struct dir_effect *f = effect_new(ch, after);

    f->txn.client = &ch->d->nodes_client;
    f->txn.durable = true;
    f->node = before;
    f->node_after = after;
    if (before)
        before->refs++;
    else
        ch->new_nodes++, ch->d->coming_nodes++;
}

void dir_effect_check(struct dir_change *ch, struct dir_check_record *before,
                      struct dir_check_record *after)
{
    struct dir_effect *f = effect_new(ch, after);

    f->txn.client = &ch->d->checks_client;
    f->txn.durable = (before && before->durable) || (after && after->durable);
    f->check = before;
    f->check_after = after;
    if (before)
        before->refs++;
    else
        ch->new_checks++, ch->d->coming_checks++;
}

/* The effects as they go with one transaction; NULL: there are none. */
static struct store_txn *effects_chain(struct dir_change *ch)
{
    struct dir_effect *f;

    for (f = ch->effects; f; f = f->next)
        f->txn.also = f->next ? &f->next->txn : NULL;
    return ch->effects ? &ch->effects->txn : NULL;
}

void dir_change_commit(struct dir_change *ch)
{
    struct store_txn *txn = effects_chain(ch);

    if (!txn)
        return;
    ch->asked = true;
    store_commit(ch->d->catalog->store, txn);
}

/* -- with a service -------------------------------------------------------- */

static void catalog_done(void *arg, const struct catalog_result *r)
{
    struct dir_change *ch = arg;
    struct service *v = r->service;

    if (v && v->owner == &ch->d->owner)
        service_disown(v); /* it stays as it is, persistent */
    if (r->status == CATALOG_REFUSED && ch->alone_if_refused && ch->effects) {
        ch->alone_if_refused = false;
        dir_change_commit(ch);
        return;
    }
    ch->result.revision = r->revision;
    if (r->status != CATALOG_OK) {
        ch->result.outcome =
            r->status == CATALOG_REFUSED ? DIR_REFUSED : DIR_FAILED;
        ch->result.text = r->text;
    }
    change_answered(ch);
}

static struct catalog_request request_of(struct dir_change *ch,
                                         const struct record_edit *edit)
{
    struct catalog_request q = {.by = ch->who.by, .may_all = ch->who.may_all};

    if (edit)
        q.edit = *edit;
    q.also = effects_chain(ch);
    ch->asked = true;
    return q;
}

/* What comes of checks, and nothing that a registrant says. */
static bool is_status_alone(const struct record_edit *edit)
{
    unsigned i;

    for (i = 0; i < edit->set_count; i++)
        if (!word_is(&edit->sets[2 * i], "status"))
            return false;
    for (i = 0; i < edit->unset_count; i++)
        if (!word_is(&edit->unsets[i], "status"))
            return false;
    return edit->set_count + edit->unset_count > 0;
}

void dir_change_update(struct dir_change *ch, struct service *v,
                       const struct record_edit *edit)
{
    struct catalog_request q = request_of(ch, edit);
    struct catalog *c = ch->d->catalog;
    const void *asker = c->asker;

    q.found_out = is_status_alone(edit);
    c->asker = ch->who.asker;
    catalog_update(c, v, &q, catalog_done, ch);
    c->asker = asker;
}

void dir_change_register(struct dir_change *ch, const struct word *name,
                         const struct record_edit *edit)
{
    struct catalog_request q = request_of(ch, edit);
    struct catalog *c = ch->d->catalog;
    const void *asker = c->asker;

    c->asker = ch->who.asker;
    catalog_register(c, &ch->d->owner, name, &q, catalog_done, ch);
    c->asker = asker;
}

void dir_change_remove(struct dir_change *ch, struct service *v)
{
    struct catalog_request q = request_of(ch, NULL);
    struct catalog *c = ch->d->catalog;
    const void *asker = c->asker;

    c->asker = ch->who.asker;
    catalog_remove(c, v, &q, catalog_done, ch);
    c->asker = asker;
}

void dir_change_remove_all(struct dir_change *ch, struct service *const *list,
                           unsigned count)
{
    struct catalog_request q = request_of(ch, NULL);
    struct catalog *c = ch->d->catalog;
    const void *asker = c->asker;

    c->asker = ch->who.asker;
    catalog_remove_all(c, list, count, &q, catalog_done, ch);
    c->asker = asker;
}

/* -- what is said of a service --------------------------------------------- */

void dir_edit_init(struct dir_edit *e, struct dir_change *ch, unsigned sets,
                   unsigned unsets)
{
    *e = (struct dir_edit){.change = ch};
    e->sets = dir_change_alloc(ch, (2 * sets + 2) * sizeof(struct word));
    e->unsets = dir_change_alloc(ch, (unsets + 1) * sizeof(struct word));
}

static struct word word_of(struct dir_change *ch, const char *text)
{
    return (struct word){.text = (char *)dir_change_text(ch, text),
                         .len = (unsigned)strlen(text)};
}

void dir_edit_set(struct dir_edit *e, const char *name, const char *value)
{
    e->sets[2 * e->set_count] = word_of(e->change, name);
    e->sets[2 * e->set_count + 1] = word_of(e->change, value);
    e->set_count++;
}

void dir_edit_unset(struct dir_edit *e, const char *name)
{
    e->unsets[e->unset_count++] = word_of(e->change, name);
}

struct record_edit dir_edit_done(const struct dir_edit *e)
{
    return (struct record_edit){.sets = e->sets,
                                .set_count = e->set_count,
                                .unsets = e->unsets,
                                .unset_count = e->unset_count};
}

/* The effect on that record; NULL: none. */
static const struct dir_effect *effect_on(const struct dir_change *ch,
                                          const struct dir_check_record *r)
{
    const struct dir_effect *f = ch->effects;

    while (f && f->check != r)
        f = f->next;
    return f;
}

/* The worst of the service's checks as the effects leave them; false: it has
 * none then. */
static bool worst_of(struct dir_change *ch, const char *service_id,
                     enum dir_status *worst)
{
    struct directory *d = ch->d;
    size_t len;
    const char *key = dir_key(d, &len, ch->node, service_id, NULL);
    const struct dir_effect *f;
    const struct dir_check_record *r;
    struct keynode *at = keymap_from(&d->check_services, key, len);
    bool any = false;

    *worst = DIR_PASSING;
    for (; at && keynode_has_prefix(at, key, len);
         at = keymap_after(&d->check_services, at->key, at->key_len)) {
        r = dir_check_record_by_service(at);
        if (effect_on(ch, r))
            continue;
        any = true;
        if (r->status > *worst)
            *worst = r->status;
    }
    for (f = ch->effects; f; f = f->next) {
        r = f->check_after;
        if (!r || dir_compare(r->service_id, service_id) != 0)
            continue;
        any = true;
        if (r->status > *worst)
            *worst = r->status;
    }
    return any;
}

/* Whether a check has left it in this change, for the node or another one. */
static bool was_left(const struct dir_change *ch, const char *service_id)
{
    size_t i;

    for (i = 0; i < ch->left_count; i++)
        if (!dir_compare(ch->left[i], service_id))
            return true;
    return false;
}

void dir_edit_status(struct dir_edit *e, const struct dir_instance *i,
                     const char *service_id)
{
    enum dir_status worst;
    bool says = i && i->says_status;
    bool had = i && (i->checks.count > (i->said ? 1 : 0) ||
                     was_left(e->change, service_id));

    if (!worst_of(e->change, service_id, &worst)) {
        if (had && says) /* what its checks said, and not it itself */
            dir_edit_unset(e, "status");
    } else if (!says || i->status != worst) {
        dir_edit_set(e, "status", dir_status_text(worst));
    }
}
