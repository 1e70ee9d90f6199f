/*
 * Tokens that a daemon does not know itself, asked about elsewhere: a
 * dispatcher and a worker ask their registry.
 *
 *   gate  --ask_token()--> question --asker--> ... --ask_answer()--> known for
 *   httpd                     |                                      a while
 *     ^                       |                                         |
 *     +-- ask_done_fn --------+ refused, or they speak for it   <-------+
 *
 * An answer is good for ASK_KEEP_MS. After that it is forgotten, or asked for
 * again while somebody speaks for it: so a token that was revoked there takes
 * its connections along here, too. Where nobody answers, what was known stays.
 * The number of questions is bounded, for who has no token asks them as well.
 *
 * Must not know how is asked, nor log a token.
 */
#ifndef MUSTER_LIB_AUTH_ASK_H
#define MUSTER_LIB_AUTH_ASK_H

#include <stdbool.h>

#include "lib/auth/auth.h"

#define ASK_KEEP_MS 10000
#define ASK_MAX     1024 /* answers kept */
#define ASK_PENDING 64   /* questions asked at once */

struct ask;
struct ask_question;

/* Who can ask: constant but for arg. */
struct asker {
    /* Finds out about that token (it is gone after the call) and calls
     * ask_answer() once, later. */
    void (*ask)(void *arg, struct ask_question *q, const char *token);
    /* Nobody wants to know any more: no ask_answer() for it. */
    void (*cancel)(void *arg, struct ask_question *q);
    void *arg;
};

enum ask_answer {
    ASK_KNOWN,   /* p is its principal */
    ASK_UNKNOWN, /* there is no such token */
    ASK_SILENT   /* nobody could be asked */
};

/* For auth_set_ask(); freed with the auth. */
struct ask *ask_new(struct auth *auth, struct loop *loop,
                    const struct asker *asker);
/* Before its asker goes. NULL is fine. */
void ask_free(struct ask *a);

enum ask_begun {
    ASK_NEVER, /* it is known to be none */
    ASK_BUSY,  /* so much is asked already that this cannot be asked now */
    ASK_WAITS  /* done() follows, unless ask_gone() comes first */
};

/* Who waits for a token is told, once: p, borrowed, is its principal; or p is
 * NULL, why is a text for the peer, and answer says whether it is unknown or
 * nobody could be asked. */
typedef void ask_done_fn(void *arg, struct principal *p, enum ask_answer answer,
                         const char *why);

/*
 * On behalf of somebody at that address, which must stay as long as he waits.
 * arg tells those who wait apart. why: a static text for the peer unless
 * ASK_WAITS.
 */
enum ask_begun ask_token(struct ask *a, const char *peer, const char *token,
                         ask_done_fn *done, void *arg, const char **why);
/* That one waits no longer. a NULL is fine. */
void ask_gone(struct ask *a, const void *arg);

/* p: the reference is taken over, whatever comes of it; ASK_KNOWN only. */
void ask_answer(struct ask_question *q, enum ask_answer answer,
                struct principal *p);
/* A slot for the asker. */
void **ask_slot(struct ask_question *q);

#endif
