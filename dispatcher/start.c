/*
 * Starting tasks: from the job that may go on, or from the line of a worker
 * that has a free slot. A task that is tried ends up at a worker, at its end,
 * or where what it waits for will find it; nowhere is it looked at in between.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dispatcher/core.h"
#include "dispatcher/random.h"
#include "dispatcher/route.h"
#include "lib/mem.h"

/* -- at a worker ----------------------------------------------------------- */

/* Whether another start of the same task may be somewhere: then a number tells
 * which is the later one. */
static bool task_is_fenced(const struct task *t)
{
    return t->job->spec.any || t->job->spec.retry || t->attempt > 1;
}

static void task_send(struct task *t)
{
    struct worker *w = t->worker;
    char id[WIRE_ID_MAX];

    if (t->fence)
        history_add(t, HISTORY_SENT, "to %s at %s, attempt %u, fence %llu",
                    w->host, w->name, t->attempt, (unsigned long long)t->fence);
    else
        history_add(t, HISTORY_SENT, "to %s at %s", w->host, w->name);
    wire_run(w->wire, task_wire_id(t, id), &t->job->spec, t->fence);
}

void start_assigned(void *arg, struct task *t, uint64_t fence,
                    const char *error)
{
    struct dispatch *d = arg;

    if (!t->unsent || t->fence != fence)
        return; /* it was taken back meanwhile */
    t->unsent = false;
    if (error) {
        run_end(d, t, REASON_NOTSTARTED, error);
        return;
    }
    run_forget(d, t);
    task_send(t);
}

static void task_start(struct dispatch *d, struct task *t, struct worker *w)
{
    queue_served(&d->queue, w, t);
    due_remove(&d->due, &t->due);
    t->worker = w;
    if (!t->host)
        t->host = job_intern(t->job, w->host);
    t->wait_ms = 0;
    t->started = time(NULL);
    attrs_free(&t->attrs); /* those of an attempt before */
    if (!task_set_state(t, TASK_SENT))
        return;
    if (task_is_fenced(t))
        t->fence = jobstore_fence(d->store);
    t->unsent = true;
    jobstore_assign(d->store, t);
}

/* A selector finds drained workers, too: they are skipped, visibly. */
bool start_is_drained(struct dispatch *d, struct task *t,
                      const struct worker *w)
{
    char *why;

    if (!w || !w->drained || !t->job->spec.on)
        return false;
    why = xasprintf("drained: %s", w->drained);
    run_end(d, t, REASON_DRAINED, why);
    free(why);
    return true;
}

/* True if that worker will never do it; then it has ended. */
static bool task_is_refused(struct dispatch *d, struct task *t,
                            const struct worker *w)
{
    const struct dispatch_spec *spec = &t->job->spec;
    char *why;

    if (worker_has_op(w, spec->op) && worker_is_allowed(w, spec))
        return false;
    if (!t->host)
        t->host = job_intern(t->job, w->host);
    if (worker_has_op(w, spec->op))
        why = xstrdup("the token may execute nothing there");
    else
        why = xasprintf("the worker has no operation %s", spec->op);
    run_end(d, t, REASON_REFUSED, why);
    free(why);
    return true;
}

static void task_waits_for_lock(struct dispatch *d, struct task *t)
{
    due_remove(&d->due, &t->due);
    t->wait_ms = 0;
    history_add(t, HISTORY_WAITS, "for a lock");
    task_group_next(t);
}

/* The worker has a slot for it. */
static void start_at(struct dispatch *d, struct task *t, struct worker *w)
{
    if (task_is_refused(d, t, w) || start_is_drained(d, t, w))
        return;
    if (!route_job_may(t->job))
        task_hold(t);
    else if (!route_may_start(t->job, t))
        task_hold_group(t);
    else if (queue_lock(&d->queue, t))
        task_start(d, t, w);
    else
        task_waits_for_lock(d, t);
}

void start_worker(struct dispatch *d, struct worker *w)
{
    uint64_t now = dispatch_now(d);
    struct task *t;

    while (w->up && !d->paused && (t = queue_next(&d->queue, w, now)))
        start_at(d, t, w);
    workers_let_go(d, w);
}

/* -- waiting for one ------------------------------------------------------- */

/* What keeps a task that its job lets start. */
static const char *task_waits_for(const struct task *t, const struct worker *w)
{
    if (t->job->spec.any)
        return "no worker that matches has a free slot";
    if (!w)
        return "the host is not there";
    if (!w->up)
        return "no connection to the worker";
    return w->full ? "the worker says that it has no free slot"
                   : "no free slot";
}

/* From now on only a worker keeps it; w is that of its host. Without .wait it
 * is a link that it must not lack for long. */
static void task_waits(struct dispatch *d, struct task *t,
                       const struct worker *w)
{
    const struct dispatch_spec *spec = &t->job->spec;
    uint64_t now = dispatch_now(d);

    if (!t->wait_ms) {
        t->wait_ms = now;
        history_add(t, HISTORY_WAITS, "%s", task_waits_for(t, w));
    }
    task_group_next(t);
    if (spec->has_wait)
        start_due(d, t, t->wait_ms + spec->wait_ms);
    else if (!spec->any && !(w && w->up))
        start_due(d, t, now + WORKER_CONNECT_MS);
}

void start_due(struct dispatch *d, struct task *t, uint64_t ms)
{
    due_set(&d->due, &t->due, ms);
    dispatch_wake_at(d, ms);
}

/* For a job that takes any worker: the best that has a free slot. */
static struct worker *pick_any(struct dispatch *d, struct task *t)
{
    struct route_choice choice = {.seed = random_u32()};
    struct worker *w, *next;

    HASH_ITER (by_host, d->by_host, w, next) {
        if (worker_takes(w, &t->job->spec) && route_may_win(&choice, w) &&
            route_is_candidate(t, w))
            route_consider(&choice, w);
    }
    t->seed = choice.seed;
    t->ties = choice.ties;
    return choice.best;
}

/* Whether anybody could have it, slot or not, and with a link. */
static void any_look(struct dispatch *d, const struct task *t,
                     unsigned *candidates, unsigned *reachable)
{
    struct worker *w, *next;

    *candidates = *reachable = 0;
    HASH_ITER (by_host, d->by_host, w, next) {
        if (!route_is_candidate(t, w))
            continue;
        *candidates = 1;
        *reachable = w->up;
        if (w->up)
            return;
    }
}

static void any_nobody(struct dispatch *d, struct task *t)
{
    if (t->was_lost)
        run_end(d, t, REASON_LOST, "no other worker matches");
    else if (t->tried)
        run_end(d, t, REASON_REFUSED, "refused by every worker that matches");
    else if (!dispatch_knows_op(d, t->job->spec.op))
        run_end(d, t, REASON_REFUSED, "no worker has this operation");
    else
        run_end(d, t, REASON_UNREACHABLE, "no worker that matches is left");
}

static void try_any(struct dispatch *d, struct task *t)
{
    unsigned candidates = 1, reachable = 1;
    struct worker *w = NULL;

    /* where others wait nobody has a slot */
    if (!queue_kind(&d->queue, t)) {
        w = pick_any(d, t);
        if (!w)
            any_look(d, t, &candidates, &reachable);
    }
    if (w) {
        start_at(d, t, w);
        return;
    }
    if (!candidates && !t->job->spec.has_wait && d->synced) {
        any_nobody(d, t);
        return;
    }
    queue_for_any(&d->queue, t);
    task_waits(d, t, NULL);
    if (!reachable)
        start_look_at_kinds(d);
}

static void try_host(struct dispatch *d, struct task *t)
{
    struct worker *w = workers_by_host(d, t->host);

    if (w && !worker_is_known(w))
        w = NULL;
    if (w && t->job->spec.per_attr && t->absent)
        t->group =
            job_group(t->job, attrs_get(&w->attrs, t->job->spec.per_attr));
    t->absent = !w;
    if (w && start_is_drained(d, t, w))
        return;
    if (w && worker_takes(w, &t->job->spec)) {
        start_at(d, t, w);
        return;
    }
    if (w)
        queue_for_worker(&d->queue, w, t);
    else if (t->job->spec.has_wait || !d->synced)
        queue_for_host(&d->queue, t);
    else {
        run_end(d, t, REASON_UNREACHABLE, "the host is not there");
        return;
    }
    task_waits(d, t, w);
}

void start_try(struct dispatch *d, struct task *t)
{
    if (d->paused || !route_job_may(t->job))
        task_hold(t);
    else if (t->job->spec.any)
        try_any(d, t);
    else
        try_host(d, t);
}

void start_unlocked(struct dispatch *d)
{
    struct task *t;

    while ((t = queue_unlocked(&d->queue, dispatch_now(d))))
        start_try(d, t);
}

/* -- deadlines ------------------------------------------------------------- */

static bool task_is_reachable(struct dispatch *d, const struct task *t,
                              const struct worker *w)
{
    unsigned candidates, reachable;

    if (!t->job->spec.any)
        return w && w->up;
    any_look(d, t, &candidates, &reachable);
    return reachable;
}

/* Its time is over, or its back-off. */
static void task_is_due(struct dispatch *d, struct task *t)
{
    const struct worker *w = t->host ? workers_by_host(d, t->host) : NULL;
    bool there;

    if (t->place == PLACE_LATER) {
        task_hold(t);
        dispatch_touch_job(d, t->job);
        return;
    }
    if (!t->wait_ms)
        return;
    if (!d->synced && !t->job->spec.has_wait) {
        start_due(d, t, dispatch_now(d) + WORKER_CONNECT_MS);
        return;
    }
    there = task_is_reachable(d, t, w);
    if (there && !t->job->spec.has_wait)
        return;
    if (t->tried)
        any_nobody(d, t);
    else if (there)
        run_end(d, t, REASON_NOTSTARTED, "no free slot in time");
    else
        run_end(d, t, REASON_UNREACHABLE,
                w ? "no connection to the worker" : "the host is not there");
}

void start_look_at_kinds(struct dispatch *d)
{
    if (!d->queue.kinds)
        return;
    d->kinds_ms = dispatch_now(d);
    dispatch_wake_at(d, d->kinds_ms);
}

/* One that no worker with a link may take: the time at which its task's
 * patience is over. */
static uint64_t kind_patience(const struct kind *k, const struct task *t)
{
    uint64_t since = t->wait_ms > k->down_ms ? t->wait_ms : k->down_ms;

    return since + WORKER_CONNECT_MS;
}

/* Ends those of its tasks that do not wait; the next time for it, or 0. */
static uint64_t kind_expire(struct dispatch *d, struct kind *k, bool nobody,
                            uint64_t now)
{
    unsigned n;
    struct task **list = lineup_list(&k->line, &n);
    uint64_t at = 0, down_ms = k->down_ms;
    struct kind copy = {.down_ms = down_ms};

    for (unsigned i = 0; i < n; i++) { /* k is gone with the last */
        struct task *t = list[i];
        uint64_t end = kind_patience(&copy, t);

        if (t->job->spec.has_wait)
            continue;
        if (nobody || (t->tried && now >= end))
            any_nobody(d, t);
        else if (now >= end)
            run_end(d, t, REASON_UNREACHABLE, "no connection to the worker");
        else if (!at || end < at)
            at = end;
    }
    free(list);
    return at;
}

static void kinds_sweep(struct dispatch *d, uint64_t now)
{
    struct kind *k, *next;
    unsigned candidates, reachable;
    uint64_t at;

    d->kinds_ms = 0;
    HASH_ITER (hh, d->queue.kinds, k, next) {
        any_look(d, lineup_any(&k->line), &candidates, &reachable);
        if (reachable) {
            k->down_ms = 0;
            continue;
        }
        if (!k->down_ms)
            k->down_ms = now;
        at = kind_expire(d, k, !candidates, now);
        if (at && (!d->kinds_ms || at < d->kinds_ms))
            d->kinds_ms = at;
    }
}

uint64_t start_sweep(struct dispatch *d, uint64_t now)
{
    struct due *due;

    while ((due = due_next(&d->due, now)))
        task_is_due(d, container_of(due, struct task, due));
    if (d->kinds_ms && d->kinds_ms <= now && d->synced)
        kinds_sweep(d, now);
    due = due_first(&d->due);
    if (due && d->kinds_ms)
        return due->ms < d->kinds_ms ? due->ms : d->kinds_ms;
    return due ? due->ms : d->kinds_ms;
}
