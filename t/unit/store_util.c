#include "t/unit/store_util.h"

#include <dirent.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/mem.h"

static char folder[64];

static const struct box_txn *txn_of(const struct store_txn *txn)
{
    return container_of(txn, struct box_txn, txn);
}

static struct box_record *box_place(struct box *b, const char *key)
{
    unsigned i;

    for (i = 0; i < BOX_RECORDS; i++)
        if (!strcmp(b->records[i].key, key))
            return &b->records[i];
    return NULL;
}

const struct box_record *box_find(const struct box *b, const char *key)
{
    return box_place((struct box *)b, key);
}

static bool box_check(void *arg, const struct store_txn *txn)
{
    const struct box_record *r = box_find(arg, txn_of(txn)->key);

    if (txn->expect == STORE_EXPECT_ABSENT)
        return !r;
    return r && (txn->expect == STORE_EXPECT_ANY || txn->expect == r->changed);
}

static void box_apply(void *arg, struct store_txn *txn, uint64_t revision)
{
    const struct box_txn *t = txn_of(txn);
    struct box *b = arg;
    struct box_record *r = box_place(b, t->key);

    b->applied++;
    if (!r) {
        r = box_place(b, "");
        assert_non_null(r);
        r->created = revision;
    }
    snprintf(r->key, sizeof(r->key), "%s", t->value ? t->key : "");
    snprintf(r->value, sizeof(r->value), "%s", t->value ? t->value : "");
    r->kept = txn->durable;
    if (!txn->silent)
        r->changed = revision;
}

static bool box_write(void *arg, const struct store_txn *txn,
                      struct store_text *out)
{
    const struct box_txn *t = txn_of(txn);
    const struct box_record *r = box_find(arg, t->key);

    buf_add_str(&out->key, t->key);
    if (r)
        out->created = r->created;
    if (txn->silent)
        out->changed = r->changed;
    if (t->value)
        buf_add_str(&out->value, t->value);
    return t->value != NULL;
}

static bool box_load(void *arg, const struct store_row *row, char **error)
{
    struct box *b = arg;
    struct box_record *r = &b->records[b->loaded++];

    if (row->value_len == 3 && !memcmp(row->value, "bad", 3)) {
        *error = xstrdup("a bad one");
        return false;
    }
    *r = (struct box_record){
        .created = row->created, .changed = row->changed, .kept = true};
    snprintf(r->key, sizeof(r->key), "%.*s", (int)row->key_len, row->key);
    snprintf(r->value, sizeof(r->value), "%.*s", (int)row->value_len,
             row->value);
    return true;
}

static void box_other(void *arg, uint64_t revision)
{
    struct box *b = arg;

    b->others[b->other_count++ % ARRAY_LEN(b->others)] = revision;
}

void box_init(struct box *b, struct store *s, const char *table)
{
    *b = (struct box){.store = s,
                      .client = {.name = table,
                                 .check = box_check,
                                 .apply = box_apply,
                                 .write = box_write,
                                 .load = box_load}};
    b->client.arg = b;
    store_add_client(s, &b->client);
    s->other = box_other;
    s->other_arg = b;
}

static void box_done(struct store_txn *txn, enum store_status status,
                     uint64_t revision)
{
    struct box_txn *t = (struct box_txn *)txn_of(txn);

    t->done++;
    t->status = status;
    t->revision = revision;
    assert_int_equal(status == STORE_FAILED, txn->error != NULL);
}

void box_ask(struct box *b, struct box_txn *t, const char *key,
             const char *value)
{
    *t = (struct box_txn){.txn = {.client = &b->client,
                                  .op = value ? STORE_PUT : STORE_DELETE,
                                  .durable = true,
                                  .expect = box_find(b, key)
                                                ? STORE_EXPECT_ANY
                                                : STORE_EXPECT_ABSENT,
                                  .done = box_done},
                          .key = key,
                          .value = value};
}

void box_wait(struct box *b, const struct box_txn *t)
{
    unsigned i;

    for (i = 0; !t->done && i < 6000; i++) {
        struct pollfd p = {.fd = b->store->fd, .events = POLLIN};

        store_hand_over(b->store);
        poll(&p, 1, 10);
        store_collect(b->store);
    }
    assert_int_equal(t->done, 1);
}

void box_put(struct box *b, struct box_txn *t, const char *key,
             const char *value)
{
    box_ask(b, t, key, value);
    store_commit(b->store, &t->txn);
    box_wait(b, t);
}

const char *store_path(const char *name)
{
    static char path[sizeof(folder) + 64];

    if (!folder[0]) {
        snprintf(folder, sizeof(folder), "/tmp/muster-store-XXXXXX");
        assert_non_null(mkdtemp(folder));
    }
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

void store_clear(void)
{
    DIR *d = folder[0] ? opendir(folder) : NULL;
    struct dirent *e;

    while (d && (e = readdir(d)))
        if (e->d_name[0] != '.')
            unlink(store_path(e->d_name));
    if (d)
        closedir(d);
    if (folder[0])
        rmdir(folder);
    folder[0] = '\0';
}
