/*
 * The store: it orders changes, gives each its revision, keeps the durable
 * ones, and says when each is committed. What is visible has been committed;
 * what was acknowledged survives, as far as the store promises.
 *
 * Each state module (the catalog, …) is a client with a table of its own. A
 * store knows bytes and names, never what is in them: the module checks,
 * applies, writes and reads its records.
 *
 *   module                  store
 *     store_commit(txn) ->  in the order of the calls: client.check(), for the
 *                           txn and all that is committed with it; if it holds
 *                           the next revision is the txn's. A durable change is
 *                           client.write()n into bytes, and those are kept
 *                       <-  client.apply(txn, revision): now it is visible
 *                       <-  txn->done(txn, status, revision)
 *
 * There is one order for all: a change waits behind those before it, even one
 * that need not be kept. done() may come before store_commit() returns (memory;
 * a volatile change when nothing is under way) or any time later (a disk); the
 * caller must be right in both cases. All calls are made on the loop's thread.
 *
 * It may be long from check() to apply(): a module has no two changes of one
 * record under way (turns.h), and so what was checked still holds.
 *
 * Must not know faces, connections, or how records are indexed.
 */
#ifndef MUSTER_STATE_STORE_H
#define MUSTER_STATE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/metrics.h"

struct store;
struct store_client;

enum store_status {
    STORE_OK,
    STORE_CONFLICT, /* the condition did not hold: nothing was changed */
    STORE_FAILED    /* the store could not: txn->error says why */
};

enum store_op { STORE_PUT, STORE_DELETE };

/* What must be true of the record when the change is committed. */
#define STORE_EXPECT_ABSENT 0          /* there is none */
#define STORE_EXPECT_ANY    UINT64_MAX /* it is there */
/* any other: it is there, and was last changed by that revision */

#define STORE_FRESH 1000 /* records that one change may create */

/* A change; embedded in the module's own struct, which says of what. */
struct store_txn {
    const struct store_client *client; /* whose it is */
    enum store_op op;
    bool durable; /* outlives the process, where the store can do that;
                     STORE_DELETE: a change before this one was */
    bool silent;  /* has no revision of its own: nobody is told of it */
    uint64_t expect;
    const char *error; /* set with STORE_FAILED; a static text */
    /* Further changes, committed with it or not at all: each has its own
     * client, op, expect and durable, and only the first's done() is called,
     * with the last revision. At most STORE_FRESH of them create a record. */
    struct store_txn *also;
    /* One of those: it has the revision after that of the one before. Else it
     * has the same; at most one of a revision is a service's. */
    bool next;
    void (*done)(struct store_txn *txn, enum store_status status,
                 uint64_t revision);
};

/* A record as it is kept. */
struct store_row {
    const char *key, *value; /* bytes; borrowed */
    size_t key_len, value_len;
    uint64_t created, changed; /* revisions */
};

/* What a module writes: empty, and 0, when it is asked to. */
struct store_text {
    struct buf key, value;
    uint64_t created; /* the revision that made the record; 0: this one's */
    uint64_t changed; /* ... last changed it; 0: this one's */
};

/* A module, as a store sees it; its own, valid as long as the store. */
struct store_client {
    const char *name; /* of its table; static */
    /* A change of this module has its place in the stream of changes by
     * apply() itself (services). Of others the store tells: see other(). */
    bool tells;
    /* True if the condition holds. */
    bool (*check)(void *arg, const struct store_txn *txn);
    /* Makes it visible. A silent one: revision is that of another change. */
    void (*apply)(void *arg, struct store_txn *txn, uint64_t revision);
    /*
     * A durable change: the record's key, and its value as it will be. False:
     * it is not kept (any longer); key and created say which. Called after
     * check(), before apply(). A record's `created` never changes, and must be
     * told right: key and created together are what it is found by.
     */
    bool (*write)(void *arg, const struct store_txn *txn,
                  struct store_text *out);
    /* Takes in a record that was kept; oldest `created` first. False, and
     * *error (owned by the caller, free()), if it cannot be right. */
    bool (*load)(void *arg, const struct store_row *row, char **error);
    void *arg;
};

/* A backup is made: fd is a file without a name, the callee's to close; or -1,
 * and error (borrowed) says why. Called on the loop's thread. */
typedef void store_backup_fn(void *arg, int fd, const char *error);

struct store_ops {
    const char *name; /* as in registry.store */
    bool immediate;   /* done() always comes before commit() returns */
    void (*commit)(struct store *s, struct store_txn *txn);
    /* What was asked for since the last call goes on its way: at the end of a
     * turn of the loop, after pending() was called. NULL: nothing waits. */
    void (*hand_over)(struct store *s);
    /* Applies what is done: when fd is readable. NULL: there is no fd. */
    void (*collect)(struct store *s);
    /* Waits for the disk until nothing is under way: at the end of a program,
     * so that it can still answer. NULL: nothing ever is. */
    void (*finish)(struct store *s);
    /* Begins to make a consistent copy while changes go on. NULL: there is
     * nothing to copy. */
    void (*backup)(struct store *s, store_backup_fn *done, void *arg);
    /* Delivers what is kept through client.load(); false and *error (owned by
     * the caller, free()) if it cannot. NULL: nothing is kept. */
    bool (*replay)(struct store *s, char **error);
    /* What is under way ends, before this returns: what was to be kept is kept
     * if that is possible. What is asked for meanwhile fails. Frees s. */
    void (*close)(struct store *s);
};

#define STORE_CLIENTS 16

/* What is counted; for metrics. Those that keep nothing leave it be. */
struct store_counts {
    uint64_t commits;         /* groups of changes that went to the disk */
    uint64_t changes;         /* in them */
    uint64_t failures;        /* changes that could not be kept */
    uint64_t refusals;        /* changes refused: too many were under way */
    uint64_t checkpoints;     /* times the log was folded in */
    uint64_t under_way;       /* changes that wait, now */
    uint64_t bytes;           /* ... that they take */
    uint64_t file_bytes;      /* of the database, as of the last commit */
    uint64_t log_bytes;       /* ... of its log */
    uint64_t degraded;        /* 1 while writes fail */
    uint64_t records;         /* that were replayed */
    struct histogram size;    /* changes in a group */
    struct histogram seconds; /* it took to write one */
};

/* The head of every implementation's own struct. */
struct store {
    const struct store_ops *ops;
    const struct store_client *clients[STORE_CLIENTS];
    unsigned client_count;
    bool idle;         /* a change that is not durable is done at once */
    uint64_t revision; /* of the last committed change */
    /* Why nothing can be kept at the moment (static), or NULL: all is well. */
    const char *degraded;
    struct store_counts counts;
    size_t queue; /* bytes that may be under way; 0: as many as there are */
    int fd;       /* readable: there is something to collect(); -1: never */
    /* hand_over() is to be called soon; NULL: it is called all the time. */
    void (*pending)(void *arg);
    /* It has become degraded, or (NULL) is so no longer. */
    void (*told)(void *arg, const char *degraded);
    void *pending_arg; /* of both */
    /* There is a revision that tells of no service: a change of another module,
     * or one that failed. */
    void (*other)(void *arg, uint64_t revision);
    void *other_arg;
};

/* Before the replay, once for each module. */
void store_add_client(struct store *s, const struct store_client *client);
/* The client with that table, or NULL. */
const struct store_client *store_find_client(const struct store *s,
                                             const char *name);

static inline void store_commit(struct store *s, struct store_txn *txn)
{
    s->ops->commit(s, txn);
}

/* True if done() of such a change will come before store_commit() returns. */
static inline bool store_is_immediate(const struct store *s, bool durable)
{
    return durable ? s->ops->immediate : s->idle;
}

/* Takes in what is kept; once, before any request. */
bool store_replay(struct store *s, char **error);

static inline void store_close(struct store *s)
{
    if (s)
        s->ops->close(s);
}

/* For implementations: a change and all that goes with it. */
bool store_check(const struct store_txn *txn);
/* The revisions that it takes; 0: it is silent. */
uint64_t store_span(const struct store_txn *txn);
/* revision is the last of them. */
void store_apply(struct store *s, struct store_txn *txn, uint64_t revision);
/* A revision that no client tells of. */
static inline void store_other(struct store *s, uint64_t revision)
{
    if (s->other)
        s->other(s->other_arg, revision);
}

static inline void store_hand_over(struct store *s)
{
    if (s->ops->hand_over)
        s->ops->hand_over(s);
}

static inline void store_collect(struct store *s)
{
    if (s->ops->collect)
        s->ops->collect(s);
}

static inline void store_finish(struct store *s)
{
    if (s->ops->finish)
        s->ops->finish(s);
}

/* Volatile: everything is gone with the process. */
struct store *store_memory_new(void);

/* Durable, in an SQLite database (lib/db.h). While changes of `queue` bytes
 * wait for the disk no further one is taken. NULL, and *error (free()), if it
 * cannot be opened. */
struct store *store_sqlite_open(const char *path, size_t queue, char **error);

#endif
