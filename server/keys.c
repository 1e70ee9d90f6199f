#include "server/keys.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "lib/log.h"
#include "lib/mem.h"
#include "lib/metrics.h"
#include "server/audit.h"
#include "server/musterd.h"
#include "server/state/directory.h"
#include "server/state/kv.h"
#include "server/state/session.h"

/* The numbers, as of when somebody last asked. */
struct keys_counts {
    uint64_t keys, bytes, locks, tombstones, waiters, sessions, pending;
    uint64_t refused, ended;
};

struct keys {
    struct musterd *m;
    struct keys_tree *trees; /* that are being deleted */
    struct session_observer observer;
    struct dir_listener listener; /* for nodes that go */
    struct loop_timer *grace;     /* for what must be there again */
    bool ends;
    struct loop_timer *timer; /* for kv_expire() */
    struct keys_counts counts;
};

/* -- numbers --------------------------------------------------------------- */

static void count(void *arg)
{
    struct keys *k = arg;
    struct kv_counts n = kv_count(k->m->kv);

    k->counts = (struct keys_counts){.keys = n.keys,
                                     .bytes = n.bytes,
                                     .locks = n.locks,
                                     .tombstones = n.tombstones,
                                     .waiters = n.waiters,
                                     .sessions = n.sessions,
                                     .pending = n.pending,
                                     .refused = n.refused,
                                     .ended = k->counts.ended};
}

static void add_metrics(struct keys *k)
{
#define ROW(name, field, help)                                                 \
    {                                                                          \
        name, help, offsetof(struct keys_counts, field),                       \
        {                                                                      \
            NULL, NULL                                                         \
        }                                                                      \
    }
    static const struct metric_row rows[] = {
        ROW("muster_kv_keys", keys, "Keys in the tree."),
        ROW("muster_kv_bytes", bytes, "Bytes of keys and their values."),
        ROW("muster_kv_locks", locks, "Keys whose lock a session holds."),
        ROW("muster_kv_tombstones", tombstones,
            "Deleted keys that are still remembered."),
        ROW("muster_kv_waiters", waiters,
            "Readers that wait for a key or a prefix to change."),
        ROW("muster_kv_pending", pending,
            "Requests that change keys or sessions and are not done."),
        ROW("muster_kv_refused_total", refused,
            "Requests of keys and sessions refused: over a bound, or "
            "senseless."),
        ROW("muster_sessions", sessions, "Sessions that live."),
        ROW("muster_sessions_ended_total", ended,
            "Sessions that ended of themselves: by time, a check or a node."),
    };
#undef ROW

    metrics_add_rows(rows, ARRAY_LEN(rows), &k->counts, k,
                     (struct metric_label){NULL, NULL});
    metrics_on_read(count, k, k);
}

/* -- time ------------------------------------------------------------------ */

static void keys_expire(void *arg)
{
    struct keys *k = arg;
    uint64_t wait;

    musterd_tick(k->m);
    wait = kv_expire(k->m->kv);
    if (wait != UINT64_MAX)
        loop_timer_set(k->timer, wait);
}

static void keys_are_due(void *arg)
{
    struct keys *k = arg;

    musterd_tick(k->m);
    loop_timer_set(k->timer, kv_due_in(k->m->kv));
}

/* -- sessions -------------------------------------------------------------- */

static void session_gone(struct session_observer *o, const struct session *s,
                         uint64_t revision)
{
    struct keys *k = container_of(o, struct keys, observer);

    if (!s->why)
        return;
    k->counts.ended++;
    server_audit_session_end(s, revision);
}

/* -- what sessions depend on ----------------------------------------------- */

#define GRACE_MS 30000

static const char check_is_critical[] = "a check of it is critical";
static const char check_is_gone[] = "a check of it is gone";
static const char node_is_gone[] = "its node is gone";

static const char *judge(void *arg, const char *node, const char *check)
{
    const struct keys *k = arg;
    bool waits = loop_timer_is_set(k->grace);
    const struct dir_check *c;

    if (!check)
        return waits || directory_node(k->m->directory, node) ? NULL
                                                              : node_is_gone;
    c = directory_check_of(k->m->directory, node, check);
    if (!c)
        return waits ? NULL : check_is_gone;
    return c->status == DIR_CRITICAL ? check_is_critical : NULL;
}

static void check_failed(void *arg, const struct dir_check *c, bool gone)
{
    const struct keys *k = arg;

    session_end_of(k->m->kv, c->node->name, c->id,
                   gone ? check_is_gone : check_is_critical);
}

static void node_event(void *arg, const struct dir_node *n, enum dir_event e)
{
    const struct keys *k = arg;

    if (e == DIR_WENT)
        session_end_of(k->m->kv, n->name, NULL, node_is_gone);
}

static void grace_is_over(void *arg)
{
    const struct keys *k = arg;

    musterd_tick(k->m);
    session_judge_all(k->m->kv);
}

void keys_depend(struct keys *k)
{
    loop_timer_set(k->grace, GRACE_MS);
    k->listener = (struct dir_listener){.node = node_event, .arg = k};
    directory_listen(k->m->directory, &k->listener);
    directory_on_critical(k->m->directory, check_failed, k);
    session_set_judge(k->m->kv, judge, k);
    session_judge_all(k->m->kv);
}

/* -- trees ----------------------------------------------------------------- */

/* A tree on its way out. */
struct keys_tree {
    struct keys *keys;
    struct kv_entry *after; /* counted: the last that went; NULL: none yet */
    kv_done_fn *done;
    void *arg;
    struct loop_task step;
    struct keys_tree *prev, *next;
    size_t len;
    char prefix[];
};

static void tree_end(struct keys_tree *t, const struct kv_result *r)
{
    if (t->done)
        t->done(t->arg, r);
    musterd_not_later(t->keys->m, &t->step);
    DL_DELETE(t->keys->trees, t);
    kv_entry_unref(t->after);
    free(t);
}

static void tree_give_up(struct keys_tree *t)
{
    const struct kv_result r = {.status = KV_FAILED,
                                .revision = t->keys->m->store->revision,
                                .text = "some of it was deleted: the registry "
                                        "is going down"};

    tree_end(t, &r);
}

static void tree_stepped(void *arg, const struct kv_result *r)
{
    struct keys_tree *t = arg;

    if (r->status != KV_DONE || !r->last) {
        tree_end(t, r);
        return;
    }
    kv_entry_unref(t->after);
    t->after = kv_entry_ref(r->last);
    if (t->keys->ends)
        tree_give_up(t);
    else
        musterd_later(t->keys->m, &t->step);
}

static void tree_step(struct keys_tree *t)
{
    const struct kv_op op = {.verb = KV_DELETE_TREE,
                             .key = t->prefix,
                             .key_len = t->len,
                             .after = t->after,
                             .most = KEYS_AT_ONCE};

    kv_request(t->keys->m->kv, &op, 1, tree_stepped, t);
}

static void tree_goes_on(void *arg)
{
    struct keys_tree *t = arg;

    musterd_turn_came(t->keys->m);
    musterd_tick(t->keys->m);
    tree_step(t);
}

void keys_delete_tree(struct musterd *m, const char *prefix, size_t len,
                      kv_done_fn *done, void *arg)
{
    struct keys_tree *t = xcalloc(1, sizeof(*t) + len + 1);

    t->keys = m->keys;
    t->done = done;
    t->arg = arg;
    t->step = (struct loop_task){.fn = tree_goes_on, .arg = t};
    t->len = len;
    if (len)
        memcpy(t->prefix, prefix, len);
    DL_APPEND(m->keys->trees, t);
    tree_step(t);
}

void keys_finish(struct keys *k)
{
    struct keys_tree *t, *next;

    k->ends = true;
    DL_FOREACH_SAFE (k->trees, t, next)
        if (t->step.queued)
            tree_give_up(t);
}

/* -- life ------------------------------------------------------------------ */

void keys_configure(struct keys *k, const struct conf *conf)
{
    const struct kv_limits limits = {
        .value = conf_size(conf, "registry.kv_value"),
        .keys = (size_t)conf_int(conf, "registry.kv_keys"),
        .bytes = conf_size(conf, "registry.kv_size"),
        .sessions = (size_t)conf_int(conf, "registry.sessions"),
        .ttl_min = (uint64_t)conf_duration_ms(conf, "consul.session_ttl_min")};

    kv_limit(k->m->kv, &limits);
}

struct keys *keys_new(struct musterd *m, const struct conf *conf)
{
    const struct kv_limits none = {0};
    struct keys *k = xcalloc(1, sizeof(*k));

    k->m = m;
    m->kv = kv_new(m->store, &none);
    k->timer = loop_timer_new(m->loop, keys_expire, k);
    k->grace = loop_timer_new(m->loop, grace_is_over, k);
    kv_on_deadline(m->kv, keys_are_due, k);
    k->observer.gone = session_gone;
    session_observe(m->kv, &k->observer);
    keys_configure(k, conf);
    add_metrics(k);
    return k;
}

void keys_start(struct keys *k)
{
    size_t orphans = kv_start(k->m->kv, loop_now(k->m->loop));

    if (orphans)
        log_warn("registry.store: %zu keys were locked by sessions that are "
                 "not there: nobody holds these locks now",
                 orphans);
}

void keys_free(struct keys *k)
{
    if (!k)
        return;
    metrics_forget(k);
    kv_on_deadline(k->m->kv, NULL, NULL);
    loop_timer_free(k->timer);
    loop_timer_free(k->grace);
    kv_free(k->m->kv);
    k->m->kv = NULL;
    free(k);
}
