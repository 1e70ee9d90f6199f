/*
 * The tokens that are kept in the store: made, changed and revoked while the
 * registry runs, and there again after a restart. What is kept of one is its
 * rights and the hash of its secret, as a line of words (lib/auth/rights.h).
 *
 * Whoever admits by tokens is told of each: those that are there at the
 * beginning, those that come, and those that go.
 *
 *   put --> under way --committed--> kept, and put() told
 *   remove ------------------------> forgotten, and drop() told
 *
 * Must not know connections, HTTP, nor a token's secret. Always durable, where
 * the store is.
 */
#ifndef MUSTER_STATE_TOKEN_STORE_H
#define MUSTER_STATE_TOKEN_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/auth/principal.h"
#include "server/state/store.h"

struct token_store;

/* Who is told; name is valid during the call. */
struct token_user {
    void (*put)(void *arg, struct principal *p); /* a reference of its own */
    void (*drop)(void *arg, const char *name);
    void *arg;
};

enum token_status {
    TOKEN_OK,
    TOKEN_EXISTS,  /* there is one of that name already */
    TOKEN_MISSING, /* there is none */
    TOKEN_BUSY,    /* another change of it is under way */
    TOKEN_FULL,    /* as many as may be are there */
    TOKEN_FAILED   /* the store could not: the text says why */
};

/* A token as it is kept; borrowed. */
struct token_kept {
    const struct principal *principal;
    uint64_t created, changed; /* revisions */
};

/* text says what happened, for whoever asked; static. */
typedef void token_done_fn(void *arg, enum token_status status,
                           const char *text);

/* Before the replay of the store, which must outlive it; at most max tokens
 * (of a replay: as many as there are). */
struct token_store *token_store_new(struct store *s, size_t max,
                                    const struct token_user *user);
void token_store_set_max(struct token_store *ts, size_t max);
/* After the store is closed: who waits has been told. NULL is fine. */
void token_store_free(struct token_store *ts);

/* Keeps a token (the reference is taken over, whatever comes of it); replace:
 * in the place of the one of that name, else there must be none. done may be
 * called before this returns. */
void token_store_put(struct token_store *ts, struct principal *p, bool replace,
                     token_done_fn *done, void *arg);
void token_store_remove(struct token_store *ts, const char *name,
                        token_done_fn *done, void *arg);

size_t token_store_count(const struct token_store *ts);
/* False if there is none of that name. */
bool token_store_get(const struct token_store *ts, const char *name,
                     struct token_kept *out);
/* All of them, by name. */
void token_store_each(struct token_store *ts,
                      void (*fn)(void *arg, const struct token_kept *k),
                      void *arg);

#endif
