#include "server/state/kv.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "lib/mem.h"
#include "server/state/kv_impl.h"

/* -- entries --------------------------------------------------------------- */

struct kv_entry *kv_entry_new(const char *key, size_t key_len,
                              const void *value, size_t value_len)
{
    struct kv_entry *e = xmalloc(sizeof(*e) + key_len + 1 + value_len);

    *e = (struct kv_entry){.refs = 1};
    e->by_key.node.key = e->key;
    e->by_key.node.key_len = (uint32_t)key_len;
    if (key_len)
        memcpy(e->key, key, key_len);
    e->key[key_len] = '\0';
    e->value = e->key + key_len + 1;
    e->value_len = (uint32_t)value_len;
    if (value_len)
        memcpy(e->key + key_len + 1, value, value_len);
    return e;
}

void kv_entry_unref(struct kv_entry *e)
{
    if (e && !--e->refs)
        free(e);
}

struct kv_entry *kv_entry_of(struct keynode *n)
{
    return n ? container_of(n, struct kv_entry, by_key.node) : NULL;
}

/* -- tombstones ------------------------------------------------------------ */

static struct kv_tombstone *tomb_of(struct keynode *n)
{
    return n ? container_of(n, struct kv_tombstone, by_key.node) : NULL;
}

static void tomb_drop(struct kv *kv, struct kv_tombstone *t)
{
    keymap_remove(&kv->tombs, &t->by_key.node);
    DL_DELETE(kv->tomb_list, t);
    free(t);
}

static void tomb_add(struct kv *kv, const struct kv_entry *e, uint64_t revision)
{
    struct kv_tombstone *t =
        xcalloc(1, sizeof(*t) + e->by_key.node.key_len + 1);

    if (kv->tombs.count == KV_TOMBSTONES_MAX) {
        /* what it said is then said of every key: see kv_has_changed() */
        if (kv->floor < kv->tomb_list->by_key.number)
            kv->floor = kv->tomb_list->by_key.number;
        tomb_drop(kv, kv->tomb_list);
    }
    memcpy(t->key, e->key, e->by_key.node.key_len);
    t->by_key.node.key = t->key;
    t->by_key.node.key_len = e->by_key.node.key_len;
    t->by_key.number = revision;
    t->until_ms = kv->now_ms + KV_TOMBSTONE_MS;
    keymap_insert(&kv->tombs, &t->by_key.node);
    DL_APPEND(kv->tomb_list, t);
    kv_due(kv, t->until_ms + KV_SOON_MS);
}

/* -- lock delays ----------------------------------------------------------- */

static struct kv_delay *delay_find(const struct kv *kv, const char *key,
                                   size_t len)
{
    struct kv_delay *d;

    HASH_FIND(hh, kv->delays, key, len, d);
    return d;
}

bool kv_is_delayed(const struct kv *kv, const char *key, size_t len)
{
    const struct kv_delay *d = delay_find(kv, key, len);

    return d && d->until_ms > kv->now_ms;
}

void kv_delay(struct kv *kv, const struct kv_entry *e, uint64_t until_ms)
{
    size_t len = e->by_key.node.key_len;
    struct kv_delay *d = delay_find(kv, e->key, len);

    if (!d) {
        d = xcalloc(1, sizeof(*d) + len + 1);
        memcpy(d->key, e->key, len);
        HASH_ADD_KEYPTR(hh, kv->delays, d->key, len, d);
    }
    if (until_ms > d->until_ms)
        d->until_ms = until_ms;
    kv_due(kv, until_ms + KV_SOON_MS);
}

/* Forgets those that are over; returns when the first of the others is. */
static uint64_t delays_forget(struct kv *kv)
{
    uint64_t first = UINT64_MAX;
    struct kv_delay *d, *next;

    HASH_ITER (hh, kv->delays, d, next) {
        if (d->until_ms > kv->now_ms) {
            if (d->until_ms < first)
                first = d->until_ms;
            continue;
        }
        HASH_DEL(kv->delays, d);
        free(d);
    }
    return first;
}

/* -- what is committed ----------------------------------------------------- */

static void entry_hold(struct kv *kv, struct kv_entry *e)
{
    e->holder =
        *e->session ? session_get(kv, e->session, strlen(e->session)) : NULL;
    if (!e->holder)
        return;
    DL_APPEND(e->holder->held, e);
    e->holder->held_count++;
    e->holder->held_bytes += kv_entry_bytes(e);
    kv->locks++;
}

static void entry_let_go(struct kv *kv, struct kv_entry *e)
{
    if (!e->holder)
        return;
    DL_DELETE(e->holder->held, e);
    e->holder->held_count--;
    e->holder->held_bytes -= kv_entry_bytes(e);
    e->holder = NULL;
    kv->locks--;
}

void kv_put(struct kv *kv, struct kv_entry *before, struct kv_entry *after,
            uint64_t revision)
{
    const struct kv_entry *e = after ? after : before;
    struct kv_tombstone *t;

    if (before) {
        entry_let_go(kv, before);
        kv->bytes -= kv_entry_bytes(before);
    }
    if (after) {
        after->by_key.number = revision;
        kv->bytes += kv_entry_bytes(after);
        entry_hold(kv, kv_entry_ref(after));
        t = tomb_of(
            keymap_find(&kv->tombs, after->key, after->by_key.node.key_len));
        if (t)
            tomb_drop(kv, t);
    } else {
        tomb_add(kv, before, revision);
    }
    if (before && after)
        keymap_replace(&kv->keys, &before->by_key.node, &after->by_key.node);
    else if (after)
        keymap_insert(&kv->keys, &after->by_key.node);
    else
        keymap_remove(&kv->keys, &before->by_key.node);
    if (revision > kv->index)
        kv->index = revision;
    kv_tell(kv, e->key, e->by_key.node.key_len, revision);
    kv_entry_unref(before);
}

const struct kv_entry *kv_find(const struct kv *kv, const char *key, size_t len)
{
    return kv_entry_of(keymap_find(&kv->keys, key, len));
}

const struct kv_entry *kv_next(const struct kv *kv, const char *prefix,
                               size_t len, const struct kv_entry *after)
{
    struct keynode *n =
        after ? keymap_after(&kv->keys, after->key, after->by_key.node.key_len)
              : keymap_from(&kv->keys, prefix, len);

    return n && keynode_has_prefix(n, prefix, len) ? kv_entry_of(n) : NULL;
}

/* How long the name of that key is. */
static size_t name_cut(const char *key, size_t len, size_t prefix_len,
                       const char *separator, size_t separator_len)
{
    const char *at;

    if (!separator_len || len < prefix_len)
        return len;
    at = memmem(key + prefix_len, len - prefix_len, separator, separator_len);
    return at ? (size_t)(at - key) + separator_len : len;
}

const struct kv_entry *kv_after(const struct kv *kv, const char *key,
                                size_t len)
{
    return kv_entry_of(keymap_after(&kv->keys, key, len));
}

size_t kv_value_max(const struct kv *kv)
{
    return kv->limits.value;
}

bool kv_next_name(const struct kv *kv, const char *prefix, size_t len,
                  const char *separator, size_t separator_len,
                  const char *after, size_t after_len,
                  const struct kv_entry **found, size_t *cut)
{
    struct keynode *n;

    if (!after)
        n = keymap_from(&kv->keys, prefix, len);
    else if (separator_len && after_len >= len + separator_len &&
             !memcmp(after + after_len - separator_len, separator,
                     separator_len))
        n = keymap_behind(&kv->keys, after, after_len);
    else
        n = keymap_after(&kv->keys, after, after_len);
    if (!n || !keynode_has_prefix(n, prefix, len))
        return false;
    *found = kv_entry_of(n);
    *cut = name_cut((*found)->key, n->key_len, len, separator, separator_len);
    return true;
}

static uint64_t at_least(uint64_t index, uint64_t least)
{
    return index > least ? index : least;
}

uint64_t kv_index(const struct kv *kv, const struct kv_scope *s)
{
    const struct kv_entry *e;
    uint64_t index = 0;

    if (!s->tree) {
        e = kv_find(kv, s->key, s->key_len);
        if (e)
            return e->by_key.number;
    } else if (s->key_len) {
        index = keymap_greatest(&kv->keys, s->key, s->key_len);
        index =
            at_least(index, keymap_greatest(&kv->tombs, s->key, s->key_len));
    }
    if (!index)
        index = kv->index;
    return at_least(index, at_least(kv->floor, 1));
}

bool kv_has_changed(const struct kv *kv, const struct kv_scope *s,
                    uint64_t since)
{
    const struct kv_tombstone *t;
    const struct kv_entry *e;

    if (s->tree)
        return kv->floor > since ||
               keymap_greatest(&kv->keys, s->key, s->key_len) > since ||
               keymap_greatest(&kv->tombs, s->key, s->key_len) > since;
    e = kv_find(kv, s->key, s->key_len);
    if (e)
        return e->by_key.number > since;
    t = tomb_of(keymap_find(&kv->tombs, s->key, s->key_len));
    return kv->floor > since || (t && t->by_key.number > since);
}

/* -- time ------------------------------------------------------------------ */

void kv_set_now(struct kv *kv, uint64_t now_ms)
{
    kv->now_ms = now_ms;
}

void kv_due(struct kv *kv, uint64_t at_ms)
{
    if (at_ms >= kv->due_ms)
        return;
    kv->due_ms = at_ms;
    if (kv->deadline)
        kv->deadline(kv->deadline_arg);
}

uint64_t kv_expire(struct kv *kv)
{
    uint64_t next;

    kv->due_ms = UINT64_MAX;
    kv->keys.numbered = kv->tombs.numbered = true;
    while (kv->tomb_list && kv->tomb_list->until_ms <= kv->now_ms)
        tomb_drop(kv, kv->tomb_list);
    if (kv->tomb_list)
        kv_due(kv, kv->tomb_list->until_ms + KV_SOON_MS);
    next = delays_forget(kv);
    if (next != UINT64_MAX)
        kv_due(kv, next + KV_SOON_MS);
    session_expire(kv);
    kv_due(kv, session_next_end(kv));
    return kv_due_in(kv);
}

uint64_t kv_due_in(const struct kv *kv)
{
    if (kv->due_ms == UINT64_MAX)
        return UINT64_MAX;
    return kv->due_ms > kv->now_ms ? kv->due_ms - kv->now_ms : 0;
}

void kv_on_deadline(struct kv *kv, void (*fn)(void *arg), void *arg)
{
    kv->deadline = fn;
    kv->deadline_arg = arg;
}

/* -- life ------------------------------------------------------------------ */

struct kv *kv_new(struct store *store, const struct kv_limits *limits)
{
    struct kv *kv = xcalloc(1, sizeof(*kv));

    kv->store = store;
    kv->due_ms = UINT64_MAX;
    kv->keys.numbered = kv->tombs.numbered = true;
    kv_limit(kv, limits);
    kv_store_init(kv);
    return kv;
}

void kv_limit(struct kv *kv, const struct kv_limits *limits)
{
    kv->limits = *limits;
}

const struct kv_limits *kv_bounds(const struct kv *kv)
{
    return &kv->limits;
}

size_t kv_start(struct kv *kv, uint64_t now_ms)
{
    struct kv_entry *e;
    struct keynode *n;
    size_t orphans = 0;

    kv->now_ms = now_ms;
    kv->floor = kv->store->revision;
    for (n = keymap_from(&kv->keys, "", 0); n;
         n = keymap_after(&kv->keys, n->key, n->key_len)) {
        e = kv_entry_of(n);
        entry_hold(kv, e);
        if (e->holder || !*e->session)
            continue;
        *e->session = '\0';
        orphans++;
    }
    session_start(kv);
    return orphans;
}

struct kv_counts kv_count(const struct kv *kv)
{
    return (struct kv_counts){.keys = kv->keys.count,
                              .bytes = kv->bytes,
                              .locks = kv->locks,
                              .tombstones = kv->tombs.count,
                              .delays = HASH_COUNT(kv->delays),
                              .waiters = kv->waiters,
                              .watches = HASH_COUNT(kv->key_watches) +
                                         HASH_COUNT(kv->tree_watches),
                              .sessions = kv->sessions.count,
                              .pending = kv->pending,
                              .refused = kv->refused};
}

static void entry_forget(struct keynode *n, void *arg)
{
    (void)arg;
    kv_entry_unref(kv_entry_of(n));
}

static void session_forget(struct keynode *n, void *arg)
{
    session_untie(arg, session_of(n), 0);
    session_free(session_of(n));
}

void kv_free(struct kv *kv)
{
    if (!kv)
        return;
    assert(!kv->pending);
    while (kv->tomb_list)
        tomb_drop(kv, kv->tomb_list);
    kv->now_ms = UINT64_MAX;
    delays_forget(kv);
    kv_watch_free(kv);
    keymap_empty(&kv->keys, entry_forget, NULL);
    keymap_empty(&kv->sessions, session_forget, kv);
    free(kv);
}
