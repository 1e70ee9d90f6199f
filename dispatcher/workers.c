#include <stdlib.h>
#include <string.h>

#include "dispatcher/core.h"
#include "lib/addr.h"
#include "lib/log.h"
#include "lib/mem.h"

#define WORKER_LINE_MORE 4096  /* beside the text of a line of output */
#define WORKER_GRACE_MS  20000 /* for coming back after the registry did */

struct worker *workers_by_host(const struct dispatch *d, const char *host)
{
    struct worker *w;

    HASH_FIND(by_host, d->by_host, host, strlen(host), w);
    return w;
}

static struct worker *worker_by_name(const struct dispatch *d, const char *name)
{
    struct worker *w;

    HASH_FIND(by_name, d->by_name, name, strlen(name), w);
    return w;
}

/* -- links ----------------------------------------------------------------- */

/* A line of output may be quoted, and then be twice as long. */
static void worker_dial(struct dispatch *d, struct worker *w)
{
    const char *text = attrs_get(&w->attrs, "addr");
    struct wire_options o = {
        .name = d->instance,
        .id = w->host,
        .host = attrs_get(&w->attrs, "via") ? w->host : NULL,
        .token = d->token,
        .line_max = 2 * d->settings.line + WORKER_LINE_MORE,
        .tls = d->tls,
        .connect_ms = WORKER_CONNECT_MS,
        .silence_ms = d->settings.probe_ms};
    struct addr addr;
    const char *wrong = addr_parse(&addr, text ? text : w->name, 0);

    if (!wrong && addr.kind == ADDR_OFF)
        wrong = "it is off";
    if (wrong) {
        log_warn("worker %s cannot be dialled: %s", w->name, wrong);
        return;
    }
    w->wire = wire_new(d->loop, &addr, &o, said_wire_handler(), w);
}

/* -- hosts ----------------------------------------------------------------- */

/* The first one that the registry knows has the host; another one waits in its
 * shadow and gets no jobs: nothing may run twice. */
static void host_claim(struct dispatch *d, struct worker *w)
{
    struct worker *holder = workers_by_host(d, w->host);

    if (holder && worker_is_known(holder)) {
        w->shadowed = true;
        log_warn("two workers are called %s: %s is used, %s is not", w->host,
                 holder->name, w->name);
        return;
    }
    if (holder) {
        HASH_DELETE(by_host, d->by_host, holder);
        holder->shadowed = true;
    }
    w->shadowed = false;
    HASH_ADD_KEYPTR(by_host, d->by_host, w->host, strlen(w->host), w);
    if (!w->wire)
        worker_dial(d, w);
}

static void host_release(struct dispatch *d, struct worker *w)
{
    struct worker *other, *next;

    if (w->shadowed || workers_by_host(d, w->host) != w)
        return;
    HASH_DELETE(by_host, d->by_host, w);
    w->shadowed = true;
    HASH_ITER (by_name, d->by_name, other, next) {
        if (other == w || !other->registered ||
            strcmp(other->host, w->host) != 0)
            continue;
        host_claim(d, other);
        return;
    }
}

/* Tasks for a host that has just come. */
static void host_adopt(struct dispatch *d, struct worker *w)
{
    struct task *t;

    while ((t = queue_absent(&d->queue, w->host))) {
        task_hold(t);
        t->wait_ms = 0;
        due_remove(&d->due, &t->due);
        dispatch_touch_job(d, t->job);
    }
}

/* -- coming and going ------------------------------------------------------ */

static void worker_drop(struct dispatch *d, struct worker *w)
{
    host_release(d, w);
    HASH_DELETE(by_name, d->by_name, w);
    if (w->dirty)
        TAILQ_REMOVE(&d->dirty_workers, w, in_dirty);
    wire_free(w->wire);
    drain_lost(w);
    worker_free(w);
}

/* Those in its line are tried again: they wait for the host to come back, or
 * for its slots, or end. */
static void line_disown(struct dispatch *d, struct lineup *line)
{
    struct task *t;

    while ((t = lineup_any(line))) {
        task_hold(t);
        t->worker = NULL;
        dispatch_touch_job(d, t->job);
    }
}

static void worker_disown(struct dispatch *d, struct worker *w)
{
    line_disown(d, &w->waiting);
    line_disown(d, &w->light);
    start_look_at_kinds(d);
}

void workers_let_go(struct dispatch *d, struct worker *w)
{
    if (w->registered || w->grace_until || w->n_active)
        return;
    worker_disown(d, w);
    worker_drop(d, w);
}

static void service_attrs(const struct muster_service *s, struct attrs *attrs)
{
    for (size_t i = 0; i < s->attr_count; i++)
        attrs_set(attrs, s->attrs[i].name, s->attrs[i].value);
}

static void worker_came(struct dispatch *d, struct worker *w)
{
    bool known = w->registered;

    w->registered = true;
    w->grace_until = 0;
    if (w->shadowed || workers_by_host(d, w->host) != w)
        host_claim(d, w);
    if (w->shadowed)
        return;
    if (!known)
        log_info("worker %s is there: %s", w->host, w->name);
    if (w->wire)
        wire_hurry(w->wire);
    host_adopt(d, w);
    storing_adopt(d, w);
    dispatch_touch_worker(d, w);
    dispatch_touch_matching(d, w);
}

static void worker_add(struct dispatch *d, const struct muster_service *s)
{
    const char *host = muster_service_get(s, "host");
    struct worker *w = worker_by_name(d, s->name);
    struct attrs attrs = {0};

    if (!w) {
        w = worker_new(s->name);
        w->core = d;
        if (host && *host)
            worker_set_host(w, host);
        HASH_ADD_KEYPTR(by_name, d->by_name, w->name, strlen(w->name), w);
    }
    service_attrs(s, &attrs);
    worker_set_attrs(w, &attrs, dispatch_now(d));
    attrs_free(&attrs);
    if (w->drained)
        worker_disown(d, w);
    worker_came(d, w);
}

/* While the registry comes back, workers do so, too, in their own time: one
 * whose link stands is alive, whatever the registry knows of it yet. */
static void worker_gone(struct dispatch *d, struct worker *w)
{
    w->registered = false;
    if (d->view_old && w->up) {
        w->grace_until = dispatch_now(d) + WORKER_GRACE_MS;
        dispatch_wake_at(d, w->grace_until);
        return;
    }
    log_info("worker %s is gone%s", w->host,
             w->n_active ? ", but its jobs are not" : "");
    host_release(d, w);
    worker_disown(d, w);
    workers_let_go(d, w);
}

uint64_t workers_sweep(struct dispatch *d, uint64_t now)
{
    struct worker *w, *next;
    uint64_t at = 0;

    HASH_ITER (by_name, d->by_name, w, next) {
        if (!w->grace_until)
            continue;
        if (now >= w->grace_until || !w->up) {
            w->grace_until = 0;
            worker_gone(d, w);
        } else if (!at || w->grace_until < at) {
            at = w->grace_until;
        }
    }
    return at;
}

/* It is another one now, under the same name. */
static void worker_forget(struct dispatch *d, struct worker *w)
{
    lost_all(w, "the worker is another one now");
    worker_disown(d, w);
    worker_drop(d, w);
}

/* -- the monitor ----------------------------------------------------------- */

static void on_add(void *arg, const struct muster_service *s)
{
    worker_add(arg, s);
}

static bool same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static void on_change(void *arg, const struct muster_service *s,
                      const struct muster_service *old)
{
    static const char *const identity[] = {"host", "addr", "via"};
    struct dispatch *d = arg;
    struct worker *w = worker_by_name(d, s->name);
    bool other = false;

    for (size_t i = 0; i < ARRAY_LEN(identity); i++)
        other |= !same(muster_service_get(s, identity[i]),
                       muster_service_get(old, identity[i]));
    if (w && other)
        worker_forget(d, w);
    worker_add(d, s);
}

static void on_gone(void *arg, const struct muster_service *old)
{
    struct dispatch *d = arg;
    struct worker *w = worker_by_name(d, old->name);

    if (w)
        worker_gone(d, w);
}

static void on_synced(void *arg, uint64_t revision)
{
    struct dispatch *d = arg;

    if (!d->synced || d->view_old)
        log_info("the registry is at revision %llu: %u workers",
                 (unsigned long long)revision, HASH_CNT(by_host, d->by_host));
    d->synced = true;
    d->view_old = false;
    dispatch_touch_matching(d, NULL);
    storing_synced(d);
}

static void on_error(void *arg, const char *text)
{
    struct dispatch *d = arg;

    if (!d->view_old)
        log_warn("the registry is away (%s): its last %u workers are used",
                 text, HASH_CNT(by_host, d->by_host));
    d->view_old = true;
}

bool workers_start(struct dispatch *d, struct muster *m)
{
    static const struct muster_monitor_callbacks callbacks = {
        .on_add = on_add,
        .on_change = on_change,
        .on_gone = on_gone,
        .on_synced = on_synced,
        .on_error = on_error,
    };
    /* so that .on may ask for .owner and .pinned.ATTR */
    static const struct muster_attr hidden[] = {{".hidden", "1"}};
    char *error = NULL;

    /* one in quarantine (conflict) may be another's double: it gets no job */
    d->monitor = muster_monitor_with(m, "kind worker conflict! *", hidden,
                                     ARRAY_LEN(hidden), &callbacks, d, &error);
    if (!d->monitor)
        log_error("following the workers: %s", error);
    free(error);
    return d->monitor != NULL;
}

void workers_free(struct dispatch *d)
{
    struct worker *w, *next;

    HASH_CLEAR(by_host, d->by_host);
    HASH_ITER (by_name, d->by_name, w, next) {
        HASH_DELETE(by_name, d->by_name, w);
        wire_free(w->wire);
        drain_lost(w);
        worker_free(w);
    }
}

bool dispatch_knows_op(const struct dispatch *d, const char *op)
{
    struct worker *w, *next;

    HASH_ITER (by_host, d->by_host, w, next) {
        if (worker_has_op(w, op))
            return true;
    }
    return false;
}
