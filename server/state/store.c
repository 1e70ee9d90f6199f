#include "server/state/store.h"

#include <assert.h>
#include <string.h>

void store_add_client(struct store *s, const struct store_client *client)
{
    assert(s->client_count < STORE_CLIENTS);
    assert(!store_find_client(s, client->name));
    s->clients[s->client_count++] = client;
}

const struct store_client *store_find_client(const struct store *s,
                                             const char *name)
{
    unsigned i;

    for (i = 0; i < s->client_count; i++)
        if (!strcmp(s->clients[i]->name, name))
            return s->clients[i];
    return NULL;
}

bool store_replay(struct store *s, char **error)
{
    return !s->ops->replay || s->ops->replay(s, error);
}

bool store_check(const struct store_txn *txn)
{
    for (; txn; txn = txn->also)
        if (!txn->client->check(txn->client->arg, txn))
            return false;
    return true;
}

void store_apply(struct store *s, struct store_txn *txn, uint64_t revision)
{
    bool told = txn->silent;
    struct store_txn *t;

    for (t = txn; t; t = t->also) {
        t->client->apply(t->client->arg, t, revision);
        told |= t->client->tells;
    }
    if (!told)
        store_other(s, revision);
}
