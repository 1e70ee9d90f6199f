#include "t/unit/kv_model.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TOMBSTONE_MS 900000

static int by_bytes(const struct m_key *a, const struct m_key *b)
{
    return strcmp(a->key, b->key);
}

void m_init(struct m_state *m)
{
    static const char letters[] = "/ab"; /* as bytes are ordered */
    unsigned i, n = 0, x, len;
    struct m_key k;

    memset(m, 0, sizeof(*m));
    for (len = 0; len <= 3; len++) {
        for (x = 0; x < (len == 0   ? 1
                         : len == 1 ? 3
                         : len == 2 ? 9
                                    : 27);
             x++) {
            char *key = m->keys[n].key;

            for (i = len; i; i--)
                key[i - 1] = letters[x /
                                     (i == len       ? 1
                                      : i == len - 1 ? 3
                                                     : 9) %
                                     3];
            m->keys[n++].session = '-';
        }
    }
    for (i = 1; i < M_KEYS; i++)
        for (x = i; x && by_bytes(&m->keys[x], &m->keys[x - 1]) < 0; x--) {
            k = m->keys[x];
            m->keys[x] = m->keys[x - 1];
            m->keys[x - 1] = k;
        }
}

static void add(char *text, size_t size, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void add(char *text, size_t size, const char *fmt, ...)
{
    size_t len = strlen(text);
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text + len, size - len, fmt, ap);
    va_end(ap);
}

static void add_key(char *text, size_t size, const struct m_key *k)
{
    add(text, size, "%s=%s f%llu l%llu s%c", k->key, k->value,
        (unsigned long long)k->flags, (unsigned long long)k->locks, k->session);
}

/* -- one operation --------------------------------------------------------- */

static const char no_lock[] = "that session does not hold the lock";
static const char other_index[] = "the key has another index";

static void key_put(struct m_key *k, const struct m_op *o, char session,
                    uint64_t locks)
{
    k->there = true;
    snprintf(k->value, sizeof(k->value), "%s", o->value);
    k->flags = o->flags;
    k->session = session;
    k->locks = locks;
    k->changed = 0; /* not yet */
}

static void key_delete(struct m_key *k)
{
    k->there = false;
    k->session = '-';
    k->locks = 0;
    k->changed = 0;
}

static const char *lock(const struct m_state *m, struct m_key *k,
                        const struct m_op *o)
{
    const struct m_session *s = &m->sessions[o->session - 'a'];

    if ((!k->there || k->session == '-') && k->delay_ms > m->now_ms)
        return "the lock was lost by a session that ended: its lock delay is "
               "not over";
    if (!s->there || s->ending)
        return "!no such session";
    if (k->there && k->session == o->session) {
        key_put(k, o, o->session, k->locks);
        return NULL;
    }
    if (k->there && k->session != '-')
        return "another session holds the lock";
    key_put(k, o, o->session, k->there ? k->locks + 1 : 1);
    return NULL;
}

static bool has_index(const struct m_key *k, uint64_t index)
{
    return k->there && k->changed && k->changed == index;
}

/* NULL, or why not; '!' first: refused. */
static const char *try_one(struct m_state *m, const struct m_op *o)
{
    struct m_key *k = &m->keys[o->key];

    switch (o->verb) {
    case KV_SET: key_put(k, o, k->session, k->there ? k->locks : 0); break;
    case KV_CAS:
        if (o->index ? !has_index(k, o->index) : k->there)
            return other_index;
        key_put(k, o, k->session, k->there ? k->locks : 0);
        break;
    case KV_LOCK: return lock(m, k, o);
    case KV_UNLOCK:
        if (!k->there || k->session != o->session)
            return no_lock;
        key_put(k, o, '-', k->locks);
        break;
    case KV_GET: return k->there ? NULL : "no such key";
    case KV_CHECK_INDEX:
        return !k->there                 ? "no such key"
               : !has_index(k, o->index) ? other_index
                                         : NULL;
    case KV_CHECK_SESSION:
        return !k->there                  ? "no such key"
               : k->session != o->session ? no_lock
                                          : NULL;
    case KV_CHECK_ABSENT: return k->there ? "the key is there" : NULL;
    case KV_DELETE_CAS:
        if (k->there && !has_index(k, o->index))
            return other_index;
        key_delete(k);
        break;
    case KV_DELETE: key_delete(k); break;
    case KV_DELETE_TREE: break;
    case KV_GET_TREE: break;
    case KV_RESTORE: break; /* not asked for: see test_kv.c */
    }
    return NULL;
}

static bool begins(const char *text, const char *with)
{
    return !strncmp(text, with, strlen(with));
}

/* -- all of them ----------------------------------------------------------- */

struct trial {
    struct m_state m;
    bool touched[M_KEYS];
    char text[4096], failures[4096];
    bool failed, refused;
};

static void trial_give(struct trial *t, unsigned op, const struct m_key *k)
{
    add(t->text, sizeof(t->text), " %u:", op);
    add_key(t->text, sizeof(t->text), k);
}

static void trial_one(struct trial *t, unsigned i, const struct m_op *o)
{
    const char *key = t->m.keys[o->key].key;
    const char *wrong = try_one(&t->m, o);
    unsigned k;

    if (wrong) {
        if (!t->failed)
            t->refused = *wrong == '!';
        t->failed = true;
        add(t->failures, sizeof(t->failures), " %u:%s", i,
            wrong + (*wrong == '!'));
        return;
    }
    if (o->verb <= KV_UNLOCK || o->verb == KV_DELETE ||
        o->verb == KV_DELETE_CAS)
        t->touched[o->key] = true;
    for (k = 0; k < M_KEYS && o->verb == KV_DELETE_TREE; k++)
        if (begins(t->m.keys[k].key, key)) {
            t->touched[k] |= t->m.keys[k].there;
            key_delete(&t->m.keys[k]);
        }
    for (k = 0; k < M_KEYS && o->verb == KV_GET_TREE; k++)
        if (t->m.keys[k].there && begins(t->m.keys[k].key, key))
            trial_give(t, i, &t->m.keys[k]);
    if (o->verb < KV_DELETE && o->verb != KV_GET_TREE &&
        o->verb != KV_CHECK_ABSENT)
        trial_give(t, i, &t->m.keys[o->key]);
}

static void trial_run(struct trial *t, const struct m_state *m,
                      const struct m_op *ops, unsigned count)
{
    unsigned i;

    memset(t, 0, sizeof(*t));
    t->m = *m;
    for (i = 0; i < count; i++)
        trial_one(t, i, &ops[i]);
    for (i = 0; i < M_KEYS; i++)
        t->touched[i] &= t->m.keys[i].there || m->keys[i].there;
}

bool m_changes(const struct m_state *m, const struct m_op *ops, unsigned count)
{
    static struct trial t;
    unsigned i;

    trial_run(&t, m, ops, count);
    for (i = 0; i < M_KEYS && !t.failed; i++)
        if (t.touched[i])
            return true;
    return false;
}

static void key_commit(struct m_state *m, struct m_key *k,
                       const struct m_key *was, uint64_t revision)
{
    if (k->there) {
        k->created = was->there ? was->created : revision;
        k->changed = revision;
        k->buried = 0;
    } else {
        k->created = k->changed = 0;
        k->buried = revision;
        k->until_ms = m->now_ms + TOMBSTONE_MS;
    }
    m->index = revision;
}

void m_request(struct m_state *m, const struct m_op *ops, unsigned count,
               uint64_t revision, char *text, size_t size, bool changed[M_KEYS])
{
    static struct trial t;
    unsigned i;

    trial_run(&t, m, ops, count);
    memset(changed, 0, M_KEYS * sizeof(*changed));
    if (t.failed) {
        snprintf(text, size, "%s%s", t.refused ? "REFUSED" : "FALSE",
                 t.failures);
        return;
    }
    for (i = 0; i < M_KEYS; i++) {
        if (!t.touched[i])
            continue;
        changed[i] = true;
        key_commit(&t.m, &t.m.keys[i], &m->keys[i], revision);
    }
    *m = t.m;
    snprintf(text, size, "DONE %llu%s", (unsigned long long)revision, t.text);
}

/* -- sessions, time -------------------------------------------------------- */

void m_session_end(struct m_state *m, unsigned at, uint64_t revision,
                   bool changed[M_KEYS])
{
    struct m_session *s = &m->sessions[at];
    struct m_key was;
    unsigned i;

    for (i = 0; i < M_KEYS; i++) {
        if (!m->keys[i].there || m->keys[i].session != (char)('a' + at))
            continue;
        was = m->keys[i];
        if (s->delay_ms && m->keys[i].delay_ms < m->now_ms + s->delay_ms)
            m->keys[i].delay_ms = m->now_ms + s->delay_ms;
        m->keys[i].session = '-';
        if (s->behavior == SESSION_DELETE)
            key_delete(&m->keys[i]);
        key_commit(m, &m->keys[i], &was, revision);
        changed[i] = true;
    }
    *s = (struct m_session){.there = false};
}

void m_forget(struct m_state *m)
{
    unsigned i;

    for (i = 0; i < M_KEYS; i++)
        if (m->keys[i].buried && m->keys[i].until_ms <= m->now_ms)
            m->keys[i].buried = 0;
}

void m_restart(struct m_state *m, uint64_t revision)
{
    unsigned i;

    m->floor = revision;
    m->index = 0;
    for (i = 0; i < M_KEYS; i++) {
        m->keys[i].buried = m->keys[i].delay_ms = 0;
        if (m->keys[i].there && m->keys[i].changed > m->index)
            m->index = m->keys[i].changed;
    }
    for (i = 0; i < M_SESSIONS; i++)
        if (m->sessions[i].ttl_ms)
            m->sessions[i].expires_ms = m->now_ms + 2 * m->sessions[i].ttl_ms;
}

/* -- reading --------------------------------------------------------------- */

void m_text(const struct m_state *m, char *text, size_t size)
{
    const struct m_key *k;

    *text = '\0';
    for (k = m->keys; k < m->keys + M_KEYS; k++) {
        if (!k->there)
            continue;
        add_key(text, size, k);
        add(text, size, " c%llu m%llu\n", (unsigned long long)k->created,
            (unsigned long long)k->changed);
    }
}

bool m_covers(const struct m_key *k, const struct kv_scope *s)
{
    return s->tree ? begins(k->key, s->key) : !strcmp(k->key, s->key);
}

static uint64_t most(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* The last change of anything in there that is still known. */
static uint64_t last_change(const struct m_state *m, const struct kv_scope *s)
{
    const struct m_key *k;
    uint64_t last = 0;

    for (k = m->keys; k < m->keys + M_KEYS; k++)
        if (m_covers(k, s))
            last = most(last, k->there ? k->changed : k->buried);
    return last;
}

static bool is_there(const struct m_state *m, const struct kv_scope *s)
{
    const struct m_key *k;

    for (k = m->keys; k < m->keys + M_KEYS; k++)
        if (k->there && !strcmp(k->key, s->key))
            return true;
    return false;
}

uint64_t m_index(const struct m_state *m, const struct kv_scope *s)
{
    uint64_t last = last_change(m, s);

    if (!s->tree && is_there(m, s))
        return last;
    if (!s->tree || !s->key_len || !last)
        last = m->index;
    return most(most(last, m->floor), 1);
}

bool m_has_changed(const struct m_state *m, const struct kv_scope *s,
                   uint64_t since)
{
    if (!s->tree && is_there(m, s))
        return last_change(m, s) > since;
    return m->floor > since || last_change(m, s) > since;
}
