#include "t/unit/kv_life.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/mem.h"
#include "t/unit/kv_model.h"
#include "t/unit/kv_util.h"

#define WAITERS   8
#define UNDER_WAY 12 /* most requests at once */

struct waits {
    struct kv_waiter waiter;
    struct kv_scope scope;
    unsigned told, expected;
};

struct life {
    const struct kv_life_kind *kind;
    struct store *store;
    struct kv *kv;
    struct m_state m;
    struct waits waits[WAITERS];
    uint64_t last; /* revision of the last change */
    unsigned under_way, done, refused, failed, changed;
};

/* A request on its way. */
struct asked {
    struct life *life;
    struct m_op ops[M_OPS];
    unsigned count;
    int session; /* its place; -1: it is of keys */
    bool ends;
    struct m_session fresh;
};

static uint64_t seed;

unsigned kv_life_below(unsigned n)
{
    seed = seed * 6364136223846793005ull + 1442695040888963407ull;
    return (unsigned)(seed >> 33) % n;
}

/* -- answers --------------------------------------------------------------- */

static void expect_told(struct life *l, const bool changed[M_KEYS])
{
    unsigned i, k;

    for (i = 0; i < WAITERS; i++)
        for (k = 0; k < M_KEYS; k++)
            l->waits[i].expected +=
                changed[k] && m_covers(&l->m.keys[k], &l->waits[i].scope);
}

/* Without " cN mN" behind each entry. */
static void without_revisions(char *text)
{
    char *to = text, *p = text;

    while (*p) {
        if (p[0] == ' ' && (p[1] == 'c' || p[1] == 'm') && p[2] >= '0' &&
            p[2] <= '9')
            p += 2 + strspn(p + 2, "0123456789");
        else
            *to++ = *p++;
    }
    *to = '\0';
}

static void compare_keys(struct life *l, const struct asked *a,
                         const struct kv_result *r)
{
    static char text[8192];
    bool changed[M_KEYS];
    struct kv_told t = {0};

    kv_told_done(&t, r);
    without_revisions(t.text);
    m_request(&l->m, a->ops, a->count, r->revision, text, sizeof(text),
              changed);
    assert_string_equal(t.text, text);
    expect_told(l, changed);
}

static void session_comes(struct life *l, const struct asked *a,
                          uint64_t revision)
{
    struct m_session *s = &l->m.sessions[a->session];

    *s = a->fresh;
    s->there = true;
    s->created = revision;
    s->expires_ms = l->m.now_ms + 2 * s->ttl_ms;
}

static void is_done(void *arg, const struct kv_result *r)
{
    struct asked *a = arg;
    struct life *l = a->life;
    bool changed[M_KEYS] = {false};

    l->under_way--;
    l->done++;
    l->refused += r->status == KV_REFUSED || r->status == KV_FALSE;
    if (r->status == KV_FAILED) {
        l->failed++;
        assert_true(l->kind->fails);
        if (a->ends)
            l->m.sessions[a->session].ending = false;
    } else if (a->session < 0) {
        l->changed += m_changes(&l->m, a->ops, a->count);
        compare_keys(l, a, r);
    } else if (a->ends) {
        assert_int_equal(r->status, KV_DONE);
        m_session_end(&l->m, (unsigned)a->session, r->revision, changed);
        expect_told(l, changed);
    } else {
        assert_int_equal(r->status, KV_DONE);
        session_comes(l, a, r->revision);
    }
    assert_true(r->revision >= l->last);
    l->last = r->revision;
    free(a);
}

/* -- what happens ---------------------------------------------------------- */

static struct asked *asked_new(struct life *l)
{
    struct asked *a = xcalloc(1, sizeof(*a));

    a->life = l;
    a->session = -1;
    l->under_way++;
    return a;
}

static void random_op(struct life *l, struct m_op *o)
{
    static const char *const values[] = {"", "1", "22", "333"};

    *o = (struct m_op){.verb = (enum kv_verb)kv_life_below(KV_DELETE_TREE + 1)};
    if (o->verb == KV_DELETE_TREE && kv_life_below(4))
        o->verb = KV_SET;
    o->key = 1 + kv_life_below(kv_life_below(2) ? 4 : M_KEYS - 1);
    if ((o->verb == KV_GET_TREE || o->verb == KV_DELETE_TREE) &&
        !kv_life_below(20))
        o->key = 0;
    snprintf(o->value, sizeof(o->value), "%s", values[kv_life_below(4)]);
    o->flags = kv_life_below(3);
    o->session = (char)('a' + kv_life_below(M_SESSIONS));
    o->index = kv_life_below(4) ? l->m.keys[o->key].changed : kv_life_below(3);
}

static void keys_change(struct life *l)
{
    struct asked *a = asked_new(l);
    struct kv_op ops[M_OPS];
    char ids[M_OPS][KV_SESSION_ID + 1];
    unsigned i;

    a->count = kv_life_below(3) ? 1 : 1 + kv_life_below(M_OPS);
    for (i = 0; i < a->count; i++) {
        random_op(l, &a->ops[i]);
        snprintf(ids[i], sizeof(ids[i]), "%s", session_id(a->ops[i].session));
        ops[i] = (struct kv_op){.verb = a->ops[i].verb,
                                .key = l->m.keys[a->ops[i].key].key,
                                .key_len = strlen(l->m.keys[a->ops[i].key].key),
                                .value = a->ops[i].value,
                                .value_len = strlen(a->ops[i].value),
                                .flags = a->ops[i].flags,
                                .index = a->ops[i].index,
                                .session = ids[i]};
    }
    kv_request(l->kv, ops, a->count, is_done, a);
}

/* One that is there ends, one that is not comes; never both under way. */
static void session_changes(struct life *l)
{
    unsigned at = kv_life_below(M_SESSIONS);
    struct m_session *s = &l->m.sessions[at];
    struct session_request q = {.id = session_id((char)('a' + at))};
    struct asked *a;

    if (s->ending || l->under_way)
        return;
    a = asked_new(l);
    a->session = (int)at;
    a->ends = s->there;
    if (s->there) {
        s->ending = true;
        session_destroy(l->kv, q.id, is_done, a);
        return;
    }
    a->fresh = (struct m_session){
        .behavior = kv_life_below(2) ? SESSION_DELETE : SESSION_RELEASE,
        .ttl_ms = kv_life_below(2) ? 10000 + kv_life_below(50000) : 0,
        .delay_ms = kv_life_below(2) ? kv_life_below(20000) : 0};
    q.behavior = a->fresh.behavior;
    q.ttl_ms = a->fresh.ttl_ms;
    q.lock_delay_ns = a->fresh.delay_ms * 1000000ull;
    session_create(l->kv, &q, is_done, a);
}

static void session_renews(struct life *l)
{
    unsigned at = kv_life_below(M_SESSIONS);
    struct m_session *s = &l->m.sessions[at];

    assert_int_equal(session_renew(l->kv, session_id((char)('a' + at))),
                     s->there && !s->ending);
    if (s->there && !s->ending)
        s->expires_ms = l->m.now_ms + 2 * s->ttl_ms;
}

static void sessions_end(struct life *l)
{
    bool changed[M_KEYS] = {false}, any = false;
    unsigned i;

    for (i = 0; i < M_SESSIONS; i++)
        any |= l->m.sessions[i].there && l->m.sessions[i].ttl_ms &&
               l->m.sessions[i].expires_ms <= l->m.now_ms;
    kv_expire(l->kv);
    l->kind->all(l->store);
    for (i = 0; i < M_SESSIONS && any; i++)
        if (l->m.sessions[i].there && l->m.sessions[i].ttl_ms &&
            l->m.sessions[i].expires_ms <= l->m.now_ms)
            m_session_end(&l->m, i, l->store->revision, changed);
    expect_told(l, changed);
    if (any)
        l->last = l->store->revision;
}

static void time_goes_on(struct life *l)
{
    l->kind->all(l->store);
    assert_int_equal(l->under_way, 0);
    l->m.now_ms +=
        kv_life_below(10) ? kv_life_below(9000) : kv_life_below(200000);
    kv_set_now(l->kv, l->m.now_ms);
    sessions_end(l);
    m_forget(&l->m);
}

/* -- waiting and reading --------------------------------------------------- */

static void changed(struct kv_waiter *waiter, uint64_t revision)
{
    struct waits *w = container_of(waiter, struct waits, waiter);

    (void)revision;
    w->told++;
}

static void random_scope(struct life *l, struct kv_scope *s)
{
    const char *key =
        l->m.keys[kv_life_below(2) ? kv_life_below(5) : kv_life_below(M_KEYS)]
            .key;

    *s = (struct kv_scope){
        .key = key, .key_len = strlen(key), .tree = kv_life_below(2)};
}

static void waiter_moves(struct life *l)
{
    struct waits *w = &l->waits[kv_life_below(WAITERS)];

    kv_wait_end(l->kv, &w->waiter);
    random_scope(l, &w->scope);
    w->waiter.changed = changed;
    kv_wait(l->kv, &w->waiter, &w->scope);
}

static void compare(struct life *l)
{
    static char text[16384];
    struct kv_scope s;
    uint64_t since = kv_life_below((unsigned)l->store->revision + 2);
    unsigned i, held = 0;

    m_text(&l->m, text, sizeof(text));
    assert_string_equal(kv_text(l->kv), text);
    for (i = 0; i < WAITERS; i++)
        assert_int_equal(l->waits[i].told, l->waits[i].expected);
    for (i = 0; i < M_SESSIONS; i++)
        assert_int_equal(session_find(l->kv, session_id((char)('a' + i))) !=
                             NULL,
                         l->m.sessions[i].there);
    for (i = 0; i < M_KEYS; i++)
        held += l->m.keys[i].there && l->m.keys[i].session != '-';
    assert_int_equal(kv_count(l->kv).locks, held);
    random_scope(l, &s);
    assert_int_equal(kv_index(l->kv, &s), m_index(&l->m, &s));
    assert_int_equal(kv_has_changed(l->kv, &s, since),
                     m_has_changed(&l->m, &s, since));
}

/* -- lives ----------------------------------------------------------------- */

static void life_opens(struct life *l)
{
    static const struct kv_limits no_limits;
    char *error = NULL;
    unsigned i;

    l->store = l->kind->open();
    l->kv = kv_new(l->store, &no_limits);
    if (!store_replay(l->store, &error))
        fail_msg("%s", error);
    assert_int_equal(kv_start(l->kv, l->m.now_ms), 0);
    m_restart(&l->m, l->store->revision);
    for (i = 0; i < WAITERS; i++) {
        l->waits[i].waiter.watch = NULL;
        random_scope(l, &l->waits[i].scope);
        l->waits[i].waiter.changed = changed;
        kv_wait(l->kv, &l->waits[i].waiter, &l->waits[i].scope);
    }
}

static void life_closes(struct life *l)
{
    l->kind->all(l->store);
    assert_int_equal(l->under_way, 0);
    assert_int_equal(kv_count(l->kv).pending, 0);
    store_close(l->store);
    kv_free(l->kv);
}

static void step(struct life *l)
{
    unsigned what = kv_life_below(100);

    if (what < 70 && l->under_way < UNDER_WAY)
        keys_change(l);
    else if (what < 78)
        session_changes(l);
    else if (what < 82)
        session_renews(l);
    else if (what < 90)
        waiter_moves(l);
    else if (what < 93)
        time_goes_on(l);
    l->kind->some(l->store);
    compare(l);
    if (l->kind->keeps && !kv_life_below(200)) {
        life_closes(l);
        life_opens(l);
        compare(l);
    }
}

void kv_live(const struct kv_life_kind *kind)
{
    struct life *l = xcalloc(1, sizeof(*l));
    unsigned i;

    seed = 4711;
    l->kind = kind;
    m_init(&l->m);
    l->m.now_ms = 1000000;
    life_opens(l);
    for (i = 0; i < kind->steps; i++)
        step(l);
    life_closes(l);
    /* it was a life worth the name */
    assert_true(l->changed > kind->steps / 8);
    assert_true(l->refused > kind->steps / 8);
    assert_true(l->done > kind->steps / 2);
    if (kind->fails)
        assert_true(l->failed > kind->steps / 100);
    free(l);
}
