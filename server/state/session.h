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
 * The time of a session is in [ttl, ttl + 1 s] after its creation, its last
 * renewal or the registry's start. Durable, but for the renewals.
 *
 * Must not know sockets or the clock.
 */
#ifndef MUSTER_STATE_SESSION_H
#define MUSTER_STATE_SESSION_H

#include "lib/words.h"
#include "server/state/kv.h"

#define SESSION_TEXT_MAX 4096 /* bytes of its name, its node, its checks */

enum session_behavior { SESSION_RELEASE, SESSION_DELETE };

struct session {
    struct keynode by_id;   /* number: revision that made it */
    struct keynode by_time; /* of those with a ttl */
    char id[KV_SESSION_ID + 1];
    char *ttl;  /* owned: its time as it was asked for, "15s"; "": none */
    char *name; /* owned, all three; "" where there is none */
    char *node;
    char *checks; /* ids, as a line of words: kept for who looks at checks */
    enum session_behavior behavior;
    uint32_t lock_delay_ms;
    uint64_t ttl_ms;               /* 0: none */
    uint64_t expires_ms;           /* with ttl_ms: when it ends */
    struct kv_entry *held;         /* keys whose lock it holds (utlist) */
    size_t held_count, held_bytes; /* ... and what they take */
    unsigned char time_key[16];    /* what by_time is sorted by */
    bool ending;                   /* its end has been asked for */
    bool registered;               /* it is committed */
};

static inline uint64_t session_created(const struct session *s)
{
    return s->by_id.number;
}

/* Everything is borrowed. */
struct session_request {
    const char *id; /* KV_SESSION_ID characters, fresh and random */
    const char *name, *node, *checks; /* NUL-terminated; NULL: "" */
    enum session_behavior behavior;
    uint32_t lock_delay_ms; /* at most KV_LOCK_DELAY_MAX_MS counts */
    uint64_t ttl_ms;        /* 0: none */
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
/* The last revision at which a session came or went; never 0. */
uint64_t session_index(const struct kv *kv);
/* Calls fn when a session has come or gone. */
void session_on_change(struct kv *kv, void (*fn)(void *arg), void *arg);

#endif
