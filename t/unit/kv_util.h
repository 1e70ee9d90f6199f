/*
 * What the tests of keys and sessions share: requests written as text, and
 * their results as text.
 */
#ifndef MUSTER_TEST_KV_UTIL_H
#define MUSTER_TEST_KV_UTIL_H

#include "server/state/kv.h"
#include "server/state/session.h"

/* What each of their tests has: a tree on a store, at the time 1000. */
struct kv_fixture {
    struct store *store;
    struct kv *kv;
};

/* The set-ups of cmocka: on that store, which it owns then, or on one in
 * memory; and what ends them. */
int kv_fixture(void **state, struct store *store);
int kv_memory(void **state);
int kv_teardown(void **state);
struct kv *kv_fixture_kv(void **state);

/* A session's id of one letter: "s" is ssssssss-ssss-…. Valid for the call. */
const char *session_id(char letter);

/* What done() said: "DONE REV 0:k=v f0 l0 s- c1 m1 …", "FALSE 0:text …",
 * "REFUSED 0:text", "FAILED text". NULL: it has not been called. */
struct kv_told {
    unsigned count;
    char text[4096];
};

void kv_told_done(void *arg, const struct kv_result *r);

/*
 * Asks for operations "set k v; cas k v INDEX; lock k v S; unlock k v S; get k;
 * tree p; index k N; session k S; absent k; del k; delcas k N; deltree p"; '_'
 * is the empty key or value. Its answer goes to t.
 */
void kvs(struct kv *kv, struct kv_told *t, const char *text);
/* The same, and the answer must be that. */
void kvs_give(struct kv *kv, const char *text, const char *answer);
/* Creates a session: ttl in ms. */
void session_make(struct kv *kv, char letter, enum session_behavior behavior,
                  uint64_t ttl_ms, uint32_t delay_ms);
/* All keys: "k=v f0 l0 s- c1 m1\n" for each; valid until the next call. */
const char *kv_text(const struct kv *kv);

#endif
