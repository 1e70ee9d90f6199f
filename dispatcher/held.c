#include "dispatcher/held.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "dispatcher/clock.h"
#include "dispatcher/core.h"
#include "dispatcher/spec.h"
#include "dispatcher/standing.h"
#include "dispatcher/when.h"
#include "lib/log.h"
#include "lib/mem.h"

#define POLL_MS 1000 /* where the system gives us no timer */

/* -- a job of before ------------------------------------------------------- */

struct held_fetch {
    struct dispatch *core;
    struct job *job;
    struct dispatch_fetch *fetch;
    bool done;
};

static void fetched(void *arg)
{
    struct held_fetch *f = arg;

    f->done = true;
    dispatch_touch_job(f->core, f->job);
}

/* After a restart one that has ended may not be in memory yet. */
static bool is_being_fetched(struct dispatch *d, struct job *j)
{
    struct held_fetch *f = j->fetch;

    if (f)
        return !f->done;
    f = xcalloc(1, sizeof(*f));
    f->core = d;
    f->job = j;
    f->fetch = dispatch_fetch(d, j->spec.after, fetched, f);
    j->fetch = f;
    f->done = !f->fetch;
    return !f->done;
}

static void fetch_end(struct job *j)
{
    if (!j->fetch)
        return;
    dispatch_fetch_free(j->fetch->fetch);
    free(j->fetch);
    j->fetch = NULL;
}

/* -- waking ---------------------------------------------------------------- */

static void wake_at(struct dispatch *d, int64_t ms)
{
    struct held *h = &d->held;
    struct itimerspec when = {.it_value = {.tv_sec = (time_t)(ms / 1000),
                                           .tv_nsec = ms % 1000 * 1000000}};

    if (h->next && h->next <= ms)
        return;
    h->next = ms;
    if (h->fd < 0 ||
        timerfd_settime(h->fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET,
                        &when, NULL) != 0)
        dispatch_wake_at(d, dispatch_now(d) + POLL_MS);
}

void held_look_all(struct dispatch *d)
{
    struct job *j;

    d->held.next = 0;
    if (!d->held.count)
        return;
    TAILQ_FOREACH (j, &d->live, live) {
        if (j->state == JOB_HELD)
            dispatch_touch_job(d, j);
    }
}

static void on_clock(void *arg)
{
    struct dispatch *d = arg;
    uint64_t times;

    if (read(d->held.fd, &times, sizeof(times)) < 0 && errno == ECANCELED)
        log_info("the wall clock was set");
    held_look_all(d);
}

void held_start(struct dispatch *d)
{
    d->held.fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    if (d->held.fd < 0) {
        log_error("no timer of the wall clock: %s", strerror(errno));
        return;
    }
    d->held.readable = loop_fd_new(d->loop, d->held.fd, false, on_clock, d);
    loop_fd_on(d->held.readable);
}

void held_let_go(struct dispatch *d, struct job *j)
{
    d->held.count--;
    fetch_end(j);
}

void held_stop(struct dispatch *d)
{
    struct job *j;

    TAILQ_FOREACH (j, &d->live, live) {
        fetch_end(j);
    }
    loop_fd_free(d->held.readable);
    if (d->held.fd >= 0)
        close(d->held.fd);
    d->held.fd = -1;
}

/* -- a request ------------------------------------------------------------- */

char *held_wrong(struct dispatch *d, const struct dispatch_spec *spec)
{
    if (!spec->every && (spec->overlap || spec->until_ms || spec->times))
        return xstrdup(".overlap, .until and .times need .every");
    if (spec->missed && !spec->every && !spec->at_ms)
        return xstrdup(".missed needs .every or .at");
    if (spec->after && !jobstore_find(d->store, spec->after))
        return xasprintf("no job %s", spec->after);
    return NULL;
}

/* An interval begins with the job; its first run is one interval later, unless
 * a time for it was named. What lies before the job is not its. */
static void schedule_begin(struct job *j)
{
    int64_t now = clock_wall_ms();

    if (!j->spec.at_ms && j->every->interval)
        j->spec.at_ms = now + j->every->interval;
    if (j->settled_ms)
        return; /* it goes on after a restart */
    j->settled_ms = now;
    if (j->spec.at_ms <= now && now - j->spec.at_ms <= HELD_LATE_MS)
        j->settled_ms = j->spec.at_ms - 1; /* .at +0 */
}

void held_prepare(struct dispatch *d, struct job *j)
{
    struct every_due due;
    char *error;

    d->held.count++;
    standing_hold(d, j);
    j->next_ms = j->spec.at_ms;
    if (!j->spec.every)
        return;
    j->every = xcalloc(1, sizeof(*j->every));
    error = every_parse(j->every, j->spec.every);
    if (error) { /* its zone is not there any more */
        log_id_error(j->jid, "%s", error);
        every_free(j->every);
        free(j->every);
        j->every = NULL;
        free(error);
        return;
    }
    schedule_begin(j);
    every_due(j->every, j->spec.at_ms, j->settled_ms, j->settled_ms, &due);
    j->next_ms = due.has_next ? due.next : 0;
}

/* -- beginning ------------------------------------------------------------- */

static void let_go(struct dispatch *d, struct job *j)
{
    char *error = standing_renew(d, j, &j->spec);

    if (error) {
        run_fail_job(d, j, error);
        free(error);
        return;
    }
    standing_drop(j);
    if (!job_set_state(j, JOB_MATCHING))
        return;
    held_let_go(d, j);
    d->n_matching++;
    j->next_ms = 0;
    j->begun = true;
    submit_patience(d, j);
    jobstore_changed(d->store, j);
    submit_match(d, j);
}

static void look_once(struct dispatch *d, struct job *j, int64_t now)
{
    if (now < j->spec.at_ms) {
        wake_at(d, j->spec.at_ms);
        return;
    }
    if (j->spec.missed == DISPATCH_MISSED_SKIP && j->spec.at_ms &&
        now - j->spec.at_ms > HELD_LATE_MS)
        run_fail_job(d, j, "its time was missed (.missed skip)");
    else
        let_go(d, j);
}

/* -- schedules ------------------------------------------------------------- */

static void count_missed(struct dispatch *d, struct job *j, unsigned n,
                         bool many, const char *why)
{
    j->missed += n;
    d->held.missed += n;
    history_add(j, HISTORY_MISSED, "%u%s: %s", n, many ? " or more" : "", why);
    log_id_warn(j->jid, "missed %u%s: %s", n, many ? " or more" : "", why);
    jobstore_changed(d->store, j);
}

/* The run of it that has not ended, or NULL. */
static const struct job *run_of(struct dispatch *d, const struct job *j)
{
    const struct job *other;

    TAILQ_FOREACH (other, &d->live, live) {
        if (other->spec.parent && strcmp(other->spec.parent, j->jid) == 0)
            return other;
    }
    return NULL;
}

static void clear_text(char **text)
{
    free(*text);
    *text = NULL;
}

/* What a run asks for: all that its schedule does, but at once, and once. */
static char *run_spec(const struct job *j, int64_t planned,
                      struct dispatch_spec *spec)
{
    char *error = spec_copy(&j->spec, spec);

    if (error)
        return error;
    clear_text(&spec->every);
    clear_text(&spec->after);
    clear_text(&spec->key);
    spec->at_ms = spec->until_ms = 0;
    spec->missed = DISPATCH_MISSED_DEFAULT;
    spec->overlap = false;
    spec->times = 0;
    spec->parent = xstrdup(j->jid);
    spec->planned_ms = planned;
    return NULL;
}

static void nobody_reads(void *arg)
{
    (void)arg;
}

static void run_is_none(struct dispatch *d, struct job *j, const char *error)
{
    j->runs--;
    count_missed(d, j, 1, false, error);
}

static void start_run(struct dispatch *d, struct job *j, int64_t planned)
{
    struct dispatch_spec spec = {.op = NULL};
    struct dispatch_reader *r = NULL;
    char *error = run_spec(j, planned, &spec);
    unsigned missed = j->missed;
    struct buf at = BUF_INIT;

    j->runs++;
    when_write(planned, &at);
    if (!error)
        error = standing_renew(d, j, &spec);
    if (error)
        dispatch_spec_free(&spec);
    else
        r = dispatch_submit(d, &spec, nobody_reads, NULL, &error);
    if (!r)
        run_is_none(d, j, error);
    else if (j->missed == missed) /* a store may say at once that it cannot */
        history_add(j, HISTORY_SENT, "%s as %s", buf_str(&at), reader_jid(r));
    dispatch_reader_free(r);
    jobstore_changed(d->store, j);
    free(error);
    buf_free(&at);
}

void held_not_stored(struct dispatch *d, const struct job *run,
                     const char *error)
{
    struct job *j =
        run->spec.parent ? jobstore_find(d->store, run->spec.parent) : NULL;

    if (j && j->state == JOB_HELD)
        run_is_none(d, j, error);
}

/* Whether the newest planned time is to be kept now; else it was missed, or,
 * with *wait, it is looked at again when the run before has ended. */
static bool keep_newest(struct dispatch *d, struct job *j, int64_t late,
                        bool *wait)
{
    bool once = j->spec.missed == DISPATCH_MISSED_ONCE;
    const struct job *before = j->spec.overlap ? NULL : run_of(d, j);

    *wait = before && once;
    if (late > HELD_LATE_MS && !once) {
        count_missed(d, j, 1, false, "nothing ran then");
        return false;
    }
    if (before && !once) {
        char *why = xasprintf("%s had not ended", before->jid);

        count_missed(d, j, 1, false, why);
        free(why);
    }
    return !before;
}

static void settle_due(struct dispatch *d, struct job *j,
                       const struct every_due *due, int64_t now)
{
    bool wait = false;

    if (due->before)
        count_missed(d, j, due->before, due->many, "nothing ran then");
    if (keep_newest(d, j, now - due->newest, &wait))
        start_run(d, j, due->newest);
    j->settled_ms = wait ? due->newest - 1 : due->newest;
    jobstore_changed(d->store, j);
}

static bool is_over(const struct job *j, const struct every_due *due)
{
    if (j->spec.times && j->runs >= j->spec.times)
        return true;
    return !due->has_next || (j->spec.until_ms && due->next > j->spec.until_ms);
}

/* It ends with its last run. */
static void look_again(struct dispatch *d, struct job *j, int64_t now)
{
    int64_t until =
        j->spec.until_ms && j->spec.until_ms < now ? j->spec.until_ms : now;
    struct every_due due;

    every_due(j->every, j->spec.at_ms, j->settled_ms, until, &due);
    if (due.has_newest && !(j->spec.times && j->runs >= j->spec.times))
        settle_due(d, j, &due, now);
    if (now < j->settled_ms)
        history_add(j, HISTORY_WAITS,
                    "the clock was set back; what was "
                    "planned up to its old time has been");
    if (is_over(j, &due)) {
        j->next_ms = 0;
        if (!run_of(d, j))
            run_finish_schedule(d, j);
        return;
    }
    j->next_ms = due.next;
    wake_at(d, due.next);
}

/* -- after another one ----------------------------------------------------- */

static bool after_is_over(struct dispatch *d, struct job *j)
{
    const struct job *first = jobstore_find(d->store, j->spec.after);
    char *error = NULL;

    if (!first && is_being_fetched(d, j))
        return false;
    first = jobstore_find(d->store, j->spec.after);
    if (!first)
        error = xasprintf("job %s, after which it was to begin, is not known",
                          j->spec.after);
    else if (first->state != JOB_DONE)
        return false;
    else if (!j->spec.after_any && job_result(first) != 0)
        error = xasprintf("job %s, after which it was to begin, failed",
                          j->spec.after);
    fetch_end(j);
    if (!error)
        return j->after_over = true;
    run_fail_job(d, j, error); /* j may be gone after it */
    free(error);
    return false;
}

void held_look(struct dispatch *d, struct job *j)
{
    int64_t now = clock_wall_ms();

    if (!j->stored || j->state != JOB_HELD)
        return;
    if (j->cancelled)
        run_fail_job(d, j, "cancelled");
    else if (j->paused || d->paused)
        return;
    else if (j->spec.every && !j->every)
        run_fail_job(d, j, "its time zone is not there any more");
    else if (j->spec.after && !j->after_over && !after_is_over(d, j))
        return;
    else if (j->every)
        look_again(d, j, now);
    else
        look_once(d, j, now);
}

void held_ended(struct dispatch *d, const struct job *j)
{
    struct job *other;

    if (!d->held.count)
        return;
    TAILQ_FOREACH (other, &d->live, live) {
        if (other->state != JOB_HELD)
            continue;
        if ((other->spec.after && strcmp(other->spec.after, j->jid) == 0) ||
            (j->spec.parent && strcmp(other->jid, j->spec.parent) == 0))
            dispatch_touch_job(d, other);
    }
}
