#include "lib/auth/ask.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

#include "lib/auth/secret.h"
#include "lib/log.h"
#include "lib/mem.h"

#define SWEEP_MS     1000
#define ASK_PER_HOST (ASK_PENDING / 4)

struct ask_waiter {
    const char *peer; /* borrowed */
    ask_done_fn *done;
    void *arg;
    struct ask_waiter *next;
};

struct ask_question {
    unsigned char hash[PRINCIPAL_HASH]; /* key: of the token */
    struct ask *ask;
    char name[PRINCIPAL_NAME_MAX + 1]; /* in front of the token */
    char *token;                       /* owned, for asking again */
    void *slot;                        /* the asker's */
    bool pending, known;
    uint64_t until_ms; /* the answer is good so long */
    struct ask_waiter *waiters;
    UT_hash_handle hh;
};

struct ask {
    struct auth *auth;
    struct loop *loop;
    struct asker asker;
    struct loop_timer *sweep;
    struct ask_question *questions;
    unsigned pending;
};

/* -- questions ------------------------------------------------------------- */

static struct ask_question *find(const struct ask *a, const unsigned char *hash)
{
    struct ask_question *q;

    HASH_FIND(hh, a->questions, hash, PRINCIPAL_HASH, q);
    return q;
}

static void question_ask(struct ask_question *q)
{
    q->pending = true;
    q->ask->pending++;
    q->ask->asker.ask(q->ask->asker.arg, q, q->token);
}

static void question_free(struct ask_question *q)
{
    struct ask *a = q->ask;
    struct ask_waiter *w, *next;

    if (q->pending) {
        a->pending--;
        a->asker.cancel(a->asker.arg, q);
    }
    LL_FOREACH_SAFE (q->waiters, w, next)
        free(w);
    HASH_DEL(a->questions, q);
    secret_free(q->token);
    free(q);
}

/* A token that might be one: NAME.SECRET. */
static bool split_name(const char *token, char *name)
{
    size_t len = strcspn(token, ".");

    if (!token[len] || !token[len + 1] || strlen(token) > TOKEN_MAX ||
        !principal_name_ok(token, len))
        return false;
    memcpy(name, token, len);
    name[len] = '\0';
    return true;
}

static struct ask_question *question_new(struct ask *a, const char *token,
                                         const char *name,
                                         const unsigned char *hash)
{
    struct ask_question *q = xcalloc(1, sizeof(*q));

    q->ask = a;
    memcpy(q->hash, hash, sizeof(q->hash));
    memcpy(q->name, name, sizeof(q->name));
    q->token = xstrdup(token);
    HASH_ADD(hh, a->questions, hash, PRINCIPAL_HASH, q);
    if (!loop_timer_is_set(a->sweep))
        loop_timer_set(a->sweep, SWEEP_MS);
    return q;
}

static bool same_host(const char *a, const char *b)
{
    const char *end = strrchr(a, ':');
    size_t len = end ? (size_t)(end - a) : strlen(a);

    return !strncmp(a, b, len) && (!b[len] || !strchr(b + len + 1, ':'));
}

/* Questions that are asked now on behalf of that peer's address. */
static unsigned asked_for(const struct ask *a, const char *peer)
{
    const struct ask_question *q;
    unsigned n = 0;

    for (q = a->questions; q; q = q->hh.next)
        n += q->pending && q->waiters && same_host(q->waiters->peer, peer);
    return n;
}

/* Room for one more: an answer that there is no such token makes way. Who only
 * guesses leaves others a place. */
static bool make_room(struct ask *a, const char *peer)
{
    struct ask_question *q, *next;

    if (a->pending >= ASK_PENDING ||
        (a->pending >= ASK_PER_HOST && asked_for(a, peer) >= ASK_PER_HOST))
        return false;
    if (HASH_COUNT(a->questions) < ASK_MAX)
        return true;
    HASH_ITER (hh, a->questions, q, next) {
        if (q->pending || q->known)
            continue;
        question_free(q);
        return true;
    }
    return false;
}

enum ask_begun ask_token(struct ask *a, const char *peer, const char *token,
                         ask_done_fn *done, void *arg, const char **why)
{
    unsigned char hash[PRINCIPAL_HASH];
    char name[PRINCIPAL_NAME_MAX + 1];
    struct ask_question *q;
    struct ask_waiter *w;

    *why = refusal_text(REFUSED_TOKEN);
    if (!split_name(token, name))
        return ASK_NEVER;
    secret_hash(token, strlen(token), hash);
    q = find(a, hash);
    if (q && !q->pending)
        return ASK_NEVER; /* what was known is in the table */
    if (!q && !make_room(a, peer)) {
        *why = "too many unknown tokens at once: try again";
        return ASK_BUSY;
    }
    if (!q)
        q = question_new(a, token, name, hash);
    w = xcalloc(1, sizeof(*w));
    w->peer = peer;
    w->done = done;
    w->arg = arg;
    LL_PREPEND(q->waiters, w);
    if (!q->pending)
        question_ask(q);
    return ASK_WAITS;
}

void ask_gone(struct ask *a, const void *arg)
{
    struct ask_question *q;
    struct ask_waiter *w, *next;

    for (q = a ? a->questions : NULL; q; q = q->hh.next)
        LL_FOREACH_SAFE (q->waiters, w, next) {
            if (w->arg != arg)
                continue;
            LL_DELETE(q->waiters, w);
            free(w);
        }
}

/* -- answers --------------------------------------------------------------- */

/* p NULL: they are refused with that text. */
static void tell_waiters(struct ask_question *q, struct principal *p,
                         enum ask_answer answer, const char *text)
{
    struct ask_waiter *w;

    while ((w = q->waiters)) {
        LL_DELETE(q->waiters, w);
        w->done(w->arg, p, answer, text);
        free(w);
    }
}

static void drop(const struct ask_question *q, const char *why)
{
    struct principal *p = auth_get(q->ask->auth, AUTH_ASKED, q->name);

    if (p && secret_same(p->hash, q->hash))
        auth_drop(q->ask->auth, AUTH_ASKED, q->name, why);
}

void ask_answer(struct ask_question *q, enum ask_answer answer,
                struct principal *p)
{
    struct auth *auth = q->ask->auth;

    q->pending = false;
    q->ask->pending--;
    q->until_ms = loop_now(q->ask->loop) + ASK_KEEP_MS;
    if (answer == ASK_KNOWN && strcmp(p->name, q->name) != 0)
        answer = ASK_UNKNOWN;
    if (answer == ASK_KNOWN) {
        memcpy(p->hash, q->hash, sizeof(p->hash));
        p->has_hash = q->known = true;
        auth_put(auth, AUTH_ASKED, p);
        tell_waiters(q, auth_get(auth, AUTH_ASKED, q->name), answer, NULL);
        return;
    }
    principal_unref(p);
    if (answer == ASK_UNKNOWN) {
        q->known = false;
        drop(q, "the token was revoked");
        tell_waiters(q, NULL, answer, refusal_text(REFUSED_TOKEN));
    } else {
        tell_waiters(q, NULL, answer,
                     "no registry could be asked about the token: try again");
        if (!q->known)
            question_free(q); /* the next who comes asks again */
    }
}

void **ask_slot(struct ask_question *q)
{
    return &q->slot;
}

/* -- time ------------------------------------------------------------------ */

/* Asks again about those that somebody speaks for, forgets the others. */
static void sweep(void *arg)
{
    struct ask *a = arg;
    struct ask_question *q, *next;
    const struct principal *p;

    HASH_ITER (hh, a->questions, q, next) {
        if (q->pending || loop_now(a->loop) < q->until_ms)
            continue;
        p = q->known ? auth_get(a->auth, AUTH_ASKED, q->name) : NULL;
        if (p && p->holders) {
            question_ask(q);
            continue;
        }
        if (p)
            drop(q, "it is no longer in use");
        question_free(q);
    }
    if (a->questions)
        loop_timer_set(a->sweep, SWEEP_MS);
}

struct ask *ask_new(struct auth *auth, struct loop *loop,
                    const struct asker *asker)
{
    struct ask *a = xcalloc(1, sizeof(*a));

    a->auth = auth;
    a->loop = loop;
    a->asker = *asker;
    a->sweep = loop_timer_new(loop, sweep, a);
    return a;
}

void ask_free(struct ask *a)
{
    struct ask_question *q, *next;

    if (!a)
        return;
    HASH_ITER (hh, a->questions, q, next)
        question_free(q);
    loop_timer_free(a->sweep);
    free(a);
}
