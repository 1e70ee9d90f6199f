/*
 * The inside of the tree of keys and its sessions, for its parts only: kv.c has
 * what is committed and reads it, kv_change.c takes requests through the store,
 * kv_try.c finds out what one would change, kv_store.c is what the store calls,
 * kv_watch.c tells who waits, session.c has the sessions, session_end.c their
 * ends, session_tie.c what they depend on.
 */
#ifndef MUSTER_STATE_KV_IMPL_H
#define MUSTER_STATE_KV_IMPL_H

#include <uthash.h>

#include "server/state/kv.h"
#include "server/state/lanes.h"
#include "server/state/session.h"

#define KV_TOMBSTONE_MS   (15 * 60 * 1000) /* longer than anybody waits */
#define KV_TOMBSTONES_MAX 100000
#define KV_EXPIRE_MAX     8192 /* records of one change that nobody asked for */
/* Rows that trees look at in the one turn of a request: it may name the same
 * ones again and again. */
#define KV_LOOKS_MAX   (2 * KV_CHANGE_MAX)
#define KV_PENDING_MAX (64u << 20) /* bytes of requests not done */
#define KV_HELD_MAX                                                            \
    (64u << 20)          /* bytes of keys that a session holds:
                                         its end may write them all */
#define KV_RETRY_MS 1000 /* after an end that failed */
#define KV_SOON_MS  1000 /* how late what is old is forgotten */

/* That a key was deleted. */
struct kv_tombstone {
    struct keynode_numbered by_key; /* and the revision that deleted it */
    uint64_t until_ms;
    struct kv_tombstone *prev, *next; /* oldest first */
    char key[];
};

/* A key whose lock was lost by the end of a session. */
struct kv_delay {
    uint64_t until_ms;
    UT_hash_handle hh;
    char key[];
};

/* All that wait for one scope. */
struct kv_watch {
    struct kv_waiter *waiters;
    bool tree;
    size_t len;
    UT_hash_handle hh;
    char key[];
};

struct kv {
    struct store *store; /* borrowed */
    struct store_client keys_client, sessions_client;
    struct kv_limits limits;
    uint64_t now_ms;

    struct keymap keys;  /* of struct kv_entry: the committed versions */
    struct keymap tombs; /* of struct kv_tombstone */
    struct kv_tombstone *tomb_list;
    uint64_t floor; /* revision up to which it is not known what was deleted */
    uint64_t index; /* revision of the last change of a key */
    size_t bytes, locks;
    size_t coming_keys, coming_bytes; /* what is under way may add */
    struct kv_delay *delays;

    struct keymap sessions; /* of struct session, by id */
    struct keymap times;    /* those with a ttl, by the end of their time */
    uint64_t session_index;
    uint64_t session_seq;
    size_t coming_sessions;
    struct session_anchor *anchors; /* what they depend on */
    session_judge_fn *judge;
    void *judge_arg;
    struct session_waiter *session_waiters;
    struct session_observer *session_observers;

    struct lanes lanes;
    size_t pending, pending_bytes;
    uint64_t refused; /* requests, so far */

    struct kv_watch *key_watches, *tree_watches;
    size_t waiters;
    unsigned tree_lengths[KV_KEY_MAX + 1]; /* trees watched, by length */

    uint64_t due_ms; /* when kv_expire() has something to do */
    void (*deadline)(void *arg);
    void *deadline_arg;
};

/* What a change makes of one key, or of one session. */
struct kv_effect {
    struct store_txn txn;
    struct kv_change *change;
    struct kv_entry *before, *after; /* counted; NULL: it is not there */
    UT_hash_handle hh;               /* by key, among the effects of a change */
};

struct session_effect {
    struct store_txn txn;
    struct kv_change *change;
    struct session *session; /* STORE_PUT: owned until it is applied;
                                STORE_DELETE: from then on */
    struct session_effect *next;
};

/* A request on its way. */
struct kv_change {
    struct lane_claim claim;
    struct kv *kv;
    struct kv_op *ops;          /* owned, with their texts */
    struct kv_entry **prepared; /* counted; for each op that has a value */
    unsigned count;
    size_t size;               /* bytes, of kv.pending_bytes */
    struct kv_effect *effects; /* owned: a hash, in the order of coming */
    size_t effect_count;
    struct session_effect *sessions;          /* owned */
    size_t new_keys, new_bytes, new_sessions; /* in kv.coming_… */
    struct kv_entry **entries;                /* counted: the result */
    unsigned *entry_ops;
    size_t entry_count, entry_size;
    size_t looks; /* of trees, so far: KV_LOOKS_MAX */
    struct kv_result result;
    struct kv_failure *failures; /* owned; room for one of each operation */
    kv_done_fn *done;
    void *arg;
};

/* kv.c */

struct kv_entry *kv_entry_new(const char *key, size_t key_len,
                              const void *value, size_t value_len);
static inline size_t kv_entry_bytes(const struct kv_entry *e)
{
    return e->by_key.node.key_len + (size_t)e->value_len;
}
struct kv_entry *kv_entry_of(struct keynode *n); /* NULL for NULL */
/* after (NULL: nothing) is the committed version instead of before (NULL). */
void kv_put(struct kv *kv, struct kv_entry *before, struct kv_entry *after,
            uint64_t revision);
/* Until then the key cannot be locked; false: it can. */
bool kv_is_delayed(const struct kv *kv, const char *key, size_t len);
void kv_delay(struct kv *kv, const struct kv_entry *e, uint64_t until_ms);
/* Something is to be done at that time. */
void kv_due(struct kv *kv, uint64_t at_ms);

/* kv_change.c */

struct kv_change *kv_change_new(struct kv *kv, unsigned ops, kv_done_fn *done,
                                void *arg);
/* Into the lanes: tried when its turn has come. */
void kv_change_go(struct kv_change *ch, bool all);
/* A session comes or ends with it. */
void kv_change_session(struct kv_change *ch, enum store_op op,
                       struct session *s);
/* The request is answered so, nothing has changed, and it is gone. */
void kv_refuse(struct kv *kv, const char *text, unsigned op, kv_done_fn *done,
               void *arg);

/* kv_try.c */

/* Fills in effects, entries and result; true if it holds. */
bool kv_try(struct kv_change *ch);
/* The key is to become that (NULL: to go); takes over the reference. */
void kv_effect(struct kv_change *ch, const char *key, size_t len,
               struct kv_entry *after);
/* A copy, not committed: to be changed. */
struct kv_entry *kv_entry_copy(const struct kv_entry *e);

/* kv_store.c: the calls of struct store_client */
void kv_store_init(struct kv *kv);

/* kv_watch.c */

void kv_tell(struct kv *kv, const char *key, size_t len, uint64_t revision);
void kv_watch_free(struct kv *kv);

/* session.c */

struct session *session_of(struct keynode *n); /* NULL for NULL */
struct session *session_get(const struct kv *kv, const char *id, size_t len);
void session_free(struct session *s);
/* It is there, or no longer. */
void session_put(struct kv *kv, struct session *s, uint64_t revision);
void session_drop(struct kv *kv, struct session *s, uint64_t revision);
/* All that are there live from now on; links the keys that they hold. */
void session_start(struct kv *kv);
void session_write(const struct session *s, struct buf *out);
/* From what session_write() wrote; NULL: it is none. */
struct session *session_read(const struct store_row *row);

/* session_end.c */

static inline bool session_is_over(const struct session *s)
{
    return s->ending || s->why;
}
/* Its time, if it has one, begins anew; or no longer counts. */
void session_begin_time(struct kv *kv, struct session *s);
void session_end_time(struct kv *kv, struct session *s);
/* What ends of itself, and when. */
void session_expire(struct kv *kv);
uint64_t session_next_end(const struct kv *kv);
/* It ends as soon as kv_expire() is called, which is due now. */
void session_doom(struct kv *kv, struct session *s, const char *why);
/* Its end did not come about. */
void session_end_failed(struct kv *kv, struct session *s);
/* The change that ends sessions finds out what becomes of their keys. */
void session_try_end(struct kv_change *ch, const struct session *s);

/* session_tie.c */

bool session_checks_are_words(const char *checks);
void session_tie(struct kv *kv, struct session *s, uint64_t revision);
void session_untie(struct kv *kv, struct session *s, uint64_t revision);
void session_judge(struct kv *kv, struct session *s);

#endif
