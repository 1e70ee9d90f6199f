/*
 * What may be done to jobs beside ending them: pausing and resuming, of one or
 * of all, and running one again where it did not end well.
 */
#include "dispatcher/control.h"

#include <stdlib.h>
#include <string.h>

#include "dispatcher/core.h"
#include "dispatcher/secrets.h"
#include "dispatcher/spec.h"
#include "lib/log.h"
#include "lib/mem.h"

#define SETTING_PAUSED "paused"

/* -- pausing --------------------------------------------------------------- */

/* What has been held back is looked at. */
static void all_go_on(struct dispatch *d)
{
    struct worker *w, *next;
    struct job *j;

    TAILQ_FOREACH (j, &d->live, live) {
        dispatch_touch_job(d, j);
    }
    HASH_ITER (by_host, d->by_host, w, next) {
        dispatch_touch_worker(d, w);
    }
}

static char *pause_all(struct dispatch *d, bool pause)
{
    if (d->paused == pause)
        return xasprintf("the dispatcher is %s",
                         pause ? "paused already" : "not paused");
    d->paused = pause;
    jobstore_setting(d->store, SETTING_PAUSED, pause ? "1" : NULL);
    log_info("%s", pause ? "paused: nothing starts" : "resumed");
    if (!pause)
        all_go_on(d);
    return NULL;
}

char *dispatch_pause(struct dispatch *d, const char *jid, bool pause)
{
    struct job *j;

    if (!jid)
        return pause_all(d, pause);
    j = jobstore_find(d->store, jid);
    if (!j)
        return xasprintf("no job %s", jid);
    if (j->state == JOB_DONE)
        return xasprintf("job %s has ended", jid);
    if (j->paused == pause)
        return xasprintf("job %s is %s", jid,
                         pause ? "paused already" : "not paused");
    j->paused = pause;
    history_add(j, HISTORY_PAUSED, "%s", pause ? "paused" : "resumed");
    log_id_info(j->jid, "%s", pause ? "paused" : "resumed");
    jobstore_changed(d->store, j);
    dispatch_touch_job(d, j);
    return NULL;
}

bool dispatch_is_paused(const struct dispatch *d)
{
    return d->paused;
}

void control_recover(struct dispatch *d)
{
    d->paused = jobstore_setting_get(d->store, SETTING_PAUSED) != NULL;
    if (d->paused)
        log_warn("paused: nothing starts until `muster resume`");
}

/* -- again ----------------------------------------------------------------- */

/* The words of .where; a task counts when any of those given says so. */
static const struct where {
    const char *word;
    unsigned states;  /* bits of enum host_state */
    unsigned reasons; /* bits of enum task_reason */
    unsigned but;     /* of these reasons it is none */
} wheres[] = {
    {"ok", 1u << HOST_OK | 1u << HOST_CHANGED, 0, 0},
    {"changed", 1u << HOST_CHANGED, 0, 0},
    {"failed", 1u << HOST_FAILED, 0, 1u << REASON_CANCELLED},
    {"unreachable", 1u << HOST_UNREACHABLE, 0, 0},
    {"skipped", 1u << HOST_SKIPPED, 0, 0},
    {"signal", 0, 1u << REASON_SIGNAL, 0},
    {"timeout", 0, 1u << REASON_TIMEOUT, 0},
    {"idle", 0, 1u << REASON_IDLE, 0},
    {"cancelled", 0, 1u << REASON_CANCELLED, 0},
    {"refused", 0, 1u << REASON_REFUSED, 0},
    {"lost", 0, 1u << REASON_LOST, 0},
    {"notstarted", 0, 1u << REASON_NOTSTARTED | 1u << REASON_DRAINED, 0},
    {"drained", 0, 1u << REASON_DRAINED, 0},
};

static const struct where *where_find(const char *word, size_t len)
{
    for (size_t i = 0; i < ARRAY_LEN(wheres); i++) {
        if (strlen(wheres[i].word) == len &&
            memcmp(wheres[i].word, word, len) == 0)
            return &wheres[i];
    }
    return NULL;
}

static bool where_holds(const struct where *w, const struct task *t)
{
    if (w->but & 1u << t->reason)
        return false;
    return w->states & 1u << t->result || w->reasons & 1u << t->reason;
}

/* words: a list with commas, all of them known. */
static bool task_is_where(const struct task *t, const char *words)
{
    while (true) {
        size_t len = strcspn(words, ",");

        if (where_holds(where_find(words, len), t))
            return true;
        if (!words[len])
            return false;
        words += len + 1;
    }
}

static char *where_wrong(const char *words)
{
    const char *at = words;

    while (true) {
        size_t len = strcspn(at, ",");

        if (!where_find(at, len))
            return xasprintf(".where takes words with commas between them, of "
                             "ok changed failed unreachable skipped signal "
                             "timeout idle cancelled refused lost notstarted "
                             "drained, not '%.*s'",
                             (int)len, at);
        if (!at[len])
            return NULL;
        at += len + 1;
    }
}

static void hosts_take(const struct job *j, const char *where,
                       struct dispatch_spec *spec)
{
    spec->hosts = xcalloc(j->n_tasks, sizeof(*spec->hosts));
    for (unsigned i = 0; i < j->n_tasks; i++) {
        const struct task *t = &j->tasks[i];

        if (t->host && task_is_where(t, where))
            spec->hosts[spec->n_hosts++] = xstrdup(t->host);
    }
}

static void text_clear(char **text)
{
    free(*text);
    *text = NULL;
}

/* What was said of when, how often, by whom and of how many hosts was said of
 * that job only. */
static void spec_clear(struct dispatch_spec *spec)
{
    char **const texts[] = {&spec->every,  &spec->after,    &spec->key,
                            &spec->parent, &spec->rerun_of, &spec->by,
                            &spec->from};

    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        text_clear(texts[i]);
    spec->at_ms = spec->until_ms = spec->planned_ms = 0;
    spec->missed = DISPATCH_MISSED_DEFAULT;
    spec->overlap = false;
    spec->times = spec->min = spec->expect = 0;
    selector_free(&spec->only);
    memset(&spec->only, 0, sizeof(spec->only));
    spec->narrowed = false;
    spec->given = 0;
}

static void hosts_clear(struct dispatch_spec *spec)
{
    text_clear(&spec->on);
    for (size_t i = 0; i < spec->n_hosts; i++)
        free(spec->hosts[i]);
    free(spec->hosts);
    spec->hosts = NULL;
    spec->n_hosts = 0;
}

static char *again(const struct job *j, const char *where,
                   struct dispatch_spec *spec)
{
    bool any = j->spec.any && j->n_tasks && task_is_where(&j->tasks[0], where);
    char *error = spec_copy(&j->spec, spec);

    if (error)
        return error;
    spec_clear(spec);
    spec->rerun_of = xstrdup(j->jid);
    if (any) /* on any of them, as before */
        return NULL;
    hosts_clear(spec);
    if (!j->spec.any)
        hosts_take(j, where, spec);
    return spec->n_hosts
               ? NULL
               : xasprintf("no host of job %s ended as %s", j->jid, where);
}

char *dispatch_again(const struct dispatch *d, const char *jid,
                     const char *where, struct dispatch_spec *spec)
{
    const struct job *j = jobstore_find(d->store, jid);
    char *wrong;

    if (!where)
        where = "failed,unreachable,cancelled,notstarted";
    if (!j)
        return xasprintf("no job %s", jid);
    if (j->state != JOB_DONE)
        return xasprintf("job %s has not ended", jid);
    if (j->light) /* faces fetch it first */
        return xasprintf("job %s is not at hand: ask again", jid);
    wrong = where_wrong(where);
    if (!wrong && j->spec.n_secrets)
        wrong = xasprintf("the secrets of job %s are not kept: submit it anew",
                          jid);
    return wrong ? wrong : again(j, where, spec);
}
