#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "server/state/kv_impl.h"

/* -- the request ----------------------------------------------------------- */

struct kv_change *kv_change_new(struct kv *kv, unsigned ops, kv_done_fn *done,
                                void *arg)
{
    struct kv_change *ch = xcalloc(1, sizeof(*ch));

    ch->kv = kv;
    ch->count = ops;
    ch->ops = xcalloc(ops + 1, sizeof(*ch->ops));
    ch->prepared = xcalloc(ops + 1, sizeof(struct kv_entry *));
    ch->done = done;
    ch->arg = arg;
    ch->failures = xcalloc(ops + 1, sizeof(*ch->failures));
    ch->claim.places = xcalloc(ops + 1, sizeof(*ch->claim.places));
    ch->size = sizeof(*ch);
    kv->pending++;
    return ch;
}

static void sessions_free(struct kv_change *ch)
{
    struct session_effect *s;

    while ((s = ch->sessions)) {
        ch->sessions = s->next;
        if (!s->session->registered)
            session_free(s->session);
        free(s);
    }
}

static void change_free(struct kv_change *ch)
{
    struct kv *kv = ch->kv;
    struct kv_effect *f, *next;
    unsigned i;

    HASH_ITER (hh, ch->effects, f, next) {
        HASH_DEL(ch->effects, f);
        kv_entry_unref(f->before);
        kv_entry_unref(f->after);
        free(f);
    }
    for (i = 0; i < ch->entry_count; i++)
        kv_entry_unref(ch->entries[i]);
    for (i = 0; i < ch->count; i++) {
        kv_entry_unref(ch->prepared[i]);
        kv_entry_unref(ch->ops[i].after);
        free((char *)ch->ops[i].key);
    }
    sessions_free(ch);
    kv->pending--;
    kv->pending_bytes -= ch->size;
    free(ch->prepared);
    free(ch->ops);
    free(ch->failures);
    free(ch->claim.places);
    free(ch->entries);
    free(ch->entry_ops);
    free(ch);
}

/* What it may have added is there now, or will not be. */
static void change_settle(struct kv_change *ch)
{
    ch->kv->coming_keys -= ch->new_keys;
    ch->kv->coming_bytes -= ch->new_bytes;
    ch->kv->coming_sessions -= ch->new_sessions;
    ch->new_keys = ch->new_bytes = ch->new_sessions = 0;
}

/* A version that another one of the same change followed was never committed:
 * it is told of under the index of the change. */
static void number_entries(struct kv_change *ch)
{
    struct kv_entry *e;
    size_t i;

    for (i = 0; i < ch->entry_count; i++) {
        e = ch->entries[i];
        if (e->by_key.number)
            continue;
        e->by_key.number = ch->result.revision;
        if (!e->created)
            e->created = ch->result.revision;
    }
}

static void change_answer(struct kv_change *ch)
{
    struct kv_result *r = &ch->result;

    change_settle(ch);
    ch->kv->refused += r->status == KV_REFUSED;
    if (r->status == KV_DONE) {
        number_entries(ch);
        r->entries = ch->entries;
        r->entry_ops = ch->entry_ops;
        r->entry_count = ch->entry_count;
    }
    if (ch->done)
        ch->done(ch->arg, r);
}

/* The last of its life but for that others may run. */
static void change_end(struct kv_change *ch)
{
    change_answer(ch);
    lanes_leave(&ch->kv->lanes, &ch->claim);
    change_free(ch);
}

void kv_refuse(struct kv *kv, const char *text, unsigned op, kv_done_fn *done,
               void *arg)
{
    const struct kv_failure failure = {.op = op, .text = text};
    struct kv_result r = {.status = KV_REFUSED,
                          .revision = kv->store->revision,
                          .text = text,
                          .failures = &failure,
                          .failure_count = 1};

    kv->refused++;
    if (done)
        done(arg, &r);
}

/* -- through the store ----------------------------------------------------- */

static void change_done(struct kv_change *ch, const struct store_txn *txn,
                        enum store_status status, uint64_t revision)
{
    struct session_effect *s;

    ch->result.revision = revision;
    if (status == STORE_FAILED) {
        ch->result.status = KV_FAILED;
        ch->result.text = txn->error;
    } else if (status == STORE_CONFLICT) {
        ch->result.status = KV_FALSE;
        ch->result.text = "it was changed meanwhile: try again";
    }
    for (s = ch->sessions; s; s = s->next)
        if (s->txn.op == STORE_DELETE && status != STORE_OK)
            session_end_failed(ch->kv, s->session);
    change_end(ch);
}

static void effect_done(struct store_txn *txn, enum store_status status,
                        uint64_t revision)
{
    change_done(container_of(txn, struct kv_effect, txn)->change, txn, status,
                revision);
}

static void session_done(struct store_txn *txn, enum store_status status,
                         uint64_t revision)
{
    change_done(container_of(txn, struct session_effect, txn)->change, txn,
                status, revision);
}

/* Sessions first: as long as one is known its keys are. */
static struct store_txn *change_chain(struct kv_change *ch)
{
    struct store_txn *first = NULL, **link = &first;
    struct session_effect *s;
    struct kv_effect *f, *next;

    for (s = ch->sessions; s; s = s->next) {
        s->txn.client = &ch->kv->sessions_client;
        s->txn.durable = true;
        s->txn.done = session_done;
        s->txn.expect =
            s->txn.op == STORE_PUT ? STORE_EXPECT_ABSENT : STORE_EXPECT_ANY;
        *link = &s->txn;
        link = &s->txn.also;
    }
    HASH_ITER (hh, ch->effects, f, next) {
        f->txn.client = &ch->kv->keys_client;
        f->txn.op = f->after ? STORE_PUT : STORE_DELETE;
        f->txn.durable = true;
        f->txn.done = effect_done;
        f->txn.expect =
            f->before ? f->before->by_key.number : STORE_EXPECT_ABSENT;
        *link = &f->txn;
        link = &f->txn.also;
    }
    return first;
}

static void change_run(struct lane_claim *claim)
{
    struct kv_change *ch = container_of(claim, struct kv_change, claim);
    struct store_txn *first;

    ch->result.revision = ch->kv->store->revision;
    first = kv_try(ch) ? change_chain(ch) : NULL;
    if (first)
        store_commit(ch->kv->store, first);
    else
        change_end(ch);
}

void kv_change_go(struct kv_change *ch, bool all)
{
    ch->claim.run = change_run;
    ch->claim.all = all;
    ch->claim.count = ch->count;
    ch->kv->pending_bytes += ch->size;
    lanes_enter(&ch->kv->lanes, &ch->claim);
}

void kv_change_session(struct kv_change *ch, enum store_op op,
                       struct session *s)
{
    struct session_effect *f = xcalloc(1, sizeof(*f));

    f->change = ch;
    f->session = s;
    f->txn.op = op;
    f->next = ch->sessions;
    ch->sessions = f;
    if (op == STORE_PUT) {
        ch->new_sessions++;
        ch->kv->coming_sessions++;
    }
}

/* -- asking ---------------------------------------------------------------- */

static bool writes(enum kv_verb verb)
{
    return verb == KV_SET || verb == KV_RESTORE || verb == KV_CAS ||
           verb == KV_LOCK || verb == KV_UNLOCK;
}

static bool only_reads(const struct kv_op *ops, unsigned count)
{
    unsigned i;

    for (i = 0; i < count; i++)
        if (writes(ops[i].verb) || ops[i].verb >= KV_DELETE)
            return false;
    return true;
}

static const char *op_refusal(const struct kv *kv, const struct kv_op *o)
{
    bool tree = o->verb == KV_GET_TREE || o->verb == KV_DELETE_TREE;
    bool session = o->verb == KV_LOCK || o->verb == KV_UNLOCK;

    if (!o->key_len && !tree)
        return "a key is empty";
    if (o->key_len > KV_KEY_MAX)
        return "a key is too long";
    if (kv->limits.value && writes(o->verb) && o->value_len > kv->limits.value)
        return "a value is too long";
    if (session && !o->wrong && (!o->session || !*o->session))
        return "a session is missing";
    return NULL;
}

static const char *request_refusal(const struct kv *kv, const struct kv_op *ops,
                                   unsigned count, unsigned *op)
{
    const char *wrong;
    size_t values = 0;

    if (!count || count > KV_OPS_MAX)
        return "too many operations in one request";
    for (*op = 0; *op < count; ++*op) {
        wrong = op_refusal(kv, &ops[*op]);
        if (wrong)
            return wrong;
        values += ops[*op].value_len;
    }
    *op = 0;
    if (kv->limits.value && values > kv->limits.value)
        return "the values of one request are too long";
    if (kv->pending_bytes + values > KV_PENDING_MAX)
        return "too much waits for the store: try again later";
    return NULL;
}

/* Key and session are one text of ours, the value is in its entry. */
static void op_copy(struct kv_change *ch, unsigned i, const struct kv_op *o)
{
    size_t session = o->session ? strlen(o->session) : 0;
    char *text = xmalloc(o->key_len + session + 2);

    if (o->key_len)
        memcpy(text, o->key, o->key_len);
    text[o->key_len] = '\0';
    memcpy(text + o->key_len + 1, o->session ? o->session : "", session + 1);
    ch->ops[i] = *o;
    ch->ops[i].key = text;
    ch->ops[i].session = text + o->key_len + 1;
    ch->ops[i].value = NULL;
    if (o->after)
        kv_entry_ref(o->after);
    if (writes(o->verb))
        ch->prepared[i] =
            kv_entry_new(o->key, o->key_len, o->value, o->value_len);
    ch->claim.places[i].key = text;
    ch->claim.places[i].key_len = o->key_len;
    ch->size += sizeof(*o) + o->key_len + session + o->value_len;
}

void kv_request(struct kv *kv, const struct kv_op *ops, unsigned count,
                kv_done_fn *done, void *arg)
{
    unsigned i = 0;
    const char *wrong = request_refusal(kv, ops, count, &i);
    struct kv_change *ch;
    bool all = false;

    if (wrong) {
        kv_refuse(kv, wrong, i, done, arg);
        return;
    }
    ch = kv_change_new(kv, count, done, arg);
    for (i = 0; i < count; i++) {
        op_copy(ch, i, &ops[i]);
        all |= ops[i].verb == KV_GET_TREE || ops[i].verb == KV_DELETE_TREE;
    }
    if (!only_reads(ops, count)) {
        kv_change_go(ch, all);
        return;
    }
    /* what is committed can be read at any time */
    ch->result.revision = kv->store->revision;
    kv->pending_bytes += ch->size;
    (void)kv_try(ch);
    change_answer(ch);
    change_free(ch);
}
