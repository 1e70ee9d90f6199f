#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dispatcher/core.h"
#include "dispatcher/random.h"
#include "lib/log.h"
#include "lib/mem.h"

#define TICK_MS         1000
#define STORE_SQLITE    "sqlite:"
#define KEPT_INSTANCE   "instance"
#define KEPT_WORKER     "worker "
#define BACKLOG_WINDOWS 64 /* a job's backlog, in windows of one host */

/* -- the store and the loop ------------------------------------------------ */

struct eventlog_bounds storing_logs(const struct dispatch_settings *s)
{
    return (struct eventlog_bounds){.host = s->output,
                                    .window = s->window,
                                    .backlog = BACKLOG_WINDOWS * s->window};
}

static void store_pending(void *arg)
{
    struct dispatch *d = arg;

    loop_settle(d->loop, &d->store_onward);
}

static void store_onward(void *arg)
{
    struct dispatch *d = arg;

    jobstore_hand_over(d->store);
}

static void store_collect(void *arg)
{
    struct dispatch *d = arg;

    jobstore_collect(d->store);
}

static void store_tick(void *arg)
{
    struct dispatch *d = arg;

    jobstore_tick(d->store);
    loop_timer_set(d->store_tick, TICK_MS);
}

static void store_degraded(void *arg, const char *why)
{
    (void)arg;
    if (why)
        log_error("dispatcher.store: degraded: jobs are %s; those that run go "
                  "on, and their workers keep what cannot be stored here; it "
                  "is tried again every second",
                  why);
    else
        log_warn("dispatcher.store: it can be written to again");
}

/* -- jobs of before -------------------------------------------------------- */

/* It may be at its worker, which is not known yet: that one's list will say. */
static void task_recover(struct dispatch *d, struct task *t)
{
    history_add(t, HISTORY_RESTARTED, "%s",
                t->state == TASK_WAITING ? "it was not given to a worker yet"
                                         : "its worker will be asked for it");
    t->kept = t->seq;
    if (t->state == TASK_WAITING)
        return; /* with its job, which is looked at */
    TAILQ_INSERT_TAIL(&d->orphans, t, in_worker);
    t->orphans = &d->orphans;
    queue_lock_anyway(&d->queue, t);
}

static uint64_t match_until(struct dispatch *d, const struct job *j)
{
    uint64_t past = (uint64_t)(time(NULL) - j->submitted) * 1000;
    uint64_t left = j->spec.wait_ms > past ? j->spec.wait_ms - past : 0;

    return dispatch_now(d) + (left > SUBMIT_FIRST_MS ? left : SUBMIT_FIRST_MS);
}

static void store_recovered(void *arg, struct job *j)
{
    struct dispatch *d = arg;
    char *wrong = submit_selector(j);

    d->n_live++;
    TAILQ_INSERT_TAIL(&d->live, j, live);
    j->match_until = match_until(d, j);
    j->queued_ms = dispatch_now(d);
    if ((j->n_tasks || j->begun) && j->state == JOB_HELD &&
        !job_set_state(j, JOB_MATCHING))
        return;
    if (j->state == JOB_HELD)
        held_prepare(d, j);
    else
        d->n_matching++;
    if (wrong) {
        run_fail_job(d, j, wrong);
        free(wrong);
        return;
    }
    if (j->n_tasks && job_set_state(j, JOB_RUNNING))
        d->n_matching--;
    for (unsigned i = 0; i < j->n_tasks; i++) {
        if (j->tasks[i].state != TASK_ENDED)
            task_recover(d, &j->tasks[i]);
    }
    dispatch_touch_job(d, j);
}

void storing_adopt(struct dispatch *d, struct worker *w)
{
    struct task *t, *next;
    const char *instance;
    char *name;

    if (TAILQ_EMPTY(&d->orphans))
        return;
    name = xasprintf(KEPT_WORKER "%s", w->host);
    instance = jobstore_setting_get(d->store, name);
    free(name);
    if (!w->instance && instance)
        w->instance = xstrdup(instance);
    for (t = TAILQ_FIRST(&d->orphans); t; t = next) {
        next = TAILQ_NEXT(t, in_worker);
        if (strcmp(t->host, w->host) != 0)
            continue;
        TAILQ_REMOVE(&d->orphans, t, in_worker);
        t->orphans = NULL;
        t->worker = w;
        worker_add_active(w, t);
    }
    if (w->n_active && !w->up) {
        w->down_ms = dispatch_now(d) + WORKER_CONNECT_MS;
        dispatch_wake_at(d, w->down_ms + d->settings.lost_after_ms);
    }
}

void storing_greeted(struct dispatch *d, const struct worker *w)
{
    char *name = xasprintf(KEPT_WORKER "%s", w->host);
    const char *before = jobstore_setting_get(d->store, name);

    if (!before || strcmp(before, w->instance) != 0)
        jobstore_setting(d->store, name, w->instance);
    free(name);
}

/* Workers that did not come back: nobody knows what became of the tasks. */
uint64_t storing_sweep(struct dispatch *d, uint64_t now)
{
    uint64_t end =
        d->orphans_ms + WORKER_CONNECT_MS + d->settings.lost_after_ms;
    struct task *t, *next;

    if (TAILQ_EMPTY(&d->orphans) || !d->orphans_ms)
        return 0;
    if (now < end)
        return end;
    for (t = TAILQ_FIRST(&d->orphans); t; t = next) {
        next = TAILQ_NEXT(t, in_worker);
        if (!lost_waits_for_ever(t))
            lost_task(d, t, "its worker did not come back");
    }
    return 0;
}

void storing_synced(struct dispatch *d)
{
    if (!d->orphans_ms)
        d->orphans_ms = dispatch_now(d);
    dispatch_wake_at(d, d->orphans_ms);
    start_look_at_kinds(d);
}

/* -- start and end --------------------------------------------------------- */

void storing_bounds(struct dispatch *d)
{
    const struct dispatch_settings *s = &d->settings;
    size_t size = s->store ? s->jobs_size : s->memory;

    if (s->jobs_size < size)
        size = s->jobs_size;
    d->store->bounds = (struct jobstore_bounds){.jobs = s->jobs,
                                                .age_ms = s->jobs_age_ms,
                                                .size = size,
                                                .memory = s->memory};
}

/* The name by which workers know it is the store's: they keep its jobs. */
static void take_name(struct dispatch *d)
{
    const char *name = jobstore_setting_get(d->store, KEPT_INSTANCE);

    if (name && strlen(name) == INSTANCE_LEN) {
        memcpy(d->instance, name, INSTANCE_LEN);
        return;
    }
    random_name(d->instance, INSTANCE_LEN);
    jobstore_setting(d->store, KEPT_INSTANCE, d->instance);
}

static struct jobstore *store_open(struct dispatch *d, char **error)
{
    static const struct jobstore_handler handler = {
        .added = submit_added,
        .stored = said_stored,
        .assigned = start_assigned,
        .recovered = store_recovered,
        .pending = store_pending,
        .degraded = store_degraded,
    };
    struct jobstore_bounds none = {0};
    struct eventlog_bounds logs = storing_logs(&d->settings);

    if (!d->settings.store)
        return jobstore_memory_new(&none, &handler, d);
    return jobstore_sqlite_new(d->settings.store, &none, &logs, &handler, d,
                               error);
}

const char *storing_path(const char *setting)
{
    size_t len = strlen(STORE_SQLITE);

    return strncmp(setting, STORE_SQLITE, len) == 0 ? setting + len : NULL;
}

bool storing_open(struct dispatch *d, char **error)
{
    TAILQ_INIT(&d->orphans);
    d->store_onward = (struct loop_task){.fn = store_onward, .arg = d};
    d->store_tick = loop_timer_new(d->loop, store_tick, d);
    d->store = store_open(d, error);
    if (!d->store)
        return false;
    storing_bounds(d);
    take_name(d);
    d->jobs_made = d->store->last;
    jobstore_recover(d->store);
    if (d->store->fd >= 0) {
        d->store_done =
            loop_fd_new(d->loop, d->store->fd, false, store_collect, d);
        loop_fd_on(d->store_done);
        d->store_past =
            loop_fd_new(d->loop, d->store->past_fd, false, store_collect, d);
        loop_fd_on(d->store_past);
        loop_timer_set(d->store_tick, TICK_MS);
        log_info("dispatcher.store: %u jobs go on, the last one is number "
                 "%" PRIu64,
                 d->n_live, d->store->last);
    }
    return true;
}

void storing_close(struct dispatch *d)
{
    loop_fd_free(d->store_done);
    loop_fd_free(d->store_past);
    loop_timer_free(d->store_tick);
    if (d->store)
        jobstore_free(d->store);
    loop_unsettle(d->loop, &d->store_onward);
}
