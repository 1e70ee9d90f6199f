#include <stdlib.h>

#include "lib/mem.h"
#include "server/state/store.h"

/* Nothing to wait for: a change is committed by being made. */
static void memory_commit(struct store *s, struct store_txn *txn)
{
    if (!s->client.check(s->client.arg, txn)) {
        txn->done(txn, STORE_CONFLICT, s->revision);
        return;
    }
    s->revision++;
    s->client.apply(s->client.arg, txn, s->revision);
    txn->done(txn, STORE_OK, s->revision);
}

static bool memory_replay(struct store *s, const char **error)
{
    (void)s;
    (void)error;
    return true;
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
        .replay = memory_replay,
        .close = memory_close,
    };
    struct store *s = xcalloc(1, sizeof(*s));

    s->ops = &ops;
    return s;
}
