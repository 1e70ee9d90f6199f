#include "server/state/warm.h"

#include "lib/mem.h"
#include "server/state/hash.h"

/* A request on its way through the steps. */
struct warm {
    uint32_t name, pair; /* hashes; pair 0: none */
    const struct attr_key *key;
    const struct service *service;
    const struct attr_pair *to, *from; /* the pair it sets, and has now */
};

static void warm_tables(struct warm *w, const struct catalog *c,
                        const struct warm_hint *h)
{
    *w = (struct warm){.name =
                           hash_bytes(hash_key(), h->name.text, h->name.len)};
    htab_warm(&c->names, w->name);
    if (!h->attr.len)
        return;
    w->key = record_find_key(&c->index, h->attr.text, h->attr.len);
    if (!w->key)
        return;
    w->pair = pair_hash(w->key, h->value.text, h->value.len);
    pair_warm(&c->index, w->pair);
}

static void warm_nodes(struct warm *w, const struct catalog *c)
{
    const struct hnode *n = htab_guess(&c->names, w->name);

    if (n) {
        w->service = container_of(n, struct service, node);
        __builtin_prefetch(w->service);
        __builtin_prefetch(w->service->name);
    }
    w->to = record_guess_pair(&c->index, w->pair);
    if (w->to)
        __builtin_prefetch(w->to);
}

static void warm_records(const struct warm *w)
{
    if (w->service && w->service->record)
        record_prefetch(w->service->record);
    if (w->to)
        seqset_warm(&w->to->services);
}

/* The pair that it sets takes the place of another. */
static void warm_pairs(struct warm *w)
{
    if (w->service && w->service->record && w->key)
        w->from = record_pair_of(w->service->record, w->key);
    if (w->from)
        __builtin_prefetch(w->from);
}

static void warm_sets(const struct warm *w)
{
    if (w->from)
        seqset_warm(&w->from->services);
    if (w->service && w->from)
        seqset_warm_place(&w->from->services, w->service);
    if (w->service && w->to)
        seqset_warm_place(&w->to->services, w->service);
}

void catalog_warm(const struct catalog *c, const struct warm_hint *hints,
                  unsigned count)
{
    struct warm w[WARM_BATCH];
    unsigned i, n = count < WARM_BATCH ? count : WARM_BATCH;

    for (i = 0; i < n; i++)
        warm_tables(&w[i], c, &hints[i]);
    for (i = 0; i < n; i++)
        warm_nodes(&w[i], c);
    for (i = 0; i < n; i++)
        warm_records(&w[i]);
    for (i = 0; i < n; i++)
        warm_pairs(&w[i]);
    for (i = 0; i < n; i++)
        warm_sets(&w[i]);
}
