#include "t/unit/kv_util.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/buf.h"
#include "lib/mem.h"

int kv_fixture(void **state, struct store *store)
{
    static const struct kv_limits no_limits;
    struct kv_fixture *f = xcalloc(1, sizeof(*f));

    f->store = store;
    f->kv = kv_new(f->store, &no_limits);
    kv_start(f->kv, 1000);
    *state = f;
    return 0;
}

int kv_memory(void **state)
{
    return kv_fixture(state, store_memory_new());
}

int kv_teardown(void **state)
{
    struct kv_fixture *f = *state;

    store_close(f->store);
    kv_free(f->kv);
    free(f);
    return 0;
}

struct kv *kv_fixture_kv(void **state)
{
    return ((struct kv_fixture *)*state)->kv;
}

const char *session_id(char letter)
{
    static char id[KV_SESSION_ID + 1];
    size_t i;

    for (i = 0; i < KV_SESSION_ID; i++)
        id[i] = i == 8 || i == 13 || i == 18 || i == 23 ? '-' : letter;
    return id;
}

static void add_entry(struct buf *out, const struct kv_entry *e)
{
    buf_add_fmt(out, "%.*s=%.*s f%llu l%llu s%c c%llu m%llu",
                (int)e->by_key.node.key_len, e->key, (int)e->value_len,
                e->value, (unsigned long long)e->flags,
                (unsigned long long)e->locks, *e->session ? *e->session : '-',
                (unsigned long long)e->created,
                (unsigned long long)kv_entry_changed(e));
}

void kv_told_done(void *arg, const struct kv_result *r)
{
    static const char *const names[] = {"DONE", "FALSE", "REFUSED", "FAILED"};
    struct kv_told *t = arg;
    struct buf out = BUF_INIT;
    size_t i;

    buf_add_str(&out, names[r->status]);
    if (r->status == KV_DONE)
        buf_add_fmt(&out, " %llu", (unsigned long long)r->revision);
    if (r->status == KV_FAILED)
        buf_add_fmt(&out, " %s", r->text);
    for (i = 0; i < r->failure_count; i++)
        buf_add_fmt(&out, " %u:%s", r->failures[i].op, r->failures[i].text);
    for (i = 0; i < r->entry_count; i++) {
        buf_add_fmt(&out, " %u:", r->entry_ops[i]);
        add_entry(&out, r->entries[i]);
    }
    t->count++;
    snprintf(t->text, sizeof(t->text), "%s", buf_str(&out));
    buf_free(&out);
}

/* The next word of *text, up to ';'; NULL: none left of this operation. */
static char *next_word(char **text)
{
    char *p = *text, *begin;

    while (*p == ' ')
        p++;
    if (!*p || *p == ';') {
        *text = p;
        return NULL;
    }
    begin = p;
    while (*p && *p != ' ' && *p != ';')
        p++;
    if (*p == ' ')
        *p++ = '\0';
    *text = p;
    return begin;
}

static const char *or_empty(const char *word)
{
    assert_non_null(word);
    return strcmp(word, "_") ? word : "";
}

static enum kv_verb verb_of(const char *word)
{
    static const char *const names[] = {"set",    "cas",  "lock",   "unlock",
                                        "get",    "tree", "index",  "session",
                                        "absent", "del",  "delcas", "deltree"};
    unsigned i;

    for (i = 0; i < ARRAY_LEN(names); i++)
        if (!strcmp(word, names[i]))
            return (enum kv_verb)i;
    fail_msg("no verb %s", word);
    return KV_GET;
}

static void read_op(struct kv_op *o, char **text)
{
    char *word = next_word(text);
    const char *key, *value;

    *o = (struct kv_op){.verb = verb_of(word)};
    key = or_empty(next_word(text));
    o->key = key;
    o->key_len = strlen(key);
    if (o->verb <= KV_UNLOCK) {
        value = or_empty(next_word(text));
        o->value = value;
        o->value_len = strlen(value);
    }
    word = next_word(text);
    if (!word)
        return;
    if (o->verb == KV_LOCK || o->verb == KV_UNLOCK ||
        o->verb == KV_CHECK_SESSION) {
        o->session = xstrdup(session_id(*word));
        word = next_word(text);
    } else if (o->verb != KV_SET) {
        o->index = strtoull(word, NULL, 10);
        word = next_word(text);
    }
    if (word)
        o->flags = strtoull(word, NULL, 10);
}

void kvs(struct kv *kv, struct kv_told *t, const char *text)
{
    struct kv_op ops[KV_OPS_MAX + 1];
    char *parts[KV_OPS_MAX + 1], *copy = xstrdup(text), *p;
    unsigned n = 0, i;

    for (p = copy; p; n++) {
        parts[n] = p;
        p = strchr(p, ';');
        if (p)
            *p++ = '\0';
    }
    for (i = 0; i < n; i++)
        read_op(&ops[i], &parts[i]);
    if (t)
        *t = (struct kv_told){0};
    kv_request(kv, ops, n, t ? kv_told_done : NULL, t);
    for (i = 0; i < n; i++)
        free((char *)ops[i].session);
    free(copy);
}

void kvs_give(struct kv *kv, const char *text, const char *answer)
{
    struct kv_told t;

    kvs(kv, &t, text);
    assert_int_equal(t.count, 1);
    assert_string_equal(t.text, answer);
}

void session_make(struct kv *kv, char letter, enum session_behavior behavior,
                  uint64_t ttl_ms, uint32_t delay_ms)
{
    char ttl[32];
    struct session_request q = {.id = session_id(letter),
                                .name = "it's mine",
                                .node = "web1",
                                .checks = "serfHealth 'a b'",
                                .behavior = behavior,
                                .ttl_ms = ttl_ms,
                                .ttl = ttl,
                                .lock_delay_ns = delay_ms * 1000000ull};

    snprintf(ttl, sizeof(ttl), "%llums", (unsigned long long)ttl_ms);
    session_create(kv, &q, NULL, NULL);
}

const char *kv_text(const struct kv *kv)
{
    static struct buf out;
    const struct kv_entry *e = NULL;

    buf_free(&out);
    while ((e = kv_next(kv, "", 0, e))) {
        add_entry(&out, e);
        buf_add_char(&out, '\n');
    }
    return buf_str(&out);
}
