#include <stdlib.h>

#include "lib/mem.h"
#include "server/state/store.h"

/* What is not a plain change of one service. */
static void memory_commit_other(struct store *s, struct store_txn *txn)
{
    if (!store_check(txn)) {
        txn->done(txn, STORE_CONFLICT, s->revision);
        return;
    }
    s->revision += store_span(txn);
    store_apply(s, txn, s->revision);
    txn->done(txn, STORE_OK, s->revision);
}

/* Nothing to wait for: a change is committed by being made. */
static void memory_commit(struct store *s, struct store_txn *txn)
{
    const struct store_client *k = txn->client;

    if (txn->also || txn->silent || !k->tells) {
        memory_commit_other(s, txn);
        return;
    }
    if (!k->check(k->arg, txn)) {
        txn->done(txn, STORE_CONFLICT, s->revision);
        return;
    }
    s->revision++;
    k->apply(k->arg, txn, s->revision);
    txn->done(txn, STORE_OK, s->revision);
}

static void memory_close(struct store *s)
{
    free(s);
}

struct store *store_memory_new(void)
{
    static const struct store_ops ops = {
        .name = "memory",
        .immediate = true,
        .commit = memory_commit,
        .close = memory_close,
    };
    struct store *s = xcalloc(1, sizeof(*s));

    s->ops = &ops;
    s->idle = true;
    s->fd = -1;
    return s;
}
