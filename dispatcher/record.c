#include "dispatcher/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dispatcher/core.h"
#include "dispatcher/secrets.h"
#include "lib/mem.h"

#define RECORD_ARG_MAX  16384 /* bytes of an argument in a job's record */
#define RECORD_TEXT_MAX 200 /* bytes of a target or command in a list of jobs */

static void set_count(struct attrs *out, const char *name, unsigned n)
{
    attrs_set_fmt(out, name, "%u", n);
}

static void set_if(struct attrs *out, const char *name, unsigned n)
{
    if (n)
        set_count(out, name, n);
}

static void set_time(struct attrs *out, const char *name, time_t t)
{
    if (t)
        attrs_set_fmt(out, name, "%lld", (long long)t);
}

void record_summary(const struct job *j, struct attrs *out)
{
    set_count(out, "ok", j->results[HOST_OK]);
    set_count(out, "failed", j->results[HOST_FAILED]);
    set_count(out, "unreachable", j->results[HOST_UNREACHABLE]);
    set_if(out, "skipped", j->results[HOST_SKIPPED]);
    set_if(out, "changed", j->results[HOST_CHANGED]);
    set_if(out, "cancelled", j->reasons[REASON_CANCELLED]);
    set_if(out, "timeout", j->reasons[REASON_TIMEOUT]);
    set_if(out, "idle", j->reasons[REASON_IDLE]);
    set_if(out, "lost", j->reasons[REASON_LOST]);
    set_if(out, "refused", j->reasons[REASON_REFUSED]);
    set_if(out, "notstarted", j->reasons[REASON_NOTSTARTED]);
    set_if(out, "drained", j->reasons[REASON_DRAINED]);
    set_if(out, "stopped", j->stopped);
}

/* The list of all jobs must not be what is longest in any of them, times their
 * number. */
static void set_text(struct attrs *out, const char *name, const char *text,
                     bool whole)
{
    if (whole || strlen(text) <= RECORD_TEXT_MAX)
        attrs_set(out, name, text);
    else
        attrs_set_fmt(out, name, "%.*s...", RECORD_TEXT_MAX, text);
}

static void set_target(const struct job *j, bool whole, struct attrs *out)
{
    const struct dispatch_spec *spec = &j->spec;
    struct buf b = BUF_INIT;

    if (spec->on)
        set_text(out, "on", spec->on, whole);
    for (size_t i = 0; i < spec->n_hosts; i++) {
        if (i)
            buf_add_char(&b, ',');
        buf_add_str(&b, spec->hosts[i]);
    }
    if (spec->n_hosts)
        set_text(out, "on-hosts", buf_str(&b), whole);
    buf_free(&b);
    if (spec->any)
        attrs_set(out, "any", "1");
}

/* Whose it is, and what that one is narrowed to. */
static void set_owner(const struct job *j, struct attrs *out)
{
    struct buf b = BUF_INIT;

    if (j->spec.by)
        attrs_set(out, "by", j->spec.by);
    if (j->spec.narrowed) {
        selector_write_pairs(&j->spec.only, &b);
        attrs_set(out, "only", buf_str(&b));
    }
    buf_free(&b);
}

/* The first argument of that name, up to a NUL in it, or NULL. */
static const char *spec_arg(const struct dispatch_spec *spec, const char *name)
{
    for (size_t i = 0; i < spec->n_args; i++) {
        if (strcmp(spec->args[i].name, name) == 0)
            return spec_is_secret(spec, name) ? SECRET_HIDDEN
                                              : spec->args[i].value;
    }
    return NULL;
}

static void set_command(const struct job *j, bool whole, struct attrs *out)
{
    const char *cmd = spec_arg(&j->spec, "cmd");

    if (!cmd)
        cmd = spec_arg(&j->spec, "argv");
    if (cmd)
        set_text(out, "cmd", cmd, whole);
}

void record_held(const struct job *j, struct attrs *out)
{
    const struct dispatch_spec *spec = &j->spec;

    int64_t next = spec->every ? j->next_ms : spec->at_ms;

    set_time(out, "next", (time_t)(next / 1000));
    if (spec->every)
        attrs_set(out, "every", spec->every);
    if (spec->after)
        attrs_set_fmt(out, "after", "%s%s", spec->after,
                      spec->after_any ? "=any" : "");
}

/* What is only of jobs that begin later, of schedules and their runs. */
static void set_held(const struct job *j, struct attrs *out)
{
    const struct dispatch_spec *spec = &j->spec;

    if (j->state == JOB_HELD)
        attrs_set(out, "held", "1");
    if (j->state == JOB_HELD || spec->every)
        record_held(j, out);
    if (spec->every)
        set_count(out, "runs", j->runs);
    set_if(out, "missed", j->missed);
    if (spec->parent)
        attrs_set(out, "parent", spec->parent);
    set_time(out, "planned", (time_t)(spec->planned_ms / 1000));
    if (spec->plan)
        attrs_set(out, "plan", spec->plan);
    if (spec->key)
        attrs_set(out, "key", spec->key);
}

static void set_pacing(const struct job *j, struct attrs *out)
{
    const struct dispatch_spec *spec = &j->spec;
    struct buf locks = BUF_INIT;

    if (spec->priority)
        attrs_set_fmt(out, "priority", "%d", spec->priority);
    set_if(out, "retry", spec->retry);
    for (size_t i = 0; i < spec->n_locks; i++)
        buf_add_fmt(&locks, "%s%s=%u", i ? "," : "", spec->locks[i].name,
                    spec->locks[i].n);
    if (spec->n_locks)
        attrs_set(out, "lock", buf_str(&locks));
    if (spec->rerun_of)
        attrs_set(out, "rerun-of", spec->rerun_of);
    if (j->paused)
        attrs_set(out, "paused", "1");
    buf_free(&locks);
}

void record_job(const struct job *j, bool whole, struct attrs *out)
{
    attrs_set(out, "op", j->spec.op);
    attrs_set_fmt(out, "state", "%d", j->state == JOB_DONE ? job_result(j) : 1);
    set_count(out, "hosts", job_hosts(j));
    record_summary(j, out);
    set_count(out, "waiting", j->counts[TASK_WAITING]);
    set_count(out, "running", job_active(j));
    set_time(out, "submitted", j->submitted);
    set_time(out, "ended", j->ended);
    if (j->error)
        attrs_set(out, "error", j->error);
    set_target(j, whole, out);
    set_owner(j, out);
    set_held(j, out);
    set_command(j, whole, out);
    set_pacing(j, out);
}

/* A task that has not ended has no result: its state is a word, then. */
void record_task(const struct task *t, struct attrs *out)
{
    attrs_set(out, "task", task_state_text(t->state));
    set_time(out, "started", t->started);
    if (t->tried)
        attrs_set(out, "tried", t->tried);
    if (t->attempt > 1 && t->state != TASK_ENDED)
        attrs_set_fmt(out, "attempt", "%u", t->attempt);
    if (t->fence)
        attrs_set_fmt(out, "fence", "%llu", (unsigned long long)t->fence);
    if (t->ties) {
        attrs_set_fmt(out, "seed", "%u", t->seed);
        attrs_set_fmt(out, "of", "%u", t->ties);
    }
    if (t->state != TASK_ENDED)
        return;
    attrs_set(out, "rc", t->rc);
    attrs_set_fmt(out, "state", "%d", (int)t->result);
    set_time(out, "ended", t->ended);
    for (size_t i = 0; i < t->attrs.count; i++)
        attrs_set(out, t->attrs.list[i].name, t->attrs.list[i].value);
}

/* -- what faces ask -------------------------------------------------------- */

/* Of one that comes several times the first is shown; of one that is no text,
 * or a long one, its size. */
static void tell_arg(const struct dispatch_spec *spec,
                     const struct dispatch_arg *a, struct attrs *pairs)
{
    char *name = xasprintf("arg.%s", a->name);

    if (attrs_get(pairs, name)) {
        free(name);
        return;
    }
    if (spec_is_secret(spec, a->name))
        attrs_set(pairs, name, SECRET_HIDDEN);
    else if (a->len > RECORD_ARG_MAX || memchr(a->value, '\0', a->len))
        attrs_set_fmt(pairs, name, "(%zu bytes)", a->len);
    else
        attrs_set(pairs, name, a->value);
    free(name);
}

static void tell_job(const struct dispatch *d, const struct job *j, bool whole,
                     dispatch_record_fn *fn, void *arg)
{
    struct attrs pairs = {0};

    record_job(j, whole, &pairs);
    if (j->ended)
        set_time(&pairs, "kept-until",
                 j->ended + (time_t)(d->settings.jobs_age_ms / 1000));
    for (size_t i = 0; whole && i < j->spec.n_args; i++)
        tell_arg(&j->spec, &j->spec.args[i], &pairs);
    fn(arg, j->jid, &pairs);
    attrs_free(&pairs);
}

void dispatch_jobs(struct dispatch *d, dispatch_record_fn *fn, void *arg)
{
    struct job *j = NULL;

    while ((j = jobstore_next(d->store, j)))
        tell_job(d, j, false, fn, arg);
}

bool dispatch_job(struct dispatch *d, const char *jid, dispatch_record_fn *job,
                  dispatch_record_fn *host, void *arg)
{
    struct job *j = jobstore_find(d->store, jid);

    if (!j)
        return false;
    tell_job(d, j, true, job, arg);
    for (unsigned i = 0; i < j->n_tasks; i++) {
        struct attrs pairs = {0};

        record_task(&j->tasks[i], &pairs);
        host(arg, j->tasks[i].host ? j->tasks[i].host : "-", &pairs);
        attrs_free(&pairs);
    }
    return true;
}

static char *no_job(const char *jid)
{
    return xasprintf("no job %s", jid);
}

const char *dispatch_job_by(const struct dispatch *d, const char *jid)
{
    const struct job *j = jobstore_find(d->store, jid);

    if (!j)
        return NULL;
    return j->spec.by ? j->spec.by : "";
}

char *dispatch_cancel(struct dispatch *d, const char *jid)
{
    struct job *j = jobstore_find(d->store, jid);

    if (!j)
        return no_job(jid);
    if (j->state == JOB_DONE)
        return xasprintf("job %s has ended", jid);
    run_cancel(d, j);
    return NULL;
}

char *dispatch_delete(struct dispatch *d, const char *jid)
{
    struct job *j = jobstore_find(d->store, jid);

    if (!j)
        return no_job(jid);
    if (j->state != JOB_DONE)
        return xasprintf("job %s is running: cancel it first", jid);
    reader_drop_job(d, j);
    jobstore_remove(d->store, j);
    return NULL;
}
