#include "server/state/token_store.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "lib/auth/rights.h"
#include "lib/mem.h"
#include "lib/words.h"

#define TOKEN_WORDS_MAX 1024 /* words of a token's line */

struct token {
    char name[PRINCIPAL_NAME_MAX + 1]; /* key */
    struct principal *principal;       /* NULL: not committed yet */
    uint64_t created, changed;
    bool busy; /* a change of it is with the store */
    UT_hash_handle hh;
};

struct token_store {
    struct store *store;
    struct store_client client;
    struct token_user user;
    size_t max;
    struct token *tokens;
};

/* A change on its way. */
struct token_change {
    struct store_txn txn;
    struct token_store *ts;
    struct token *token;
    struct principal *principal; /* STORE_PUT: a reference */
    token_done_fn *done;
    void *arg;
};

static struct token *token_find(const struct token_store *ts, const char *name)
{
    struct token *t;

    HASH_FIND_STR(ts->tokens, name, t);
    return t;
}

static struct token *token_new(struct token_store *ts, const char *name)
{
    struct token *t = xcalloc(1, sizeof(*t));

    memcpy(t->name, name, strlen(name));
    HASH_ADD_STR(ts->tokens, name, t);
    return t;
}

static void token_free(struct token_store *ts, struct token *t)
{
    HASH_DEL(ts->tokens, t);
    principal_unref(t->principal);
    free(t);
}

static void token_set(struct token_store *ts, struct token *t,
                      struct principal *p)
{
    principal_unref(t->principal);
    t->principal = p;
    ts->user.put(ts->user.arg, principal_ref(p));
}

/* -- as the store sees it -------------------------------------------------- */

/* Nothing changes between the request and its turn: the token is busy. */
static bool token_check(void *arg, const struct store_txn *txn)
{
    (void)arg;
    (void)txn;
    return true;
}

static void token_apply(void *arg, struct store_txn *txn, uint64_t revision)
{
    struct token_change *ch = container_of(txn, struct token_change, txn);
    struct token_store *ts = arg;
    struct token *t = ch->token;

    if (txn->op == STORE_DELETE) {
        ts->user.drop(ts->user.arg, t->name);
        principal_unref(t->principal);
        t->principal = NULL;
        return;
    }
    if (!t->principal)
        t->created = revision;
    t->changed = revision;
    token_set(ts, t, principal_ref(ch->principal));
}

static bool token_write(void *arg, const struct store_txn *txn,
                        struct store_text *out)
{
    const struct token_change *ch = container_of(txn, struct token_change, txn);
    const struct token *t = ch->token;

    (void)arg;
    buf_add_str(&out->key, t->name);
    out->created = t->created;
    if (txn->op == STORE_DELETE)
        return false;
    rights_write(ch->principal, true, &out->value);
    return true;
}

/* Gives p what its line says. NULL, or an error text. */
static char *token_read_line(struct principal *p, char *line, size_t len)
{
    struct word words[TOKEN_WORDS_MAX];
    int n = words_split(line, len, words, TOKEN_WORDS_MAX), i;
    char *error = NULL;

    if (n < 0)
        return xstrdup(words_error_text(n));
    if (n % 2)
        return xstrdup("a field without a value");
    for (i = 0; i < n && !error; i += 2)
        error = rights_set(p, words[i].text, words[i + 1].text);
    return error;
}

static bool token_load(void *arg, const struct store_row *row, char **error)
{
    struct token_store *ts = arg;
    char name[PRINCIPAL_NAME_MAX + 1] = "", *line;
    struct principal *p;
    struct token *t;

    if (!principal_name_ok(row->key, row->key_len)) {
        *error = xstrdup("a token has a name that none can have");
        return false;
    }
    memcpy(name, row->key, row->key_len);
    line = xcalloc(1, row->value_len + 1);
    memcpy(line, row->value, row->value_len);
    p = principal_new(name);
    *error = token_read_line(p, line, row->value_len);
    free(line);
    if (!*error && token_find(ts, name))
        *error = xstrdup("it is there twice");
    if (*error) {
        char *what = *error;

        *error = xasprintf("token %s: %s", name, what);
        free(what);
        principal_unref(p);
        return false;
    }
    t = token_new(ts, name);
    t->created = row->created;
    t->changed = row->changed;
    token_set(ts, t, p);
    return true;
}

/* -- requests -------------------------------------------------------------- */

static void change_done(struct store_txn *txn, enum store_status status,
                        uint64_t revision)
{
    struct token_change *ch = container_of(txn, struct token_change, txn);
    struct token_store *ts = ch->ts;

    (void)revision;
    ch->token->busy = false;
    if (!ch->token->principal)
        token_free(ts, ch->token);
    if (status == STORE_OK)
        ch->done(ch->arg, TOKEN_OK, NULL);
    else
        ch->done(ch->arg, TOKEN_FAILED,
                 txn->error ? txn->error : "the store refused it");
    principal_unref(ch->principal);
    free(ch);
}

static void change_commit(struct token_store *ts, struct token *t,
                          struct principal *p, token_done_fn *done, void *arg)
{
    struct token_change *ch = xcalloc(1, sizeof(*ch));

    ch->txn = (struct store_txn){.client = &ts->client,
                                 .op = p ? STORE_PUT : STORE_DELETE,
                                 .durable = true,
                                 .expect = t->principal ? t->changed
                                                        : STORE_EXPECT_ABSENT,
                                 .done = change_done};
    ch->ts = ts;
    ch->token = t;
    ch->principal = p;
    ch->done = done;
    ch->arg = arg;
    t->busy = true;
    store_commit(ts->store, &ch->txn);
}

static enum token_status put_refusal(const struct token_store *ts,
                                     const struct token *there, bool replace,
                                     const char **text)
{
    if (there && there->busy) {
        *text = "a change of that token is under way: try again";
        return TOKEN_BUSY;
    }
    if (there && !replace) {
        *text = "there is a token of that name: revoke it first, or replace it";
        return TOKEN_EXISTS;
    }
    if (!there && ts->max && HASH_COUNT(ts->tokens) >= ts->max) {
        *text = "too many tokens in this registry (limits.tokens)";
        return TOKEN_FULL;
    }
    return TOKEN_OK;
}

void token_store_put(struct token_store *ts, struct principal *p, bool replace,
                     token_done_fn *done, void *arg)
{
    struct token *t = token_find(ts, p->name);
    const char *text;
    enum token_status status = put_refusal(ts, t, replace, &text);

    if (status != TOKEN_OK) {
        principal_unref(p);
        done(arg, status, text);
        return;
    }
    change_commit(ts, t ? t : token_new(ts, p->name), p, done, arg);
}

void token_store_remove(struct token_store *ts, const char *name,
                        token_done_fn *done, void *arg)
{
    struct token *t = token_find(ts, name);

    if (!t || (!t->principal && !t->busy))
        done(arg, TOKEN_MISSING, "there is no token of that name in the store");
    else if (t->busy)
        done(arg, TOKEN_BUSY, "a change of that token is under way: try again");
    else
        change_commit(ts, t, NULL, done, arg);
}

/* -- looking --------------------------------------------------------------- */

size_t token_store_count(const struct token_store *ts)
{
    return HASH_COUNT(ts->tokens);
}

static struct token_kept token_kept(const struct token *t)
{
    return (struct token_kept){.principal = t->principal,
                               .created = t->created,
                               .changed = t->changed};
}

bool token_store_get(const struct token_store *ts, const char *name,
                     struct token_kept *out)
{
    const struct token *t = token_find(ts, name);

    if (!t || !t->principal)
        return false;
    *out = token_kept(t);
    return true;
}

static int by_name(const struct token *a, const struct token *b)
{
    return strcmp(a->name, b->name);
}

void token_store_each(struct token_store *ts,
                      void (*fn)(void *arg, const struct token_kept *k),
                      void *arg)
{
    struct token *t;
    struct token_kept k;

    HASH_SORT(ts->tokens, by_name);
    for (t = ts->tokens; t; t = t->hh.next) {
        k = token_kept(t);
        if (k.principal)
            fn(arg, &k);
    }
}

/* -- life ------------------------------------------------------------------ */

struct token_store *token_store_new(struct store *s, size_t max,
                                    const struct token_user *user)
{
    struct token_store *ts = xcalloc(1, sizeof(*ts));

    ts->store = s;
    ts->max = max;
    ts->user = *user;
    ts->client = (struct store_client){.name = "token",
                                       .check = token_check,
                                       .apply = token_apply,
                                       .write = token_write,
                                       .load = token_load,
                                       .arg = ts};
    store_add_client(s, &ts->client);
    return ts;
}

void token_store_set_max(struct token_store *ts, size_t max)
{
    ts->max = max;
}

void token_store_free(struct token_store *ts)
{
    struct token *t, *next;

    if (!ts)
        return;
    HASH_ITER (hh, ts->tokens, t, next)
        token_free(ts, t);
    free(ts);
}
