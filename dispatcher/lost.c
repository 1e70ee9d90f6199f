#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dispatcher/core.h"
#include "dispatcher/route.h"
#include "lib/log.h"
#include "lib/mem.h"

void lost_task(struct dispatch *d, struct task *t, const char *why)
{
    struct job *j = t->job;

    if (t->unsent) {
        run_requeue(d, t, false);
        return;
    }
    history_add(t, HISTORY_LOST, "on %s: %s", t->host, why);
    if (j->spec.lost == DISPATCH_LOST_RERUN && !j->cancelled) {
        log_id_info(j->jid, "lost on %s, runs elsewhere: %s", t->host, why);
        t->was_lost = true;
        t->attempt++;
        run_requeue(d, t, true);
        return;
    }
    run_end(d, t, REASON_LOST, why);
}

void lost_all(struct worker *w, const char *why)
{
    struct task *t, *next;

    for (t = TAILQ_FIRST(&w->active); t; t = next) {
        next = TAILQ_NEXT(t, in_worker);
        lost_task(w->core, t, why);
    }
}

/* The host is back under another address: what it had there is gone. */
static void lose_predecessors(struct worker *w)
{
    struct worker *other, *next;

    HASH_ITER (by_name, w->core->by_name, other, next) {
        if (other != w && !other->up && strcmp(other->host, w->host) == 0)
            lost_all(other, "the worker was started anew");
    }
}

/* -- the link -------------------------------------------------------------- */

static char *text_or_null(const char *text)
{
    return text ? xstrdup(text) : NULL;
}

static void worker_greeted(struct worker *w, const char *instance,
                           unsigned slots, const char *ops)
{
    free(w->instance);
    free(w->ops);
    w->instance = xstrdup(instance);
    w->ops = text_or_null(ops);
    w->slots = slots;
    w->up = true;
    w->full = false;
    w->down_ms = 0;
    w->load[0] = w->slots_free[0] = '\0';
}

const char *lost_up(void *arg, const char *host, const char *instance,
                    unsigned slots, const char *ops)
{
    struct worker *w = arg;
    struct task *t;
    bool same = w->instance ? strcmp(w->instance, instance) == 0
                            : w->n_active > 0; /* from before a restart */

    if (strcmp(host, w->host) != 0)
        return "another worker answers at this address";
    if (!same)
        lost_all(w, "the worker was started anew");
    worker_greeted(w, instance, slots, ops);
    storing_greeted(w->core, w);
    lose_predecessors(w);
    log_id_info(w->host, "link up: %u slots%s", slots,
                same && w->n_active ? ", resuming" : "");
    if (same) {
        TAILQ_FOREACH (t, &w->active, in_worker) {
            t->resuming = !t->unsent;
            history_add(t, HISTORY_LINK, "is back: the worker is asked for it");
        }
    }
    if (same || w->core->store->fd >= 0)
        wire_list(w->wire); /* what it keeps for a dispatcher of before, too */
    dispatch_touch_worker(w->core, w);
    return NULL;
}

/* Those that wait for its slots wait for its link now, which has an end. */
static void lines_arm(struct dispatch *d, const struct lineup *line)
{
    uint64_t end = dispatch_now(d) + WORKER_CONNECT_MS;
    unsigned n;
    struct task **list = lineup_list(line, &n);

    for (unsigned i = 0; i < n; i++) {
        if (!list[i]->job->spec.has_wait)
            start_due(d, list[i], end);
    }
    free(list);
}

void lost_down(void *arg, const char *why)
{
    struct worker *w = arg;
    struct dispatch *d = w->core;
    uint64_t now = dispatch_now(d);
    struct task *t;

    w->up = false;
    w->down_ms = now;
    drain_lost(w);
    if (w->grace_until)
        dispatch_wake_at(d, now);
    if (w->n_active)
        dispatch_wake_at(d, now + d->settings.lost_after_ms);
    TAILQ_FOREACH (t, &w->active, in_worker) {
        history_add(t, HISTORY_LINK, "to the worker is down: %s", why);
    }
    lines_arm(d, &w->waiting);
    lines_arm(d, &w->light);
    start_look_at_kinds(d);
}

/* Those that wait for a worker however long it takes. */
bool lost_waits_for_ever(const struct task *t)
{
    return t->job->spec.lost == DISPATCH_LOST_WAIT && !t->job->cancelled;
}

static uint64_t worker_sweep(struct dispatch *d, struct worker *w, uint64_t now)
{
    uint64_t end = w->down_ms + d->settings.lost_after_ms;
    struct task *t, *next;

    if (!w->down_ms || !w->n_active)
        return 0;
    if (now < end)
        return end;
    for (t = TAILQ_FIRST(&w->active); t; t = next) {
        next = TAILQ_NEXT(t, in_worker);
        if (!lost_waits_for_ever(t))
            lost_task(d, t, "no connection to the worker");
    }
    return 0;
}

uint64_t lost_sweep(struct dispatch *d, uint64_t now)
{
    struct worker *w, *next;
    uint64_t at = 0, one;

    HASH_ITER (by_name, d->by_name, w, next) {
        one = worker_sweep(d, w, now);
        if (one && (!at || one < at))
            at = one;
    }
    return at;
}

/* -- what it has ----------------------------------------------------------- */

static struct job *job_of(struct worker *w, const char *id, unsigned *attempt)
{
    char jid[JID_MAX];

    if (!wire_id_split(id, jid, attempt))
        return NULL;
    return jobstore_find(w->core->store, jid);
}

/* The task of a job that was given up on this host. */
static struct task *lost_find(struct worker *w, const char *id)
{
    unsigned attempt;
    struct job *j = job_of(w, id, &attempt);

    for (unsigned i = 0; j && i < j->n_tasks; i++) {
        struct task *t = &j->tasks[i];

        if (t->state == TASK_ENDED && t->reason == REASON_LOST && t->host &&
            t->attempt == attempt && strcmp(t->host, w->host) == 0)
            return t;
    }
    return NULL;
}

/* Whether that task has ended, as the worker said, but its end is not kept. */
static bool lost_is_due(struct worker *w, const char *id)
{
    unsigned attempt;
    struct job *j = job_of(w, id, &attempt);

    for (unsigned i = 0; j && i < j->n_tasks; i++) {
        struct task *t = &j->tasks[i];

        if (t->state == TASK_ENDED && t->kept < t->seq && t->host &&
            t->attempt == attempt && strcmp(t->host, w->host) == 0)
            return true;
    }
    return false;
}

/* The task that an earlier attempt was of, on this host, which was lost. */
static struct task *lost_before(struct worker *w, const char *id)
{
    unsigned attempt;
    struct job *j = job_of(w, id, &attempt);

    for (unsigned i = 0; j && i < j->n_tasks; i++) {
        struct task *t = &j->tasks[i];

        if (t->was_lost && attempt < t->attempt && route_has_tried(t, w->host))
            return t;
    }
    return NULL;
}

static bool jid_is_ours(const struct dispatch *d, const char *jid)
{
    return strncmp(jid, d->instance, INSTANCE_LEN) == 0 &&
           jid[INSTANCE_LEN] == '-';
}

void lost_have(void *arg, const char *jid, uint64_t last_seq, bool exited)
{
    struct worker *w = arg;
    struct task *t = said_find(w, jid);

    if (!jid_is_ours(w->core, jid))
        return;
    if (t && !t->resuming)
        return; /* given to it since it was asked */
    if (!t)
        t = lost_find(w, jid);
    if (t) {
        t->resuming = false;
        history_add(t, HISTORY_RESUMED, "from line %llu%s",
                    (unsigned long long)t->seq,
                    exited ? "; it has ended there" : "");
        wire_resume(w->wire, jid, t->seq);
        if (t->job->cancelled && !exited)
            wire_cancel(w->wire, jid);
        return;
    }
    if (lost_is_due(w, jid))
        return; /* its end is on its way to the store, which will tell */
    /* it runs elsewhere by now, or nobody knows it */
    if (!exited)
        wire_cancel(w->wire, jid);
    if (lost_before(w, jid)) /* how it ended is still worth knowing */
        wire_resume(w->wire, jid, exited && last_seq ? last_seq - 1 : last_seq);
    else
        wire_got(w->wire, jid, last_seq);
}

void lost_list_end(void *arg)
{
    struct worker *w = arg;
    struct task *t, *next;

    for (t = TAILQ_FIRST(&w->active); t; t = next) {
        next = TAILQ_NEXT(t, in_worker);
        if (!t->resuming)
            continue;
        t->resuming = false;
        if (t->state == TASK_SENT)
            run_requeue(w->core, t, false); /* it never got there */
        else
            lost_task(w->core, t, "the worker does not know it any more");
    }
    if (w->full) /* it has had time to say otherwise: ask again */
        dispatch_touch_worker(w->core, w);
    w->full = false;
}

/* -- late words ------------------------------------------------------------ */

void lost_output(struct worker *w, const struct wire_output *o)
{
    struct task *t = lost_find(w, o->jid);

    if (t && o->seq > t->seq)
        t->seq = o->seq;
    wire_got(w->wire, o->jid, o->seq);
}

/* An attempt that was lost, after which came another: how it ended is said
 * beside how that one does. */
static void lost_exit_before(struct worker *w, const struct wire_exit *e)
{
    struct task *t = lost_before(w, e->jid);
    const char *reason = attrs_get(e->attrs, "reason");
    char jid[JID_MAX], name[32];
    unsigned attempt;

    if (!t || !wire_id_split(e->jid, jid, &attempt))
        return;
    snprintf(name, sizeof(name), "late.%u", attempt);
    attrs_set_fmt(&t->attrs, name, "%s rc %s state %u reason %s", w->host,
                  e->rc, e->state, reason ? reason : "exited");
    history_add(t, HISTORY_LATE, "attempt %u on %s: %s, rc %s, state %u",
                attempt, w->host, reason ? reason : "exited", e->rc, e->state);
    log_id_info(e->jid, "%s was lost; late word: rc %s", w->host, e->rc);
    jobstore_task(w->core->store, t);
}

/* The record says lost, as everybody was told; how it really ended is added to
 * it, and nothing is overwritten. */
void lost_exit(struct worker *w, const struct wire_exit *e)
{
    struct task *t = lost_find(w, e->jid);
    const char *reason = attrs_get(e->attrs, "reason");

    wire_got(w->wire, e->jid, e->seq);
    if (!t) {
        lost_exit_before(w, e);
        return;
    }
    t->seq = e->seq;
    attrs_set(&t->attrs, "late-rc", e->rc);
    attrs_set_fmt(&t->attrs, "late-state", "%u", e->state);
    attrs_set(&t->attrs, "late-reason", reason ? reason : "exited");
    history_add(t, HISTORY_LATE, "%s, rc %s, state %u",
                reason ? reason : "exited", e->rc, e->state);
    log_id_info(e->jid, "%s was lost; late word: rc %s", w->host, e->rc);
    jobstore_changed(w->core->store, t->job);
}
