#include "server/state/catalog.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "lib/mem.h"
#include "server/state/catalog_impl.h"
#include "server/state/hash.h"
#include "server/state/volatiles.h"

static bool service_same(const struct hnode *n, const void *key)
{
    const struct service *v = container_of(n, struct service, node);
    const struct word *name = key;

    return v->name_len == name->len && !memcmp(v->name, name->text, name->len);
}

struct service *catalog_find(const struct catalog *c, const char *name,
                             size_t len)
{
    const struct word key = {.text = (char *)name, .len = (unsigned)len};
    struct hnode *n = htab_find(&c->names, hash_bytes(hash_key(), name, len),
                                service_same, &key);

    return n ? container_of(n, struct service, node) : NULL;
}

/* -- transactions ---------------------------------------------------------- */

static void txn_free(struct catalog_txn *t)
{
    record_unpin(&t->catalog->index, &t->pins);
    record_unref(&t->catalog->index, t->txn.record);
    service_unref(&t->catalog->index, t->txn.service);
    free(t->volatiles);
    free(t);
}

/* The condition of each kind of request can fail in one way only. */
static const char *conflict_text(const struct store_txn *txn)
{
    if (txn->expect == STORE_EXPECT_ABSENT)
        return "duplicate service name";
    if (txn->expect == STORE_EXPECT_ANY)
        return "no such service";
    return "the service was changed meanwhile: try again";
}

static void txn_done(struct store_txn *txn, enum store_status status,
                     uint64_t revision)
{
    struct catalog_txn *t = container_of(txn, struct catalog_txn, txn);
    struct catalog_result r = {.revision = revision, .service = txn->service};

    if (status == STORE_CONFLICT) {
        r.status = CATALOG_REFUSED;
        r.text = conflict_text(txn);
        r.service = NULL;
    } else if (status == STORE_FAILED) {
        r.status = CATALOG_FAILED;
        r.text = txn->error;
        r.service = NULL;
    }
    if (t->done)
        t->done(t->arg, &r);
    txn_free(t);
}

/* Holds a reference on v until done. */
static struct catalog_txn *txn_new(struct catalog *c, enum store_op op,
                                   struct service *v, unsigned sets,
                                   catalog_done_fn *done, void *arg)
{
    struct catalog_txn *t;

    t = xmalloc(sizeof(*t) + sets * sizeof(*t->pinned));
    *t = (struct catalog_txn){.pins.pairs = NULL};
    t->pins.pairs = t->pinned;

    t->txn.op = op;
    t->txn.service = v;
    t->txn.done = txn_done;
    t->catalog = c;
    t->done = done;
    t->arg = arg;
    v->refs++;
    return t;
}

static void txn_take_request(struct catalog_txn *t,
                             const struct catalog_request *q)
{
    t->set_ttl = q->set_ttl;
    t->ttl_ms = q->ttl_ms;
    if (q->volatiles) {
        t->set_volatiles = true;
        t->volatiles = volatiles_new(q->volatiles);
    }
}

/* What the request makes of base. A store that takes its time finds it whole,
 * whatever happens to the service meanwhile. */
static void txn_take_record(struct catalog_txn *t, const struct record *base,
                            const struct record_edit *edit)
{
    struct catalog *c = t->catalog;

    t->txn.record = record_edit(&c->index, base, edit, &t->pins);
    if (!c->store->ops->immediate)
        record_count(t->txn.record);
    t->txn.durable = service_persists(t->txn.record);
}

static void answer(struct catalog *c, struct service *v, const char *refusal,
                   catalog_done_fn *done, void *arg)
{
    struct catalog_result r = {.status = refusal ? CATALOG_REFUSED : CATALOG_OK,
                               .revision = catalog_revision(c),
                               .text = refusal,
                               .service = refusal ? NULL : v};

    if (done)
        done(arg, &r);
}

/* -- requests -------------------------------------------------------------- */

static const char *record_refusal(const struct catalog *c,
                                  const struct service *v,
                                  const struct record *r)
{
    if (c->limits.attrs && r->count > c->limits.attrs)
        return "too many attributes for one service";
    if (c->limits.text && v->name_len + r->text_len > c->limits.text)
        return "the service would be longer than a line may be";
    return NULL;
}

/* What changes nothing that anybody is told of needs no store. */
static void apply_silently(struct catalog_txn *t, struct record *r)
{
    struct catalog *c = t->catalog;
    struct service *v = t->txn.service;

    record_unref(&c->index, catalog_put_record(c, v, record_ref(r), false));
    catalog_put_settings(t, v);
    answer(c, v, NULL, t->done, t->arg);
    txn_free(t);
}

static const char *register_refusal(const struct catalog *c,
                                    const struct catalog_owner *owner,
                                    const struct service *there,
                                    const struct catalog_request *q)
{
    bool refresh =
        there && there->persist && !there->owner && there->ttl_ms && q->set_ttl;

    if (there && !q->replace && !refresh)
        return "duplicate service name";
    if (!there && c->limits.services && c->all.count >= c->limits.services)
        return "too many services in this registry";
    if (c->limits.services_per_owner && (!there || there->owner != owner) &&
        owner->count >= c->limits.services_per_owner)
        return "too many services on this connection";
    return NULL;
}

void catalog_register(struct catalog *c, struct catalog_owner *owner,
                      const struct word *name, const struct catalog_request *q,
                      catalog_done_fn *done, void *arg)
{
    struct service *there = catalog_find(c, name->text, name->len), *v;
    const char *refusal = register_refusal(c, owner, there, q);
    struct catalog_txn *t;

    if (refusal) {
        answer(c, NULL, refusal, done, arg);
        return;
    }
    v = there ? there : service_new(name->text, name->len);
    t = txn_new(c, STORE_PUT, v, q->edit.set_count, done, arg);
    if (!there)
        v->refs--; /* the transaction's reference is the only one */
    txn_take_request(t, q);
    t->set_ttl = t->set_volatiles = true; /* none said: none wanted */
    t->owner = owner;
    txn_take_record(t, NULL, &q->edit);
    t->txn.expect = there ? there->changed : STORE_EXPECT_ABSENT;
    refusal = record_refusal(c, v, t->txn.record);
    if (refusal) {
        txn_free(t);
        answer(c, NULL, refusal, done, arg);
    } else if (there &&
               volatiles_equal(t->volatiles, there->record, t->txn.record)) {
        apply_silently(t, t->txn.record);
    } else {
        store_commit(c->store, &t->txn);
    }
}

/* True if everything the request names is volatile, or it names nothing. */
static bool request_is_silent(const struct name_list *volatiles,
                              const struct catalog_request *q)
{
    unsigned i;

    for (i = 0; i < q->edit.set_count; i++)
        if (!volatiles_has(volatiles, &q->edit.sets[2 * i]))
            return false;
    for (i = 0; i < q->edit.unset_count; i++)
        if (!volatiles_has(volatiles, &q->edit.unsets[i]))
            return false;
    return true;
}

void catalog_update(struct catalog *c, struct service *v,
                    const struct catalog_request *q, catalog_done_fn *done,
                    void *arg)
{
    struct catalog_txn *t;
    const char *refusal;

    if (!v->registered) {
        answer(c, NULL, "no such service", done, arg);
        return;
    }
    t = txn_new(c, STORE_PUT, v, q->edit.set_count, done, arg);
    txn_take_request(t, q);
    txn_take_record(t, v->record, &q->edit);
    t->txn.expect = v->changed;
    t->txn.durable |= v->persist;
    refusal = record_refusal(c, v, t->txn.record);
    if (refusal) {
        txn_free(t);
        answer(c, NULL, refusal, done, arg);
    } else if (request_is_silent(t->set_volatiles ? t->volatiles : v->volatiles,
                                 q)) {
        apply_silently(t, t->txn.record);
    } else {
        store_commit(c->store, &t->txn);
    }
}

static void service_remove(struct catalog *c, struct service *v,
                           catalog_done_fn *done, void *arg)
{
    struct catalog_txn *t = txn_new(c, STORE_DELETE, v, 0, done, arg);

    t->txn.expect = STORE_EXPECT_ANY;
    t->txn.durable = v->persist;
    store_commit(c->store, &t->txn);
}

void catalog_remove(struct catalog *c, struct service *v, catalog_done_fn *done,
                    void *arg)
{
    if (!v->registered) {
        answer(c, NULL, "no such service", done, arg);
        return;
    }
    service_remove(c, v, done, arg);
}

void catalog_owner_gone(struct catalog *c, struct catalog_owner *owner)
{
    struct service *v;

    while ((v = owner->services)) {
        service_disown(v);
        if (!v->persist && v->registered)
            service_remove(c, v, NULL, NULL);
    }
}

uint64_t catalog_expire(struct catalog *c)
{
    struct service *v;

    while ((v = deadlines_first(&c->deadlines))) {
        if (v->expires_ms > c->now_ms)
            return v->expires_ms - c->now_ms;
        if (v->owner && v->owner->heard_ms + v->ttl_ms > c->now_ms) {
            v->expires_ms = v->owner->heard_ms + v->ttl_ms;
            deadlines_set(&c->deadlines, v);
            continue;
        }
        deadlines_remove(&c->deadlines, v);
        catalog_lose(v, LOST_EXPIRED);
        service_remove(c, v, NULL, NULL);
    }
    return UINT64_MAX;
}

/* -- the catalog ----------------------------------------------------------- */

struct catalog *catalog_new(struct store *store,
                            const struct catalog_limits *limits, size_t ring,
                            size_t ring_bytes)
{
    struct catalog *c = xcalloc(1, sizeof(*c));

    c->store = store;
    c->limits = *limits;
    record_index_init(&c->index);
    htab_init(&c->names);
    changes_init(&c->changes, ring, ring_bytes, catalog_forget_change, c);
    store->client = (struct store_client){
        .check = catalog_check, .apply = catalog_apply, .arg = c};
    return c;
}

static void forget_service(struct hnode *n, void *arg)
{
    struct service *v = container_of(n, struct service, node);
    struct catalog *c = arg;

    record_index_move(&c->index, v, v->record, NULL, false);
    service_unref(&c->index, v);
}

void catalog_free(struct catalog *c)
{
    if (!c)
        return;
    store_close(c->store);
    changes_free(&c->changes);
    htab_each(&c->names, forget_service, c);
    htab_free(&c->names);
    seqset_free(&c->all);
    deadlines_free(&c->deadlines);
    record_index_free(&c->index);
    free(c);
}
