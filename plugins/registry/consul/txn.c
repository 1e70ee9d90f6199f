/*
 * /v1/txn: up to 64 operations on keys, all of which happen, under one index,
 * or none.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base64.h"
#include "lib/mem.h"
#include "plugins/registry/consul/asking.h"
#include "plugins/registry/consul/body.h"
#include "plugins/registry/consul/call.h"
#include "plugins/registry/consul/families.h"
#include "plugins/registry/consul/pair.h"
#include "plugins/registry/consul/txn.h"
#include "server/musterd.h"

#define PIECE_BYTES 65536
#define PIECE_KEYS  1000

/* -- answers --------------------------------------------------------------- */

/* What only a transaction of reads has beside results and errors. */
static void end_answer(struct call *c, const struct txn *t)
{
    if (!t->writes) {
        jw_pair_uint(&c->out, "Index", 0);
        jw_pair_uint(&c->out, "LastContact", 0);
        jw_pair_bool(&c->out, "KnownLeader", true);
        jw_pair_text(&c->out, "ConsistencyLevel", "");
        call_leader(c);
    }
    jw_close(&c->out);
}

static void add_error(struct jw *w, const struct txn_error *e)
{
    jw_open_object(w);
    jw_pair_uint(w, "OpIndex", e->op);
    jw_pair_text(w, "What", e->what);
    jw_close(w);
}

void txn_conflict(struct call *c, const struct txn *t)
{
    unsigned i;

    jw_open_object(&c->out);
    jw_pair_null(&c->out, "Results");
    jw_key(&c->out, "Errors");
    jw_open_array(&c->out);
    for (i = 0; i < t->error_count; i++)
        add_error(&c->out, &t->errors[i]);
    jw_close(&c->out);
    end_answer(c, t);
    call_json(c, 409);
}

static bool shows(struct call *c, const struct txn *t, size_t i)
{
    const struct kv_entry *e = t->entries[i];
    enum kv_verb verb = t->ops[t->entry_ops[i]].verb;

    return (verb != KV_GET && verb != KV_GET_TREE) ||
           call_may(c, ACL_KEY, e->key, e->by_key.node.key_len, ACL_READ);
}

static void add_result(struct call *c, const struct txn *t, size_t i)
{
    enum kv_verb verb = t->ops[t->entry_ops[i]].verb;

    jw_open_object(&c->out);
    jw_key(&c->out, "KV");
    pair_write(&c->out, t->entries[i], verb == KV_GET || verb == KV_GET_TREE);
    jw_close(&c->out);
}

static bool more(struct call *c)
{
    struct txn *t = c->data;
    unsigned n = musterd_share(c->m, PIECE_KEYS);

    for (; t->shown < t->entry_count; t->shown++) {
        if (!n-- || buf_len(&c->out.buf) >= PIECE_BYTES)
            return true;
        if (shows(c, t, t->shown))
            add_result(c, t, t->shown);
    }
    jw_close(&c->out);
    jw_pair_null(&c->out, "Errors");
    end_answer(c, t);
    return false;
}

/* The result is only there during the call that tells of it. */
static void keep_entries(struct txn *t, const struct kv_result *r)
{
    size_t i;

    t->entries = xcalloc(r->entry_count + 1, sizeof(struct kv_entry *));
    t->entry_ops = xcalloc(r->entry_count + 1, sizeof(*t->entry_ops));
    t->entry_count = r->entry_count;
    for (i = 0; i < r->entry_count; i++) {
        t->entries[i] = kv_entry_ref(r->entries[i]);
        t->entry_ops[i] = r->entry_ops[i];
    }
}

static void answer_done(struct call *c, struct txn *t,
                        const struct kv_result *r)
{
    keep_entries(t, r);
    jw_open_object(&c->out);
    jw_key(&c->out, "Results");
    jw_open_array(&c->out);
    if (!t->writes)
        call_leader(c);
    call_stream(c, more);
}

static void answer_failed(struct call *c, struct txn *t,
                          const struct kv_result *r)
{
    bool delayed = false;
    unsigned i;

    for (i = 0; i < r->failure_count; i++)
        delayed |= r->failures[i].why == KV_WHY_DELAY;
    /* Consul looks at lock delays first, and then at nothing else */
    if (delayed)
        txn_forget_errors(t);
    for (i = 0; i < r->failure_count; i++)
        if (!delayed || r->failures[i].why == KV_WHY_DELAY)
            txn_add_failure(t, c->m->kv, &r->failures[i]);
    txn_conflict(c, t);
}

static void done(void *arg, const struct kv_result *r)
{
    struct call *c = arg;
    struct txn *t = c->data;

    server_audit_keys(&t->asker, t->ops, t->count, r);
    if (!call_release(c))
        return;
    if (r->status == KV_DONE)
        answer_done(c, t, r);
    else if (r->failure_count)
        answer_failed(c, t, r);
    else
        call_error(c, 500, "%s", r->text);
}

/* -- rights ---------------------------------------------------------------- */

static bool may_op(struct call *c, const struct kv_op *o)
{
    enum acl_level level = ACL_WRITE;
    enum acl_kind kind = ACL_KEY;

    switch (o->verb) {
    case KV_GET:
    case KV_GET_TREE: return true; /* what may not be seen is not shown */
    case KV_CHECK_INDEX:
    case KV_CHECK_SESSION:
    case KV_CHECK_ABSENT: level = ACL_READ; break;
    case KV_DELETE_TREE: kind = ACL_KEY_PREFIX; break;
    case KV_SET:
    case KV_RESTORE:
    case KV_CAS:
    case KV_LOCK:
    case KV_UNLOCK:
    case KV_DELETE:
    case KV_DELETE_CAS: break;
    }
    return call_may(c, kind, o->key, o->key_len, level);
}

static void check_rights(struct call *c, struct txn *t)
{
    bool refused = false;
    unsigned i;

    for (i = 0; i < t->count; i++) {
        if (t->bad[i] || may_op(c, &t->ops[i]))
            continue;
        txn_add_error(t, i, "Permission denied");
        refused = true;
    }
    if (!refused)
        return;
    t->hopeless = true;
    http_refused(c->r, "Permission denied");
}

/* Where one operation is hopeless the others are not tried, and what is wrong
 * with these is not told. */
static void forget_late(struct txn *t)
{
    unsigned i, kept = 0;

    for (i = 0; i < t->error_count; i++)
        if (t->ops[t->errors[i].op].wrong)
            free(t->errors[i].what);
        else
            t->errors[kept++] = t->errors[i];
    t->error_count = kept;
}

static enum http_verdict put_txn(struct http_request *r, void *ctx)
{
    struct call *c = call_begin(r, ctx);
    const char *wrong;
    struct txn *t;

    if (!c)
        return HTTP_DONE;
    t = txn_new(c);
    if (!txn_read(c, t))
        return HTTP_DONE;
    wrong = t->writes ? NULL : call_consistency_wrong(c);
    if (wrong)
        return call_error(c, 400, "%s", wrong);
    check_rights(c, t);
    if (t->hopeless) {
        forget_late(t);
        txn_conflict(c, t);
        return HTTP_DONE;
    }
    if (!t->count) {
        answer_done(c, t, &(struct kv_result){.status = KV_DONE});
        return HTTP_LATER;
    }
    if (t->writes && call_audit_full(c))
        return HTTP_DONE;
    call_hold(c);
    kv_request(c->m->kv, t->ops, t->count, done, c);
    return HTTP_LATER;
}

static const struct http_route rows[] = {
    {HTTP_PUT, "/v1/txn", put_txn, 0, CALL_BODY_TXN, NULL,
     "Does several operations on keys, or none of them."},
};

const struct http_table consul_txn = {rows, ARRAY_LEN(rows)};
