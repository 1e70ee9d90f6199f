#include "lib/auth/auth.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "lib/auth/ask.h"
#include "lib/auth/gate.h"
#include "lib/auth/secret.h"
#include "lib/log.h"
#include "lib/mem.h"

/* Wall-clock time may be stepped: expiry is looked at that often at least, in
 * seconds. */
#define EXPIRY_LOOK 10

/* A principal in the table; one of each source under a name. */
struct entry {
    char name[PRINCIPAL_NAME_MAX + 1]; /* key */
    struct principal *of[AUTH_SOURCES];
    UT_hash_handle hh;
};

struct auth {
    struct loop_timer *expiry;
    struct entry *entries;
    struct ask *ask;      /* owned; NULL: nobody is asked */
    auth_other_fn *other; /* who knows other tokens; NULL: nobody */
    void *other_arg;
    char *rule;                /* who shows nothing */
    struct principal *local;   /* ... from this machine; NULL: a token's ... */
    struct principal *distant; /* ... from elsewhere; NULL: ... principal */
};

/* -- the table ------------------------------------------------------------- */

static struct entry *entry_find(const struct auth *a, const char *name)
{
    struct entry *e;

    HASH_FIND_STR(a->entries, name, e);
    return e;
}

static void entry_settle(struct auth *a, struct entry *e)
{
    int i;

    for (i = 0; i < AUTH_SOURCES; i++)
        if (e->of[i])
            return;
    HASH_DEL(a->entries, e);
    free(e);
}

static bool has_expired(const struct principal *p)
{
    return p->expires && p->expires <= time(NULL);
}

static bool is_good(const struct principal *p)
{
    return p && !p->revoked && !has_expired(p);
}

static void revoke(struct principal *p, const char *why)
{
    if (p->holders)
        log_info("token %s: %s", p->name, why);
    principal_revoke(p, why);
}

/* Those who live by an expired one are closed. */
static void look_at_expiry(void *arg)
{
    struct auth *a = arg;
    struct entry *e, *next;
    time_t now = time(NULL), wait, soon = EXPIRY_LOOK;
    bool again = false;
    int i;

    HASH_ITER (hh, a->entries, e, next) {
        for (i = 0; i < AUTH_SOURCES; i++) {
            if (!e->of[i] || !e->of[i]->expires || e->of[i]->revoked)
                continue;
            wait = e->of[i]->expires - now;
            if (wait <= 0)
                revoke(e->of[i], "the token has expired");
            else
                again = true;
            if (wait > 0 && wait < soon)
                soon = wait;
        }
    }
    if (again)
        loop_timer_set(a->expiry, (uint64_t)soon * 1000);
}

void auth_put(struct auth *a, enum auth_source from, struct principal *p)
{
    struct entry *e = entry_find(a, p->name);
    struct principal *old;

    if (!e) {
        e = xcalloc(1, sizeof(*e));
        memcpy(e->name, p->name, sizeof(e->name));
        HASH_ADD_STR(a->entries, name, e);
    }
    old = e->of[from];
    if (old && !old->revoked && principal_same(old, p)) {
        principal_unref(p);
        return;
    }
    e->of[from] = p;
    if (old) {
        revoke(old, "the token's rights have changed: connect again");
        principal_unref(old);
    }
    if (p->expires)
        loop_timer_set(a->expiry, 0); /* to see when it is due */
}

bool auth_drop(struct auth *a, enum auth_source from, const char *name,
               const char *why)
{
    struct entry *e = entry_find(a, name);
    struct principal *old = e ? e->of[from] : NULL;

    if (!old)
        return false;
    e->of[from] = NULL;
    entry_settle(a, e);
    revoke(old, why);
    principal_unref(old);
    return true;
}

struct principal *auth_get(const struct auth *a, enum auth_source from,
                           const char *name)
{
    const struct entry *e = entry_find(a, name);

    return e ? e->of[from] : NULL;
}

void auth_each(const struct auth *a, enum auth_source from, auth_each_fn *fn,
               void *arg)
{
    struct entry *e, *next;

    HASH_ITER (hh, a->entries, e, next)
        if (e->of[from])
            fn(arg, e->of[from]);
}

size_t auth_count(const struct auth *a)
{
    const struct entry *e;
    size_t n = 0;
    int i;

    for (e = a->entries; e; e = e->hh.next)
        for (i = 0; i < AUTH_SOURCES; i++)
            n += e->of[i] && (e->of[i]->has_hash || e->of[i]->cert);
    return n;
}

/* -- who shows nothing ----------------------------------------------------- */

/* As principal_all() and principal_nobody(), but these can be revoked. */
static struct principal *anonymous_new(bool all)
{
    enum scope_kind scope = all ? SCOPE_ALL : SCOPE_NONE;
    struct principal *p = principal_new("anonymous");

    p->anonymous = true;
    p->all = p->admin = all;
    p->find.kind = p->watch.kind = p->exec.kind = scope;
    return p;
}

static void forget_rule(struct auth *a)
{
    static const char why[] = "who shows no token has other rights now: "
                              "connect again";

    if (a->local)
        principal_revoke(a->local, why);
    if (a->distant)
        principal_revoke(a->distant, why);
    principal_unref(a->local);
    principal_unref(a->distant);
    a->local = a->distant = NULL;
    free(a->rule);
    a->rule = NULL;
}

void auth_set_anonymous(struct auth *a, const char *rule)
{
    bool all;

    if (a->rule && !strcmp(a->rule, rule))
        return;
    forget_rule(a);
    a->rule = xstrdup(rule);
    all = !strcmp(rule, "all");
    if (!all && strcmp(rule, "auto") != 0 && strcmp(rule, "none") != 0)
        return;
    a->local = anonymous_new(strcmp(rule, "none") != 0);
    a->distant = anonymous_new(all);
}

struct principal *auth_anonymous(struct auth *a, bool local)
{
    struct entry *e;
    int i;

    if (a->distant)
        return local ? a->local : a->distant;
    e = entry_find(a, a->rule);
    for (i = 0; e && i < AUTH_SOURCES; i++)
        if (is_good(e->of[i]))
            return e->of[i];
    return principal_nobody();
}

/* -- who shows something --------------------------------------------------- */

/* Whoever asks, and whether there is such a name or not: as much work. */
struct principal *auth_by_token(struct auth *a, const char *token, size_t len)
{
    static const unsigned char nothing[PRINCIPAL_HASH];
    const char *dot = memchr(token, '.', len < TOKEN_MAX ? len : TOKEN_MAX);
    char name[PRINCIPAL_NAME_MAX + 1] = "";
    unsigned char hash[PRINCIPAL_HASH];
    struct principal *p, *found = NULL;
    const struct entry *e;
    int i;

    if (dot && len <= TOKEN_MAX && dot - token <= PRINCIPAL_NAME_MAX)
        memcpy(name, token, (size_t)(dot - token));
    secret_hash(token, len <= TOKEN_MAX ? len : TOKEN_MAX, hash);
    e = entry_find(a, name);
    for (i = 0; i < AUTH_SOURCES; i++) {
        p = e ? e->of[i] : NULL;
        if (secret_same(hash, p ? p->hash : nothing) && p && p->has_hash &&
            is_good(p))
            found = p;
    }
    if (!found && a->other && len <= TOKEN_MAX)
        found = a->other(a->other_arg, token, len);
    return found;
}

void auth_set_other(struct auth *a, auth_other_fn *fn, void *arg)
{
    a->other = fn;
    a->other_arg = arg;
}

struct principal *auth_by_cert(struct auth *a, const char *name)
{
    struct entry *e;
    int i;

    for (e = a->entries; e; e = e->hh.next)
        for (i = 0; i < AUTH_SOURCES; i++)
            if (e->of[i] && e->of[i]->cert && is_good(e->of[i]) &&
                fnmatch(e->of[i]->cert, name, 0) == 0)
                return e->of[i];
    return NULL;
}

struct principal *auth_by_name(struct auth *a, const char *name)
{
    const struct entry *e = entry_find(a, name);
    int i;

    for (i = 0; e && i < AUTH_SOURCES; i++)
        if (is_good(e->of[i]))
            return e->of[i];
    return NULL;
}

void auth_set_ask(struct auth *a, struct ask *ask)
{
    ask_free(a->ask);
    a->ask = ask;
}

struct ask *auth_ask(const struct auth *a)
{
    return a->ask;
}

static struct principal *accepted(void *arg, bool local)
{
    return auth_anonymous(arg, local);
}

static struct principal *certified(void *arg, const char *name)
{
    return auth_by_cert(arg, name);
}

const struct listen_auth *auth_listen(void)
{
    static const struct listen_auth listen = {
        .anonymous = accepted,
        .certified = certified,
        .gate = {.line = gate_line, .gone = gate_gone},
    };

    return &listen;
}

/* -- life ------------------------------------------------------------------ */

struct auth *auth_new(struct loop *loop)
{
    struct auth *a = xcalloc(1, sizeof(*a));

    a->expiry = loop_timer_new(loop, look_at_expiry, a);
    auth_set_anonymous(a, "auto");
    return a;
}

void auth_free(struct auth *a)
{
    struct entry *e, *next;
    int i;

    if (!a)
        return;
    auth_set_ask(a, NULL);
    HASH_ITER (hh, a->entries, e, next) {
        for (i = 0; i < AUTH_SOURCES; i++)
            principal_unref(e->of[i]);
        HASH_DEL(a->entries, e);
        free(e);
    }
    forget_rule(a);
    loop_timer_free(a->expiry);
    free(a);
}
