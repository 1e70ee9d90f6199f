/*
 * The tree of keys: each has a value (any bytes), flags, a lock that a session
 * may hold, and the revisions that made and last changed it. What Consul calls
 * KV, with its rules; the face that speaks of it is a plugin's.
 *
 *   request (1..64 operations)
 *      | waits for its keys (lanes.h)
 *      v
 *   tried on what is committed: any that does not hold, and nothing happens
 *      | the store commits what it changes, all or nothing, always durably
 *      v
 *   done, with what each operation gives; who waits for a key is told
 *
 * An entry is one version of a key, counted and never changed; a change puts
 * another in its place. A key that was deleted leaves a tombstone for a while,
 * so that the index of what was deleted moves on, too.
 *
 * Sessions, who hold locks, are session.h; both are one module of the store's
 * order, for the end of a session is a change of its keys.
 *
 * Must not know sockets, HTTP, JSON or the clock: the time is given.
 */
#ifndef MUSTER_STATE_KV_H
#define MUSTER_STATE_KV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/state/keymap.h"
#include "server/state/store.h"

#define KV_KEY_MAX           4096  /* bytes */
#define KV_OPS_MAX           64    /* operations of one request */
#define KV_CHANGE_MAX        65536 /* records that one request may change */
#define KV_SESSION_ID        36    /* characters of a session's id */
#define KV_LOCK_DELAY_MAX_MS 60000

struct kv;
struct session;

/* One version of a key. */
struct kv_entry {
    /* its key, and the revision of its last change */
    struct keynode_numbered by_key;
    uint32_t refs;
    uint32_t value_len;
    uint64_t flags;
    uint64_t locks;         /* how often it was locked */
    uint64_t created;       /* revision */
    const char *value;      /* behind the key; any bytes */
    struct session *holder; /* of the version that is committed: who holds its
                               lock; NULL: nobody */
    struct kv_entry *prev, *next;    /* of those that it holds */
    char session[KV_SESSION_ID + 1]; /* its id, in every version; "": nobody */
    char key[];                      /* with a NUL behind it */
};

static inline uint64_t kv_entry_changed(const struct kv_entry *e)
{
    return e->by_key.number;
}

static inline struct kv_entry *kv_entry_ref(struct kv_entry *e)
{
    e->refs++;
    return e;
}
void kv_entry_unref(struct kv_entry *e); /* NULL is fine */

/* Bounds; 0: none. */
struct kv_limits {
    size_t value;    /* bytes of a value, and of all values of a request */
    size_t keys;     /* in all */
    size_t bytes;    /* of keys and values in all */
    size_t sessions; /* in all */
    /* ms: the least that the ttl of a session may be; faces refuse less. */
    uint64_t ttl_min;
};

enum kv_verb {
    KV_SET,           /* value, flags */
    KV_CAS,           /* the same, if index is that of its last change; 0: if
                         there is no such key */
    KV_LOCK,          /* the same, and session holds the lock */
    KV_UNLOCK,        /* the same, and session, who holds it, does no longer */
    KV_GET,           /* it must be there */
    KV_GET_TREE,      /* all whose key begins so; there may be none */
    KV_CHECK_INDEX,   /* it is there, and index is that of its last change */
    KV_CHECK_SESSION, /* it is there, and session holds the lock */
    KV_CHECK_ABSENT,  /* it is not there */
    KV_DELETE,        /* it need not be there */
    KV_DELETE_CAS,    /* if it is there, index is that of its last change */
    KV_DELETE_TREE,   /* all whose key begins so */
    KV_RESTORE        /* value, flags, and session ("": nobody) holds the lock,
                         which was taken index times: as it once was */
};

struct kv_op {
    enum kv_verb verb;
    const char *key;
    size_t key_len;
    const void *value;
    size_t value_len;
    uint64_t flags;
    uint64_t index;
    const char *session; /* id, NUL-terminated */
    /* Of a KV_DELETE_TREE that is done in steps: only what is behind that entry
     * (NULL: all), and at most so many keys (0: all, or none if they are more
     * than KV_CHANGE_MAX). */
    struct kv_entry *after; /* counted by the request meanwhile */
    size_t most;
    /* Borrowed until done: it makes no sense, and cannot hold for that reason.
     * The others are tried all the same, to tell what is wrong with them. */
    const char *wrong;
};

enum kv_status {
    KV_DONE,
    KV_FALSE,   /* an operation did not hold: nothing has changed */
    KV_REFUSED, /* it could not be asked for; nothing has changed */
    KV_FAILED   /* the store could not */
};

/* Why an operation did not hold, for who says it in words of his own. */
enum kv_why {
    KV_WHY_OTHER,
    KV_WHY_ABSENT,   /* there is no such key */
    KV_WHY_PRESENT,  /* there is one */
    KV_WHY_INDEX,    /* it has another index */
    KV_WHY_HELD,     /* another session holds its lock */
    KV_WHY_NOT_HELD, /* that session does not */
    KV_WHY_DELAY,    /* its lock delay is not over */
    KV_WHY_SESSION   /* there is no such session (KV_REFUSED) */
};

struct kv_failure {
    unsigned op; /* from 0 */
    const char *text;
    enum kv_why why;
};

struct kv_result {
    enum kv_status status;
    uint64_t revision; /* of the change; of the last one if there was none */
    const char *text;  /* static: why not; NULL: KV_DONE */
    /* Every operation that did not hold or could not be asked for; the first
     * of them gives status and text. */
    const struct kv_failure *failures;
    unsigned failure_count;
    /* What the operations give, in their order: the entry as it was then for
     * each but the deletes and KV_CHECK_ABSENT, for a KV_GET_TREE all of them
     * by key; and whose it is. Valid during the call; take references. */
    struct kv_entry *const *entries;
    const unsigned *entry_ops;
    size_t entry_count;
    /* The last entry that a KV_DELETE_TREE with a `most` has deleted, where
     * there may be more behind it; NULL: there are none. Take a reference. */
    struct kv_entry *last;
};

typedef void kv_done_fn(void *arg, const struct kv_result *r);

/* Joins the store (before its replay), which is borrowed. */
struct kv *kv_new(struct store *store, const struct kv_limits *limits);
void kv_limit(struct kv *kv, const struct kv_limits *limits);
const struct kv_limits *kv_bounds(const struct kv *kv);
/*
 * After the replay: sessions have their whole time from now on. Returns how
 * many keys were locked by a session that is not there: nobody holds them.
 */
size_t kv_start(struct kv *kv, uint64_t now_ms);
/* After the store has been closed. */
void kv_free(struct kv *kv);

/* Before every call that asks for a change. */
void kv_set_now(struct kv *kv, uint64_t now_ms);

/*
 * Asks for 1..KV_OPS_MAX operations, all or none of which happen; ops and what
 * they point to are copied. done (may be NULL) may be called before this
 * returns.
 */
void kv_request(struct kv *kv, const struct kv_op *ops, unsigned count,
                kv_done_fn *done, void *arg);

/* -- reading what is committed --------------------------------------------- */

const struct kv_entry *kv_find(const struct kv *kv, const char *key,
                               size_t len);
/* The first whose key begins so and is behind `after` (NULL: the first). */
const struct kv_entry *kv_next(const struct kv *kv, const char *prefix,
                               size_t len, const struct kv_entry *after);
/* The first behind that key, which need not be there. */
const struct kv_entry *kv_after(const struct kv *kv, const char *key,
                                size_t len);
/* What all values of one request may take; 0: as much as they like. */
size_t kv_value_max(const struct kv *kv);
/*
 * The next key below the prefix, cut behind the first separator that follows
 * it; all that are cut to the same are one. after is the one given before
 * (NULL: none). False: no more; else *cut bytes of (*found)->key are it.
 */
bool kv_next_name(const struct kv *kv, const char *prefix, size_t len,
                  const char *separator, size_t separator_len,
                  const char *after, size_t after_len,
                  const struct kv_entry **found, size_t *cut);

/* What is waited for: a key, or all whose key begins so. */
struct kv_scope {
    const char *key;
    size_t key_len;
    bool tree;
};

/* The index to answer with: of a key, the revision of its last change; of a
 * tree, of the last one below it, and if there is none (or for all keys) of any
 * key. Never 0. */
uint64_t kv_index(const struct kv *kv, const struct kv_scope *s);
/* True if what is read there may be other than it was at that index. */
bool kv_has_changed(const struct kv *kv, const struct kv_scope *s,
                    uint64_t since);

/* -- waiting --------------------------------------------------------------- */

/* Embedded in who waits. */
struct kv_waiter {
    /* Something in its scope has changed, at that revision. It must not call
     * the kv in there, but for kv_wait_end() of itself. */
    void (*changed)(struct kv_waiter *w, uint64_t revision);
    struct kv_watch *watch; /* NULL: it does not wait */
    struct kv_waiter *prev, *next;
};

/* Only what happens from now on counts: look with kv_has_changed() first. */
void kv_wait(struct kv *kv, struct kv_waiter *w, const struct kv_scope *s);
void kv_wait_end(struct kv *kv, struct kv_waiter *w);

/* -- the state of it all --------------------------------------------------- */

struct kv_counts {
    size_t keys, bytes, locks, tombstones, delays, waiters, watches;
    size_t sessions, pending; /* requests that wait or are with the store */
    uint64_t refused;         /* requests that could not be asked for, so far */
};

struct kv_counts kv_count(const struct kv *kv);

/*
 * Ends sessions whose time is over and forgets what is old, some of it.
 * Returns the ms until it is to be called again, or UINT64_MAX.
 */
uint64_t kv_expire(struct kv *kv);
/* The same time, and nothing is done. */
uint64_t kv_due_in(const struct kv *kv);
/* Called when kv_expire() may be due earlier than it said. */
void kv_on_deadline(struct kv *kv, void (*fn)(void *arg), void *arg);

#endif
