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

uint64_t store_span(const struct store_txn *txn)
{
    uint64_t span = !txn->silent;

    while ((txn = txn->also))
        span += txn->next;
    return span;
}

void store_apply(struct store *s, struct store_txn *txn, uint64_t revision)
{
    uint64_t at = txn->silent ? revision : revision - store_span(txn) + 1;
    bool told = txn->silent;
    struct store_txn *t;

    for (t = txn; t; t = t->also) {
        if (t->next) {
            if (!told)
                store_other(s, at);
            told = false;
            at++;
        }
        t->client->apply(t->client->arg, t, at);
        told |= t->client->tells;
    }
    if (!told)
        store_other(s, at);
}
