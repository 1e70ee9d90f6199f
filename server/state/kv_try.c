#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "server/state/kv_impl.h"

/* -- what the operations before this one make of a key --------------------- */

static struct kv_effect *effect_find(const struct kv_change *ch,
                                     const char *key, size_t len)
{
    struct kv_effect *f;

    HASH_FIND(hh, ch->effects, key, len, f);
    return f;
}

static struct kv_entry *key_now(const struct kv_change *ch, const char *key,
                                size_t len)
{
    struct kv_effect *f = effect_find(ch, key, len);

    return f ? f->after : kv_entry_of(keymap_find(&ch->kv->keys, key, len));
}

void kv_effect(struct kv_change *ch, const char *key, size_t len,
               struct kv_entry *after)
{
    struct kv_effect *f = effect_find(ch, key, len);
    struct kv_entry *e;

    if (f) {
        /* the key of the hash is before's, or was the first after's */
        if (!f->before && f->after)
            HASH_DEL(ch->effects, f);
        kv_entry_unref(f->after);
        f->after = after;
        if (!f->before && after)
            HASH_ADD_KEYPTR(hh, ch->effects, after->key, len, f);
        else if (!f->before)
            free(f);
        return;
    }
    e = kv_entry_of(keymap_find(&ch->kv->keys, key, len));
    if (!e && !after)
        return;
    f = xcalloc(1, sizeof(*f));
    f->change = ch;
    f->before = e ? kv_entry_ref(e) : NULL;
    f->after = after;
    HASH_ADD_KEYPTR(hh, ch->effects, (e ? e : after)->key, len, f);
}

struct kv_entry *kv_entry_copy(const struct kv_entry *e)
{
    struct kv_entry *copy =
        kv_entry_new(e->key, e->by_key.node.key_len, e->value, e->value_len);

    copy->flags = e->flags;
    copy->locks = e->locks;
    copy->created = e->created;
    memcpy(copy->session, e->session, sizeof(copy->session));
    return copy;
}

/* -- results --------------------------------------------------------------- */

static void give(struct kv_change *ch, unsigned op, struct kv_entry *e)
{
    if (ch->entry_count == ch->entry_size) {
        ch->entry_size = ch->entry_size ? 2 * ch->entry_size : 4;
        ch->entries =
            xreallocarray(ch->entries, ch->entry_size, sizeof(*ch->entries));
        ch->entry_ops = xreallocarray(ch->entry_ops, ch->entry_size,
                                      sizeof(*ch->entry_ops));
    }
    ch->entries[ch->entry_count] = kv_entry_ref(e);
    ch->entry_ops[ch->entry_count++] = op;
}

static bool ends(struct kv_change *ch, unsigned op, enum kv_status status,
                 const char *text)
{
    struct kv_result *r = &ch->result;

    if (!r->failure_count) {
        r->status = status;
        r->text = text;
        r->failures = ch->failures;
    }
    ch->failures[r->failure_count++] = (struct kv_failure){op, text, 0};
    return false;
}

static bool is_false(struct kv_change *ch, unsigned op, enum kv_why why)
{
    static const char *const texts[] = {
        [KV_WHY_ABSENT] = "no such key",
        [KV_WHY_PRESENT] = "the key is there",
        [KV_WHY_INDEX] = "the key has another index",
        [KV_WHY_HELD] = "another session holds the lock",
        [KV_WHY_NOT_HELD] = "that session does not hold the lock",
        [KV_WHY_DELAY] = "the lock was lost by a session that ended: its lock "
                         "delay is not over",
        [KV_WHY_SESSION] = "no such session"};

    ends(ch, op, why == KV_WHY_SESSION ? KV_REFUSED : KV_FALSE, texts[why]);
    ch->failures[ch->result.failure_count - 1].why = why;
    return false;
}

/* -- writing --------------------------------------------------------------- */

/* Whether there is room for it beside all that is there and under way. */
static bool put_fits(struct kv_change *ch, const struct kv_entry *before,
                     const struct kv_entry *after, unsigned op)
{
    struct kv *kv = ch->kv;
    size_t bytes = kv_entry_bytes(after);

    if (before)
        bytes -=
            kv_entry_bytes(before) < bytes ? kv_entry_bytes(before) : bytes;
    else if (kv->limits.keys &&
             kv->keys.count + kv->coming_keys >= kv->limits.keys)
        return ends(ch, op, KV_REFUSED, "too many keys in this registry");
    if (kv->limits.bytes &&
        kv->bytes + kv->coming_bytes + bytes > kv->limits.bytes)
        return ends(ch, op, KV_REFUSED,
                    "keys and values would take too much memory");
    ch->new_keys += !before;
    kv->coming_keys += !before;
    ch->new_bytes += bytes;
    kv->coming_bytes += bytes;
    return true;
}

/* The new version; session (NULL: nobody) holds its lock. */
static bool put(struct kv_change *ch, unsigned op,
                const struct kv_entry *before, const char *session,
                uint64_t locks)
{
    const struct kv_op *o = &ch->ops[op];
    struct kv_entry *e = ch->prepared[op];

    if (!put_fits(ch, before, e, op))
        return false;
    e->flags = o->flags;
    e->locks = locks;
    if (session && *session)
        memcpy(e->session, session, KV_SESSION_ID + 1);
    if (before)
        e->created = before->created;
    kv_effect(ch, o->key, o->key_len, kv_entry_ref(e));
    give(ch, op, e);
    return true;
}

static bool put_as_it_was(struct kv_change *ch, unsigned op,
                          const struct kv_entry *e)
{
    return put(ch, op, e, e ? e->session : NULL, e ? e->locks : 0);
}

/* A version of the same request has no index yet: none is the right one. */
static bool has_index(const struct kv_entry *e, uint64_t index)
{
    return e && e->by_key.number && e->by_key.number == index;
}

static bool try_lock(struct kv_change *ch, unsigned op,
                     const struct kv_entry *e)
{
    const struct kv_op *o = &ch->ops[op];
    const struct session *s =
        session_get(ch->kv, o->session, strlen(o->session));

    /* whoever asks, and so for a session that has ended, too */
    if ((!e || !*e->session) && kv_is_delayed(ch->kv, o->key, o->key_len))
        return is_false(ch, op, KV_WHY_DELAY);
    if (!s || session_is_over(s))
        return is_false(ch, op, KV_WHY_SESSION);
    if (e && !strcmp(e->session, s->id))
        return put(ch, op, e, s->id, e->locks);
    if (e && *e->session)
        return is_false(ch, op, KV_WHY_HELD);
    if (s->held_count >= KV_CHANGE_MAX ||
        s->held_bytes + kv_entry_bytes(ch->prepared[op]) > KV_HELD_MAX)
        return ends(ch, op, KV_REFUSED, "the session holds too many locks");
    return put(ch, op, e, s->id, e ? e->locks + 1 : 1);
}

/* A session that is not there (any longer) holds nothing. */
static bool try_restore(struct kv_change *ch, unsigned op,
                        const struct kv_entry *e)
{
    const struct kv_op *o = &ch->ops[op];
    const struct session *s =
        session_get(ch->kv, o->session, strlen(o->session));

    return put(ch, op, e, s && !session_is_over(s) ? s->id : NULL, o->index);
}

static bool try_unlock(struct kv_change *ch, unsigned op,
                       const struct kv_entry *e)
{
    if (!e || !*e->session || strcmp(e->session, ch->ops[op].session))
        return is_false(ch, op, KV_WHY_NOT_HELD);
    return put(ch, op, e, NULL, e->locks);
}

/* -- trees ----------------------------------------------------------------- */

static bool is_below(const struct kv_entry *e, const struct kv_op *o)
{
    return keynode_has_prefix(&e->by_key.node, o->key, o->key_len);
}

static int by_key(const void *a, const void *b)
{
    const struct kv_entry *x = *(struct kv_entry *const *)a;
    const struct kv_entry *y = *(struct kv_entry *const *)b;
    size_t x_len = x->by_key.node.key_len, y_len = y->by_key.node.key_len;
    int order = memcmp(x->key, y->key, x_len < y_len ? x_len : y_len);

    return order ? order : (x_len > y_len) - (x_len < y_len);
}

/* So many rows more are looked at; false: those are too many. */
static bool may_look(struct kv_change *ch, size_t rows)
{
    ch->looks += rows;
    return ch->looks <= KV_LOOKS_MAX;
}

static bool too_many(struct kv_change *ch, unsigned op)
{
    return ends(ch, op, KV_REFUSED, "too many keys below it");
}

static bool try_get_tree(struct kv_change *ch, unsigned op)
{
    const struct kv_op *o = &ch->ops[op];
    size_t first = ch->entry_count;
    const struct kv_entry *e = NULL;
    struct kv_effect *f, *next;

    if (!may_look(ch, HASH_COUNT(ch->effects)))
        return too_many(ch, op);
    while ((e = kv_next(ch->kv, o->key, o->key_len, e))) {
        if (ch->entry_count - first >= KV_CHANGE_MAX || !may_look(ch, 1))
            return too_many(ch, op);
        if (!effect_find(ch, e->key, e->by_key.node.key_len))
            give(ch, op, (struct kv_entry *)e);
    }
    HASH_ITER (hh, ch->effects, f, next)
        if (f->after && is_below(f->after, o))
            give(ch, op, f->after);
    if (ch->effects && ch->entry_count > first)
        qsort(ch->entries + first, ch->entry_count - first,
              sizeof(*ch->entries), by_key);
    return true;
}

static bool try_delete_tree(struct kv_change *ch, unsigned op)
{
    const struct kv_op *o = &ch->ops[op];
    struct kv_entry *e = o->after, *last = NULL;
    struct kv_effect *f, *next;
    size_t n = 0;

    if (!may_look(ch, HASH_COUNT(ch->effects)))
        return too_many(ch, op);
    while ((e = (struct kv_entry *)kv_next(ch->kv, o->key, o->key_len, e))) {
        if (o->most && n++ == o->most) {
            ch->result.last = last;
            break;
        }
        if (HASH_COUNT(ch->effects) >= KV_CHANGE_MAX || !may_look(ch, 1))
            return ends(ch, op, KV_REFUSED,
                        "too many keys below it to be "
                        "deleted at once: delete parts");
        kv_effect(ch, e->key, e->by_key.node.key_len, NULL);
        last = e;
    }
    HASH_ITER (hh, ch->effects, f, next)
        if (f->after && is_below(f->after, o))
            kv_effect(ch, f->after->key, f->after->by_key.node.key_len, NULL);
    return true;
}

/* -- one operation after the other ----------------------------------------- */

static bool try_check(struct kv_change *ch, unsigned op, struct kv_entry *e)
{
    const struct kv_op *o = &ch->ops[op];

    if (o->verb == KV_CHECK_ABSENT)
        return !e || is_false(ch, op, KV_WHY_PRESENT);
    if (!e)
        return is_false(ch, op, KV_WHY_ABSENT);
    if (o->verb == KV_CHECK_INDEX && !has_index(e, o->index))
        return is_false(ch, op, KV_WHY_INDEX);
    if (o->verb == KV_CHECK_SESSION && strcmp(e->session, o->session))
        return is_false(ch, op, KV_WHY_NOT_HELD);
    give(ch, op, e);
    return true;
}

static bool try_delete(struct kv_change *ch, unsigned op,
                       const struct kv_entry *e)
{
    const struct kv_op *o = &ch->ops[op];

    if (e && o->verb == KV_DELETE_CAS && !has_index(e, o->index))
        return is_false(ch, op, KV_WHY_INDEX);
    kv_effect(ch, o->key, o->key_len, NULL);
    return true;
}

static bool try_op(struct kv_change *ch, unsigned op)
{
    const struct kv_op *o = &ch->ops[op];
    struct kv_entry *e = key_now(ch, o->key, o->key_len);

    if (o->wrong)
        return ends(ch, op, KV_REFUSED, o->wrong);
    switch (o->verb) {
    case KV_SET: return put_as_it_was(ch, op, e);
    case KV_RESTORE: return try_restore(ch, op, e);
    case KV_CAS:
        if (o->index ? !has_index(e, o->index) : e != NULL)
            return is_false(ch, op, KV_WHY_INDEX);
        return put_as_it_was(ch, op, e);
    case KV_LOCK: return try_lock(ch, op, e);
    case KV_UNLOCK: return try_unlock(ch, op, e);
    case KV_GET_TREE: return try_get_tree(ch, op);
    case KV_DELETE:
    case KV_DELETE_CAS: return try_delete(ch, op, e);
    case KV_DELETE_TREE: return try_delete_tree(ch, op);
    case KV_GET:
    case KV_CHECK_INDEX:
    case KV_CHECK_SESSION:
    case KV_CHECK_ABSENT: return try_check(ch, op, e);
    }
    return false;
}

bool kv_try(struct kv_change *ch)
{
    const struct session_effect *s;
    unsigned i;

    /* what does not hold has no effect, and those behind it are told, too */
    for (i = 0; i < ch->count; i++)
        (void)try_op(ch, i);
    if (ch->result.failure_count)
        return false;
    for (s = ch->sessions; s; s = s->next)
        if (s->txn.op == STORE_DELETE)
            session_try_end(ch, s->session);
    return true;
}
