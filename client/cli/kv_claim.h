/*
 * How a lock below a prefix is claimed, in the form of Consul's own `lock` and
 * its API libraries, so that both can contend for the same one.
 *
 *   one holder:  PREFIX/.lock is locked by the session
 *   N holders:   each contender locks PREFIX/SESSION; PREFIX/.lock says who
 *                holds, {"Limit": N, "Holders": {"SESSION": true, ...}}, and
 *                is changed by CAS; a holder whose entry is not locked any more
 *                does not count
 *
 * Pure: answers in, the next request out. Must not know who asks.
 */
#ifndef MUSTER_CLI_KV_CLAIM_H
#define MUSTER_CLI_KV_CLAIM_H

#include <jansson.h>
#include <stdbool.h>

#include "lib/buf.h"

struct kv_claim {
    const char *prefix;  /* without a / at its end */
    unsigned holders;    /* 1 or more */
    const char *session; /* its id */
    char *wrong;         /* of KV_CLAIM_WRONG; owned */
};

enum kv_claim_look {
    KV_CLAIM_WAIT, /* others hold it */
    KV_CLAIM_TRY,  /* it may be had: by a PUT of body to path */
    KV_CLAIM_HELD, /* it is ours */
    KV_CLAIM_WRONG /* it is another kind of lock: claim->wrong says so */
};

/* What is to be followed. */
void kv_claim_path(const struct kv_claim *c, struct buf *path);
/* What has to be PUT before anything else; false: nothing. */
bool kv_claim_entry(const struct kv_claim *c, struct buf *path);
/* What an answer to kv_claim_path() means; pairs is its array, NULL: there is
 * nothing. */
enum kv_claim_look kv_claim_look(struct kv_claim *c, const json_t *pairs,
                                 struct buf *path, struct buf *body);
/* The transaction that gives it up. */
void kv_claim_release(const struct kv_claim *c, struct buf *body);
/* After it, of several holders: whether an answer shows that nobody else is
 * there, and path is what to DELETE. */
bool kv_claim_leftover(const struct kv_claim *c, const json_t *pairs,
                       struct buf *path);

#endif
