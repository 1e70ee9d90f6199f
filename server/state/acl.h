/*
 * The tokens of Consul's legacy ACLs: each has an id, which is its secret, a
 * name, a type and rules (acl_rules.h). They are made, changed and destroyed
 * while the registry runs, and there again after a restart. Unlike the tokens
 * of token_store.h their ids are kept as they are, for whoever manages them may
 * list them.
 *
 *   acl_put --> waits for its turn --committed--> kept; holders are told
 *   acl_remove --------------------------------> forgotten; holders are told
 *
 * Who acts on a token's behalf holds it; one that is destroyed lets go of all
 * its holders, one that is changed tells them. It stays the same object.
 *
 * Two tokens are always there while ACLs are on: `anonymous`, which speaks for
 * who shows none, and the one that the settings name as master.
 *
 * Must not know connections, HTTP, or what asks for a right. Always durable,
 * where the store is. An id must not be logged: acl_token_label() may.
 */
#ifndef MUSTER_STATE_ACL_H
#define MUSTER_STATE_ACL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/state/acl_rules.h"
#include "server/state/keymap.h"
#include "server/state/store.h"

#define ACL_ID_MAX    256 /* bytes */
#define ACL_NAME_MAX  1024
#define ACL_LABEL_MAX 32
#define ACL_ANONYMOUS "anonymous"

struct acls;
struct acl_hash;

struct acl_holder;

struct acl_token {
    struct keynode by_id; /* number: revision of the last change */
    char *id, *name;      /* owned */
    char *text;           /* owned: the rules as they were written */
    struct acl_rules *rules;
    bool management;
    uint64_t created, changed;  /* revisions */
    struct acl_holder *holders; /* utlist */
    struct acl_hash *hash;      /* owned */
};

/* Embedded in who acts on a token's behalf. Neither function may change
 * tokens. */
struct acl_holder {
    /* It has other rules, or another type. May be NULL. */
    void (*changed)(struct acl_holder *h);
    /* It was destroyed: it is held no longer. */
    void (*gone)(struct acl_holder *h);
    const struct acl_token *token; /* NULL: none is held */
    struct acl_holder *prev, *next;
};

/* Everything is borrowed, and NUL-terminated. */
struct acl_request {
    const char *id;
    const char *name, *rules; /* NULL: "" */
    bool management;
};

enum acl_status {
    ACL_OK,
    ACL_WRONG,     /* the request makes no sense */
    ACL_FORBIDDEN, /* of a token that cannot be changed so */
    ACL_FAILED     /* the store could not, or there are too many */
};

/* text says why not; valid during the call; NULL: ACL_OK. */
typedef void acl_done_fn(void *arg, enum acl_status status, const char *text);

/* Joins the store (before its replay), which is borrowed. */
struct acls *acls_new(struct store *s);
/* At most so many tokens; 0: as many as come. */
void acls_set_max(struct acls *a, size_t max);
/* After the store was closed. NULL is fine. */
void acls_free(struct acls *a);
/* After the replay: the index begins where the store stands. With on, the two
 * tokens that must be are made if they are not there; master may be NULL. done
 * says when they are. */
void acls_start(struct acls *a, bool on, const char *master, acl_done_fn *done,
                void *arg);

/* Makes the token, or gives it other properties. done may be called before this
 * returns. */
void acl_put(struct acls *a, const struct acl_request *q, acl_done_fn *done,
             void *arg);
/* One that is not there is no error. */
void acl_remove(struct acls *a, const char *id, acl_done_fn *done, void *arg);
/* The first management token: once in the life of a store, and only where there
 * is none yet (else ACL_FORBIDDEN). */
void acl_bootstrap(struct acls *a, const char *id, acl_done_fn *done,
                   void *arg);

/* By its id, in a time that says nothing of what other ids are like. */
struct acl_token *acl_find(const struct acls *a, const char *id, size_t len);
/* By id, bytewise; NULL gives the first. */
const struct acl_token *acl_next(const struct acls *a,
                                 const struct acl_token *after);
/* The next after that id, which need not be there; "" gives the first. */
const struct acl_token *acl_after(const struct acls *a, const char *id,
                                  size_t len);
size_t acl_count(const struct acls *a);
/* Of the last change; never 0. */
uint64_t acl_index(const struct acls *a);

void acl_hold(struct acl_token *t, struct acl_holder *h);
void acl_release(struct acl_holder *h); /* holding none is fine */

/* "consul:17", after the revision that made it: what logs call it. */
const char *acl_token_label(const struct acl_token *t, char out[ACL_LABEL_MAX]);

/* A token that is in no list and not kept, with rules that must be right: for
 * who has reasons of his own for one. */
struct acl_token *acl_lone_new(const char *id, const char *rules);
/* Who holds it is told. NULL is fine. */
void acl_lone_free(struct acl_token *t);
/* That is its id; in a time that says nothing of what it is like. */
bool acl_lone_is(const struct acl_token *t, const char *id, size_t len);

/* Embedded in who waits for any change. */
struct acl_waiter {
    void (*changed)(struct acl_waiter *w);
    bool waits;
    struct acl_waiter *prev, *next;
};

void acl_wait(struct acls *a, struct acl_waiter *w);
void acl_wait_end(struct acls *a, struct acl_waiter *w);

#endif
