#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dispatcher/core.h"
#include "dispatcher/key.h"
#include "dispatcher/route.h"
#include "dispatcher/secrets.h"
#include "lib/log.h"
#include "lib/mem.h"

/* -- fixing the set of hosts ----------------------------------------------- */

/* Workers that match; a drained one is in the set of a selector, but nothing
 * runs there. */
struct matching {
    unsigned n, drained;
};

static struct matching count_matching(struct dispatch *d, const struct job *j)
{
    struct worker *w, *next;
    struct matching m = {0, 0};

    HASH_ITER (by_host, d->by_host, w, next) {
        if (!worker_is_known(w) || !worker_matches(w, j))
            continue;
        m.n += !w->drained || !j->spec.on;
        m.drained += w->drained && j->spec.on;
    }
    return m;
}

static void task_bind(struct task *t, const char *host, const struct worker *w)
{
    struct job *j = t->job;
    const struct dispatch_spec *spec = &j->spec;

    t->host = job_intern(j, host);
    t->absent = !w;
    if (!w)
        history_add(t, HISTORY_WAITS, "the host is not there");
    if (spec->per_attr)
        t->group = job_group(j, w ? attrs_get(&w->attrs, spec->per_attr) : "");
}

static void bind_matching(struct dispatch *d, struct job *j)
{
    struct worker *w, *next;
    unsigned i = 0;

    HASH_ITER (by_host, d->by_host, w, next) {
        if (worker_is_known(w) && worker_matches(w, j))
            task_bind(&j->tasks[i++], w->host, w);
    }
}

static void bind_hosts(struct dispatch *d, struct job *j)
{
    for (unsigned i = 0; i < j->n_tasks; i++) {
        const char *host = j->spec.hosts[i];
        struct worker *w = workers_by_host(d, host);

        task_bind(&j->tasks[i], host, w && worker_is_known(w) ? w : NULL);
    }
}

static unsigned hosts_of(const struct job *j, const struct matching *m)
{
    if (j->spec.any)
        return 1;
    return j->spec.n_hosts ? (unsigned)j->spec.n_hosts : m->n + m->drained;
}

/* From here on the set is fixed. */
static void submit_fix(struct dispatch *d, struct job *j,
                       const struct matching *m)
{
    job_set_tasks(j, hosts_of(j, m));
    if (!job_set_state(j, JOB_RUNNING))
        return;
    d->n_matching--;
    if (!j->spec.any && j->spec.n_hosts)
        bind_hosts(d, j);
    else if (!j->spec.any)
        bind_matching(d, j);
    history_mark(j, HISTORY_MATCHED);
    log_id_info(j->jid, "%s on %u host%s", j->spec.op, j->n_tasks,
                j->n_tasks == 1 ? "" : "s");
    jobstore_event(d->store, j, EVENT_SUBMIT, NULL);
    dispatch_touch_job(d, j);
}

/* Named hosts need nobody there, unless so many are asked for. */
static char *match_wrong(const struct job *j, const struct matching *m)
{
    const struct dispatch_spec *spec = &j->spec;

    if (spec->n_hosts && !spec->any && !spec->min && !spec->expect)
        return NULL;
    if (!m->n && m->drained)
        return xasprintf(DISPATCH_NOBODY " but %u that %s drained", m->drained,
                         m->drained == 1 ? "is" : "are");
    return route_count_wrong(spec, m->n);
}

/* Before the registry has answered nobody can be said to be missing. */
static const char *match_error(const struct dispatch *d, const struct job *j,
                               const char *wrong)
{
    if (j->cancelled)
        return "cancelled";
    return d->synced ? wrong : "the registry has not answered yet";
}

void submit_match(struct dispatch *d, struct job *j)
{
    bool over = j->cancelled || dispatch_now(d) >= j->match_until;
    struct matching m;
    char *wrong;

    if (!j->stored)
        return; /* submit_added() comes */
    if (!d->synced && !over) {
        dispatch_wake_at(d, j->match_until);
        return;
    }
    m = count_matching(d, j);
    wrong = plan_wrong(d, j);
    if (!wrong)
        wrong = match_wrong(j, &m);
    if (!wrong && j->spec.exclusive && exclusive_taken(d, j)) {
        run_fail_job(d, j, DISPATCH_CONFLICT);
        return;
    }
    if (!wrong && !j->cancelled)
        submit_fix(d, j, &m);
    else if (over || !j->spec.has_wait)
        run_fail_job(d, j, match_error(d, j, wrong));
    else
        dispatch_wake_at(d, j->match_until);
    free(wrong);
}

/* -- a request ------------------------------------------------------------- */

/* What cannot be, whoever asks. */
static const char *spec_wrong(const struct dispatch_spec *spec)
{
    if (spec->on && spec->n_hosts)
        return "say .on or .hosts, not both";
    if (!spec->on && !spec->n_hosts)
        return "no target: say .on SELECTOR, .hosts A,B or .on all";
    if (spec->on && !*spec->on)
        return "empty .on: say .on all for every worker";
    if (spec->lost == DISPATCH_LOST_RERUN && !spec->any)
        return ".lost rerun needs .any 1";
    if (spec->any && (spec->parallel.set || spec->fail.set || spec->per_attr))
        return ".any runs on one host: no .parallel, .fail or .per";
    return NULL;
}

char *submit_selector(struct job *j)
{
    char *wrong;

    if (!j->spec.on || j->all)
        return NULL;
    wrong = selector_parse_text(&j->selector, j->spec.on, strlen(j->spec.on));
    if (!wrong && !j->selector.count)
        wrong = xstrdup("empty .on: say .on all for every worker");
    return wrong;
}

/* What no worker could be told. */
static char *submit_arguments(const struct dispatch *d,
                              const struct dispatch_spec *spec)
{
    if (!wire_run_fits(spec, d->settings.line))
        return xstrdup("the arguments are too long for a line (limits.line): "
                       "send what is long as standard input");
    return secrets_wrong(spec);
}

/* What can be said at once of a job that does not wait. */
static char *submit_nobody(struct dispatch *d, struct job *j)
{
    struct matching m;

    if (!d->synced || j->spec.has_wait)
        return NULL;
    m = count_matching(d, j);
    return match_wrong(j, &m);
}

static struct job *submit_make(struct dispatch *d, struct dispatch_spec *spec)
{
    struct eventlog_bounds bounds = storing_logs(&d->settings);
    char jid[JID_MAX];
    struct job *j;

    snprintf(jid, sizeof(jid), "%s-%llu", d->instance,
             (unsigned long long)d->jobs_made + 1);
    j = job_new(jid, d->jobs_made + 1, spec, &bounds);
    j->submitted = time(NULL);
    j->queued_ms = dispatch_now(d);
    history_mark(j, HISTORY_SUBMITTED);
    if (j->state == JOB_HELD)
        history_mark(j, HISTORY_HELD);
    return j;
}

static char *submit_wrong(struct dispatch *d, const struct dispatch_spec *spec)
{
    const char *wrong = spec_wrong(spec);

    if (!wrong && d->closing)
        wrong = d->closing;
    if (!wrong)
        wrong = d->store->degraded;
    if (wrong)
        return xstrdup(wrong);
    if (dispatch_is_full(d))
        return xasprintf("%u jobs run or wait already (dispatcher.queue)",
                         d->n_live);
    return held_wrong(d, spec);
}

void submit_patience(struct dispatch *d, struct job *j)
{
    uint64_t now = dispatch_now(d), wait = d->synced ? 0 : SUBMIT_FIRST_MS;

    if (j->spec.has_wait && j->spec.wait_ms > wait)
        wait = j->spec.wait_ms;
    j->match_until = now + wait;
}

/* What can be said of one that begins at once. */
static char *submit_now_wrong(struct dispatch *d, struct job *j)
{
    char *wrong;

    if (j->state == JOB_HELD)
        return NULL;
    wrong = d->synced ? plan_wrong(d, j) : NULL;
    if (!wrong)
        wrong = submit_nobody(d, j);
    if (!wrong && j->spec.exclusive && exclusive_taken(d, j))
        wrong = xstrdup(DISPATCH_CONFLICT);
    return wrong;
}

/* A job whose hosts are there is on its way before it is kept, so that both go
 * to the disk together: its workers and its reader are told later. */
static void submit_early(struct dispatch *d, struct job *j)
{
    struct matching m;
    char *wrong;

    if (!d->synced)
        return;
    m = count_matching(d, j);
    wrong = match_wrong(j, &m);
    if (!wrong)
        submit_fix(d, j, &m);
    free(wrong);
}

/* It never was: nobody has been told of it. */
static void submit_undo(struct dispatch *d, struct job *j)
{
    (void)d;
    for (unsigned i = 0; i < j->n_tasks; i++) {
        if (j->tasks[i].state != TASK_ENDED &&
            !task_set_state(&j->tasks[i], TASK_ENDED))
            return;
    }
    eventlog_clear(&j->log);
}

struct job *submit_try(struct dispatch *d, struct dispatch_spec *spec,
                       char **error)
{
    struct job *j;

    *error = plan_apply(d, spec);
    if (!*error)
        *error = submit_wrong(d, spec);
    if (*error) {
        dispatch_spec_free(spec);
        return NULL;
    }
    j = submit_make(d, spec);
    *error = submit_arguments(d, &j->spec);
    if (!*error)
        *error = submit_selector(j);
    if (!*error)
        *error = submit_now_wrong(d, j);
    if (!*error)
        return j;
    job_free(j);
    return NULL;
}

struct dispatch_reader *dispatch_submit(struct dispatch *d,
                                        struct dispatch_spec *spec,
                                        dispatch_ready_fn *ready, void *arg,
                                        char **error)
{
    struct dispatch_reader *r;
    struct job *j = key_find(d, spec, error);

    if (j || *error) {
        dispatch_spec_free(spec);
        return j ? reader_merged(d, j, ready, arg) : NULL;
    }
    j = submit_try(d, spec, error);
    if (!j)
        return NULL;
    d->jobs_made++;
    d->n_live++;
    if (j->state == JOB_HELD)
        held_prepare(d, j);
    else
        d->n_matching++;
    TAILQ_INSERT_TAIL(&d->live, j, live);
    r = reader_new(d, j, true, ready, arg);
    submit_patience(d, j);
    jobstore_add(d->store, j);
    if (!j->stored && j->state == JOB_MATCHING)
        submit_early(d, j);
    return r;
}

static void submit_held(struct dispatch *d, struct job *j)
{
    jobstore_event(d->store, j, EVENT_HELD, NULL);
    held_look(d, j);
}

void submit_added(void *arg, struct job *j, const char *error)
{
    struct dispatch *d = arg;

    j->stored = !error;
    reader_wake_job(d, j); /* in the settling step, when it can be told */
    if (error) {
        submit_undo(d, j);
        held_not_stored(d, j, error);
        run_fail_job(d, j, error);
        return;
    }
    if (j->state == JOB_HELD)
        submit_held(d, j);
    else if (j->state == JOB_MATCHING)
        submit_match(d, j);
    else
        dispatch_touch_job(d, j);
}
