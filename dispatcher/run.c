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

/* One without a link is told when it lists what it has. */
void run_forget(struct dispatch *d, struct task *t)
{
    struct worker *w = t->last_host ? workers_by_host(d, t->last_host) : NULL;
    char id[WIRE_ID_MAX];

    t->last_host = NULL;
    if (!w || !w->up)
        return;
    t->attempt--;
    wire_got(w->wire, task_wire_id(t, id), t->last_seq);
    t->attempt++;
}

void run_finish(struct dispatch *d, struct task *t, const struct task_end *end)
{
    struct worker *w = t->worker;
    struct job *j = t->job;

    if (!task_set_state(t, TASK_ENDED))
        return;
    grant_clear(d, t);
    due_remove(&d->due, &t->due);
    queue_unlock(&d->queue, t);
    run_forget(d, t);
    t->worker = NULL;
    if (w)
        w->full = false;
    t->ended = time(NULL);
    task_set_end(t, end);
    if (t->attempt > 1)
        attrs_set_fmt(&t->attrs, "attempt", "%u", t->attempt);
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
    run_finish(d, t, &end);
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

    if (!retry_exited(d, t, e, reason))
        run_finish(d, t, &end);
}

static void job_finish(struct dispatch *d, struct job *j, enum event_kind last)
{
    d->n_matching -= j->state == JOB_MATCHING;
    if (j->state == JOB_HELD)
        held_let_go(d, j);
    if (!job_set_state(j, JOB_DONE))
        return;
    if (j->dirty)
        TAILQ_REMOVE(&d->dirty_jobs, j, in_dirty);
    j->dirty = false;
    j->ended = time(NULL);
    j->ended_ms = dispatch_now(d);
    TAILQ_REMOVE(&d->live, j, live);
    d->n_live--;
    queue_forget(&d->queue, j);
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

void run_finish_schedule(struct dispatch *d, struct job *j)
{
    job_finish(d, j, EVENT_DONE);
}

/* One that a retry waits for has been tried, and has failed. */
static void task_stop(struct dispatch *d, struct task *t)
{
    if (t->retries && t->job->cancelled)
        attrs_free(&t->attrs); /* what it failed with */
    if (t->job->cancelled)
        run_end(d, t, REASON_CANCELLED, NULL);
    else if (t->retries)
        retry_give_up(d, t);
    else
        run_end(d, t, REASON_NOTSTARTED, NULL);
}

static void job_stop(struct dispatch *d, struct job *j)
{
    if (!j->stopped && !j->cancelled)
        log_id_info(j->jid, "stopped: %u failures", j->failures);
    j->stopped = !j->cancelled;
    jobstore_changed(d->store, j);
    for (unsigned i = 0; i < j->n_tasks; i++) {
        if (j->tasks[i].state == TASK_WAITING)
            task_stop(d, &j->tasks[i]);
    }
}

/* Those that nothing will run on end before any of the others starts. */
static void job_sift(struct dispatch *d, struct job *j)
{
    j->sifted = true;
    for (unsigned i = 0; i < j->n_tasks && j->spec.on && !j->spec.any; i++) {
        struct task *t = &j->tasks[i];

        if (t->state == TASK_WAITING)
            (void)start_is_drained(d, t, workers_by_host(d, t->host));
    }
}

void run_job(struct dispatch *d, struct job *j)
{
    struct task *t;

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
    if (!j->sifted && !j->cancelled)
        job_sift(d, j);
    while (!d->paused && (t = TAILQ_FIRST(&j->held)) && route_job_may(j))
        start_try(d, t);
    if (j->counts[TASK_WAITING] && (j->cancelled || route_is_stopped(j)))
        job_stop(d, j);
    if (job_is_over(j))
        job_finish(d, j, EVENT_DONE);
}

void run_requeue(struct dispatch *d, struct task *t, bool other)
{
    struct job *j = t->job;

    if (!task_set_state(t, TASK_WAITING))
        return;
    history_add(t, HISTORY_REQUEUED, "%s",
                other ? "for another worker" : "for the same worker");
    grant_clear(d, t);
    if (t->worker)
        dispatch_touch_worker(d, t->worker);
    if (other) {
        char *tried = xasprintf("%s%s%s", t->tried ? t->tried : "",
                                t->tried ? " " : "", t->host);

        free(t->tried);
        t->tried = tried;
    }
    if (j->spec.any)
        t->host = NULL;
    t->worker = NULL;
    t->seq = t->kept = 0;
    t->resuming = t->unsent = false;
    jobstore_task(d->store, t);
    queue_unlock(&d->queue, t);
    dispatch_touch_job(d, j);
}

void run_requeue_later(struct dispatch *d, struct task *t, uint64_t ms)
{
    run_requeue(d, t, false);
    task_release(t);
    t->place = PLACE_LATER;
    start_due(d, t, dispatch_now(d) + ms);
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
    if (!t->worker)
        return; /* it is told when it is back */
    wire_cancel(t->worker->wire, task_wire_id(t, id));
    if (t->worker->down_ms) /* .lost wait: it need not wait any more */
        dispatch_wake_at(d, dispatch_now(d));
}

void run_cancel(struct dispatch *d, struct job *j)
{
    j->cancelled = true;
    history_mark(j, HISTORY_CANCELLED);
    jobstore_changed(d->store, j);
    job_unpace(d, j);
    log_id_info(j->jid, "cancelled");
    for (unsigned i = 0; i < j->n_tasks; i++) {
        struct task *t = &j->tasks[i];

        if (t->state == TASK_SENT || t->state == TASK_RUNNING)
            task_cancel(d, t);
    }
    dispatch_touch_job(d, j);
}

uint64_t run_sweep(struct dispatch *d, uint64_t now)
{
    struct job *j, *next;

    for (j = TAILQ_FIRST(&d->live); j && d->n_matching; j = next) {
        next = TAILQ_NEXT(j, live);
        if (j->state == JOB_MATCHING)
            submit_match(d, j);
    }
    return start_sweep(d, now);
}
