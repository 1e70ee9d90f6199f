#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base64.h"
#include "lib/mem.h"
#include "plugins/registry/consul/asking.h"
#include "plugins/registry/consul/body.h"
#include "plugins/registry/consul/call.h"
#include "plugins/registry/consul/pair.h"
#include "plugins/registry/consul/txn.h"
#include "server/musterd.h"

#define WRONG "Failed to parse body: "

/* -- life ------------------------------------------------------------------ */

void txn_forget_errors(struct txn *t)
{
    while (t->error_count)
        free(t->errors[--t->error_count].what);
    memset(t->bad, 0, sizeof(t->bad));
}

static void txn_free(void *data)
{
    struct txn *t = data;
    size_t i;

    for (i = 0; i < t->count; i++) {
        free((char *)t->ops[i].key);
        free((char *)t->ops[i].value);
        free((char *)t->ops[i].session);
    }
    txn_forget_errors(t);
    for (i = 0; i < t->entry_count; i++)
        kv_entry_unref(t->entries[i]);
    free(t->entries);
    free(t->entry_ops);
    free(t);
}

struct txn *txn_new(struct call *c)
{
    struct txn *t = xcalloc(1, sizeof(*t));

    call_asker(c, &t->asker);
    c->data = t;
    c->free_data = txn_free;
    return t;
}

/* -- errors ---------------------------------------------------------------- */

const char *txn_add_error(struct txn *t, unsigned op, const char *fmt, ...)
{
    unsigned at = t->error_count;
    va_list args;

    if (t->bad[op])
        return NULL;
    while (at && t->errors[at - 1].op > op) {
        t->errors[at] = t->errors[at - 1];
        at--;
    }
    va_start(args, fmt);
    t->errors[at] = (struct txn_error){op, xvasprintf(fmt, args)};
    va_end(args);
    t->error_count++;
    t->bad[op] = true;
    return t->errors[at].what;
}

/* An index, or a session, that is another one. */
static void add_other(struct txn *t, const struct kv_failure *f,
                      const struct kv_entry *e, const char *key)
{
    const struct kv_op *o = &t->ops[f->op];
    char *is, *wanted;

    if (o->verb == KV_CHECK_INDEX) {
        txn_add_error(t, f->op,
                      "failed index check for key %s, current modify index "
                      "%llu != %llu",
                      key, (unsigned long long)(e ? kv_entry_changed(e) : 0),
                      (unsigned long long)o->index);
        return;
    }
    is = pair_quoted(e ? e->session : "", e ? strlen(e->session) : 0);
    wanted = pair_quoted(o->session, strlen(o->session));
    txn_add_error(t, f->op,
                  "failed session check for key %s, current session %s != %s",
                  key, is, wanted);
    free(is);
    free(wanted);
}

static void add_absent(struct txn *t, const struct kv_failure *f,
                       const char *key)
{
    enum kv_verb verb = t->ops[f->op].verb;

    if (verb == KV_CHECK_INDEX || verb == KV_CHECK_SESSION)
        txn_add_error(t, f->op, "failed to check %s, key %s doesn't exist",
                      verb == KV_CHECK_INDEX ? "index" : "session", key);
    else
        txn_add_error(t, f->op, "key %s doesn't exist", key);
}

static void add_no_session(struct txn *t, const struct kv_failure *f)
{
    const struct kv_op *o = &t->ops[f->op];
    char *quoted = pair_quoted(o->session, strlen(o->session));

    txn_add_error(t, f->op, "invalid session %s", quoted);
    free(quoted);
}

void txn_add_failure(struct txn *t, const struct kv *kv,
                     const struct kv_failure *f)
{
    const struct kv_op *o = &t->ops[f->op];
    const struct kv_entry *e = kv_find(kv, o->key, o->key_len);
    char *key = pair_quoted(o->key, o->key_len);

    switch (f->why) {
    case KV_WHY_ABSENT: add_absent(t, f, key); break;
    case KV_WHY_PRESENT: txn_add_error(t, f->op, "key %s exists", key); break;
    case KV_WHY_INDEX:
        if (o->verb == KV_CHECK_INDEX)
            add_other(t, f, e, key);
        else
            txn_add_error(t, f->op, "failed to %s key %s, index is stale",
                          o->verb == KV_CAS ? "set" : "delete", key);
        break;
    case KV_WHY_HELD:
        txn_add_error(t, f->op, "failed to lock key %s, lock is already held",
                      key);
        break;
    case KV_WHY_NOT_HELD:
        if (o->verb == KV_CHECK_SESSION)
            add_other(t, f, e, key);
        else
            txn_add_error(t, f->op,
                          "failed to unlock key %s, lock isn't held, or is "
                          "held by another session",
                          key);
        break;
    case KV_WHY_DELAY:
        txn_add_error(t, f->op, "failed to lock key %s due to lock delay", key);
        break;
    case KV_WHY_SESSION: add_no_session(t, f); break;
    case KV_WHY_OTHER: txn_add_error(t, f->op, "%s", f->text); break;
    }
    free(key);
}

/* -- reading --------------------------------------------------------------- */

struct verb {
    const char *name;
    enum kv_verb verb;
    bool writes;
};

static const struct verb *verb_of(const char *name)
{
    static const struct verb verbs[] = {
        {"set", KV_SET, true},
        {"cas", KV_CAS, true},
        {"lock", KV_LOCK, true},
        {"unlock", KV_UNLOCK, true},
        {"get", KV_GET, false},
        {"get-tree", KV_GET_TREE, false},
        {"check-index", KV_CHECK_INDEX, false},
        {"check-session", KV_CHECK_SESSION, false},
        {"check-not-exists", KV_CHECK_ABSENT, false},
        {"delete", KV_DELETE, true},
        {"delete-cas", KV_DELETE_CAS, true},
        {"delete-tree", KV_DELETE_TREE, true},
    };
    size_t i;

    for (i = 0; name && i < ARRAY_LEN(verbs); i++)
        if (!strcmp(verbs[i].name, name))
            return &verbs[i];
    return NULL;
}

/* Where Go says that it is wrong. */
static size_t bad_base64(const char *text)
{
    static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "abcdefghijklmnopqrstuvwxyz0123456789+/";

    return strspn(text, good);
}

/* False: answered. */
static bool take_value(struct call *c, struct kv_op *o, const char *text)
{
    struct buf value = BUF_INIT;

    if (!text || !*text)
        return true;
    if (!base64_decode(&value, text, strlen(text))) {
        buf_free(&value);
        call_error(c, 400, WRONG "illegal base64 data at input byte %zu",
                   bad_base64(text));
        return false;
    }
    o->value_len = buf_len(&value);
    o->value = xmemdup0(buf_data(&value), o->value_len);
    buf_free(&value);
    return true;
}

/* False: answered. */
static bool values_fit(struct call *c, struct txn *t, const struct kv_op *o)
{
    size_t most = kv_bounds(c->m->kv)->value;
    char *key;

    t->values += o->value_len;
    if (!most || t->values <= most)
        return true;
    if (o->value_len <= most) {
        call_error(c, 413,
                   "Cumulative size of key data is too large "
                   "(%zu > %zu bytes)",
                   t->values, most);
        return false;
    }
    key = pair_quoted(o->key, o->key_len);
    call_error(c, 413, "Value for key %s is too large (%zu > %zu bytes)", key,
               o->value_len, most);
    free(key);
    return false;
}

/* A session that is to lock; how others name one does not matter. */
static void take_session(struct txn *t, unsigned i, const char *given)
{
    struct kv_op *o = &t->ops[i];
    char id[KV_SESSION_ID + 1], why[PAIR_SESSION_TEXT], *quoted;

    o->session = xstrdup(given ? given : "");
    if (o->verb != KV_LOCK && o->verb != KV_UNLOCK)
        return;
    if (!*o->session) {
        o->wrong = txn_add_error(t, i, "missing session");
    } else if (o->verb == KV_LOCK && !pair_session_id(o->session, id, why)) {
        o->wrong =
            txn_add_error(t, i, "failed session lookup: index error: %s", why);
    } else if (o->verb == KV_LOCK && !*id) {
        quoted = pair_quoted(o->session, strlen(o->session));
        o->wrong = txn_add_error(t, i, "invalid session %s", quoted);
        free(quoted);
    } else if (o->verb == KV_LOCK) {
        memcpy((char *)o->session, id, sizeof(id));
    }
}

/* One operation; false: answered. */
static bool read_op(struct call *c, struct txn *t, const json_t *kv)
{
    unsigned i = t->count++;
    struct kv_op *o = &t->ops[i];
    const char *name = body_text(c, kv, "Verb");
    const char *key = body_text(c, kv, "Key");
    const char *value = body_text(c, kv, "Value");
    const char *session = body_text(c, kv, "Session");
    const struct verb *v = verb_of(name);
    char *quoted;

    o->key = xstrdup(key ? key : "");
    o->key_len = strlen(o->key);
    body_uint(c, kv, "Flags", &o->flags);
    body_uint(c, kv, "Index", &o->index);
    if (!pair_key_fits(c, o->key_len) || !take_value(c, o, value) ||
        !values_fit(c, t, o))
        return false;
    o->verb = v ? v->verb : KV_GET;
    if (!o->key_len && o->verb != KV_DELETE_TREE) {
        txn_add_error(t, i, "Must provide key");
        t->hopeless = true;
    }
    if (!v) {
        quoted = pair_quoted(name ? name : "", name ? strlen(name) : 0);
        o->wrong = txn_add_error(t, i, "unknown KV verb %s", quoted);
        free(quoted);
        return true;
    }
    t->writes += v->writes;
    take_session(t, i, session);
    return true;
}

static bool read_ops(struct call *c, struct txn *t, const json_t *list)
{
    const json_t *item, *kv;
    size_t i;

    json_array_foreach(list, i, item)
    {
        kv = body_field(c, item, "KV");
        if (!kv || json_is_null(kv)) {
            body_wrong(c, "'[%zu]' is no operation on keys ('KV')", i);
            continue;
        }
        if (!read_op(c, t, kv))
            return false;
    }
    return body_ok(c);
}

bool txn_read(struct call *c, struct txn *t)
{
    const json_t *list = call_body_needed(c, WRONG);

    if (!list)
        return false;
    if (!json_is_array(list)) {
        call_error(c, 400,
                   WRONG "json: cannot unmarshal object into Go value "
                         "of type api.TxnOps");
        return false;
    }
    if (json_array_size(list) > KV_OPS_MAX) {
        call_error(c, 413,
                   "Transaction contains too many operations (%zu > %d)",
                   json_array_size(list), KV_OPS_MAX);
        return false;
    }
    return read_ops(c, t, list);
}
