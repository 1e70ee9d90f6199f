#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dispatcher/core.h"
#include "lib/log.h"
#include "lib/mem.h"

/* A refusal that begins so means: not now. */
#define REFUSED_BUSY "no free slot"
/* … because another job of that operation runs: it is asked again after a
 * while, and jobs of other operations go on. */
#define REFUSED_MUTEX REFUSED_BUSY ": "
#define MUTEX_MS      1000

struct task *said_find(const struct worker *w, const char *id)
{
    char jid[JID_MAX];
    unsigned attempt;
    struct task *t;

    if (!wire_id_split(id, jid, &attempt))
        return NULL;
    TAILQ_FOREACH (t, &w->active, in_worker) {
        if (t->attempt == attempt && strcmp(t->job->jid, jid) == 0)
            return t;
    }
    return NULL;
}

static void said_ack(void *arg, const char *jid)
{
    struct worker *w = arg;
    struct task *t = said_find(w, jid);

    if (!t || t->state != TASK_SENT || !task_set_state(t, TASK_RUNNING))
        return;
    history_mark(t, HISTORY_ACCEPTED);
    jobstore_event(w->core->store, t->job, EVENT_ACK, t);
    jobstore_changed(w->core->store, t->job);
}

static void said_refuse(void *arg, const char *jid, const char *why)
{
    struct worker *w = arg;
    struct task *t = said_find(w, jid);

    if (!t || t->state != TASK_SENT)
        return;
    history_add(t, HISTORY_REFUSED, "by %s: %s", w->host, why);
    log_id_debug(jid, "%s refuses: %s", w->host, why);
    if (strncmp(why, REFUSED_MUTEX, strlen(REFUSED_MUTEX)) == 0) {
        run_requeue_later(w->core, t, MUTEX_MS);
    } else if (strncmp(why, REFUSED_BUSY, strlen(REFUSED_BUSY)) == 0) {
        w->full = true;
        run_requeue(w->core, t, false);
    } else if (t->job->spec.any) {
        run_requeue(w->core, t, true);
    } else {
        run_end(w->core, t, REASON_REFUSED, why);
    }
}

/* The task that a numbered line is about, if it is the next one: a line that
 * came before is dropped, one that skips others means that they are lost. */
static struct task *said_next(struct worker *w, const char *jid, uint64_t seq)
{
    struct task *t = said_find(w, jid);

    if (!t || seq <= t->seq)
        return NULL;
    if (t->state == TASK_SENT)
        said_ack(w, jid);
    if (seq == t->seq + 1) {
        t->seq = seq;
        return t;
    }
    log_id_warn(jid, "%s: line %llu came after %llu", w->host,
                (unsigned long long)seq, (unsigned long long)t->seq);
    wire_cancel(w->wire, jid);
    lost_task(w->core, t, "output was lost on the way");
    return NULL;
}

static void said_output(void *arg, const struct wire_output *o)
{
    struct worker *w = arg;
    struct task *t;

    if (!said_find(w, o->jid)) {
        lost_output(w, o);
        return;
    }
    t = said_next(w, o->jid, o->seq);
    if (!t)
        return;
    if (o->seq == 1)
        history_add(t, HISTORY_OUTPUT, "the first line, %zu bytes", o->len);
    jobstore_output(w->core->store, t, o->whole, o->stream, o->text, o->len,
                    o->seq);
}

static void said_exit(void *arg, const struct wire_exit *e)
{
    struct worker *w = arg;
    const char *text = attrs_get(e->attrs, "reason");
    struct task *t;

    if (!said_find(w, e->jid)) {
        lost_exit(w, e);
        return;
    }
    t = said_next(w, e->jid, e->seq);
    if (!t)
        return;
    run_exited(w->core, t, e, text ? text : "exited");
}

static void said_load(void *arg, const char *name, const char *value)
{
    struct worker *w = arg;

    if (strcmp(name, "slots-free") == 0) {
        snprintf(w->slots_free, sizeof(w->slots_free), "%s", value);
        w->full = strcmp(value, "0") == 0 && w->full;
    } else if (strcmp(name, "load") == 0) {
        snprintf(w->load, sizeof(w->load), "%s", value);
    } else if (strcmp(name, "ops") == 0) {
        free(w->ops);
        w->ops = xstrdup(value);
    }
}

static void said_load_end(void *arg)
{
    struct worker *w = arg;

    dispatch_touch_worker(w->core, w);
}

static void said_complaint(void *arg, const char *text)
{
    struct worker *w = arg;

    log_id_warn(w->host, "the worker says: %s", text);
    if (strstr(text, "drain")) /* one that does not know that request */
        drain_answered(w, text);
}

const struct wire_handler *said_wire_handler(void)
{
    static const struct wire_handler handler = {
        .up = lost_up,
        .down = lost_down,
        .ack = said_ack,
        .refuse = said_refuse,
        .output = said_output,
        .exit = said_exit,
        .have = lost_have,
        .list_end = lost_list_end,
        .load = said_load,
        .load_end = said_load_end,
        .drained = drain_answered,
        .complaint = said_complaint,
    };

    return &handler;
}

/* -- credit ---------------------------------------------------------------- */

void said_grant(struct dispatch *d, struct task *t)
{
    t->owed = false;
    if (!t->grant)
        TAILQ_INSERT_TAIL(&d->grants, t, in_grants);
    t->grant = t->kept;
    loop_settle(d->loop, &d->settle);
}

/* How it ended is kept: its worker may forget all of it. */
static void said_stored_end(struct dispatch *d, struct task *t)
{
    struct worker *w = t->host ? workers_by_host(d, t->host) : NULL;
    char id[WIRE_ID_MAX];

    if (w && w->up && t->kept)
        wire_got(w->wire, task_wire_id(t, id), t->kept);
}

void said_stored(void *arg, struct task *t, uint64_t seq)
{
    t->kept = seq;
    if (t->state == TASK_ENDED)
        said_stored_end(arg, t);
    else if (!t->worker || t->state == TASK_WAITING)
        return;
    else if (eventlog_is_full(&t->job->log, t->index))
        t->owed = true;
    else
        said_grant(arg, t);
}

/* Once a turn, however many lines came in it. */
void said_grants(struct dispatch *d)
{
    char id[WIRE_ID_MAX];
    struct task *t;

    while ((t = TAILQ_FIRST(&d->grants))) {
        TAILQ_REMOVE(&d->grants, t, in_grants);
        wire_got(t->worker->wire, task_wire_id(t, id), t->grant);
        t->grant = 0;
    }
}
