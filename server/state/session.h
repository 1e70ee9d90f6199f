/*
 * Sessions: who holds locks of the tree of keys (kv.h). A session lives until
 * it is destroyed, until its time is over without a renewal, or until a check
 * it depends on fails; then, in one change, every key it holds is released or
 * deleted, as it asked for, and cannot be locked for its lock delay.
 *
 *   create --> lives --destroy, time over--> ends (its keys with it)
 *               ^  \
 *               +renew
 *
 * The time of a session with a ttl is over in [2 ttl, 2 ttl + 1 s] after its
 * creation, its last renewal or the registry's start: never before the ttl, as
 * is promised, and a renewal that comes late is still in time. Durable, but for
 * the renewals.
 *
 * A session names a node, and checks of it: session_end_of() ends those that
 * depend on what has failed or gone, and a judge, who knows what there is, is
 * asked about each that has just been made. Names of nodes and checks are the
 * same if they differ in the case of ASCII letters only.
 *
 * Must not know sockets or the clock.
 */
#ifndef MUSTER_STATE_SESSION_H
#define MUSTER_STATE_SESSION_H

#include "lib/words.h"
#include "server/state/kv.h"

#define SESSION_TEXT_MAX   4096 /* bytes of its name, its node, its checks */
#define SESSION_TTL_MAX_MS ((uint64_t)1 << 40)

enum session_behavior { SESSION_RELEASE, SESSION_DELETE };

struct session {
    struct keynode by_id;
    struct keynode by_time; /* of those with a ttl */
    char id[KV_SESSION_ID + 1];
    uint64_t created; /* revision */
    char *ttl;        /* owned: its time as it was asked for, "15s"; "": none */
    char *name;       /* owned, all three; "" where there is none */
    char *node;
    char *checks; /* ids, as a line of words: kept for who looks at checks */
    enum session_behavior behavior;
    uint64_t lock_delay_ns; /* as it was asked for */
    uint32_t lock_delay_ms; /* ... and as it counts: KV_LOCK_DELAY_MAX_MS */
    uint64_t ttl_ms;        /* 0: none */
    uint64_t expires_ms;    /* with ttl_ms: when it ends */
    struct kv_entry *held;  /* keys whose lock it holds (utlist) */
    size_t held_count, held_bytes; /* ... and what they take */
    unsigned char time_key[16];    /* what by_time is sorted by */
    const char *why; /* static: why it ends, or is about to, with nobody
                        asking for it; NULL: it does not */
    struct session_tie *ties; /* owned: to its node and its checks */
    unsigned tie_count;
    bool ending;     /* its end has been asked for */
    bool registered; /* it is committed */
};

static inline uint64_t session_created(const struct session *s)
{
    return s->created;
}

/* Everything is borrowed. */
struct session_request {
    const char *id; /* KV_SESSION_ID characters, fresh and random */
    const char *name, *node, *checks; /* NUL-terminated; NULL: "" */
    enum session_behavior behavior;
    uint64_t lock_delay_ns; /* at most KV_LOCK_DELAY_MAX_MS of it count */
    uint64_t ttl_ms;        /* at most SESSION_TTL_MAX_MS; 0: none */
    const char *ttl;        /* as that was written; NULL: "" */
};

/* done's result has no entries; KV_REFUSED says why not. */
void session_create(struct kv *kv, const struct session_request *q,
                    kv_done_fn *done, void *arg);
/* Ends it; KV_FALSE: there is none of that id. */
void session_destroy(struct kv *kv, const char *id, kv_done_fn *done,
                     void *arg);
/* Its time begins anew; false: there is none of that id. */
bool session_renew(struct kv *kv, const char *id);

const struct session *session_find(const struct kv *kv, const char *id);
/* The next by id; NULL gives the first. */
const struct session *session_next(const struct kv *kv,
                                   const struct session *after);
/* The next by id after one that need not be there; "" gives the first. */
const struct session *session_behind(const struct kv *kv, const char *id);
/* The last revision at which a session came or went; never 0. */
uint64_t session_index(const struct kv *kv);
/* The same of the sessions of one node. */
uint64_t session_node_index(const struct kv *kv, const char *node);

/* -- what they depend on --------------------------------------------------- */

/* Static text: why a session that depends on that check of that node (NULL: on
 * the node) is to end; NULL: it may live. */
typedef const char *session_judge_fn(void *arg, const char *node,
                                     const char *check);
/* Asked about every session that comes from now on, when it is there. */
void session_set_judge(struct kv *kv, session_judge_fn *judge, void *arg);
/* ... and about every one that is there: once, after the start. */
void session_judge_all(struct kv *kv);
/* That check of that node has failed or gone (NULL: the node has): what depends
 * on it ends, in a change of its own, soon. why: static. May be called while a
 * change is applied. */
void session_end_of(struct kv *kv, const char *node, const char *check,
                    const char *why);

/* -- being told ------------------------------------------------------------ */

/* Embedded in who waits. */
struct session_waiter {
    /* A session has come or gone. It must not call the kv in there, but for
     * session_wait_end() of itself. */
    void (*changed)(struct session_waiter *w, uint64_t revision);
    struct session_waiter *prev, *next;
    bool waits;
};

void session_wait(struct kv *kv, struct session_waiter *w);
void session_wait_end(struct kv *kv, struct session_waiter *w);

/* Embedded in who must know of every end. */
struct session_observer {
    /* It is gone, with why as above (NULL: it was asked for); it is valid
     * during the call. It must not call the kv in there. */
    void (*gone)(struct session_observer *o, const struct session *s,
                 uint64_t revision);
    struct session_observer *next;
};

void session_observe(struct kv *kv, struct session_observer *o);
void session_unobserve(struct kv *kv, struct session_observer *o);

#endif
