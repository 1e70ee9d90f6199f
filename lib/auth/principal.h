/*
 * A principal: somebody on whose behalf a connection speaks, and what he may.
 * It is made of a token, a certificate's name or the rule for those who show
 * neither; from then on it never changes. New rights are a new principal, and
 * the old one is revoked: whoever holds it is told, and ends what he does in
 * its name.
 *
 * Rights are per face: names and attributes to register, what find shows,
 * what event tells, where and what may be executed, which keys may be read and
 * changed, administration. A right that nothing was said about is none.
 *
 * Nobody who says who he is on this machine may do everything by default: that
 * is principal_all(), one constant object, so that a check of the hot path is
 * one look at `all`.
 *
 * Must not know where principals come from (auth.h), connections, services.
 */
#ifndef MUSTER_LIB_AUTH_PRINCIPAL_H
#define MUSTER_LIB_AUTH_PRINCIPAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "lib/argument.h"
#include "lib/attrs.h"
#include "lib/selector.h"

#define PRINCIPAL_HASH     32 /* bytes of a SHA-256 */
#define PRINCIPAL_NAME_MAX 64 /* bytes of a token's name */
#define PRINCIPAL_PINS_MAX 64 /* attributes that one token pins */
#define PRINCIPAL_LIST_MAX 64 /* globs of one list of it */

enum scope_kind { SCOPE_NONE, SCOPE_ALL, SCOPE_SELECTED };

/* What part of the services a right is about. */
struct scope {
    enum scope_kind kind;
    struct selector selector; /* SCOPE_SELECTED */
};

struct globs {
    char **list; /* owned */
    unsigned count;
};

/* Somebody who acts on a principal's behalf: embedded in him. revoked() is
 * called once and lets go with principal_release(), then or later. */
struct principal_holder {
    void (*revoked)(struct principal_holder *h, const char *why);
    struct principal *principal; /* NULL: none is held */
    struct principal_holder *prev, *next;
};

/* Of a principal that was made from rules which say more than globs can: what
 * it registers and sets, in their place. Constant. */
struct principal_rules {
    bool (*may_register)(const void *of, const char *name);
    bool (*may_set)(const void *of, const char *attr);
    /* May it set attr to that value? */
    bool (*may_say)(const void *of, const char *attr, const char *value);
    void (*free)(void *of);
};

struct principal {
    unsigned refs;
    bool fixed;     /* one of the constants below: not counted, never revoked */
    bool all;       /* everything is allowed, and nothing is owned */
    bool anonymous; /* no token was shown */
    bool revoked;
    bool admin;
    bool has_hash;
    char name[PRINCIPAL_NAME_MAX + 1];  /* "anonymous" where it is */
    unsigned char hash[PRINCIPAL_HASH]; /* SHA-256 of the whole token */
    char *cert;     /* owned; a glob on a client certificate's name; or NULL */
    time_t expires; /* 0: never */
    struct globs names; /* register: names of services */
    struct globs sets;  /* attributes that may be set on them */
    struct attrs pins;  /* set by the registry on all that is registered */
    struct scope find, watch, exec;
    struct globs ops; /* what may be executed: items of op_right.h */
    struct globs key_reads, key_writes;  /* keys of the tree of keys */
    const struct principal_rules *rules; /* NULL: names and sets say it */
    void *of;                            /* ... theirs, owned */
    const char *owner; /* whom its services belong to; static; NULL: name */
    struct principal_holder *holders;
};

/* An empty one without any right, one reference. */
struct principal *principal_new(const char *name);
struct principal *principal_ref(struct principal *p);
void principal_unref(struct principal *p); /* NULL is fine */

/* The two that need no configuration: who may do all and who may nothing. */
struct principal *principal_all(void);
struct principal *principal_nobody(void);

/* Whether both grant the same to the same secret. */
bool principal_same(const struct principal *a, const struct principal *b);

void principal_hold(struct principal *p, struct principal_holder *h);
void principal_release(struct principal_holder *h);
/* It is no longer good, and its holders are told why. Not more than once. */
void principal_revoke(struct principal *p, const char *why);

/* True for a text that can name a token: letters, digits, _ and -. */
bool principal_name_ok(const char *name, size_t len);

/* -- checks: what each face asks ------------------------------------------- */

bool globs_match(const struct globs *g, const char *text);
void globs_add(struct globs *g, const char *glob);
void globs_free(struct globs *g);

/* May it register a service of that name, change or remove its own? */
bool principal_may_register(const struct principal *p, const char *name);
/* May it register anything at all? */
bool principal_registers(const struct principal *p);
/* May it set or unset that attribute? (Pins are another question.) */
bool principal_may_set(const struct principal *p, const char *attr);
/* ... to that value? To be asked besides. */
bool principal_may_say(const struct principal *p, const char *attr,
                       const char *value);
/* To whom the services belong that it registers. */
const char *principal_owner(const struct principal *p);
/* May it do that operation somewhere, with some arguments? Where is its exec
 * scope. */
bool principal_may_op(const struct principal *p, const char *op);
/* May it do so with these arguments? */
bool principal_may_run(const struct principal *p, const char *op,
                       argument_fn *at, const void *list);
/* May it read, or change, that key; change every key that begins so? Who may
 * change one may read it. */
bool principal_may_read_key(const struct principal *p, const char *key);
bool principal_may_write_key(const struct principal *p, const char *key);
bool principal_may_write_keys(const struct principal *p, const char *prefix);
/* The value it pins attr to, or NULL. */
const char *principal_pin(const struct principal *p, const char *attr);

/* The text for a peer (free()) that lacks a right: "no right to WHAT", and that
 * a token helps where none was shown. */
MUST_CHECK char *principal_refusal(const struct principal *p, const char *what);

/* Narrows s to one of p's scopes: its terms are added. NULL, or an error text
 * for the peer (free()): nothing may be done, or there are too many terms. what
 * names the right: "find". */
MUST_CHECK char *scope_narrow(const struct principal *p,
                              const struct scope *scope, const char *what,
                              struct selector *s);
/* Whether the service of that name and record is in the scope. */
bool scope_has(const struct scope *scope, const char *name,
               selector_lookup_fn *lookup, const void *record);
void scope_free(struct scope *scope);

#endif
