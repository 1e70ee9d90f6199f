/*
 * Who may: the principals that a daemon knows, by name, and the rule for those
 * who show no token.
 *
 *   tokens file --\                            /-- listen.h: at accept
 *                  +--> auth: put, drop -----> +-- the gate: .token T
 *   token store --/     (at any time)          +-- tls: a certificate's name
 *                                              \-- httpd: Bearer T
 *
 * Sources bring principals and take them away at any time, by name. One that is
 * replaced by other rights, or goes, or expires, is revoked: connections that
 * speak for it are closed. The same name may come from two sources: each with
 * its own secret.
 *
 * Must not know faces, files or the network. One thread.
 */
#ifndef MUSTER_LIB_AUTH_AUTH_H
#define MUSTER_LIB_AUTH_AUTH_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/auth/principal.h"
#include "lib/listen.h"
#include "lib/loop.h"

struct auth;
struct ask;

enum auth_source {
    AUTH_FILE,  /* the tokens file */
    AUTH_STORE, /* the registry's store */
    AUTH_ASKED, /* what a registry said, for a while (ask.h) */
    AUTH_SOURCES
};

/* loop is for the time at which a principal expires. */
struct auth *auth_new(struct loop *loop);
void auth_free(struct auth *a); /* NULL is fine */

/* Brings a principal (the reference is taken over) in the place of the one of
 * that name and source; where it is the same, the old one stays. */
void auth_put(struct auth *a, enum auth_source from, struct principal *p);
/* Takes it away; false if there is none. why is told to those who speak for
 * it ("the token was revoked"). */
bool auth_drop(struct auth *a, enum auth_source from, const char *name,
               const char *why);
/* A name's principal, expired or not; borrowed; NULL: none. */
struct principal *auth_get(const struct auth *a, enum auth_source from,
                           const char *name);
typedef void auth_each_fn(void *arg, struct principal *p);
/* Those of one source, in no order; fn may drop the one it is given. */
void auth_each(const struct auth *a, enum auth_source from, auth_each_fn *fn,
               void *arg);
/* How many tokens and certificate names it knows. */
size_t auth_count(const struct auth *a);

/*
 * The rule for those who show nothing: "auto" (from this machine everything,
 * from elsewhere nothing), "all", "none", or a token's name for its rights.
 * Another rule than before closes the connections that live by the old one.
 */
void auth_set_anonymous(struct auth *a, const char *rule);

/* The three ways to a principal; all borrowed: hold it to keep it. NULL where
 * it is unknown, expired or revoked. */
struct principal *auth_anonymous(struct auth *a, bool local);
struct principal *auth_by_token(struct auth *a, const char *token, size_t len);
struct principal *auth_by_cert(struct auth *a, const char *name);
/* For what was asked for by one of that name before. */
struct principal *auth_by_name(struct auth *a, const char *name);

/* Tokens of another kind, which somebody else knows: he is asked about those
 * that are unknown here, and gives a principal (borrowed) or NULL. fn NULL:
 * nobody is. */
typedef struct principal *auth_other_fn(void *arg, const char *token,
                                        size_t len);
void auth_set_other(struct auth *a, auth_other_fn *fn, void *arg);

/* From now on tokens that it does not know are asked about; it is freed with
 * a, or when another (or NULL) is set. */
void auth_set_ask(struct auth *a, struct ask *ask);
struct ask *auth_ask(const struct auth *a); /* NULL: nobody is asked */

/* For listen_host_auth(), with the auth as its arg: sets who is anonymous, and
 * takes `.token T` out of the first line. */
const struct listen_auth *auth_listen(void);

#endif
