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
    free(s->ties);
    free(s);
}

/* -- coming and going ------------------------------------------------------ */

static void sessions_changed(struct kv *kv, uint64_t revision)
{
    struct session_waiter *w, *next;

    if (revision > kv->session_index)
        kv->session_index = revision;
    DL_FOREACH_SAFE (kv->session_waiters, w, next)
        w->changed(w, revision);
}

void session_put(struct kv *kv, struct session *s, uint64_t revision)
{
    s->by_id.key = s->id;
    s->by_id.key_len = KV_SESSION_ID;
    s->created = revision;
    s->registered = true;
    keymap_insert(&kv->sessions, &s->by_id);
    session_tie(kv, s, revision);
    session_begin_time(kv, s);
    session_judge(kv, s);
    sessions_changed(kv, revision);
}

void session_drop(struct kv *kv, struct session *s, uint64_t revision)
{
    struct session_observer *o;
    struct kv_entry *e;

    if (s->lock_delay_ms)
        DL_FOREACH (s->held, e)
            kv_delay(kv, e, kv->now_ms + s->lock_delay_ms);
    keymap_remove(&kv->sessions, &s->by_id);
    session_untie(kv, s, revision);
    session_end_time(kv, s);
    s->registered = false; /* the change frees it when its keys are done */
    LL_FOREACH (kv->session_observers, o)
        o->gone(o, s, revision);
    sessions_changed(kv, revision);
}

void session_start(struct kv *kv)
{
    struct keynode *n;

    for (n = keymap_from(&kv->sessions, "", 0); n;
         n = keymap_after(&kv->sessions, n->key, n->key_len))
        session_begin_time(kv, session_of(n));
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
    if (q->ttl_ms > SESSION_TTL_MAX_MS)
        return "the ttl of a session is too long";
    for (i = 0; i < ARRAY_LEN(texts); i++) {
        len = texts[i] ? strlen(texts[i]) : 0;
        if (len > SESSION_TEXT_MAX)
            return "the name, the node or the checks of a session are too long";
        if (len && attr_value_wrong(texts[i], len))
            return "the name, the node or the checks of a session hold a line "
                   "end";
    }
    if (q->checks && !session_checks_are_words(q->checks))
        return "the checks of a session are no line of words";
    if (kv->limits.sessions &&
        kv->sessions.count + kv->coming_sessions >= kv->limits.sessions)
        return "too many sessions in this registry";
    return NULL;
}

/* Rounded up. */
static uint32_t delay_ms(uint64_t ns)
{
    uint64_t ms = ns / 1000000 + (ns % 1000000 > 0);

    return ms < KV_LOCK_DELAY_MAX_MS ? (uint32_t)ms : KV_LOCK_DELAY_MAX_MS;
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
    s->lock_delay_ns = q->lock_delay_ns;
    s->lock_delay_ms = delay_ms(q->lock_delay_ns);
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

bool session_renew(struct kv *kv, const char *id)
{
    struct session *s = session_get(kv, id, strlen(id));

    if (!s || session_is_over(s))
        return false;
    session_begin_time(kv, s);
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

const struct session *session_behind(const struct kv *kv, const char *id)
{
    return session_of(keymap_after(&kv->sessions, id, strlen(id)));
}

uint64_t session_index(const struct kv *kv)
{
    uint64_t index =
        kv->session_index > kv->floor ? kv->session_index : kv->floor;

    return index ? index : 1;
}

void session_wait(struct kv *kv, struct session_waiter *w)
{
    DL_APPEND(kv->session_waiters, w);
    w->waits = true;
}

void session_wait_end(struct kv *kv, struct session_waiter *w)
{
    if (!w->waits)
        return;
    DL_DELETE(kv->session_waiters, w);
    w->waits = false;
}

void session_observe(struct kv *kv, struct session_observer *o)
{
    LL_APPEND(kv->session_observers, o);
}

void session_unobserve(struct kv *kv, struct session_observer *o)
{
    LL_DELETE(kv->session_observers, o);
}

/* -- as it is kept --------------------------------------------------------- */

void session_write(const struct session *s, struct buf *out)
{
    buf_add_pair(out, "name", s->name);
    buf_add_pair(out, "node", s->node);
    buf_add_pair(out, "checks", s->checks);
    buf_add_pair(out, "behavior",
                 s->behavior == SESSION_DELETE ? "delete" : "release");
    buf_add_fmt(out, " lock_delay %llu ttl_ms %llu",
                (unsigned long long)s->lock_delay_ns,
                (unsigned long long)s->ttl_ms);
    buf_add_pair(out, "ttl", s->ttl);
}

/* name N node N checks C behavior B lock_delay NS ttl_ms MS ttl T */
static bool fields_read(const struct word *w, struct session_request *q)
{
    static const char *const names[] = {
        "name", "node", "checks", "behavior", "lock_delay", "ttl_ms", "ttl"};
    unsigned long long delay, ttl;
    size_t i;

    for (i = 0; i < ARRAY_LEN(names); i++)
        if (!word_is(&w[2 * i], names[i]))
            return false;
    if (!word_to_u64(&w[9], INT64_MAX, &delay) ||
        !word_to_u64(&w[11], SESSION_TTL_MAX_MS, &ttl) ||
        (!word_is(&w[7], "delete") && !word_is(&w[7], "release")))
        return false;
    q->name = w[1].text;
    q->node = w[3].text;
    q->checks = w[5].text;
    q->behavior = word_is(&w[7], "delete") ? SESSION_DELETE : SESSION_RELEASE;
    q->lock_delay_ns = delay;
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
