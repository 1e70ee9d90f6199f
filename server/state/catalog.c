#include "server/state/catalog.h"

#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "lib/refusal.h"
#include "server/state/catalog_impl.h"
#include "server/state/hash.h"
#include "server/state/volatiles.h"

#define CATALOG_EXPIRE_BATCH 1000 /* services removed by one call */

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

/* -- requests -------------------------------------------------------------- */

static const char *record_refusal(const struct catalog *c,
                                  const struct service *v,
                                  const struct record *r)
{
    if (r->hidden > RECORD_HIDDEN_MAX)
        return "too many hidden attributes for one service";
    if (c->limits.attrs && r->count - r->hidden > c->limits.attrs)
        return refusal_text(REFUSED_ATTRS);
    if (c->limits.text && v->name_len + r->text_len > c->limits.text)
        return refusal_text(REFUSED_SERVICE);
    return NULL;
}

/* What it adds to what all services take; less than before may always be. */
static const char *memory_refusal(struct catalog_txn *t)
{
    const struct catalog *c = t->catalog;
    const struct service *v = t->service;
    size_t now = v->registered ? catalog_record_bytes(v->record) : 0;
    size_t then = catalog_record_bytes(t->record) +
                  (v->registered ? 0 : catalog_service_bytes(v));

    if (then <= now)
        return NULL;
    t->adds = then - now;
    if (c->limits.memory &&
        c->bytes + c->coming_bytes + t->adds > c->limits.memory)
        return refusal_text(REFUSED_MEMORY);
    return NULL;
}

/* What changes nothing that anybody is told of, nor what is kept, needs no
 * store. */
static void apply_silently(struct catalog_txn *t)
{
    struct catalog *c = t->catalog;
    struct service *v = t->service;

    catalog_apply_silent(t);
    catalog_answer(c, v, NULL, t->done, t->arg);
    if (catalog_is_nobodys(v))
        catalog_end(c, v);
    catalog_txn_free(t);
}

/* It changes how long v is kept, or what else is kept beside its record. */
static bool keeps_otherwise(const struct catalog_txn *t)
{
    const struct service *v = t->service;

    if (service_persists(t->record) != v->persist)
        return true;
    return v->persist &&
           ((t->set_ttl && t->ttl_ms != v->ttl_ms) ||
            (t->set_volatiles && !volatiles_same(t->volatiles, v->volatiles)));
}

/* The request is whole: it is refused, or done at once, or goes its way. */
static void txn_go(struct catalog_txn *t, bool silent)
{
    const char *refusal = record_refusal(t->catalog, t->service, t->record);

    if (!refusal)
        refusal = memory_refusal(t);
    if (refusal) {
        catalog_answer(t->catalog, NULL, refusal, t->done, t->arg);
        catalog_txn_free(t);
    } else if (silent && !t->txn.also && !keeps_otherwise(t)) {
        apply_silently(t);
    } else {
        t->txn.silent = silent && !t->txn.also;
        catalog_txn_commit(t);
    }
}

static const char *bounds_refusal(const struct catalog *c,
                                  const struct catalog_owner *owner,
                                  const struct service *there)
{
    if (!there && c->limits.services &&
        c->all.count + c->coming >= c->limits.services)
        return refusal_text(REFUSED_SERVICES);
    if (c->limits.services_per_owner && !owner->fixed &&
        (!there || there->owner != owner) &&
        owner->count >= c->limits.services_per_owner)
        return refusal_text(REFUSED_PER_CONNECTION);
    return NULL;
}

static const char *register_refusal(const struct catalog *c,
                                    const struct catalog_owner *owner,
                                    const struct service *there,
                                    const struct catalog_request *q)
{
    bool refresh =
        there && there->persist && !there->owner && there->ttl_ms && q->set_ttl;
    const char *text = NULL;

    if (there && !q->replace && !refresh)
        return refusal_text(REFUSED_TAKEN);
    if (there && there->owner && there->owner->fixed && there->owner != owner)
        return there->owner->fixed;
    if (there && there->record)
        text = catalog_takeover_refusal(there->record, q);
    return text ? text : bounds_refusal(c, owner, there);
}

static bool more_is_asked(const struct catalog *c, const struct record *r)
{
    return c->more && (r->hidden || record_has(r, c->more_about));
}

static void register_now(const struct catalog_call *k,
                         const struct catalog_request *q)
{
    struct catalog *c = k->catalog;
    struct service *there = catalog_find(c, k->name.text, k->name.len), *v;
    const char *refusal = register_refusal(c, k->owner, there, q);
    struct catalog_txn *t;

    if (refusal) {
        catalog_answer(c, NULL, refusal, k->done, k->arg);
        return;
    }
    v = there ? there : service_new(k->name.text, k->name.len);
    t = catalog_txn_new(k, STORE_PUT, v, q->edit.set_count);
    if (!there)
        v->refs--; /* the transaction's reference is the only one */
    catalog_txn_take(t, q, NULL);
    if (more_is_asked(c, t->record))
        catalog_txn_more(t, k->owner, true);
    t->set_ttl = t->set_volatiles = true; /* none said: none wanted */
    t->owner = k->owner;
    t->txn.expect = there ? there->changed : STORE_EXPECT_ABSENT;
    txn_go(t, there && volatiles_equal(t->volatiles, there->record, t->record));
}

void catalog_register(struct catalog *c, struct catalog_owner *owner,
                      const struct word *name, const struct catalog_request *q,
                      catalog_done_fn *done, void *arg)
{
    struct catalog_call k = {
        .catalog = c, .owner = owner, .name = *name, .done = done, .arg = arg};

    k.asker = c->asker;
    catalog_in_turn(&k, q, register_now);
}

/* A request about a registered service. */
static struct catalog_call call_about(struct catalog *c, struct service *v,
                                      catalog_done_fn *done, void *arg)
{
    return (struct catalog_call){.catalog = c,
                                 .owner = v->owner,
                                 .service = v,
                                 .name = {.text = v->name, .len = v->name_len},
                                 .asker = c->asker,
                                 .done = done,
                                 .arg = arg};
}

/* Why the service is not (or no longer) the one that was meant, or not for who
 * asks to change. */
static const char *service_refusal(const struct catalog_call *k,
                                   const struct catalog_request *q)
{
    const struct service *v = k->service;

    if (!v->registered)
        return "no such service";
    if (v->owner && v->owner->fixed && !k->by_owner && !q->found_out)
        return v->owner->fixed;
    if (!v->persist && v->owner != k->owner)
        return "the service was taken over meanwhile";
    return catalog_edit_refusal(v->record, q);
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

static void update_now(const struct catalog_call *k,
                       const struct catalog_request *q)
{
    struct service *v = k->service;
    const char *refusal = service_refusal(k, q);
    struct catalog_txn *t;
    bool more;

    if (refusal) {
        catalog_answer(k->catalog, NULL, refusal, k->done, k->arg);
        return;
    }
    t = catalog_txn_new(k, STORE_PUT, v, q->edit.set_count);
    catalog_txn_take(t, q, v->record);
    more = more_is_asked(k->catalog, t->record) &&
           catalog_txn_more(t, v->owner, false);
    t->txn.expect = v->changed;
    txn_go(t, !more && request_is_silent(
                           t->set_volatiles ? t->volatiles : v->volatiles, q));
}

void catalog_update(struct catalog *c, struct service *v,
                    const struct catalog_request *q, catalog_done_fn *done,
                    void *arg)
{
    struct catalog_call k = call_about(c, v, done, arg);

    catalog_in_turn(&k, q, update_now);
}

static struct catalog_txn *removal_new(const struct catalog_call *k)
{
    struct catalog_txn *t = catalog_txn_new(k, STORE_DELETE, k->service, 0);

    t->txn.expect = STORE_EXPECT_ANY;
    t->txn.durable = k->service->persist;
    return t;
}

static void remove_now(const struct catalog_call *k,
                       const struct catalog_request *q)
{
    const char *refusal = service_refusal(k, q);
    struct catalog_txn *t;

    if (refusal) {
        catalog_answer(k->catalog, NULL, refusal, k->done, k->arg);
        return;
    }
    t = removal_new(k);
    t->txn.also = q->also;
    t->loss = LOST_REMOVED;
    catalog_txn_commit(t);
}

void catalog_remove(struct catalog *c, struct service *v,
                    const struct catalog_request *q, catalog_done_fn *done,
                    void *arg)
{
    struct catalog_call k = call_about(c, v, done, arg);

    catalog_in_turn(&k, q, remove_now);
}

bool catalog_is_busy(const struct catalog *c, const struct service *v)
{
    return turns_find(&c->turns, v->name, v->name_len);
}

const char *catalog_removal_refusal(struct catalog *c, struct service *v,
                                    const struct catalog_request *q)
{
    struct catalog_call k = call_about(c, v, NULL, NULL);

    return service_refusal(&k, q);
}

void catalog_remove_all(struct catalog *c, struct service *const *list,
                        unsigned count, const struct catalog_request *q,
                        catalog_done_fn *done, void *arg)
{
    struct catalog_txn *first = NULL, *t;
    struct store_txn *also = q->also;
    struct catalog_call k;

    while (count--) { /* from the last on, each before what it goes with */
        k = call_about(c, list[count], done, arg);
        t = removal_new(&k);
        t->loss = LOST_REMOVED;
        t->txn.next = count;
        t->txn.also = also;
        t->with = first;
        also = &t->txn;
        first = t;
    }
    catalog_txn_commit(first);
}

void catalog_withdraw(struct catalog *c, struct service *v,
                      catalog_done_fn *done, void *arg)
{
    struct catalog_call k = call_about(c, v, done, arg);

    k.by_owner = true;
    catalog_in_turn(&k, NULL, remove_now);
}

/* -- ends that nobody asked for -------------------------------------------- */

static void end_now(const struct catalog_call *k,
                    const struct catalog_request *q)
{
    struct catalog *c = k->catalog;
    struct service *v = k->service;
    bool expired = v->ttl_ms && catalog_expiry(v) <= c->now_ms;
    struct catalog_txn *t;

    (void)q;
    if (!v->registered)
        return;
    if (expired || catalog_is_nobodys(v)) {
        deadlines_remove(&c->deadlines, v);
        t = removal_new(k);
        t->loss = LOST_EXPIRED;
        t->ends = true;
        t->why = expired ? "its ttl is over" : "its connection ended";
        t->expired = expired;
        catalog_txn_commit(t);
    } else if (v->ttl_ms) {
        v->expires_ms = catalog_expiry(v);
        catalog_put_deadline(c, v);
    }
}

void catalog_end(struct catalog *c, struct service *v)
{
    struct catalog_call k = call_about(c, v, NULL, NULL);

    k.asker = NULL;
    catalog_in_turn(&k, NULL, end_now);
}

void catalog_owner_gone(struct catalog *c, struct catalog_owner *owner)
{
    struct service *v;

    while ((v = owner->services)) {
        v->expires_ms = catalog_expiry(v); /* what was heard counts */
        if (v->deadline_slot != SERVICE_NO_DEADLINE)
            deadlines_set(&c->deadlines, v);
        service_disown(v);
        if (!v->persist)
            catalog_end(c, v);
    }
}

uint64_t catalog_next_expiry(const struct catalog *c)
{
    const struct service *v = deadlines_first(&c->deadlines);

    if (!v)
        return UINT64_MAX;
    return v->expires_ms > c->now_ms ? v->expires_ms - c->now_ms : 0;
}

uint64_t catalog_expire(struct catalog *c)
{
    unsigned budget = CATALOG_EXPIRE_BATCH;
    struct service *v;

    while (!catalog_next_expiry(c) && budget--) {
        v = deadlines_first(&c->deadlines);
        deadlines_remove(&c->deadlines, v);
        catalog_end(c, v);
    }
    return catalog_next_expiry(c);
}

/* -- the catalog ----------------------------------------------------------- */

#define CATALOG_OTHER_PART 4 /* of the ring: changes that tell of no service */

/* A revision that tells of no service. It wakes nobody, but for this: readers
 * walk on before the ring has forgotten where they stand. */
static void catalog_other(void *arg, uint64_t revision)
{
    struct catalog *c = arg;
    struct change ch = {.revision = revision, .kind = CHANGE_OTHER};
    struct changes *s = &c->changes;

    changes_add(s, &ch);
    if (c->changed &&
        (s->head - s->services) % (1 + s->max / CATALOG_OTHER_PART) == 0)
        c->changed(c->arg);
}

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
    c->client = (struct store_client){.name = "service",
                                      .tells = true,
                                      .check = catalog_check,
                                      .apply = catalog_apply,
                                      .write = catalog_write,
                                      .load = catalog_load,
                                      .arg = c};
    store_add_client(store, &c->client);
    store->other = catalog_other;
    store->other_arg = c;
    return c;
}

void catalog_start(struct catalog *c)
{
    changes_start(&c->changes, c->store->revision);
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
    changes_free(&c->changes);
    htab_each(&c->names, forget_service, c);
    htab_free(&c->names);
    seqset_free(&c->all);
    deadlines_free(&c->deadlines);
    record_index_free(&c->index);
    catalog_txn_forget(c);
    free(c);
}
