#include <stdlib.h>

#include "lib/mem.h"
#include "server/state/catalog_impl.h"
#include "server/state/hash.h"

uint64_t catalog_expiry(const struct service *v)
{
    const struct catalog_owner *o = v->owner;

    return o && o->heard_ms + v->ttl_ms > v->expires_ms
               ? o->heard_ms + v->ttl_ms
               : v->expires_ms;
}

uint64_t catalog_quiet(const struct catalog *c, const struct service *v)
{
    uint64_t heard = catalog_expiry(v) - v->ttl_ms;

    return heard < c->now_ms ? c->now_ms - heard : 0;
}

void catalog_put_deadline(struct catalog *c, struct service *v)
{
    deadlines_set(&c->deadlines, v);
    if (c->deadline && deadlines_first(&c->deadlines) == v)
        c->deadline(c->arg);
}

void catalog_touch(struct catalog *c, struct service *v)
{
    v->expires_ms = c->now_ms + v->ttl_ms;
    if (v->ttl_ms)
        catalog_put_deadline(c, v);
    else
        deadlines_remove(&c->deadlines, v);
}

/* v is no longer its owner's, who is told. */
static void service_lose(struct service *v, enum catalog_loss why)
{
    struct catalog_owner *o = v->owner;

    service_disown(v);
    if (o)
        o->lost(o, v, why);
}

static struct catalog_txn *txn_of(const struct store_txn *txn)
{
    return container_of(txn, struct catalog_txn, txn);
}

bool catalog_check(void *arg, const struct store_txn *txn)
{
    const struct catalog *c = arg;
    const struct service *v = txn_of(txn)->service;

    if (txn->expect == STORE_EXPECT_ABSENT)
        return !catalog_find(c, v->name, v->name_len);
    return v->registered &&
           (txn->expect == STORE_EXPECT_ANY || txn->expect == v->changed);
}

void catalog_forget_change(void *arg, struct change *ch)
{
    struct catalog *c = arg;

    record_forget(&c->index, ch->before, ch->after);
    record_unref(&c->index, ch->before);
    record_unref(&c->index, ch->after);
    if (ch->service)
        service_unref(&c->index, ch->service);
}

static enum change_reason reason_of(const struct catalog_txn *t,
                                    enum change_kind kind)
{
    if (kind == CHANGE_GONE && t->ends)
        return t->expired ? CHANGE_EXPIRED : CHANGE_CLOSED;
    return kind == CHANGE_SET && t->owner ? CHANGE_REPLACED : CHANGE_ASKED;
}

static void change_tell(const struct catalog_txn *t, enum change_kind kind,
                        struct record *before, uint64_t revision)
{
    struct catalog *c = t->catalog;
    struct service *v = t->service;
    struct change ch = {.revision = revision,
                        .kind = kind,
                        .reason = reason_of(t, kind),
                        .service = v,
                        .before = before,
                        .after = v->record ? record_ref(v->record) : NULL};

    v->refs++;
    if (c->committed)
        c->committed(c->arg, &(struct catalog_commit){&ch, t->asker, t->why});
    changes_add(&c->changes, &ch);
    if (c->changed)
        c->changed(c->arg);
}

/* Attributes that everybody sees. */
static unsigned shown(const struct record *r)
{
    return r ? r->count - r->hidden : 0;
}

struct record *catalog_put_record(struct catalog *c, struct service *v,
                                  struct record *r, bool told)
{
    struct record *before = v->record;

    if (!told) {
        record_count(before);
        record_count(r);
    }
    c->bytes += catalog_record_bytes(r) - catalog_record_bytes(before);
    record_index_move(&c->index, v, before, r, told);
    c->counts.attrs += shown(r);
    c->counts.attrs -= shown(before);
    v->record = r;
    v->persist = r && service_persists(r);
    return before;
}

void catalog_put_settings(struct catalog_txn *t, struct service *v)
{
    if (t->set_volatiles) {
        free(v->volatiles);
        v->volatiles = t->volatiles;
        t->volatiles = NULL;
    }
    if (t->set_ttl)
        v->ttl_ms = t->ttl_ms;
    if (t->owner && v->owner != t->owner) {
        service_lose(v, LOST_REPLACED);
        service_own(v, t->owner);
        t->catalog->counts.replaced++;
    }
    if (!t->found_out)
        catalog_touch(t->catalog, v);
}

void catalog_enter(struct catalog *c, struct service *v, uint64_t revision)
{
    v->registered = true;
    v->refs++;
    v->seq = ++c->next_seq;
    v->created = revision;
    htab_insert(&c->names, &v->node,
                hash_bytes(hash_key(), v->name, v->name_len));
    seqset_add(&c->all, v);
    c->bytes += catalog_service_bytes(v);
}

static void catalog_apply_put(struct catalog *c, struct catalog_txn *t,
                              uint64_t revision)
{
    struct service *v = t->service;
    enum change_kind kind = v->registered ? CHANGE_SET : CHANGE_NEW;
    struct record *before;

    if (kind == CHANGE_NEW)
        catalog_enter(c, v, revision);
    (*(kind == CHANGE_NEW ? &c->counts.registered : &c->counts.updated))++;
    before = catalog_put_record(c, v, record_ref(t->record), true);
    v->changed = revision;
    catalog_put_settings(t, v);
    change_tell(t, kind, before, revision);
}

void catalog_apply_silent(struct catalog_txn *t)
{
    struct catalog *c = t->catalog;

    c->counts.silent++;
    record_unref(&c->index, catalog_put_record(c, t->service,
                                               record_ref(t->record), false));
    catalog_put_settings(t, t->service);
}

static void catalog_apply_delete(struct catalog *c, const struct catalog_txn *t,
                                 uint64_t revision)
{
    struct service *v = t->service;
    struct record *before = catalog_put_record(c, v, NULL, true);

    (*(t->expired ? &c->counts.expired
       : t->ends  ? &c->counts.lost
                  : &c->counts.removed))++;
    deadlines_remove(&c->deadlines, v);
    htab_remove(&c->names, &v->node);
    seqset_remove(&c->all, v);
    c->bytes -= catalog_service_bytes(v);
    v->registered = false;
    v->changed = revision;
    service_lose(v, t->loss);
    change_tell(t, CHANGE_GONE, before, revision);
    service_unref(&c->index, v);
}

void catalog_apply(void *arg, struct store_txn *txn, uint64_t revision)
{
    struct catalog_txn *t = txn_of(txn);

    if (txn->silent)
        catalog_apply_silent(t);
    else if (txn->op == STORE_PUT)
        catalog_apply_put(arg, t, revision);
    else
        catalog_apply_delete(arg, t, revision);
}
