/*
 * The store: it orders changes, gives each its revision, keeps the durable
 * ones, and says when each is committed. What is visible has been committed;
 * what was acknowledged survives, as far as the store promises.
 *
 *   catalog                 store
 *     store_commit(txn) ->  in the order of the calls: checks the condition
 *                           through client.check(), makes the change durable
 *                           if it is one of those
 *                       <-  client.apply(txn, revision): now it is visible
 *                       <-  txn->done(txn, status, revision)
 *
 * done() may come before store_commit() returns (memory) or any time later
 * (a disk, a cluster); the caller must be right in both cases. A store that
 * commits later calls check(), apply() and done() on the loop's thread; it may
 * check long before it applies, for the catalog has no two changes of one name
 * under way.
 *
 * Must not know faces, connections, or how records are indexed.
 */
#ifndef MUSTER_STATE_STORE_H
#define MUSTER_STATE_STORE_H

#include <stdbool.h>
#include <stdint.h>

struct record;
struct service;
struct store;

enum store_status {
    STORE_OK,
    STORE_CONFLICT, /* the condition did not hold: nothing was changed */
    STORE_FAILED    /* the store could not: txn->error says why */
};

enum store_op { STORE_PUT, STORE_DELETE };

/* What must be true of the service when the change is committed. */
#define STORE_EXPECT_ABSENT 0          /* nobody has that name */
#define STORE_EXPECT_ANY    UINT64_MAX /* it is there */
/* any other: it is there, and was last changed by that revision */

struct store_txn {
    enum store_op op;
    struct service *service; /* borrowed until done() */
    struct record *record;   /* STORE_PUT: its content; borrowed likewise */
    uint64_t expect;
    bool durable;      /* outlives the process, where the store can do that;
                          STORE_DELETE: a change before this one was */
    const char *error; /* set with STORE_FAILED; a static text */
    void (*done)(struct store_txn *txn, enum store_status status,
                 uint64_t revision);
};

/* The catalog, as a store sees it. */
struct store_client {
    bool (*check)(void *arg, const struct store_txn *txn);
    void (*apply)(void *arg, struct store_txn *txn, uint64_t revision);
    void *arg;
};

struct store_ops {
    const char *name; /* as in registry.store */
    bool immediate;   /* done() always comes before commit() returns */
    void (*commit)(struct store *s, struct store_txn *txn);
    /* Delivers what is kept through client.apply(), oldest first; false and
     * *error (static) if it cannot. */
    bool (*replay)(struct store *s, const char **error);
    /* What is under way ends with STORE_FAILED, before this returns, and so
     * does what is asked for meanwhile. Frees s. */
    void (*close)(struct store *s);
};

/* The head of every implementation's own struct. */
struct store {
    const struct store_ops *ops;
    struct store_client client;
    uint64_t revision; /* of the last committed change */
};

static inline void store_commit(struct store *s, struct store_txn *txn)
{
    s->ops->commit(s, txn);
}

static inline void store_close(struct store *s)
{
    if (s)
        s->ops->close(s);
}

/* Volatile: everything is gone with the process. */
struct store *store_memory_new(void);

#endif
