/*
 * Keys of a snapshot: they are in order there and here, and both are walked at
 * once. What is only here is deleted, what is only there, or not so here, is
 * set, as many in one request as one may have.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base64.h"
#include "lib/words.h"
#include "server/musterd.h"
#include "server/snapshot_impl.h"

#define BATCH_BYTES ((size_t)256 << 10)

/* A key of the file. */
struct row_key {
    char *line;            /* owned */
    struct buf key, value; /* owned */
    uint64_t flags, locks;
    const char *session;
};

/* A request that is being made. */
struct batch {
    struct kv_op ops[KV_OPS_MAX];
    struct row_key rows[KV_OPS_MAX]; /* where the texts of the ops are */
    char *deleted[KV_OPS_MAX];       /* ... */
    unsigned count;
    size_t bytes;
};

static void row_key_free(struct row_key *k)
{
    free(k->line);
    buf_free(&k->key);
    buf_free(&k->value);
}

static void row_key_read(struct row_key *k, const struct snapshot_row *row)
{
    unsigned long long n = 0;
    struct word w[5];

    *k = (struct row_key){.line = xmemdup0(row->line, row->len)};
    if (words_split(k->line, row->len, w, 5) != 5 ||
        !base64_decode(&k->key, w[0].text, w[0].len) ||
        !base64_decode(&k->value, w[1].text, w[1].len))
        return; /* not after snapshot_read() */
    if (word_to_u64(&w[2], UINT64_MAX, &n))
        k->flags = n;
    if (word_to_u64(&w[3], UINT64_MAX, &n))
        k->locks = n;
    k->session = w[4].text;
}

static bool is_so(const struct kv_entry *e, const struct row_key *k)
{
    return e->flags == k->flags && e->locks == k->locks &&
           !strcmp(e->session, k->session) &&
           e->value_len == buf_len(&k->value) &&
           (!e->value_len ||
            !memcmp(e->value, buf_data(&k->value), e->value_len));
}

/* Keys as they are sorted. */
static int compare(const char *a, size_t a_len, const char *b, size_t b_len)
{
    int c = memcmp(a, b, a_len < b_len ? a_len : b_len);

    return c ? c : a_len < b_len ? -1 : a_len > b_len;
}

static void batch_delete(struct batch *b, const struct kv_entry *e)
{
    size_t len = e->by_key.node.key_len;

    b->deleted[b->count] = xmemdup0(e->key, len);
    b->ops[b->count] = (struct kv_op){
        .verb = KV_DELETE, .key = b->deleted[b->count], .key_len = len};
    b->bytes += len;
    b->count++;
}

static void batch_set(struct batch *b, const struct row_key *k)
{
    b->rows[b->count] = *k;
    b->ops[b->count] = (struct kv_op){.verb = KV_RESTORE,
                                      .key = buf_data(&k->key),
                                      .key_len = buf_len(&k->key),
                                      .value = buf_data(&k->value),
                                      .value_len = buf_len(&k->value),
                                      .flags = k->flags,
                                      .index = k->locks,
                                      .session = k->session};
    b->bytes += buf_len(&k->value);
    b->count++;
}

static void keys_done(void *arg, const struct kv_result *k)
{
    restore_end(arg, k->status == KV_DONE ? NULL : k->text);
}

static void batch_ask(struct restore *r, struct batch *b)
{
    unsigned i;

    if (b->count) {
        restore_begin(r);
        kv_request(r->m->kv, b->ops, b->count, keys_done, r);
    }
    for (i = 0; i < b->count; i++) {
        row_key_free(&b->rows[i]);
        free(b->deleted[i]);
    }
}

/* The walk has come to that key. */
static void pass(struct restore *r, const char *key, size_t len)
{
    free(r->after);
    r->after = xmemdup0(key, len);
    r->after_len = len;
}

/* The next key that is here; NULL: there is none. */
static const struct kv_entry *next_here(const struct restore *r)
{
    return r->after ? kv_after(r->m->kv, r->after, r->after_len)
                    : kv_next(r->m->kv, "", 0, NULL);
}

/* One step of both walks; false: they are at their end. */
static bool step(struct restore *r, struct batch *b)
{
    const struct snapshot *s = &r->snapshot;
    bool there = r->at < s->count && s->rows[r->at].kind == SNAPSHOT_KEY;
    const struct kv_entry *e = next_here(r);
    struct row_key k;
    int order;

    if (!there && !e)
        return false;
    if (there)
        row_key_read(&k, &s->rows[r->at]);
    order = !there ? -1
            : !e   ? 1
                   : compare(e->key, e->by_key.node.key_len, buf_data(&k.key),
                             buf_len(&k.key));
    if (order < 0) {
        pass(r, e->key, e->by_key.node.key_len);
        r->counts.removed++;
        batch_delete(b, e);
        if (there)
            row_key_free(&k);
        return true;
    }
    r->at++;
    pass(r, buf_data(&k.key), buf_len(&k.key));
    if (order == 0 && is_so(e, &k)) {
        r->counts.same++;
        row_key_free(&k);
    } else {
        r->counts.changed++;
        batch_set(b, &k);
    }
    return true;
}

/* For the next key of the file, whatever its value takes. */
static bool has_room(const struct restore *r, const struct batch *b)
{
    const struct snapshot *s = &r->snapshot;
    size_t max = kv_value_max(r->m->kv), next = 0;

    if (!max || max > BATCH_BYTES)
        max = BATCH_BYTES;
    if (r->at < s->count)
        next = s->rows[r->at].len;
    return !b->count || b->bytes + next <= max;
}

bool restore_keys(struct restore *r, unsigned *budget)
{
    struct batch b = {.count = 0};
    bool more = true;

    while (more && b.count < KV_OPS_MAX && *budget && has_room(r, &b)) {
        more = step(r, &b);
        --*budget;
    }
    batch_ask(r, &b);
    return !more;
}
