#include "t/unit/store_kept.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"

struct kept_row {
    const char *kind;
    char *key, *value;
    struct store_row row;
};

struct kept_store {
    struct store base;
    struct kept_rows *disk;
    bool closing;
};

static struct kept_rows *disk_of(const struct store *s)
{
    return container_of(s, struct kept_store, base)->disk;
}

static struct kept_row *row_find(const struct kept_rows *d, const char *kind,
                                 const char *key, size_t len)
{
    struct kept_row *r;

    for (r = d->rows; r < d->rows + d->count; r++)
        if (!strcmp(r->kind, kind) && r->row.key_len == len &&
            !memcmp(r->key, key, len))
            return r;
    return NULL;
}

static void row_free(struct kept_row *r)
{
    free(r->key);
    free(r->value);
}

static void row_put(struct kept_rows *d, struct kept_row *r, const char *kind,
                    const struct store_text *t, uint64_t revision)
{
    uint64_t created = t->created ? t->created : revision;

    if (r) {
        assert(r->row.created == created);
        row_free(r);
    } else {
        if (d->count == d->size) {
            d->size = d->size ? 2 * d->size : 16;
            d->rows = xreallocarray(d->rows, d->size, sizeof(*d->rows));
        }
        r = &d->rows[d->count++];
    }
    r->kind = kind;
    r->key = xmemdup0(t->key.data + t->key.pos, buf_len(&t->key));
    r->value = xmemdup0(buf_len(&t->value) ? t->value.data + t->value.pos : "",
                        buf_len(&t->value));
    r->row = (struct store_row){.key = r->key,
                                .key_len = buf_len(&t->key),
                                .value = r->value,
                                .value_len = buf_len(&t->value),
                                .created = created,
                                .changed = t->changed ? t->changed : revision};
}

static void keep(struct kept_rows *d, const struct store_txn *txn,
                 uint64_t revision)
{
    const struct store_client *k = txn->client;
    struct store_text t = {.key = BUF_INIT};
    struct kept_row *r;
    bool put = k->write(k->arg, txn, &t);

    r = row_find(d, k->name, t.key.data + t.key.pos, buf_len(&t.key));
    if (put) {
        row_put(d, r, k->name, &t, revision);
    } else {
        assert(r && r->row.created == t.created);
        row_free(r);
        *r = d->rows[--d->count];
    }
    buf_free(&t.key);
    buf_free(&t.value);
}

static void kept_commit(struct store *s, struct store_txn *txn)
{
    struct kept_rows *d = disk_of(s);
    struct store_txn *t;
    uint64_t revision;

    if (d->fails || container_of(s, struct kept_store, base)->closing) {
        txn->error = "the disk is full";
        txn->done(txn, STORE_FAILED, s->revision);
        return;
    }
    if (!store_check(txn)) {
        txn->done(txn, STORE_CONFLICT, s->revision);
        return;
    }
    revision = d->revision + 1;
    s->revision = d->revision += store_span(txn);
    for (t = txn; t; t = t->also) {
        revision += t->next;
        if (t->durable)
            keep(d, t, revision);
    }
    store_apply(s, txn, s->revision);
    txn->done(txn, STORE_OK, s->revision);
}

static int by_created(const void *a, const void *b)
{
    const struct kept_row *x = a, *y = b;

    return (x->row.created > y->row.created) -
           (x->row.created < y->row.created);
}

static bool kept_replay(struct store *s, char **error)
{
    struct kept_rows *d = disk_of(s);
    const struct store_client *k;
    size_t i;

    if (d->count)
        qsort(d->rows, d->count, sizeof(*d->rows), by_created);
    for (i = 0; i < d->count; i++) {
        k = store_find_client(s, d->rows[i].kind);
        if (!k->load(k->arg, &d->rows[i].row, error))
            return false;
    }
    s->revision = d->revision;
    return true;
}

static void kept_close(struct store *s)
{
    struct kept_store *k = container_of(s, struct kept_store, base);

    k->closing = true;
    free(k);
}

struct store *store_kept_open(struct kept_rows *disk)
{
    static const struct store_ops ops = {.name = "kept",
                                         .immediate = true,
                                         .commit = kept_commit,
                                         .replay = kept_replay,
                                         .close = kept_close};
    struct kept_store *k = xcalloc(1, sizeof(*k));

    k->base.ops = &ops;
    k->base.idle = true;
    k->base.fd = -1;
    k->disk = disk;
    return &k->base;
}

void kept_free(struct kept_rows *disk)
{
    while (disk->count)
        row_free(&disk->rows[--disk->count]);
    free(disk->rows);
    *disk = (struct kept_rows){0};
}

const char *kept_value(const struct kept_rows *disk, const char *kind,
                       const char *key)
{
    const struct kept_row *r = row_find(disk, kind, key, strlen(key));

    return r ? r->value : NULL;
}
