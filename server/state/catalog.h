/*
 * The catalog: the services that are registered, and everything that may
 * happen to them. Requests are checked, handed to the store, and become
 * visible when the store has committed them; every committed change is added
 * to the stream of changes.
 *
 * Requests on one name are taken one after another, each when the store is done
 * with the one before (turns.h).
 *
 *   register --> registered --update*--> removed (by request, by the end of
 *                     ^                   its connection, by its ttl)
 *                     +-- taken over by another connection (.replace)
 *
 * Must not know sockets, lines, JSON or the clock: the time is given.
 */
#ifndef MUSTER_STATE_CATALOG_H
#define MUSTER_STATE_CATALOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/state/changes.h"
#include "server/state/deadlines.h"
#include "server/state/record.h"
#include "server/state/service.h"
#include "server/state/store.h"
#include "server/state/turns.h"

struct catalog_txn;

/* Bounds; 0 means none. Above one a request is refused. */
struct catalog_limits {
    size_t services;           /* registered at once */
    size_t services_per_owner; /* on one connection */
    unsigned attrs;            /* of one service */
    size_t text;               /* bytes of one service, written as a line */
    size_t memory; /* bytes of all of them, as catalog.bytes has it */
};

enum catalog_status {
    CATALOG_OK,
    CATALOG_REFUSED, /* text says why; nothing has changed */
    CATALOG_FAILED   /* the store could not; text says why */
};

struct catalog_result {
    enum catalog_status status;
    uint64_t revision;       /* of the change, or the current one */
    const char *text;        /* static; NULL if it is CATALOG_OK */
    struct service *service; /* the one concerned; NULL after a refusal */
};

typedef void catalog_done_fn(void *arg, const struct catalog_result *r);

/* What a line asks for. */
struct catalog_request {
    struct record_edit edit;
    const struct word *volatiles; /* "a,b"; NULL: as it was */
    bool replace;                 /* register: take over what is there */
    bool set_ttl;                 /* ttl_ms counts */
    uint32_t ttl_ms;
    /* On whose behalf: what belongs to another (RECORD_OWNER) is not changed,
     * taken over or removed, unless he may do all. Empty: nobody's. */
    struct word by;
    bool may_all;
    /* What the registry itself has found out: of what is fixed, too, and no
     * sign of life of the service: its ttl goes on. */
    bool found_out;
    /* What else is committed with it, or not at all: of other modules, and
     * without done() of its own (struct store_txn.also). It stays the
     * caller's, until done(). */
    struct store_txn *also;
};

/* A change, as catalog.committed() is told of it. */
struct catalog_commit {
    const struct change *change; /* valid during the call */
    const void *asker;           /* as it was set for the request */
    const char *why; /* of an end that nobody asked for: static; else NULL */
};

/*
 * Hidden attributes that the catalog heeds. To whom a service belongs beyond
 * its connection; and, of each attribute that no registrant may change, its
 * value, under this with the attribute's name behind it. A request sets them
 * as it does others; who takes it from a peer lets no such name through.
 */
#define RECORD_OWNER  ".owner"
#define RECORD_PINNED ".pinned."

/* Appends " .pinned a,b" with the attributes that are, if any. */
void catalog_write_pinned(const struct record *r, struct buf *out);

/* What has happened to services; counted, never reset. */
struct catalog_counts {
    uint64_t registered, updated, silent; /* silent: nobody was told */
    uint64_t replaced;                    /* taken over by another connection */
    uint64_t removed;                     /* by request */
    uint64_t expired;                     /* by ttl */
    uint64_t lost;                        /* with their connection */
    uint64_t attrs;                       /* of all services, now */
};

/* A change that is about to be asked for, and what else it shall do. */
struct catalog_asking {
    const struct catalog_owner *owner; /* whose it will be; or NULL */
    const struct service *service;     /* registered or not */
    const struct record *was;          /* what it says now; or NULL */
    const struct record *becomes;
    bool registers; /* it begins from nothing; else what it was is changed */
};

#define CATALOG_MORE 6

struct catalog_more {
    struct word sets[2 * CATALOG_MORE]; /* name, value … */
    unsigned set_count;                 /* pairs */
    struct word unsets[CATALOG_MORE];
    unsigned unset_count;
};

struct catalog {
    struct store *store; /* borrowed */
    struct store_client client;
    struct catalog_limits limits;
    struct record_index index;
    struct htab names;
    struct seqset all;
    struct changes changes;
    struct deadlines deadlines;
    uint64_t next_seq;
    uint64_t now_ms; /* monotonic; set by catalog_set_now() */
    struct turns turns;
    struct catalog_txn *spare; /* owned; of the last request, or NULL */
    size_t coming;             /* services being registered */
    size_t bytes;              /* what the services take, about */
    size_t coming_bytes;       /* that what is under way may add */
    /* Who asks for what is asked for now: valid until its done(), and handed to
     * committed(). NULL: this daemon itself. */
    const void *asker;
    struct catalog_counts counts;
    /* Called after every committed change; may be NULL. */
    void (*changed)(void *arg);
    /* The same, with all there is to say of it; may be NULL. */
    void (*committed)(void *arg, const struct catalog_commit *k);
    /* Called when catalog_expire() may be due earlier; may be NULL. */
    void (*deadline)(void *arg);
    void *arg; /* of all three */
    /* What the registry itself adds to a registration or an update: no
     * counts before; false: nothing. May be NULL. */
    bool (*more)(void *arg, const struct catalog_asking *a,
                 struct catalog_more *more);
    void *more_arg;
    /* It is asked only of what becomes a service with this pair, or with
     * anything hidden: most of what there is has nothing to do with it. */
    const struct attr_pair *more_about;
};

/* ring and ring_bytes bound the recent changes. */
struct catalog *catalog_new(struct store *store,
                            const struct catalog_limits *limits, size_t ring,
                            size_t ring_bytes);
/* After store_replay(): the stream of changes begins where the store stands. */
void catalog_start(struct catalog *c);
/* The store must have been closed. */
void catalog_free(struct catalog *c);

static inline uint64_t catalog_revision(const struct catalog *c)
{
    return c->changes.head;
}

static inline size_t catalog_count(const struct catalog *c)
{
    return c->all.count;
}

/* Before every request, and before a store that takes its time commits. */
static inline void catalog_set_now(struct catalog *c, uint64_t now_ms)
{
    c->now_ms = now_ms;
}

struct service *catalog_find(const struct catalog *c, const char *name,
                             size_t len);

/*
 * Registers a service of that (valid) name for owner. With request.replace it
 * takes over a registered one, in place; if that changes nothing but volatile
 * attributes there is no new revision. done may be called before this returns.
 */
void catalog_register(struct catalog *c, struct catalog_owner *owner,
                      const struct word *name,
                      const struct catalog_request *request,
                      catalog_done_fn *done, void *arg);

/*
 * Changes a registered service, but not what is pinned: to unset that takes
 * unsetting its pin along with it. A request that sets or unsets anything that
 * is not volatile is a change, even if it sets what was already so
 * (registry(4)).
 */
void catalog_update(struct catalog *c, struct service *v,
                    const struct catalog_request *request,
                    catalog_done_fn *done, void *arg);

/* request says on whose behalf; NULL: on the registry's own. */
void catalog_remove(struct catalog *c, struct service *v,
                    const struct catalog_request *request,
                    catalog_done_fn *done, void *arg);
/* A request about it is with the store. */
bool catalog_is_busy(const struct catalog *c, const struct service *v);
/* Why it may not be removed: a static text; NULL: it may. */
const char *catalog_removal_refusal(struct catalog *c, struct service *v,
                                    const struct catalog_request *request);
/*
 * All of these go, or none, by one change of the store: each with a revision of
 * its own, one after another, what else is asked for with the last. None may be
 * busy, and each has to be one that may be removed.
 */
void catalog_remove_all(struct catalog *c, struct service *const *list,
                        unsigned count, const struct catalog_request *request,
                        catalog_done_fn *done, void *arg);
/* As catalog_remove(), by its owner: also where nobody else may
 * (catalog_owner.fixed). */
void catalog_withdraw(struct catalog *c, struct service *v,
                      catalog_done_fn *done, void *arg);

/* A line came from owner: its services with a ttl live on. (Deadlines are moved
 * when they are reached, so that a line costs nothing.) */
static inline void catalog_heard(const struct catalog *c,
                                 struct catalog_owner *owner)
{
    owner->heard_ms = c->now_ms;
}

/*
 * A service as it is kept: a line of its attributes, the hidden ones too, and
 * its settings. Written, looked at (pure), and registered anew in the place of
 * what is there; false: it is no such line, and done is not called.
 */
void catalog_kept_write(const struct service *v, struct buf *out);
bool catalog_kept_ok(const char *value, size_t len);
bool catalog_kept_register(struct catalog *c, struct catalog_owner *owner,
                           const struct word *name, const char *value,
                           size_t len, catalog_done_fn *done, void *arg);

/* When v expires, as it is known now; without a ttl, when a line last came. */
uint64_t catalog_expiry(const struct service *v);
/* How long ago a line came for v, in ms. */
uint64_t catalog_quiet(const struct catalog *c, const struct service *v);

/* The connection is gone: so are its services, but for persistent ones. */
void catalog_owner_gone(struct catalog *c, struct catalog_owner *owner);
/* Removes what has expired, some of it. Returns the ms until it is to be called
 * again, or UINT64_MAX. */
uint64_t catalog_expire(struct catalog *c);
/* The same time, and nothing is removed. */
uint64_t catalog_next_expiry(const struct catalog *c);

#endif
