#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dispatcher/core.h"
#include "dispatcher/random.h"
#include "dispatcher/route.h"
#include "lib/log.h"
#include "lib/mem.h"

/* -- ends ------------------------------------------------------------------ */

static void grant_clear(struct dispatch *d, struct task *t)
{
    if (t->grant)
        TAILQ_REMOVE(&d->grants, t, in_grants);
    t->grant = 0;
    t->owed = false;
}

static void task_finish(struct dispatch *d, struct task *t,
                        const struct task_end *end)
{
    struct worker *w = t->worker;
    struct job *j = t->job;

    if (!task_set_state(t, TASK_ENDED))
        return;
    grant_clear(d, t);
    t->worker = NULL;
    if (w)
        w->full = false;
    t->ended = time(NULL);
    task_set_end(t, end);
    history_mark(t, HISTORY_ENDED); /* how: task_set_end() keeps it */
    log_id_debug(j->jid, "%s: %s", t->host ? t->host : "-",
                 attrs_get(&t->attrs, "reason"));
    jobstore_event(d->store, j, EVENT_EXIT, t);
    jobstore_changed(d->store, j);
    dispatch_touch_job(d, j);
    if (w)
        dispatch_touch_worker(d, w);
}

/* The state of a host that ended for a reason of ours. */
static enum host_state reason_state(const struct task *t,
                                    enum task_reason reason)
{
    if (reason == REASON_LOST || reason == REASON_UNREACHABLE)
        return HOST_UNREACHABLE;
    if ((t->state == TASK_WAITING || reason == REASON_NOTSTARTED) &&
        reason != REASON_REFUSED)
        return HOST_SKIPPED; /* nothing was tried there */
    return HOST_FAILED;
}

void run_end(struct dispatch *d, struct task *t, enum task_reason reason,
             const char *why)
{
    struct task_end end = {.reason = reason, .state = reason_state(t, reason)};
    struct attrs attrs = {0};

    if (why)
        attrs_set(&attrs, "why", why);
    end.attrs = &attrs;
    task_finish(d, t, &end);
    attrs_free(&attrs);
}

void run_exited(struct dispatch *d, struct task *t, const struct wire_exit *e,
                const char *reason)
{
    struct task_end end = {.reason = task_reason_parse(reason),
                           .state = (enum host_state)e->state,
                           .rc = e->rc,
                           .attrs = e->attrs,
                           .text = reason};

    task_finish(d, t, &end);
}

static void job_finish(struct dispatch *d, struct job *j, enum event_kind last)
{
    d->n_matching -= j->state == JOB_MATCHING;
    d->held.count -= j->state == JOB_HELD;
    if (!job_set_state(j, JOB_DONE))
        return;
    if (j->dirty)
        TAILQ_REMOVE(&d->dirty_jobs, j, in_dirty);
    j->dirty = false;
    j->ended = time(NULL);
    j->ended_ms = dispatch_now(d);
    TAILQ_REMOVE(&d->live, j, live);
    d->n_live--;
    log_id_info(j->jid, "done: %u of %u ok%s%s",
                j->results[HOST_OK] + j->results[HOST_CHANGED], j->n_tasks,
                j->error ? ", " : "", j->error ? j->error : "");
    jobstore_event(d->store, j, last, NULL);
    jobstore_changed(d->store, j);
    held_ended(d, j);
    jobstore_ended(d->store, j); /* j may be gone after it */
}

void run_fail_job(struct dispatch *d, struct job *j, const char *error)
{
    j->error = xstrdup(error);
    history_mark(j, HISTORY_ENDED); /* with that error */
    job_finish(d, j, EVENT_ERROR);
}

/* Whether the choice of this start must be kept before its worker is told:
 * another start of the same task may be somewhere else. */
static bool task_is_fenced(const struct task *t)
{
    return t->job->spec.any || t->attempt > 1;
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

void run_assigned(void *arg, struct task *t, uint64_t fence, const char *error)
{
    struct dispatch *d = arg;

    if (!t->unsent || t->fence != fence)
        return; /* it was taken back meanwhile */
    t->unsent = false;
    if (error)
        run_end(d, t, REASON_NOTSTARTED, error);
    else
        task_send(t);
}

void run_finish_schedule(struct dispatch *d, struct job *j)
{
    job_finish(d, j, EVENT_DONE);
}

/* -- starting -------------------------------------------------------------- */

static void task_start(struct dispatch *d, struct task *t, struct worker *w)
{
    struct job *j = t->job;

    t->worker = w;
    if (!t->host)
        t->host = job_intern(j, w->host);
    if (!worker_has_op(w, j->spec.op)) {
        char *why = xasprintf("the worker has no operation %s", j->spec.op);

        run_end(d, t, REASON_REFUSED, why);
        free(why);
        return;
    }
    if (!worker_is_allowed(w, &j->spec)) {
        run_end(d, t, REASON_REFUSED, "the token may execute nothing there");
        return;
    }
    t->wait_ms = 0;
    t->started = time(NULL);
    if (!task_set_state(t, TASK_SENT))
        return;
    if (!task_is_fenced(t)) {
        task_send(t);
        return;
    }
    t->fence = jobstore_fence(d->store);
    t->unsent = true;
    jobstore_assign(d->store, t);
}

/* For a job that takes any worker: who could, and of these the best that has a
 * free slot. */
static struct worker *pick_any(struct dispatch *d, const struct task *t,
                               bool *candidates, bool *reachable)
{
    struct route_choice choice = {0};
    struct worker *w, *next;

    *candidates = *reachable = false;
    HASH_ITER (by_host, d->by_host, w, next) {
        if (!route_is_candidate(t, w))
            continue;
        *candidates = true;
        *reachable |= w->up;
        if (worker_takes(w, &t->job->spec))
            route_consider(&choice, w, random_u32());
    }
    return choice.best;
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

/* What keeps a task that its job lets start. */
static const char *task_waits_for(const struct task *t)
{
    const struct worker *w = t->worker;

    if (t->job->spec.any)
        return "no worker that matches has a free slot";
    if (!w)
        return "the host is not there";
    if (!w->up)
        return "no connection to the worker";
    return w->full ? "the worker says that it has no free slot"
                   : "no free slot";
}

/* From now on only its worker keeps it. */
static void task_waits(struct dispatch *d, struct task *t)
{
    uint64_t now = dispatch_now(d), wait = t->job->spec.wait_ms;

    if (t->wait_ms)
        return;
    t->wait_ms = now;
    history_add(t, HISTORY_WAITS, "%s", task_waits_for(t));
    if (t->job->spec.has_wait)
        dispatch_wake_at(d, now + wait);
    dispatch_wake_at(d, now + WORKER_CONNECT_MS);
}

static void task_try_any(struct dispatch *d, struct task *t)
{
    bool candidates, reachable;
    struct worker *w = pick_any(d, t, &candidates, &reachable);

    if (w)
        task_start(d, t, w);
    else if (!candidates && !t->job->spec.has_wait)
        any_nobody(d, t);
    else
        task_waits(d, t);
}

static void task_try(struct dispatch *d, struct task *t)
{
    if (t->job->spec.any)
        task_try_any(d, t);
    else if (t->worker && worker_takes(t->worker, &t->job->spec))
        task_start(d, t, t->worker);
    else if (!t->worker && !t->job->spec.has_wait)
        run_end(d, t, REASON_UNREACHABLE, "the host is not there");
    else
        task_waits(d, t);
}

static void job_stop(struct dispatch *d, struct job *j)
{
    struct task *t;

    if (!j->stopped && !j->cancelled)
        log_id_info(j->jid, "stopped: %u failures", j->failures);
    j->stopped = !j->cancelled;
    while ((t = TAILQ_FIRST(&j->waiting)))
        run_end(d, t, j->cancelled ? REASON_CANCELLED : REASON_NOTSTARTED,
                NULL);
}

void run_job(struct dispatch *d, struct job *j)
{
    struct task *t, *next;

    if (j->state == JOB_MATCHING) {
        submit_match(d, j); /* it is looked at again if it may start */
        return;
    }
    if (j->state == JOB_HELD) {
        held_look(d, j);
        return;
    }
    if (j->state != JOB_RUNNING)
        return;
    for (t = TAILQ_FIRST(&j->waiting); t; t = next) {
        next = TAILQ_NEXT(t, in_job);
        if (route_may_start(j, t))
            task_try(d, t);
    }
    if (j->cancelled || (!TAILQ_EMPTY(&j->waiting) && route_is_stopped(j)))
        job_stop(d, j);
    if (job_is_over(j))
        job_finish(d, j, EVENT_DONE);
}

void run_worker(struct dispatch *d, struct worker *w)
{
    struct task *t;

    while (w->up && (t = queue_next(&d->queue, w)))
        task_start(d, t, w);
    workers_let_go(d, w);
}

void run_requeue(struct dispatch *d, struct task *t, bool other)
{
    struct job *j = t->job;

    if (!task_set_state(t, TASK_WAITING))
        return;
    history_add(t, HISTORY_REQUEUED, "%s",
                other ? "for another worker" : "for the same worker");
    grant_clear(d, t);
    dispatch_touch_worker(d, t->worker);
    if (other) {
        char *tried = xasprintf("%s%s%s", t->tried ? t->tried : "",
                                t->tried ? " " : "", t->host);

        free(t->tried);
        t->tried = tried;
    }
    if (j->spec.any) {
        t->worker = NULL;
        t->host = NULL;
    }
    t->seq = 0;
    t->resuming = t->unsent = false;
    queue_add(&d->queue, t);
    dispatch_touch_job(d, j);
}

/* Its end must not wait for a reader: what that one has not read is bounded by
 * the store from here on. */
static void job_unpace(struct dispatch *d, struct job *j)
{
    eventlog_unpace(&j->log);
    for (unsigned i = 0; i < j->n_tasks; i++) {
        if (j->tasks[i].owed)
            said_grant(d, &j->tasks[i]);
    }
}

static void task_cancel(struct dispatch *d, struct task *t)
{
    char id[WIRE_ID_MAX];

    if (t->unsent) { /* its worker knows nothing of it */
        run_requeue(d, t, false);
        return;
    }
    wire_cancel(t->worker->wire, task_wire_id(t, id));
    if (t->worker->down_ms) /* .lost wait: it need not wait any more */
        dispatch_wake_at(d, dispatch_now(d));
}

void run_cancel(struct dispatch *d, struct job *j)
{
    j->cancelled = true;
    history_mark(j, HISTORY_CANCELLED);
    job_unpace(d, j);
    log_id_info(j->jid, "cancelled");
    for (unsigned i = 0; i < j->n_tasks; i++) {
        struct task *t = &j->tasks[i];

        if (t->state == TASK_SENT || t->state == TASK_RUNNING)
            task_cancel(d, t);
    }
    dispatch_touch_job(d, j);
}

/* -- deadlines ------------------------------------------------------------- */

static bool task_is_reachable(struct dispatch *d, const struct task *t)
{
    bool candidates, reachable;

    if (!t->job->spec.any)
        return t->worker && t->worker->up;
    pick_any(d, t, &candidates, &reachable);
    return reachable;
}

/* Ends a waiting task whose time is over; else says when to look again. */
static uint64_t task_sweep(struct dispatch *d, struct task *t, uint64_t now)
{
    const struct dispatch_spec *spec = &t->job->spec;
    bool there = task_is_reachable(d, t);
    uint64_t patience = spec->has_wait ? spec->wait_ms : WORKER_CONNECT_MS;

    if (there && !spec->has_wait)
        return now + WORKER_CONNECT_MS; /* it may go away yet */
    if (now < t->wait_ms + patience)
        return t->wait_ms + patience;
    if (t->tried)
        any_nobody(d, t);
    else if (there)
        run_end(d, t, REASON_NOTSTARTED, "no free slot in time");
    else
        run_end(d, t, REASON_UNREACHABLE,
                t->worker ? "no connection to the worker"
                          : "the host is not there");
    return 0;
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
    return !a || (b && b < a) ? b : a;
}

static uint64_t job_sweep(struct dispatch *d, struct job *j, uint64_t now)
{
    struct task *t, *next;
    uint64_t at = 0;

    for (t = TAILQ_FIRST(&j->waiting); t; t = next) {
        next = TAILQ_NEXT(t, in_job);
        if (t->wait_ms)
            at = sooner(at, task_sweep(d, t, now));
    }
    return at;
}

uint64_t run_sweep(struct dispatch *d, uint64_t now)
{
    struct job *j, *next;
    uint64_t at = 0;

    for (j = TAILQ_FIRST(&d->live); j; j = next) {
        next = TAILQ_NEXT(j, live);
        if (j->state == JOB_MATCHING)
            submit_match(d, j);
        else if (j->state == JOB_RUNNING)
            at = sooner(at, job_sweep(d, j, now));
    }
    return at;
}
