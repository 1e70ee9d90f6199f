#include "t/unit/store_delayed.h"

#include <assert.h>
#include <stdlib.h>

#include "lib/mem.h"

struct under_way {
    struct store_txn *txn;
    bool checked; /* ... and its condition held */
    struct under_way *next;
};

struct delayed {
    struct store base;
    struct under_way *first, *last;
    unsigned count;
    bool at_once;
    bool closing;
};

static struct delayed *delayed_of(const struct store *s)
{
    return container_of(s, struct delayed, base);
}

static struct store_txn *delayed_take(struct delayed *d, bool *checked)
{
    struct under_way *u = d->first;
    struct store_txn *txn = u->txn;

    *checked = u->checked;
    d->first = u->next;
    if (!d->first)
        d->last = NULL;
    d->count--;
    free(u);
    return txn;
}

static void txn_fail(struct store *s, struct store_txn *txn)
{
    txn->error = "the disk is full";
    txn->done(txn, STORE_FAILED, s->revision);
}

static void delayed_store_commit(struct store *s, struct store_txn *txn)
{
    struct delayed *d = delayed_of(s);
    struct under_way *u;

    if (d->closing) {
        txn_fail(s, txn);
        return;
    }
    u = xcalloc(1, sizeof(*u));
    u->txn = txn;
    if (d->last)
        d->last->next = u;
    else
        d->first = u;
    d->last = u;
    d->count++;
    if (d->at_once)
        delayed_commit(s);
}

static void delayed_close(struct store *s)
{
    struct delayed *d = delayed_of(s);

    d->closing = true;
    while (d->count)
        delayed_refuse(s, STORE_FAILED);
    free(d);
}

struct store *store_delayed_new(void)
{
    static const struct store_ops ops = {
        .name = "delayed",
        .immediate = false,
        .commit = delayed_store_commit,
        .close = delayed_close,
    };
    struct delayed *d = xcalloc(1, sizeof(*d));

    d->base.ops = &ops;
    d->base.fd = -1;
    return &d->base;
}

unsigned delayed_count(const struct store *s)
{
    return delayed_of(s)->count;
}

const struct store_txn *delayed_first(const struct store *s)
{
    const struct delayed *d = delayed_of(s);

    return d->first ? d->first->txn : NULL;
}

bool delayed_check(struct store *s)
{
    struct under_way *u = delayed_of(s)->first;

    assert(u);
    u->checked = store_check(u->txn);
    return u->checked;
}

void delayed_commit(struct store *s)
{
    struct store_txn *txn;
    bool checked;

    assert(delayed_of(s)->count);
    txn = delayed_take(delayed_of(s), &checked);
    if (!checked && !store_check(txn)) {
        txn->done(txn, STORE_CONFLICT, s->revision);
        return;
    }
    s->revision += store_span(txn);
    store_apply(s, txn, s->revision);
    txn->done(txn, STORE_OK, s->revision);
}

unsigned delayed_commit_all(struct store *s)
{
    unsigned n = 0;

    for (; delayed_of(s)->count; n++)
        delayed_commit(s);
    return n;
}

void delayed_refuse(struct store *s, enum store_status status)
{
    struct store_txn *txn;
    bool checked;

    assert(delayed_of(s)->count);
    txn = delayed_take(delayed_of(s), &checked);
    if (status == STORE_FAILED)
        txn_fail(s, txn);
    else
        txn->done(txn, status, s->revision);
}

void delayed_at_once(struct store *s, bool on)
{
    delayed_of(s)->at_once = on;
}
