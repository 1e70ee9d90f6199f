#include "plugins/registry/consul/kv_write.h"

#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "plugins/registry/consul/asking.h"
#include "plugins/registry/consul/call.h"
#include "plugins/registry/consul/pair.h"
#include "server/keys.h"
#include "server/musterd.h"

/* A write on its way: what it was, for its answer and for the audit log. */
struct kv_write {
    struct asker asker;
    struct kv_op op;
    char session[KV_SESSION_ID + 1];
    char key[];
};

/* -- answers --------------------------------------------------------------- */

static void answer_refused(struct call *c, const struct kv_write *w,
                           const struct kv_result *r)
{
    char *quoted;

    if (r->failures[0].why != KV_WHY_SESSION) {
        call_error(c, 500, "%s", r->text);
        return;
    }
    quoted = pair_quoted(w->op.session, strlen(w->op.session));
    call_error(c, 500, "invalid session %s", quoted);
    free(quoted);
}

static void written(void *arg, const struct kv_result *r)
{
    struct call *c = arg;
    const struct kv_write *w = c->data;

    server_audit_keys(&w->asker, &w->op, 1, r);
    if (!call_release(c))
        return;
    switch (r->status) {
    case KV_DONE: call_true(c, true); break;
    case KV_FALSE: call_true(c, false); break;
    case KV_REFUSED: answer_refused(c, w, r); break;
    case KV_FAILED: call_error(c, 500, "%s", r->text); break;
    }
}

/* -- what is asked for ----------------------------------------------------- */

static struct kv_write *write_of(struct call *c, enum kv_verb verb)
{
    const char *key = http_param(c->r, "key");
    size_t len = strlen(key);
    struct kv_write *w = xcalloc(1, sizeof(*w) + len + 1);

    memcpy(w->key, key, len);
    w->op = (struct kv_op){.verb = verb, .key = w->key, .key_len = len};
    call_asker(c, &w->asker);
    c->data = w;
    c->free_data = free;
    return w;
}

static enum http_verdict ask(struct call *c, const struct kv_write *w)
{
    call_hold(c);
    kv_request(c->m->kv, &w->op, 1, written, c);
    return HTTP_LATER;
}

struct param {
    const char *name, *value;
};

static int by_name(const void *a, const void *b)
{
    const struct param *x = a, *y = b;

    return strcmp(x->name, y->name);
}

static void add_escaped(struct buf *out, const char *text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "abcdefghijklmnopqrstuvwxyz0123456789-_.~";

    for (; *text; text++) {
        if (strchr(plain, *text))
            buf_add_char(out, *text);
        else if (*text == ' ')
            buf_add_char(out, '+');
        else
            buf_add_fmt(out, "%%%02X", (unsigned char)*text);
    }
}

/* The query as Go would write it, but for the token. */
static void conflict(struct call *c)
{
    const struct http_query *q = http_query_all(c->r);
    struct param all[HTTP_QUERY_MAX] = {{0}};
    struct buf text = BUF_INIT;
    unsigned i, n = 0;

    for (i = 0; i < q->count; i++)
        if (strcmp(q->items[i].name, "token") != 0)
            all[n++] = (struct param){q->items[i].name, q->items[i].value};
    qsort(all, n, sizeof(*all), by_name);
    for (i = 0; i < n; i++) {
        buf_add_str(&text, i ? "&" : "");
        add_escaped(&text, all[i].name);
        buf_add_char(&text, '=');
        add_escaped(&text, all[i].value);
    }
    call_error(c, 400, "Conflicting flags: %s", buf_str(&text));
    buf_free(&text);
}

/* More than one of them is there: answered. */
static bool conflicts(struct call *c, const char *const *names, size_t count)
{
    unsigned found = 0;
    size_t i;

    for (i = 0; i < count; i++)
        found += http_query(c->r, names[i]) != NULL;
    if (found > 1)
        conflict(c);
    return found > 1;
}

/* The request names a key that there may be; false: answered. */
static bool names_key(struct call *c)
{
    const char *key = http_param(c->r, "key");

    if (*key)
        return pair_key_fits(c, strlen(key));
    call_error(c, 400, "Missing key name");
    return false;
}

/* -- put ------------------------------------------------------------------- */

/* Who is to lock it; false: answered. */
static bool take_acquire(struct call *c, struct kv_write *w, const char *given)
{
    char why[PAIR_SESSION_TEXT], *quoted;

    w->op.verb = KV_LOCK;
    w->op.session = w->session;
    if (!*given) {
        call_error(c, 500, "missing session");
        return false;
    }
    if (!pair_session_id(given, w->session, why)) {
        call_error(c, 500, "failed session lookup: index error: %s", why);
        return false;
    }
    if (*w->session)
        return true;
    quoted = pair_quoted(given, strlen(given));
    call_error(c, 500, "invalid session %s", quoted);
    free(quoted);
    return false;
}

/* Who is to release it: whatever is no session's id holds nothing. */
static bool take_release(struct call *c, struct kv_write *w, const char *given)
{
    if (!*given) {
        call_error(c, 500, "missing session");
        return false;
    }
    w->op.verb = KV_UNLOCK;
    w->op.session = given; /* it is copied when it is asked for */
    return true;
}

/* flags, and one of cas, acquire, release; false: answered. */
static bool take_how(struct call *c, struct kv_write *w)
{
    const char *acquire = http_query(c->r, "acquire");
    const char *release = http_query(c->r, "release");
    int cas;

    if (pair_query_uint(c, "flags", &w->op.flags) < 0)
        return false;
    cas = pair_query_uint(c, "cas", &w->op.index);
    if (cas > 0)
        w->op.verb = KV_CAS;
    if (cas < 0)
        return false;
    if (acquire)
        return take_acquire(c, w, acquire);
    return !release || take_release(c, w, release);
}

enum http_verdict kv_write_put(struct http_request *r, void *ctx)
{
    static const char *const kinds[] = {"cas", "acquire", "release"};
    struct call *c = call_begin(r, ctx);
    struct kv_write *w;

    if (!c || !names_key(c) || conflicts(c, kinds, ARRAY_LEN(kinds)))
        return HTTP_DONE;
    w = write_of(c, KV_SET);
    if (!take_how(c, w) ||
        !call_demand(c, ACL_KEY, w->key, w->op.key_len, ACL_WRITE) ||
        call_audit_full(c))
        return HTTP_DONE;
    w->op.value = http_body(r, &w->op.value_len);
    return ask(c, w);
}

/* -- delete ---------------------------------------------------------------- */

static enum http_verdict delete_tree(struct call *c)
{
    struct kv_write *w;

    if (!pair_key_fits(c, strlen(http_param(c->r, "key"))))
        return HTTP_DONE;
    w = write_of(c, KV_DELETE_TREE);
    if (!call_demand(c, ACL_KEY_PREFIX, w->key, w->op.key_len, ACL_WRITE) ||
        call_audit_full(c))
        return HTTP_DONE;
    call_hold(c);
    keys_delete_tree(c->m, w->key, w->op.key_len, written, c);
    return HTTP_LATER;
}

enum http_verdict kv_write_delete(struct http_request *r, void *ctx)
{
    static const char *const kinds[] = {"recurse", "cas"};
    struct call *c = call_begin(r, ctx);
    struct kv_write *w;
    int cas;

    if (!c || conflicts(c, kinds, ARRAY_LEN(kinds)))
        return HTTP_DONE;
    if (http_query(r, "recurse"))
        return delete_tree(c);
    if (!names_key(c))
        return HTTP_DONE;
    w = write_of(c, KV_DELETE);
    cas = pair_query_uint(c, "cas", &w->op.index);
    if (cas > 0)
        w->op.verb = KV_DELETE_CAS;
    if (cas < 0 || !call_demand(c, ACL_KEY, w->key, w->op.key_len, ACL_WRITE) ||
        call_audit_full(c))
        return HTTP_DONE;
    return ask(c, w);
}
