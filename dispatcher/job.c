#include "dispatcher/job.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dispatcher/secrets.h"
#include "dispatcher/when.h"
#include "dispatcher/lineup.h"
#include "dispatcher/worker.h"
#include "lib/log.h"

#define ARG_KEPT 256 /* bytes of an argument that lists may show */

static const char *const state_texts[TASK_STATES] = {"waiting", "sent",
                                                     "running", "ended"};

static const char *const reason_texts[TASK_REASONS] = {
    "exited", "signal",      "timeout",    "idle",       "cancelled", "refused",
    "lost",   "unreachable", "notstarted", "notstarted", "other"};

/* From (row) to (column): WAITING SENT RUNNING ENDED */
static const bool task_moves[TASK_STATES][TASK_STATES] = {
    [TASK_WAITING] = {false, true, false, true},
    [TASK_SENT] = {true, false, true, true},
    [TASK_RUNNING] = {true, false, false, true},
    [TASK_ENDED] = {false, false, false, false},
};

const char *task_state_text(enum task_state s)
{
    return state_texts[s];
}

const char *task_reason_text(enum task_reason r)
{
    return reason_texts[r];
}

enum task_reason task_reason_parse(const char *text)
{
    if (strncmp(text, "signal ", 7) == 0)
        return REASON_SIGNAL;
    for (unsigned i = 0; i < REASON_OTHER; i++) {
        if (strcmp(text, reason_texts[i]) == 0)
            return (enum task_reason)i;
    }
    return REASON_OTHER;
}

const char *task_wire_id(const struct task *t, char id[WIRE_ID_MAX])
{
    if (t->attempt < 2)
        snprintf(id, WIRE_ID_MAX, "%s", t->job->jid);
    else
        snprintf(id, WIRE_ID_MAX, "%s.%u", t->job->jid, t->attempt);
    return id;
}

bool wire_id_split(const char *id, char jid[JID_MAX], unsigned *attempt)
{
    const char *dot = strchr(id, '.');
    size_t len = dot ? (size_t)(dot - id) : strlen(id);
    unsigned long n = 1;
    char *end;

    if (len >= JID_MAX)
        return false;
    if (dot) {
        if (dot[1] < '1' || dot[1] > '9')
            return false;
        n = strtoul(dot + 1, &end, 10);
        if (*end || n < 2 || n > UINT_MAX)
            return false;
    }
    memcpy(jid, id, len);
    jid[len] = '\0';
    *attempt = (unsigned)n;
    return true;
}

/* -- making and freeing ---------------------------------------------------- */

void dispatch_spec_free(struct dispatch_spec *spec)
{
    secrets_free(spec);
    free(spec->op);
    for (size_t i = 0; i < spec->n_args; i++) {
        free(spec->args[i].name);
        free(spec->args[i].value);
    }
    free(spec->args);
    free(spec->on);
    for (size_t i = 0; i < spec->n_hosts; i++)
        free(spec->hosts[i]);
    free(spec->hosts);
    free(spec->per_attr);
    free(spec->every);
    free(spec->after);
    free(spec->key);
    free(spec->plan);
    for (size_t i = 0; i < spec->n_plan_hosts; i++)
        free(spec->plan_hosts[i]);
    free(spec->plan_hosts);
    free(spec->parent);
    free(spec->wrong);
    for (size_t i = 0; i < spec->n_locks; i++)
        free(spec->locks[i].name);
    free(spec->locks);
    free(spec->rerun_of);
    free(spec->by);
    principal_unref(spec->who);
    free(spec->from);
    selector_free(&spec->only);
    memset(spec, 0, sizeof(*spec));
}

void dispatch_spec_add_arg(struct dispatch_spec *spec, const char *name,
                           const char *value, size_t len)
{
    size_t n = spec->n_args++;

    /* 0 1 2 4 8: room doubles */
    if ((n & (n - 1)) == 0)
        spec->args =
            xreallocarray(spec->args, n ? 2 * n : 1, sizeof(*spec->args));
    spec->args[n] = (struct dispatch_arg){
        .name = xstrdup(name), .value = xmemdup0(value, len), .len = len};
}

struct job *job_new(const char *jid, uint64_t number,
                    struct dispatch_spec *spec, const struct eventlog_bounds *b)
{
    struct job *j = xcalloc(1, sizeof(*j));

    memcpy(j->jid, jid, strnlen(jid, JID_MAX - 1));
    j->number = number;
    j->spec = *spec;
    memset(spec, 0, sizeof(*spec));
    j->state = job_is_held(&j->spec) ? JOB_HELD : JOB_MATCHING;
    j->all = j->spec.on && strcmp(j->spec.on, "all") == 0;
    TAILQ_INIT(&j->held);
    eventlog_init(&j->log, b);
    return j;
}

static void tasks_free(struct job *j)
{
    for (unsigned i = 0; i < j->n_tasks; i++) {
        task_release(&j->tasks[i]);
        free(j->tasks[i].rc);
        free(j->tasks[i].tried);
        free(j->tasks[i].retried);
        attrs_free(&j->tasks[i].attrs);
        history_free(j->tasks[i].history);
    }
    free(j->tasks);
    j->tasks = NULL;
    j->n_tasks = 0;
    TAILQ_INIT(&j->held);
    memset(j->counts, 0, sizeof(j->counts));
}

static void names_free(struct job *j)
{
    for (unsigned i = 0; i < j->n_groups; i++) {
        free(j->groups[i].value);
        free(j->groups[i].held);
    }
    free(j->groups);
    j->groups = NULL;
    for (unsigned i = 0; i < j->n_names; i++)
        free(j->names[i]);
    free(j->names);
    j->names = NULL;
    j->n_groups = j->n_names = 0;
}

void job_free(struct job *j)
{
    eventlog_free(&j->log);
    tasks_free(j);
    names_free(j);
    history_free(j->history);
    if (j->every)
        every_free(j->every);
    free(j->every);
    free(j->error);
    selector_free(&j->selector);
    principal_release(&j->holder);
    dispatch_spec_free(&j->spec);
    free(j);
}

void job_lighten(struct job *j)
{
    if (j->n_tasks)
        j->n_kept = j->n_tasks;
    eventlog_free(&j->log);
    tasks_free(j);
    names_free(j);
    history_free(j->history);
    j->history = NULL;
    for (size_t i = 0; i < j->spec.n_args; i++) {
        struct dispatch_arg *a = &j->spec.args[i];

        if (a->len <= ARG_KEPT || j->spec.key) /* whole: it is compared */
            continue;
        a->len = ARG_KEPT;
        a->value = xreallocarray(a->value, ARG_KEPT + 1, 1);
        a->value[ARG_KEPT] = '\0';
    }
    j->light = j->log_away = true;
}

void job_set_tasks(struct job *j, unsigned n)
{
    j->tasks = xcalloc(n, sizeof(*j->tasks));
    j->n_tasks = n;
    j->counts[TASK_WAITING] = n;
    eventlog_set_hosts(&j->log, n);
    for (unsigned i = 0; i < n; i++) {
        struct task *t = &j->tasks[i];

        t->job = j;
        t->index = i;
        t->group = -1;
        t->attempt = 1;
        task_hold(t);
    }
}

const char *job_intern(struct job *j, const char *name)
{
    j->names = xreallocarray(j->names, j->n_names + 1, sizeof(*j->names));
    j->names[j->n_names] = xstrdup(name);
    return j->names[j->n_names++];
}

int job_group(struct job *j, const char *value)
{
    struct task_group *g;

    if (!value)
        value = "";
    for (unsigned i = 0; i < j->n_groups; i++) {
        if (strcmp(j->groups[i].value, value) == 0)
            return (int)i;
    }
    j->groups = xreallocarray(j->groups, j->n_groups + 1, sizeof(*g));
    g = &j->groups[j->n_groups];
    g->value = xstrdup(value);
    g->active = 0;
    g->held = xmalloc(sizeof(*g->held));
    TAILQ_INIT(g->held);
    return (int)j->n_groups++;
}

static size_t attrs_cost(const struct attrs *a)
{
    size_t n = a->size * sizeof(*a->list);

    for (size_t i = 0; i < a->count; i++)
        n += strlen(a->list[i].name) + strlen(a->list[i].value) + 2;
    return n;
}

static size_t spec_cost(const struct dispatch_spec *spec)
{
    size_t n = spec->n_hosts * sizeof(*spec->hosts);

    for (size_t i = 0; i < spec->n_args; i++)
        n += sizeof(*spec->args) + strlen(spec->args[i].name) +
             spec->args[i].len + 2;
    for (size_t i = 0; i < spec->n_hosts; i++)
        n += strlen(spec->hosts[i]) + 1;
    return n + (spec->on ? strlen(spec->on) + 1 : 0);
}

size_t job_cost(const struct job *j)
{
    size_t n = sizeof(*j) + spec_cost(&j->spec) + history_cost(j->history);
    size_t tasks = j->n_tasks;

    if (!tasks) /* before it is matched: the hosts that it names */
        tasks = j->spec.any ? 1 : j->spec.n_hosts;
    n += tasks * (sizeof(*j->tasks) + sizeof(*j->log.hosts));
    for (unsigned i = 0; i < j->n_tasks; i++)
        n += attrs_cost(&j->tasks[i].attrs) + history_cost(j->tasks[i].history);
    for (unsigned i = 0; i < j->n_names; i++)
        n += sizeof(*j->names) + strlen(j->names[i]) + 1;
    return n;
}

/* -- states ---------------------------------------------------------------- */

static bool task_is_active(enum task_state s)
{
    return s == TASK_SENT || s == TASK_RUNNING;
}

void task_release(struct task *t)
{
    struct job *j = t->job;

    switch (t->place) {
    case PLACE_NONE:
    case PLACE_LATER: break;
    case PLACE_HELD: TAILQ_REMOVE(&j->held, t, in_job); break;
    case PLACE_GROUP: TAILQ_REMOVE(j->groups[t->group].held, t, in_job); break;
    case PLACE_LINE: lineup_remove(t); break;
    }
    t->place = PLACE_NONE;
}

void task_hold(struct task *t)
{
    task_release(t);
    TAILQ_INSERT_TAIL(&t->job->held, t, in_job);
    t->place = PLACE_HELD;
}

void task_hold_group(struct task *t)
{
    task_release(t);
    TAILQ_INSERT_TAIL(t->job->groups[t->group].held, t, in_job);
    t->place = PLACE_GROUP;
}

/* One of those that wait for the place that is free now comes first. */
static void group_next(struct job *j, struct task_group *g)
{
    struct task *t = TAILQ_FIRST(g->held);

    if (!t || g->active >= j->spec.per_n)
        return;
    task_release(t);
    TAILQ_INSERT_HEAD(&j->held, t, in_job);
    t->place = PLACE_HELD;
}

void task_group_next(struct task *t)
{
    if (t->group >= 0)
        group_next(t->job, &t->job->groups[t->group]);
}

static void group_leave(struct job *j, struct task_group *g)
{
    g->active--;
    group_next(j, g);
}

/* A task in a state is on that state's lists of its job and its worker. */
static void task_list_leave(struct task *t)
{
    task_release(t);
    if (task_is_active(t->state)) {
        if (t->group >= 0)
            group_leave(t->job, &t->job->groups[t->group]);
        if (t->worker)
            worker_remove_active(t->worker, t);
        else if (t->orphans)
            TAILQ_REMOVE(t->orphans, t, in_worker);
        t->orphans = NULL;
    }
}

static void task_list_enter(struct task *t)
{
    if (t->state == TASK_WAITING)
        task_hold(t);
    if (task_is_active(t->state)) {
        if (t->group >= 0)
            t->job->groups[t->group].active++;
        if (t->worker)
            worker_add_active(t->worker, t);
    }
}

bool task_set_state(struct task *t, enum task_state to)
{
    struct job *j = t->job;

    if (!task_moves[t->state][to]) {
        log_id_error(j->jid, "%s: %s cannot become %s", t->host ? t->host : "-",
                     task_state_text(t->state), task_state_text(to));
        return false;
    }
    if (t->host)
        log_id_debug(j->jid, "%s: %s -> %s", t->host, task_state_text(t->state),
                     task_state_text(to));
    task_list_leave(t);
    j->counts[t->state]--;
    t->state = to;
    j->counts[to]++;
    task_list_enter(t);
    return true;
}

bool job_set_state(struct job *j, enum job_state to)
{
    static const char *const texts[] = {"held", "matching", "running", "done"};

    if (to <= j->state) {
        log_id_error(j->jid, "%s cannot become %s", texts[j->state], texts[to]);
        return false;
    }
    log_id_debug(j->jid, "%s -> %s", texts[j->state], texts[to]);
    j->state = to;
    if (to == JOB_DONE)
        secrets_forget(&j->spec);
    return true;
}

/* What .fail counts: whatever was tried and did not end well. */
static bool task_is_failure(const struct task *t)
{
    return t->reason != REASON_CANCELLED &&
           (t->result == HOST_FAILED || t->result == HOST_UNREACHABLE);
}

void task_count_end(struct task *t)
{
    struct job *j = t->job;

    j->results[t->result]++;
    j->reasons[t->reason]++;
    if (task_is_failure(t))
        j->failures++;
}

void task_set_end(struct task *t, const struct task_end *end)
{
    t->reason = end->reason;
    t->result = end->state;
    free(t->rc); /* of an attempt before */
    t->rc = xstrdup(end->rc ? end->rc : "-");
    attrs_set(&t->attrs, "reason",
              end->text ? end->text : task_reason_text(end->reason));
    for (size_t i = 0; end->attrs && i < end->attrs->count; i++) {
        const struct attr *a = &end->attrs->list[i];

        if (strcmp(a->name, "reason") != 0)
            attrs_set(&t->attrs, a->name, a->value);
    }
    task_count_end(t);
}

int job_result(const struct job *j)
{
    bool bad = j->error || j->results[HOST_FAILED] ||
               j->results[HOST_UNREACHABLE] || j->reasons[REASON_NOTSTARTED] ||
               j->reasons[REASON_CANCELLED];

    return bad ? 2 : 0;
}
