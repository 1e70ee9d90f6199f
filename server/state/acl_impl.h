/*
 * What the files of acl.h share; only they include this.
 */
#ifndef MUSTER_STATE_ACL_IMPL_H
#define MUSTER_STATE_ACL_IMPL_H

#include <uthash.h>

#include "lib/auth/principal.h"
#include "server/state/acl.h"
#include "server/state/turns.h"

/* Where a token is found by the digest of its id. */
struct acl_hash {
    unsigned char digest[PRINCIPAL_HASH]; /* key */
    struct acl_token *token;
    UT_hash_handle hh;
};

struct acls {
    struct store *store;
    struct store_client client;
    struct turns turns;
    size_t max, coming; /* tokens at most; those on their way */
    struct keymap by_id;
    struct acl_hash *by_hash;
    struct acl_waiter *waiters;
    uint64_t index;
    bool bootstrapped, bootstrapping;
};

/* A change on its way. */
struct acl_change {
    struct store_txn txn;
    struct turn turn;
    struct name_turns *turns; /* its turn has come */
    struct acls *acls;
    struct acl_token *token; /* owned: as it becomes; of a removal its id */
    struct acl_change *mark; /* owned: committed with it */
    bool counted;            /* it is one of those that come */
    acl_done_fn *done;
    void *arg;
};

/* Without its rules. */
struct acl_token *acl_token_new(const struct acl_request *q);
void acl_token_free(struct acl_token *t); /* NULL is fine */
/* Why it can be none; static; NULL: it can. */
const char *acl_token_wrong(const struct acl_token *t);

#endif
