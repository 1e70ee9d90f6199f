#include "server/state/acl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "lib/auth/secret.h"
#include "lib/mem.h"
#include "lib/utf8.h"
#include "lib/words.h"
#include "server/state/acl_impl.h"

/* The key of the row that says that there was a bootstrap: no id is such. */
#define BOOTSTRAPPED "\001bootstrapped"

/* -- tokens ---------------------------------------------------------------- */

static struct acl_token *token_of(struct keynode *n)
{
    return n ? container_of(n, struct acl_token, by_id) : NULL;
}

void acl_token_free(struct acl_token *t)
{
    if (!t)
        return;
    explicit_bzero(t->id, strlen(t->id));
    free(t->id);
    free(t->name);
    free(t->text);
    acl_rules_free(t->rules);
    free(t->hash);
    free(t);
}

struct acl_token *acl_token_new(const struct acl_request *q)
{
    struct acl_token *t = xcalloc(1, sizeof(*t));

    t->id = xstrdup(q->id);
    t->name = xstrdup(q->name ? q->name : "");
    t->text = xstrdup(q->rules ? q->rules : "");
    t->management = q->management;
    return t;
}

struct acl_token *acl_find(const struct acls *a, const char *id, size_t len)
{
    unsigned char digest[PRINCIPAL_HASH];
    struct acl_hash *h;

    secret_hash(id, len, digest);
    HASH_FIND(hh, a->by_hash, digest, PRINCIPAL_HASH, h);
    return h ? h->token : NULL;
}

static void token_add(struct acls *a, struct acl_token *t, uint64_t created,
                      uint64_t changed)
{
    t->created = created;
    t->changed = changed;
    t->by_id =
        (struct keynode){.key = t->id, .key_len = (uint32_t)strlen(t->id)};
    keymap_insert(&a->by_id, &t->by_id);
    t->hash = xcalloc(1, sizeof(*t->hash));
    t->hash->token = t;
    secret_hash(t->id, strlen(t->id), t->hash->digest);
    HASH_ADD(hh, a->by_hash, digest, PRINCIPAL_HASH, t->hash);
}

static void token_let_go(struct acl_token *t)
{
    struct acl_holder *h, *next;

    DL_FOREACH_SAFE (t->holders, h, next) {
        acl_release(h);
        h->gone(h);
    }
    acl_token_free(t);
}

static void token_drop(struct acls *a, struct acl_token *t)
{
    keymap_remove(&a->by_id, &t->by_id);
    HASH_DEL(a->by_hash, t->hash);
    token_let_go(t);
}

/* What is there takes over the properties of the new one, which it leaves its
 * own. */
static void token_change(struct acl_token *t, struct acl_token *as,
                         uint64_t revision)
{
    struct acl_rules *rules = t->rules;
    char *name = t->name, *text = t->text;
    struct acl_holder *h, *next;

    t->name = as->name;
    t->text = as->text;
    t->rules = as->rules;
    t->management = as->management;
    t->changed = revision;
    as->name = name;
    as->text = text;
    as->rules = rules;
    DL_FOREACH_SAFE (t->holders, h, next)
        if (h->changed)
            h->changed(h);
}

void acl_hold(struct acl_token *t, struct acl_holder *h)
{
    h->token = t;
    DL_APPEND(t->holders, h);
}

void acl_release(struct acl_holder *h)
{
    struct acl_token *t = (struct acl_token *)h->token;

    if (!t)
        return;
    DL_DELETE(t->holders, h);
    h->token = NULL;
}

const char *acl_token_label(const struct acl_token *t, char out[ACL_LABEL_MAX])
{
    snprintf(out, ACL_LABEL_MAX, "consul:%llu", (unsigned long long)t->created);
    return out;
}

/* -- in no list ------------------------------------------------------------ */

struct acl_token *acl_lone_new(const char *id, const char *rules)
{
    struct acl_token *t =
        acl_token_new(&(struct acl_request){.id = id, .rules = rules});
    char *why = NULL;

    t->rules = acl_rules_parse(rules, strlen(rules), &why);
    free(why);
    t->hash = xcalloc(1, sizeof(*t->hash));
    secret_hash(id, strlen(id), t->hash->digest);
    return t;
}

void acl_lone_free(struct acl_token *t)
{
    if (t)
        token_let_go(t);
}

bool acl_lone_is(const struct acl_token *t, const char *id, size_t len)
{
    unsigned char digest[PRINCIPAL_HASH];

    secret_hash(id, len, digest);
    return secret_same(digest, t->hash->digest);
}

/* -- as the store sees it -------------------------------------------------- */

/* Nothing changes between the request's turn and its commit. */
static bool acls_check(void *arg, const struct store_txn *txn)
{
    (void)arg;
    (void)txn;
    return true;
}

static void changed(struct acls *a, uint64_t revision)
{
    struct acl_waiter *w, *next;

    if (revision > a->index)
        a->index = revision;
    DL_FOREACH_SAFE (a->waiters, w, next)
        w->changed(w);
}

static void acls_apply(void *arg, struct store_txn *txn, uint64_t revision)
{
    struct acl_change *ch = container_of(txn, struct acl_change, txn);
    struct acl_token *there;
    struct acls *a = arg;

    if (!ch->token) {
        a->bootstrapped = true;
        return;
    }
    there = acl_find(a, ch->token->id, strlen(ch->token->id));
    if (txn->op == STORE_DELETE) {
        token_drop(a, there);
    } else if (there) {
        token_change(there, ch->token, revision);
    } else {
        token_add(a, ch->token, revision, revision);
        ch->token = NULL;
    }
    changed(a, revision);
}

/* "client NAME", a line end, and the rules as they are. */
static bool acls_write(void *arg, const struct store_txn *txn,
                       struct store_text *out)
{
    const struct acl_change *ch = container_of(txn, struct acl_change, txn);
    const struct acl_token *t = ch->token, *there;

    if (!t) {
        buf_add_str(&out->key, BOOTSTRAPPED);
        buf_add_str(&out->value, "bootstrapped");
        return true;
    }
    there = acl_find(arg, t->id, strlen(t->id));
    out->created = there ? there->created : 0;
    buf_add_str(&out->key, t->id);
    if (txn->op == STORE_DELETE)
        return false;
    buf_add_words(&out->value, t->management ? "management" : "client");
    buf_add_words(&out->value, t->name);
    buf_add_char(&out->value, '\n');
    buf_add_str(&out->value, t->text);
    return true;
}

static bool is_plain(const char *text, size_t most)
{
    size_t len = strlen(text), i;

    for (i = 0; i < len; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == '\x7f')
            return false;
    return len <= most && utf8_valid(text, len);
}

const char *acl_token_wrong(const struct acl_token *t)
{
    if (!*t->id || !is_plain(t->id, ACL_ID_MAX))
        return "ACL ID: 1 to 256 bytes, and no control characters";
    if (!is_plain(t->name, ACL_NAME_MAX))
        return "ACL Name: at most 1024 bytes, and no control characters";
    return NULL;
}

/* NULL, and *error, if it cannot be right. */
static struct acl_token *token_read(const struct store_row *row, char **error)
{
    char *id = xmemdup0(row->key, row->key_len), *why = NULL;
    char *value = xmemdup0(row->value, row->value_len);
    char *end = strchr(value, '\n');
    struct acl_token *t = NULL;
    struct word w[2];

    if (end && words_split(value, (size_t)(end - value), w, 2) == 2 &&
        strlen(id) == row->key_len) {
        t = acl_token_new(
            &(struct acl_request){.id = id,
                                  .name = w[1].text,
                                  .rules = end + 1,
                                  .management = word_is(&w[0], "management")});
        t->rules = acl_rules_parse(t->text, strlen(t->text), &why);
    }
    if (!t || !t->rules || acl_token_wrong(t)) {
        *error =
            xasprintf("a token of Consul's: %s", why ? why : "it can be none");
        acl_token_free(t);
        t = NULL;
    }
    explicit_bzero(id, row->key_len);
    free(why);
    free(id);
    free(value);
    return t;
}

static bool acls_load(void *arg, const struct store_row *row, char **error)
{
    struct acls *a = arg;
    struct acl_token *t;

    if (row->key_len == strlen(BOOTSTRAPPED) &&
        !memcmp(row->key, BOOTSTRAPPED, row->key_len)) {
        a->bootstrapped = true;
        return true;
    }
    t = token_read(row, error);
    if (!t)
        return false;
    if (acl_find(a, t->id, strlen(t->id))) {
        *error = xstrdup("a token of Consul's is there twice");
        acl_token_free(t);
        return false;
    }
    token_add(a, t, row->created, row->changed);
    return true;
}

/* -- looking --------------------------------------------------------------- */

const struct acl_token *acl_next(const struct acls *a,
                                 const struct acl_token *after)
{
    return after ? acl_after(a, after->id, strlen(after->id))
                 : acl_after(a, "", 0);
}

const struct acl_token *acl_after(const struct acls *a, const char *id,
                                  size_t len)
{
    return token_of(keymap_after(&a->by_id, id, len));
}

size_t acl_count(const struct acls *a)
{
    return a->by_id.count;
}

uint64_t acl_index(const struct acls *a)
{
    return a->index ? a->index : 1;
}

void acl_wait(struct acls *a, struct acl_waiter *w)
{
    w->waits = true;
    DL_APPEND(a->waiters, w);
}

void acl_wait_end(struct acls *a, struct acl_waiter *w)
{
    if (w->waits)
        DL_DELETE(a->waiters, w);
    w->waits = false;
}

/* -- life ------------------------------------------------------------------ */

struct acls *acls_new(struct store *s)
{
    struct acls *a = xcalloc(1, sizeof(*a));

    a->store = s;
    a->client = (struct store_client){.name = "acl",
                                      .check = acls_check,
                                      .apply = acls_apply,
                                      .write = acls_write,
                                      .load = acls_load,
                                      .arg = a};
    store_add_client(s, &a->client);
    return a;
}

void acls_set_max(struct acls *a, size_t max)
{
    a->max = max;
}

static void forget(struct keynode *n, void *arg)
{
    struct acl_token *t = token_of(n);
    struct acls *a = arg;

    HASH_DEL(a->by_hash, t->hash);
    while (t->holders)
        acl_release(t->holders);
    acl_token_free(t);
}

void acls_free(struct acls *a)
{
    if (!a)
        return;
    keymap_empty(&a->by_id, forget, a);
    free(a);
}
