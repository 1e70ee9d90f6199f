#include "dispatcher/dispatch.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dispatcher/control.h"
#include "dispatcher/core.h"
#include "lib/log.h"
#include "lib/mem.h"

#define TIDY_EVERY_MS  60000
#define SWEEP_PAUSE_MS 5 /* between two looks at every deadline */

void dispatch_settings_read(struct dispatch_settings *s,
                            const struct conf *conf)
{
    s->output = (size_t)conf_size(conf, "dispatcher.output");
    s->window = (size_t)conf_size(conf, "dispatcher.window");
    s->jobs = (unsigned)conf_int(conf, "dispatcher.jobs");
    s->jobs_age_ms = (uint64_t)conf_duration_ms(conf, "dispatcher.jobs_age");
    s->jobs_size = (size_t)conf_size(conf, "dispatcher.jobs_size");
    s->lost_after_ms =
        (uint64_t)conf_duration_ms(conf, "dispatcher.lost_after");
    s->probe_ms = (uint64_t)conf_duration_ms(conf, "dispatcher.probe");
    s->ageing_ms = (uint64_t)conf_duration_ms(conf, "dispatcher.ageing");
    s->retry_ms = (uint64_t)conf_duration_ms(conf, "dispatcher.retry");
    s->retry_max_ms = (uint64_t)conf_duration_ms(conf, "dispatcher.retry_max");
    s->queue = (unsigned)conf_int(conf, "dispatcher.queue");
    s->line = (size_t)conf_size(conf, "limits.line");
    s->body = conf_size(conf, "limits.body");
    s->memory = (size_t)conf_size(conf, "dispatcher.memory");
    s->store = storing_path(conf_str(conf, "dispatcher.store"));
}

/* -- the settling step ----------------------------------------------------- */

static struct job *dirty_job(struct dispatch *d)
{
    struct job *j = TAILQ_FIRST(&d->dirty_jobs);

    if (j) {
        TAILQ_REMOVE(&d->dirty_jobs, j, in_dirty);
        j->dirty = false;
    }
    return j;
}

static struct worker *dirty_worker(struct dispatch *d)
{
    struct worker *w = TAILQ_FIRST(&d->dirty_workers);

    if (w) {
        TAILQ_REMOVE(&d->dirty_workers, w, in_dirty);
        w->dirty = false;
    }
    return w;
}

/* Each step may make others dirty; none makes itself so for ever, because
 * every start and every end is one task less to wait. */
static void dispatch_settle(void *arg)
{
    struct dispatch *d = arg;
    struct worker *w = NULL;
    struct job *j = NULL;

    do {
        while ((w = dirty_worker(d)))
            start_worker(d, w);
        j = dirty_job(d);
        if (j)
            run_job(d, j);
        start_unlocked(d);
    } while (j || !TAILQ_EMPTY(&d->dirty_workers));
    said_grants(d);
}

void dispatch_touch_job(struct dispatch *d, struct job *j)
{
    if (j->state == JOB_DONE)
        return;
    if (!j->dirty)
        TAILQ_INSERT_TAIL(&d->dirty_jobs, j, in_dirty);
    j->dirty = true;
    loop_settle(d->loop, &d->settle);
}

void dispatch_touch_worker(struct dispatch *d, struct worker *w)
{
    if (!w->dirty)
        TAILQ_INSERT_TAIL(&d->dirty_workers, w, in_dirty);
    w->dirty = true;
    loop_settle(d->loop, &d->settle);
}

void dispatch_touch_matching(struct dispatch *d, const struct worker *w)
{
    struct job *j;

    if (!d->n_matching)
        return;
    TAILQ_FOREACH (j, &d->live, live) {
        if (j->state == JOB_MATCHING && (!w || worker_matches(w, j)))
            dispatch_touch_job(d, j);
    }
}

/* -- time ------------------------------------------------------------------ */

uint64_t dispatch_now(struct dispatch *d)
{
    return loop_now(d->loop);
}

void dispatch_wake_at(struct dispatch *d, uint64_t ms)
{
    uint64_t now = dispatch_now(d);

    if (ms < now + SWEEP_PAUSE_MS)
        ms = now + SWEEP_PAUSE_MS;
    if (d->timer_ms && d->timer_ms <= ms)
        return;
    d->timer_ms = ms;
    loop_timer_set(d->timer, ms - now);
}

static void wake_again(struct dispatch *d, uint64_t ms)
{
    if (ms)
        dispatch_wake_at(d, ms);
}

static void dispatch_wake(void *arg)
{
    struct dispatch *d = arg;
    uint64_t now = dispatch_now(d);

    d->timer_ms = 0;
    wake_again(d, workers_sweep(d, now));
    wake_again(d, lost_sweep(d, now));
    wake_again(d, storing_sweep(d, now));
    wake_again(d, run_sweep(d, now));
    if (d->held.fd < 0)
        held_look_all(d);
}

static void dispatch_tidy(void *arg)
{
    struct dispatch *d = arg;

    jobstore_tidy(d->store, dispatch_now(d));
    loop_timer_set(d->tidy, TIDY_EVERY_MS);
}

/* -- making and ending ----------------------------------------------------- */

struct dispatch *dispatch_new(struct loop *l, const struct dispatch_settings *s,
                              char **error)
{
    struct dispatch *d = xcalloc(1, sizeof(*d));

    d->loop = l;
    d->settings = *s;
    queue_init(&d->queue);
    d->queue.ageing_ms = s->ageing_ms;
    TAILQ_INIT(&d->live);
    TAILQ_INIT(&d->dirty_jobs);
    TAILQ_INIT(&d->dirty_workers);
    TAILQ_INIT(&d->grants);
    LIST_INIT(&d->readers);
    d->settle = (struct loop_task){.fn = dispatch_settle, .arg = d};
    held_start(d);
    plans_init(&d->plans);
    d->timer = loop_timer_new(l, dispatch_wake, d);
    d->tidy = loop_timer_new(l, dispatch_tidy, d);
    loop_timer_set(d->tidy, TIDY_EVERY_MS);
    if (storing_open(d, error)) {
        control_recover(d);
        return d;
    }
    dispatch_free(d);
    return NULL;
}

bool dispatch_start(struct dispatch *d, struct muster *m)
{
    return workers_start(d, m) && quarantine_start(d, m);
}

void dispatch_set_tls(struct dispatch *d, struct tls *tls)
{
    d->tls = tls;
}

void dispatch_set_auth(struct dispatch *d, struct auth *auth)
{
    d->auth = auth;
}

void dispatch_set_token(struct dispatch *d, const char *token)
{
    OPENSSL_cleanse(d->token, sizeof(d->token));
    if (token)
        snprintf(d->token, sizeof(d->token), "%s", token);
}

void dispatch_reload(struct dispatch *d, const struct dispatch_settings *s)
{
    const char *store = d->settings.store;

    d->settings = *s;
    d->settings.store = store; /* that of the start */
    d->queue.ageing_ms = s->ageing_ms;
    storing_bounds(d);
    jobstore_tidy(d->store, dispatch_now(d));
    /* what was to be looked at by the old times may be over by the new ones */
    dispatch_wake_at(d, dispatch_now(d));
}

const char *dispatch_instance(const struct dispatch *d)
{
    return d->instance;
}

bool dispatch_is_durable(const struct dispatch *d)
{
    return d->settings.store;
}

unsigned dispatch_running(const struct dispatch *d)
{
    return d->n_live;
}

size_t dispatch_line_max(const struct dispatch *d)
{
    return d->settings.line;
}

uint64_t dispatch_body_max(const struct dispatch *d)
{
    return d->settings.body;
}

const char *dispatch_closing(const struct dispatch *d)
{
    return d->closing;
}

void dispatch_go_down(struct dispatch *d, const char *text)
{
    if (d->closing)
        return;
    d->closing = xstrdup(text);
    reader_wake_all(d);
}

void dispatch_free(struct dispatch *d)
{
    if (!d)
        return;
    while (!LIST_EMPTY(&d->readers))
        dispatch_reader_free(LIST_FIRST(&d->readers));
    held_stop(d);
    storing_close(d);
    workers_free(d);
    quarantine_free(d);
    plans_free(&d->plans);
    queue_free(&d->queue);
    due_free(&d->due);
    loop_unsettle(d->loop, &d->settle);
    loop_timer_free(d->timer);
    loop_timer_free(d->tidy);
    free(d->closing);
    free(d);
}
