/*
 * The inside of the catalog, for its two halves only: catalog.c takes requests,
 * catalog_apply.c makes committed ones visible.
 */
#ifndef MUSTER_STATE_CATALOG_IMPL_H
#define MUSTER_STATE_CATALOG_IMPL_H

#include "server/state/catalog.h"

/* A request on its way through the store. */
struct catalog_txn {
    struct store_txn txn;
    struct catalog *catalog;
    struct catalog_owner *owner; /* registers for it; NULL: as it was */
    struct name_list *volatiles; /* owned until it is applied; or NULL */
    bool set_volatiles;
    bool set_ttl;
    uint32_t ttl_ms;
    catalog_done_fn *done; /* may be NULL */
    void *arg;
    struct record_pins pins;
    struct attr_pair *pinned[]; /* what pins.pairs points to */
};

/* The two calls of struct store_client; arg is the catalog. */
bool catalog_check(void *arg, const struct store_txn *txn);
void catalog_apply(void *arg, struct store_txn *txn, uint64_t revision);

/* Releases what a change holds; arg is the catalog. */
void catalog_forget_change(void *arg, struct change *ch);

/* Makes r (a new reference) what v says; returns what it said before. told
 * says that a change will tell of it; else the records must look after their
 * pairs themselves. */
struct record *catalog_put_record(struct catalog *c, struct service *v,
                                  struct record *r, bool told);
/* Gives v the lifetime, volatile attributes and owner the request says. */
void catalog_put_settings(struct catalog_txn *t, struct service *v);
/* v is no longer its owner's, who is told. */
void catalog_lose(struct service *v, enum catalog_loss why);

#endif
