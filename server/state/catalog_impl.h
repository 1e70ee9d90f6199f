/*
 * The inside of the catalog, for its parts only: catalog.c takes requests,
 * catalog_wait.c keeps those whose turn has not come, catalog_txn.c sees them
 * through the store, catalog_apply.c makes committed ones visible.
 */
#ifndef MUSTER_STATE_CATALOG_IMPL_H
#define MUSTER_STATE_CATALOG_IMPL_H

#include "server/state/catalog.h"

/* Who asks, about what, and who is told: what every request has. */
struct catalog_call {
    struct catalog *catalog;
    struct catalog_owner *owner; /* register: for whom; else: whose it was */
    struct service *service;     /* register: NULL */
    struct word name;
    bool by_owner; /* whose it is asks, whoever that is */
    const void *asker;
    catalog_done_fn *done; /* may be NULL */
    void *arg;
};

typedef void catalog_go_fn(const struct catalog_call *k,
                           const struct catalog_request *q);

/* A request on its way through the store. */
struct catalog_txn {
    struct store_txn txn;
    struct catalog *catalog;
    struct service *service; /* counted */
    struct record *record;   /* what it will say; counted; NULL: a removal */
    struct name_turns *turn; /* NULL: its store is immediate */
    struct catalog_owner *owner; /* registers for it; NULL: as it was */
    struct name_list *volatiles; /* owned until it is applied; or NULL */
    bool set_volatiles;
    bool set_ttl;
    struct catalog_txn *with; /* goes with it, next; has no done() */
    bool found_out;           /* by the registry: no sign of life */
    uint32_t ttl_ms;
    size_t adds;            /* bytes, in catalog.coming_bytes while under way */
    bool ends;              /* a removal that nobody asked for: tried again */
    bool expired;           /* ... because of its ttl */
    enum catalog_loss loss; /* what a removal is to the owner */
    const char *why;        /* of one that nobody asked for; or NULL */
    const void *asker;
    catalog_done_fn *done; /* may be NULL */
    void *arg;
    unsigned room; /* for so many pins */
    struct record_pins pins, more_pins;
    struct attr_pair *pinned[]; /* what pins.pairs points to */
};

/* catalog.c */

/* Its connection is gone, and it is (or has become) one that does not stay. */
static inline bool catalog_is_nobodys(const struct service *v)
{
    return v->registered && !v->owner && !v->persist;
}

/* Removes v when its turn comes, if there is still reason to. */
void catalog_end(struct catalog *c, struct service *v);

/* catalog_txn.c */

/* Holds a reference on v until it is freed; sets is the number of pairs. */
struct catalog_txn *catalog_txn_new(const struct catalog_call *k,
                                    enum store_op op, struct service *v,
                                    unsigned sets);
/* What the request makes of base. A store that takes its time finds it whole:
 * base stays what its service says until this request is done. */
void catalog_txn_take(struct catalog_txn *t, const struct catalog_request *q,
                      const struct record *base);
/* What the registry adds to that (catalog.more); false: nothing. */
bool catalog_txn_more(struct catalog_txn *t, const struct catalog_owner *owner,
                      bool registers);
/* To the store; done() is told in the end, and t is gone. */
void catalog_txn_commit(struct catalog_txn *t);
void catalog_txn_free(struct catalog_txn *t);
/* The catalog ends: the one that is kept goes. */
void catalog_txn_forget(struct catalog *c);
/* Tells done of what needed no store: a refusal, or that all is well. */
void catalog_answer(const struct catalog *c, struct service *v,
                    const char *refusal, catalog_done_fn *done, void *arg);

/* catalog_apply.c */

/* Of struct store_client; arg is the catalog. */
bool catalog_check(void *arg, const struct store_txn *txn);
void catalog_apply(void *arg, struct store_txn *txn, uint64_t revision);
/* A change that nobody is told of. */
void catalog_apply_silent(struct catalog_txn *t);

/* Releases what a change holds; arg is the catalog. */
void catalog_forget_change(void *arg, struct change *ch);

/* v is registered from now on, created by that revision; it has no record
 * yet. */
void catalog_enter(struct catalog *c, struct service *v, uint64_t revision);
/* Its ttl begins anew. */
void catalog_touch(struct catalog *c, struct service *v);
#define CATALOG_SERVICE_BYTES 192 /* itself, its places in tables and lists */
#define CATALOG_PAIR_BYTES    64  /* its place, and itself without its text */

/* What r (NULL: nothing) takes, and a service beside it, about: an estimate
 * that never changes for the same content, from what is at hand. What services
 * share they share, so that it is rather too much. */
static inline size_t catalog_record_bytes(const struct record *r)
{
    return r ? r->text_len + (size_t)r->count * CATALOG_PAIR_BYTES : 0;
}

static inline size_t catalog_service_bytes(const struct service *v)
{
    return CATALOG_SERVICE_BYTES + v->name_len;
}

/* Makes r (a new reference) what v says; returns what it said before. told
 * says that a change will tell of it; else the records must look after their
 * pairs themselves. */
struct record *catalog_put_record(struct catalog *c, struct service *v,
                                  struct record *r, bool told);
/* Gives v the lifetime, volatile attributes and owner the request says. */
void catalog_put_settings(struct catalog_txn *t, struct service *v);
/* v->expires_ms has been set: it stands among the deadlines from now on. */
void catalog_put_deadline(struct catalog *c, struct service *v);

/* catalog_text.c */

/* Of struct store_client: a service as it is kept. */
bool catalog_write(void *arg, const struct store_txn *txn,
                   struct store_text *out);
bool catalog_load(void *arg, const struct store_row *row, char **error);

/* catalog_rights.c */

/* Why who asks may not have, or may not so change, a service with that record:
 * a static text, or NULL if he may. */
const char *catalog_takeover_refusal(const struct record *r,
                                     const struct catalog_request *q);
const char *catalog_edit_refusal(const struct record *r,
                                 const struct catalog_request *q);

/* catalog_wait.c */

/* Calls go when the name's turn has come: now, or with a copy of the request
 * (NULL: none) when the store is done with the one before. */
void catalog_in_turn(const struct catalog_call *k,
                     const struct catalog_request *q, catalog_go_fn *go);

#endif
