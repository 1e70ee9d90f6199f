/*
 * A service as the store keeps it: the key is its name, the value one line of
 * words, as they would be said on port new: its attributes, those that clients
 * do not see (their names begin with '.') among them, and its settings
 * (.ttl SECONDS, .volatile a,b).
 */
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "server/state/catalog_impl.h"
#include "server/state/volatiles.h"

static void write_volatiles(const struct name_list *l, struct buf *out)
{
    struct buf names = BUF_INIT;
    const char *p;

    for (p = l->text; p < l->text + l->size; p += strlen(p) + 1) {
        if (buf_len(&names))
            buf_add_char(&names, ',');
        buf_add_str(&names, p);
    }
    buf_add_str(out, " .volatile");
    buf_add_word(out, buf_data(&names), buf_len(&names));
    buf_free(&names);
}

static void write_pairs(const struct record *r, struct buf *out)
{
    const struct attr_pair *p;
    uint32_t i;

    for (i = 0; i < r->count; i++) {
        p = r->pairs[i];
        buf_add_word(out, p->key->name, p->key->len);
        buf_add_word(out, p->value, p->len);
    }
}

static void write_kept(const struct record *r, uint32_t ttl_ms,
                       const struct name_list *volatiles, struct buf *out)
{
    write_pairs(r, out);
    if (ttl_ms)
        buf_add_fmt(out, " .ttl %u", (ttl_ms + 999) / 1000);
    if (volatiles)
        write_volatiles(volatiles, out);
}

void catalog_kept_write(const struct service *v, struct buf *out)
{
    write_kept(v->record, v->ttl_ms, v->volatiles, out);
}

bool catalog_write(void *arg, const struct store_txn *txn,
                   struct store_text *out)
{
    const struct catalog_txn *t = container_of(txn, struct catalog_txn, txn);
    const struct service *v = t->service;
    const struct name_list *volatiles =
        t->set_volatiles ? t->volatiles : v->volatiles;
    uint32_t ttl_ms = t->set_ttl ? t->ttl_ms : v->ttl_ms;

    (void)arg;
    buf_add(&out->key, v->name, v->name_len);
    if (v->registered)
        out->created = v->created;
    if (txn->silent)
        out->changed = v->changed;
    if (txn->op == STORE_DELETE || !service_persists(t->record))
        return false;
    write_kept(t->record, ttl_ms, volatiles, &out->value);
    return true;
}

/* -- reading --------------------------------------------------------------- */

/* A value, split. */
struct kept {
    struct word *words; /* owned, as is the text they point into */
    char *text;
    struct record_edit edit; /* its attributes, moved to the front of words */
    uint64_t ttl_s;
    const struct word *volatiles; /* or NULL */
    struct word volatiles_word;
};

static bool kept_pair(struct kept *k, struct word *to, const struct word *w)
{
    unsigned long long n;

    if (word_is(&w[0], ".ttl")) {
        if (!word_to_u64(&w[1], UINT32_MAX / 1000, &n))
            return false;
        k->ttl_s = n;
    } else if (word_is(&w[0], ".volatile")) {
        k->volatiles_word = w[1];
        k->volatiles = &k->volatiles_word;
    } else {
        memmove(to, w, 2 * sizeof(*w));
        k->edit.set_count++;
    }
    return w[0].len != 0;
}

static bool kept_read(struct kept *k, const struct store_row *row)
{
    int max = (int)(row->value_len / 2) + 1, n, i;

    *k = (struct kept){0};
    if (row->value_len > INT32_MAX / 2 ||
        memchr(row->value, '\0', row->value_len))
        return false;
    k->text = xmemdup0(row->value, row->value_len);
    k->words = xreallocarray(NULL, (size_t)max, sizeof(*k->words));
    n = words_split(k->text, row->value_len, k->words, max);
    if (n < 0 || n % 2)
        return false;
    k->edit.sets = k->words;
    for (i = 0; i < n; i += 2)
        if (!kept_pair(k, k->words + 2 * k->edit.set_count, k->words + i))
            return false;
    return true;
}

static void kept_free(struct kept *k)
{
    free(k->words);
    free(k->text);
}

static struct record *kept_record(struct catalog *c, const struct kept *k,
                                  struct record_pins *pins)
{
    pins->pairs =
        xreallocarray(NULL, k->edit.set_count + 1, sizeof(struct attr_pair *));
    return record_edit(&c->index, NULL, &k->edit, pins);
}

/* True if the record is one that would have been kept. */
static bool service_restore(struct catalog *c, const struct store_row *row,
                            const struct kept *k)
{
    struct service *v = service_new(row->key, row->key_len);
    struct record_pins pins;
    struct record *r = kept_record(c, k, &pins);
    bool ok = service_persists(r);

    if (ok) {
        catalog_enter(c, v, row->created);
        v->changed = row->changed;
        catalog_put_record(c, v, record_ref(r), true);
        v->ttl_ms = (uint32_t)(k->ttl_s * 1000);
        if (k->volatiles)
            v->volatiles = volatiles_new(k->volatiles);
        catalog_touch(c, v); /* it has one ttl to be heard of */
    }
    record_unpin(&c->index, &pins);
    free(pins.pairs);
    record_unref(&c->index, r);
    service_unref(&c->index, v);
    return ok;
}

bool catalog_load(void *arg, const struct store_row *row, char **error)
{
    struct catalog *c = arg;
    const char *wrong = NULL;
    struct kept k = {0};

    if (!row->key_len || row->key_len > UINT16_MAX ||
        memchr(row->key, '\0', row->key_len))
        wrong = "its name cannot be one";
    else if (catalog_find(c, row->key, row->key_len))
        wrong = "it is there twice";
    else if (!kept_read(&k, row))
        wrong = "its value is no line of attributes";
    else if (!service_restore(c, row, &k))
        wrong = "it does not persist";
    kept_free(&k);
    if (wrong)
        *error = xasprintf("service %.*s: %s",
                           row->key_len < 80 ? (int)row->key_len : 80, row->key,
                           wrong);
    return !wrong;
}

bool catalog_kept_ok(const char *value, size_t len)
{
    const struct store_row row = {.value = value, .value_len = len};
    struct kept k;
    bool ok = kept_read(&k, &row);

    kept_free(&k);
    return ok;
}

bool catalog_kept_register(struct catalog *c, struct catalog_owner *owner,
                           const struct word *name, const char *value,
                           size_t len, catalog_done_fn *done, void *arg)
{
    const struct store_row row = {.value = value, .value_len = len};
    struct kept k;
    bool ok = kept_read(&k, &row);
    struct catalog_request q = {.edit = k.edit,
                                .volatiles = k.volatiles,
                                .replace = true,
                                .set_ttl = k.ttl_s != 0,
                                .ttl_ms = (uint32_t)(k.ttl_s * 1000),
                                .may_all = true};

    if (ok)
        catalog_register(c, owner, name, &q, done, arg);
    kept_free(&k);
    return ok;
}
