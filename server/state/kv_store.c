#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "lib/words.h"
#include "server/state/kv_impl.h"

#define HEAD_MAX 256 /* bytes of the line before a value */

/* -- keys ------------------------------------------------------------------ */

static const struct kv_effect *effect_of(const struct store_txn *txn)
{
    return container_of(txn, struct kv_effect, txn);
}

static bool key_check(void *arg, const struct store_txn *txn)
{
    const struct kv_effect *f = effect_of(txn);
    const struct kv_entry *e = f->before ? f->before : f->after;

    return kv_find(arg, e->key, e->by_key.node.key_len) == f->before;
}

static void key_apply(void *arg, struct store_txn *txn, uint64_t revision)
{
    const struct kv_effect *f = effect_of(txn);

    /* the record goes on, even if it was deleted in between */
    if (f->after)
        f->after->created = f->before ? f->before->created : revision;
    kv_put(arg, f->before, f->after, revision);
}

/* A line of words that says the rest, then the bytes of the value. */
static bool key_write(void *arg, const struct store_txn *txn,
                      struct store_text *out)
{
    const struct kv_effect *f = effect_of(txn);
    const struct kv_entry *e = f->after ? f->after : f->before;

    (void)arg;
    buf_add(&out->key, e->key, e->by_key.node.key_len);
    out->created = f->before ? f->before->created : 0;
    if (!f->after)
        return false;
    buf_add_fmt(&out->value, "flags %llu locks %llu",
                (unsigned long long)e->flags, (unsigned long long)e->locks);
    if (*e->session)
        buf_add_fmt(&out->value, " session %s", e->session);
    buf_add_char(&out->value, '\n');
    buf_add(&out->value, e->value, e->value_len);
    return true;
}

/* flags N locks N [session ID] */
static bool head_read(const char *text, size_t len, unsigned long long *flags,
                      unsigned long long *locks, char *session)
{
    char line[HEAD_MAX + 1];
    struct word w[7];
    int n;

    if (len > HEAD_MAX)
        return false;
    memcpy(line, text, len);
    n = words_split(line, len, w, (int)ARRAY_LEN(w));
    if ((n != 4 && n != 6) || !word_is(&w[0], "flags") ||
        !word_to_u64(&w[1], UINT64_MAX, flags) || !word_is(&w[2], "locks") ||
        !word_to_u64(&w[3], UINT64_MAX, locks))
        return false;
    *session = '\0';
    if (n == 4)
        return true;
    if (!word_is(&w[4], "session") || w[5].len != KV_SESSION_ID)
        return false;
    memcpy(session, w[5].text, KV_SESSION_ID + 1);
    return true;
}

static bool key_load(void *arg, const struct store_row *row, char **error)
{
    const char *end = memchr(row->value, '\n', row->value_len);
    unsigned long long flags, locks;
    char session[KV_SESSION_ID + 1];
    struct kv *kv = arg;
    struct kv_entry *e;

    if (!row->key_len || row->key_len > KV_KEY_MAX || !end ||
        !head_read(row->value, (size_t)(end - row->value), &flags, &locks,
                   session) ||
        kv_find(kv, row->key, row->key_len)) {
        *error =
            xasprintf("key '%.*s': its record makes no sense",
                      row->key_len < 80 ? (int)row->key_len : 80, row->key);
        return false;
    }
    e = kv_entry_new(row->key, row->key_len, end + 1,
                     row->value_len - (size_t)(end + 1 - row->value));
    e->flags = flags;
    e->locks = locks;
    memcpy(e->session, session, sizeof(session));
    e->created = row->created;
    e->by_key.number = row->changed;
    kv->bytes += kv_entry_bytes(e);
    if (row->changed > kv->index)
        kv->index = row->changed;
    keymap_insert(&kv->keys, &e->by_key.node);
    return true;
}

/* -- sessions -------------------------------------------------------------- */

static struct session_effect *session_effect_of(const struct store_txn *txn)
{
    return container_of(txn, struct session_effect, txn);
}

static bool session_check(void *arg, const struct store_txn *txn)
{
    const struct session *s = session_effect_of(txn)->session;

    if (txn->op == STORE_PUT)
        return !session_get(arg, s->id, KV_SESSION_ID);
    return s->registered;
}

static void session_apply(void *arg, struct store_txn *txn, uint64_t revision)
{
    struct session *s = session_effect_of(txn)->session;

    if (txn->op == STORE_PUT)
        session_put(arg, s, revision);
    else
        session_drop(arg, s, revision);
}

static bool session_row(void *arg, const struct store_txn *txn,
                        struct store_text *out)
{
    const struct session *s = session_effect_of(txn)->session;

    (void)arg;
    buf_add(&out->key, s->id, KV_SESSION_ID);
    out->created = session_created(s);
    if (txn->op == STORE_DELETE)
        return false;
    session_write(s, &out->value);
    return true;
}

static bool session_load(void *arg, const struct store_row *row, char **error)
{
    struct session *s = session_read(row);
    struct kv *kv = arg;

    if (!s || session_get(kv, s->id, KV_SESSION_ID)) {
        session_free(s);
        *error =
            xasprintf("session '%.*s': its record makes no sense",
                      row->key_len < 80 ? (int)row->key_len : 80, row->key);
        return false;
    }
    session_put(kv, s, row->created);
    return true;
}

void kv_store_init(struct kv *kv)
{
    kv->keys_client = (struct store_client){.name = "kv",
                                            .check = key_check,
                                            .apply = key_apply,
                                            .write = key_write,
                                            .load = key_load,
                                            .arg = kv};
    kv->sessions_client = (struct store_client){.name = "session",
                                                .check = session_check,
                                                .apply = session_apply,
                                                .write = session_row,
                                                .load = session_load,
                                                .arg = kv};
    store_add_client(kv->store, &kv->keys_client);
    store_add_client(kv->store, &kv->sessions_client);
}
