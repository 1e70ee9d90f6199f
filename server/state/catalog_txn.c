#include <stdlib.h>

#include "lib/mem.h"
#include "lib/refusal.h"
#include "server/state/catalog_impl.h"
#include "server/state/pool.h"
#include "server/state/volatiles.h"

#define CATALOG_RETRY_MS 1000 /* after a removal that failed */

/* One of so many pairs is kept when it ends: mostly it is the next to begin,
 * and at hand. Not under a sanitizer, which is to see each end. */
#define TXN_SPARE 8
#ifdef __SANITIZE_ADDRESS__
#define TXN_KEEPS false
#else
#define TXN_KEEPS true
#endif

static size_t txn_bytes(unsigned room)
{
    return sizeof(struct catalog_txn) + room * sizeof(struct attr_pair *);
}

void catalog_txn_free(struct catalog_txn *t)
{
    record_unpin(&t->catalog->index, &t->pins);
    if (t->more_pins.pairs)
        record_unpin(&t->catalog->index, &t->more_pins);
    free(t->more_pins.pairs);
    record_unref(&t->catalog->index, t->record);
    service_unref(&t->catalog->index, t->service);
    free(t->volatiles);
    if (TXN_KEEPS && t->room == TXN_SPARE && !t->catalog->spare)
        t->catalog->spare = t;
    else
        pool_free(t, txn_bytes(t->room));
}

void catalog_txn_forget(struct catalog *c)
{
    pool_free(c->spare, txn_bytes(TXN_SPARE));
}

static struct catalog_txn *txn_take(struct catalog *c, unsigned room)
{
    struct catalog_txn *t = c->spare;

    if (!t || room != TXN_SPARE)
        return pool_alloc(txn_bytes(room));
    c->spare = NULL;
    return t;
}

/* The condition of each kind of request can fail in one way only. */
static const char *conflict_text(const struct store_txn *txn)
{
    if (txn->expect == STORE_EXPECT_ABSENT)
        return refusal_text(REFUSED_TAKEN);
    if (txn->expect == STORE_EXPECT_ANY)
        return "no such service";
    return "the service was changed meanwhile: try again";
}

/* The store is done with a request on v, and goes on with the next. */
static void txn_after(struct catalog_txn *t, enum store_status status)
{
    struct catalog *c = t->catalog;
    struct service *v = t->service;

    if (t->txn.expect == STORE_EXPECT_ABSENT)
        c->coming--;
    c->coming_bytes -= t->adds;
    if (t->ends && v->registered) {
        v->expires_ms = c->now_ms + CATALOG_RETRY_MS;
        catalog_put_deadline(c, v);
    } else if (status == STORE_OK && catalog_is_nobodys(v)) {
        catalog_end(c, v);
    }
}

/* It is over, and so is its name's turn. */
static void txn_end(struct catalog_txn *t, enum store_status status)
{
    struct catalog *c = t->catalog;
    struct name_turns *turn = t->turn;

    txn_after(t, status);
    catalog_txn_free(t);
    if (turn)
        turns_done(&c->turns, turn);
}

static void txn_done(struct store_txn *txn, enum store_status status,
                     uint64_t revision)
{
    struct catalog_txn *t = container_of(txn, struct catalog_txn, txn), *with;
    struct catalog_result r = {.revision = revision, .service = t->service};

    while ((with = t->with)) {
        t->with = with->with;
        txn_end(with, status);
    }
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
    txn_end(t, status);
}

/* Whether anything of it has to be kept. */
static bool txn_is_durable(const struct store_txn *txn)
{
    while (txn && !txn->durable)
        txn = txn->also;
    return txn;
}

void catalog_txn_commit(struct catalog_txn *t)
{
    struct catalog *c = t->catalog;
    struct store_txn *txn = &t->txn;

    if (t->txn.expect == STORE_EXPECT_ABSENT)
        c->coming++;
    c->coming_bytes += t->adds;
    if (!store_is_immediate(c->store, txn_is_durable(&t->txn)))
        for (; t; t = t->with)
            t->turn =
                turns_take(&c->turns, t->service->name, t->service->name_len);
    store_commit(c->store, txn);
}

struct catalog_txn *catalog_txn_new(const struct catalog_call *k,
                                    enum store_op op, struct service *v,
                                    unsigned sets)
{
    unsigned room = sets > TXN_SPARE ? sets : TXN_SPARE;
    struct catalog_txn *t = txn_take(k->catalog, room);

    *t = (struct catalog_txn){.room = room};
    t->pins.pairs = t->pinned;

    t->txn.op = op;
    t->txn.client = &k->catalog->client;
    t->service = v;
    t->txn.done = txn_done;
    t->catalog = k->catalog;
    t->asker = k->asker;
    t->done = k->done;
    t->arg = k->arg;
    v->refs++;
    return t;
}

static void take_request(struct catalog_txn *t, const struct catalog_request *q)
{
    t->txn.also = q->also;
    t->set_ttl = q->set_ttl;
    t->ttl_ms = q->ttl_ms;
    t->found_out = q->found_out;
    if (q->volatiles) {
        t->set_volatiles = true;
        t->volatiles = volatiles_new(q->volatiles);
    }
}

void catalog_txn_take(struct catalog_txn *t, const struct catalog_request *q,
                      const struct record *base)
{
    take_request(t, q);
    t->record = record_edit(&t->catalog->index, base, &q->edit, &t->pins);
    t->txn.durable = service_persists(t->record) || t->service->persist;
}

bool catalog_txn_more(struct catalog_txn *t, const struct catalog_owner *owner,
                      bool registers)
{
    struct catalog *c = t->catalog;
    const struct catalog_asking a = {.owner = owner,
                                     .service = t->service,
                                     .was = t->service->record,
                                     .becomes = t->record,
                                     .registers = registers};
    struct catalog_more more;
    struct record_edit edit = {.sets = more.sets, .unsets = more.unsets};
    struct record *r;

    more.set_count = more.unset_count = 0;
    if (!c->more(c->more_arg, &a, &more))
        return false;
    edit.set_count = more.set_count;
    edit.unset_count = more.unset_count;
    t->more_pins.pairs =
        xcalloc(more.set_count + 1, sizeof(*t->more_pins.pairs));
    r = record_edit(&c->index, t->record, &edit, &t->more_pins);
    record_unref(&c->index, t->record);
    t->record = r;
    return true;
}

void catalog_answer(const struct catalog *c, struct service *v,
                    const char *refusal, catalog_done_fn *done, void *arg)
{
    struct catalog_result r = {.status = refusal ? CATALOG_REFUSED : CATALOG_OK,
                               .revision = catalog_revision(c),
                               .text = refusal,
                               .service = refusal ? NULL : v};

    if (done)
        done(arg, &r);
}
