#include "server/state/session.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "lib/attrs.h"
#include "lib/mem.h"
#include "server/state/kv_impl.h"

struct session *session_of(struct keynode *n)
{
    return n ? container_of(n, struct session, by_id) : NULL;
}

struct session *session_get(const struct kv *kv, const char *id, size_t len)
{
    return session_of(keymap_find(&kv->sessions, id, len));
}

void session_free(struct session *s)
{
    if (!s)
        return;
    free(s->ttl);
    free(s->name);
    free(s->node);
    free(s->checks);
    free(s);
}

/* -- the end of their time ------------------------------------------------- */

static struct session *session_by_time(struct keynode *n)
{
    return n ? container_of(n, struct session, by_time) : NULL;
}

static void add_big_endian(unsigned char *to, uint64_t n)
{
    int i;

    for (i = 7; i >= 0; i--, n >>= 8)
        to[i] = (unsigned char)n;
}

/* It stands among those that end, at that time. */
static void time_set(struct kv *kv, struct session *s, uint64_t at_ms)
{
    s->expires_ms = at_ms;
    add_big_endian(s->time_key, at_ms);
    add_big_endian(s->time_key + 8, ++kv->session_seq); /* no two are equal */
    s->by_time = (struct keynode){.key = (const char *)s->time_key,
                                  .key_len = sizeof(s->time_key)};
    keymap_insert(&kv->times, &s->by_time);
    kv_due(kv, at_ms);
}

static void time_unset(struct kv *kv, struct session *s)
{
    if (!s->by_time.key)
        return;
    keymap_remove(&kv->times, &s->by_time);
    s->by_time.key = NULL;
}

uint64_t session_next_end(const struct kv *kv)
{
    const struct session *s = session_by_time(keymap_from(&kv->times, "", 0));

    return s ? s->expires_ms : UINT64_MAX;
}

/* -- coming and going ------------------------------------------------------ */

static void sessions_changed(struct kv *kv, uint64_t revision)
{
    if (revision > kv->session_index)
        kv->session_index = revision;
    if (kv->sessions_changed)
        kv->sessions_changed(kv->sessions_arg);
}

void session_put(struct kv *kv, struct session *s, uint64_t revision)
{
    s->by_id.key = s->id;
    s->by_id.key_len = KV_SESSION_ID;
    s->by_id.number = revision;
    s->registered = true;
    keymap_insert(&kv->sessions, &s->by_id);
    if (s->ttl_ms)
        time_set(kv, s, kv->now_ms + s->ttl_ms);
    sessions_changed(kv, revision);
}

void session_drop(struct kv *kv, struct session *s, uint64_t revision)
{
    struct kv_entry *e;

    if (s->lock_delay_ms)
        DL_FOREACH (s->held, e)
            kv_delay(kv, e, kv->now_ms + s->lock_delay_ms);
    keymap_remove(&kv->sessions, &s->by_id);
    time_unset(kv, s);
    s->registered = false; /* the change frees it when its keys are done */
    sessions_changed(kv, revision);
}

void session_start(struct kv *kv)
{
    struct keynode *n;
    struct session *s;

    for (n = keymap_from(&kv->sessions, "", 0); n;
         n = keymap_after(&kv->sessions, n->key, n->key_len)) {
        s = session_of(n);
        time_unset(kv, s);
        if (s->ttl_ms)
            time_set(kv, s, kv->now_ms + s->ttl_ms);
    }
}

static const char *create_refusal(const struct kv *kv,
                                  const struct session_request *q)
{
    const char *texts[] = {q->name, q->node, q->checks, q->ttl};
    size_t i, len;

    if (strlen(q->id) != KV_SESSION_ID)
        return "a session's id has 36 characters";
    if (session_get(kv, q->id, KV_SESSION_ID))
        return "there is a session of that id";
    for (i = 0; i < ARRAY_LEN(texts); i++) {
        len = texts[i] ? strlen(texts[i]) : 0;
        if (len > SESSION_TEXT_MAX)
            return "the name, the node or the checks of a session are too long";
        if (len && attr_value_wrong(texts[i], len))
            return "the name, the node or the checks of a session hold a line "
                   "end";
    }
    if (kv->limits.sessions &&
        kv->sessions.count + kv->coming_sessions >= kv->limits.sessions)
        return "too many sessions in this registry";
    return NULL;
}

static struct session *session_new(const struct session_request *q)
{
    struct session *s = xcalloc(1, sizeof(*s));

    memcpy(s->id, q->id, KV_SESSION_ID);
    s->name = xstrdup(q->name ? q->name : "");
    s->node = xstrdup(q->node ? q->node : "");
    s->checks = xstrdup(q->checks ? q->checks : "");
    s->ttl = xstrdup(q->ttl ? q->ttl : "");
    s->behavior = q->behavior;
    s->lock_delay_ms = q->lock_delay_ms < KV_LOCK_DELAY_MAX_MS
                           ? q->lock_delay_ms
                           : KV_LOCK_DELAY_MAX_MS;
    s->ttl_ms = q->ttl_ms;
    return s;
}

void session_create(struct kv *kv, const struct session_request *q,
                    kv_done_fn *done, void *arg)
{
    const char *wrong = create_refusal(kv, q);
    struct kv_change *ch;

    if (wrong) {
        kv_refuse(kv, wrong, 0, done, arg);
        return;
    }
    ch = kv_change_new(kv, 0, done, arg);
    kv_change_session(ch, STORE_PUT, session_new(q));
    kv_change_go(ch, false);
}

/* -- ends ------------------------------------------------------------------ */

void session_try_end(struct kv_change *ch, const struct session *s)
{
    struct kv_entry *e, *free_one;

    DL_FOREACH (s->held, e) {
        free_one = NULL;
        if (s->behavior == SESSION_RELEASE) {
            free_one = kv_entry_copy(e);
            *free_one->session = '\0';
        }
        kv_effect(ch, e->key, e->node.key_len, free_one);
    }
}

static void session_end(struct kv *kv, struct kv_change *ch, struct session *s)
{
    s->ending = true;
    time_unset(kv, s);
    kv_change_session(ch, STORE_DELETE, s);
}

void session_end_failed(struct kv *kv, struct session *s)
{
    uint64_t again = kv->now_ms + KV_RETRY_MS;

    s->ending = false;
    if (s->ttl_ms)
        time_set(kv, s, s->expires_ms > again ? s->expires_ms : again);
}

void session_destroy(struct kv *kv, const char *id, kv_done_fn *done, void *arg)
{
    struct session *s = session_get(kv, id, strlen(id));
    struct kv_result r = {.status = KV_FALSE,
                          .revision = kv->store->revision,
                          .text = "no such session"};
    struct kv_change *ch;

    if (!s || s->ending) {
        if (done)
            done(arg, &r);
        return;
    }
    ch = kv_change_new(kv, 0, done, arg);
    session_end(kv, ch, s);
    kv_change_go(ch, true);
}

/* All whose time is over, in one change, as far as their keys go. */
void session_expire(struct kv *kv)
{
    struct kv_change *ch = NULL;
    size_t records = 0;
    struct session *s;

    while (session_next_end(kv) <= kv->now_ms && records < KV_CHANGE_MAX) {
        s = session_by_time(keymap_from(&kv->times, "", 0));
        if (!ch)
            ch = kv_change_new(kv, 0, NULL, NULL);
        session_end(kv, ch, s);
        records += 1 + s->held_count;
    }
    if (ch)
        kv_change_go(ch, true);
}

bool session_renew(struct kv *kv, const char *id)
{
    struct session *s = session_get(kv, id, strlen(id));

    if (!s || s->ending)
        return false;
    if (s->ttl_ms) {
        time_unset(kv, s);
        time_set(kv, s, kv->now_ms + s->ttl_ms);
    }
    return true;
}

/* -- reading --------------------------------------------------------------- */

const struct session *session_find(const struct kv *kv, const char *id)
{
    return session_get(kv, id, strlen(id));
}

const struct session *session_next(const struct kv *kv,
                                   const struct session *after)
{
    return session_of(
        after ? keymap_after(&kv->sessions, after->id, KV_SESSION_ID)
              : keymap_from(&kv->sessions, "", 0));
}

uint64_t session_index(const struct kv *kv)
{
    uint64_t index =
        kv->session_index > kv->floor ? kv->session_index : kv->floor;

    return index ? index : 1;
}

void session_on_change(struct kv *kv, void (*fn)(void *arg), void *arg)
{
    kv->sessions_changed = fn;
    kv->sessions_arg = arg;
}

/* -- as it is kept --------------------------------------------------------- */

void session_write(const struct session *s, struct buf *out)
{
    buf_add_pair(out, "name", s->name);
    buf_add_pair(out, "node", s->node);
    buf_add_pair(out, "checks", s->checks);
    buf_add_pair(out, "behavior",
                 s->behavior == SESSION_DELETE ? "delete" : "release");
    buf_add_fmt(out, " lock_delay %u ttl_ms %llu", s->lock_delay_ms,
                (unsigned long long)s->ttl_ms);
    buf_add_pair(out, "ttl", s->ttl);
}

/* name N node N checks C behavior B lock_delay MS ttl_ms MS ttl T */
static bool fields_read(const struct word *w, struct session_request *q)
{
    static const char *const names[] = {
        "name", "node", "checks", "behavior", "lock_delay", "ttl_ms", "ttl"};
    unsigned long long delay, ttl;
    size_t i;

    for (i = 0; i < ARRAY_LEN(names); i++)
        if (!word_is(&w[2 * i], names[i]))
            return false;
    if (!word_to_u64(&w[9], KV_LOCK_DELAY_MAX_MS, &delay) ||
        !word_to_u64(&w[11], INT64_MAX, &ttl) ||
        (!word_is(&w[7], "delete") && !word_is(&w[7], "release")))
        return false;
    q->name = w[1].text;
    q->node = w[3].text;
    q->checks = w[5].text;
    q->behavior = word_is(&w[7], "delete") ? SESSION_DELETE : SESSION_RELEASE;
    q->lock_delay_ms = (uint32_t)delay;
    q->ttl_ms = ttl;
    q->ttl = w[13].text;
    return true;
}

struct session *session_read(const struct store_row *row)
{
    char *line = xmemdup0(row->value, row->value_len);
    char id[KV_SESSION_ID + 1] = "";
    struct session_request q = {.id = id};
    struct session *s = NULL;
    struct word w[15];

    if (row->key_len == KV_SESSION_ID)
        memcpy(id, row->key, KV_SESSION_ID);
    if (strlen(id) == KV_SESSION_ID &&
        words_split(line, row->value_len, w, (int)ARRAY_LEN(w)) == 14 &&
        fields_read(w, &q))
        s = session_new(&q);
    free(line);
    return s;
}
