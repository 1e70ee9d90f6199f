#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "lib/mem.h"
#include "server/state/kv_impl.h"

/* A session lives for twice its ttl: a client that renews it once in a ttl may
 * be late by as much. Consul's servers do the same. */
#define TTL_TIMES 2

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

void session_end_time(struct kv *kv, struct session *s)
{
    if (!s->by_time.key)
        return;
    keymap_remove(&kv->times, &s->by_time);
    s->by_time.key = NULL;
}

void session_begin_time(struct kv *kv, struct session *s)
{
    session_end_time(kv, s);
    if (s->ttl_ms)
        time_set(kv, s, kv->now_ms + TTL_TIMES * s->ttl_ms);
}

uint64_t session_next_end(const struct kv *kv)
{
    const struct session *s = session_by_time(keymap_from(&kv->times, "", 0));

    return s ? s->expires_ms : UINT64_MAX;
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
        kv_effect(ch, e->key, e->by_key.node.key_len, free_one);
    }
}

static void session_end(struct kv *kv, struct kv_change *ch, struct session *s)
{
    s->ending = true;
    session_end_time(kv, s);
    kv_change_session(ch, STORE_DELETE, s);
}

void session_end_failed(struct kv *kv, struct session *s)
{
    uint64_t again = kv->now_ms + KV_RETRY_MS;

    s->ending = false;
    if (s->ttl_ms || s->why)
        time_set(kv, s, s->expires_ms > again ? s->expires_ms : again);
}

void session_doom(struct kv *kv, struct session *s, const char *why)
{
    if (session_is_over(s))
        return;
    s->why = why;
    session_end_time(kv, s);
    time_set(kv, s, kv->now_ms);
}

/* Who asks for an end that is under way. */
struct again {
    struct kv *kv;
    kv_done_fn *done;
    void *arg;
    char id[KV_SESSION_ID + 1];
};

/* What was under way is done: it is gone, or that failed. */
static void ended_before(void *arg, const struct kv_result *r)
{
    struct again *a = arg;

    (void)r;
    session_destroy(a->kv, a->id, a->done, a->arg);
    free(a);
}

static void destroy_again(struct kv *kv, const struct session *s,
                          kv_done_fn *done, void *arg)
{
    struct again *a = xcalloc(1, sizeof(*a));

    *a = (struct again){.kv = kv, .done = done, .arg = arg};
    memcpy(a->id, s->id, KV_SESSION_ID);
    kv_change_go(kv_change_new(kv, 0, ended_before, a), true);
}

void session_destroy(struct kv *kv, const char *id, kv_done_fn *done, void *arg)
{
    struct session *s = session_get(kv, id, strlen(id));
    struct kv_result r = {.status = KV_FALSE,
                          .revision = kv->store->revision,
                          .text = "no such session"};
    struct kv_change *ch;

    if (s && s->ending) {
        destroy_again(kv, s, done, arg);
        return;
    }
    if (!s) {
        if (done)
            done(arg, &r);
        return;
    }
    ch = kv_change_new(kv, 0, done, arg);
    session_end(kv, ch, s);
    kv_change_go(ch, true);
}

/* Those whose time is over, in one change; the rest of many is due again. */
void session_expire(struct kv *kv)
{
    struct kv_change *ch = NULL;
    size_t records = 0;
    struct session *s;

    while (session_next_end(kv) <= kv->now_ms && records < KV_EXPIRE_MAX) {
        s = session_by_time(keymap_from(&kv->times, "", 0));
        if (!s->why)
            s->why = "its time was over";
        if (!ch)
            ch = kv_change_new(kv, 0, NULL, NULL);
        session_end(kv, ch, s);
        records += 1 + s->held_count;
    }
    if (ch)
        kv_change_go(ch, true);
}
