#include <stdlib.h>
#include <string.h>

#include "dispatcher/core.h"
#include "dispatcher/record.h"
#include "lib/mem.h"

struct dispatch_reader {
    struct dispatch *core;
    struct job *job; /* NULL: it was deleted */
    struct event_cursor *cursor;
    struct jobpages *pages; /* its life is in the store; or NULL */
    dispatch_ready_fn *ready;
    void *arg;
    struct loop_task task;
    struct attrs attrs; /* of the event told last */
    bool pacer;
    bool merged; /* it is to be told that the job was there before */
    bool told;   /* that the dispatcher goes down */
    LIST_ENTRY(dispatch_reader) link;
};

/* From inside whatever appended: the face is told in the settling step. */
static void reader_ready(void *arg)
{
    struct dispatch_reader *r = arg;

    loop_settle(r->core->loop, &r->task);
}

static void reader_tell(void *arg)
{
    struct dispatch_reader *r = arg;

    r->ready(r->arg);
}

struct dispatch_reader *reader_new(struct dispatch *d, struct job *j,
                                   bool pacer, dispatch_ready_fn *ready,
                                   void *arg)
{
    struct dispatch_reader *r = xcalloc(1, sizeof(*r));

    r->core = d;
    r->job = j;
    r->ready = ready;
    r->arg = arg;
    r->pacer = pacer;
    r->task = (struct loop_task){.fn = reader_tell, .arg = r};
    if (j->log_away)
        r->pages = jobstore_pages(d->store, j);
    r->cursor = event_cursor_new(r->pages ? jobpages_log(r->pages) : &j->log,
                                 pacer, reader_ready, r);
    LIST_INSERT_HEAD(&d->readers, r, link);
    return r;
}

struct dispatch_reader *reader_merged(struct dispatch *d, struct job *j,
                                      dispatch_ready_fn *ready, void *arg)
{
    struct dispatch_reader *r = reader_new(d, j, false, ready, arg);

    r->merged = true;
    return r;
}

const char *reader_jid(const struct dispatch_reader *r)
{
    return r->job->jid;
}

struct dispatch_reader *dispatch_follow(struct dispatch *d, const char *jid,
                                        dispatch_ready_fn *ready, void *arg)
{
    struct job *j = jobstore_find(d->store, jid);

    return j ? reader_new(d, j, false, ready, arg) : NULL;
}

static void reader_detach(struct dispatch_reader *r)
{
    struct job *j = r->job;

    r->job = NULL;
    if (!j)
        return;
    event_cursor_free(r->cursor);
    for (unsigned i = 0; r->pacer && i < j->n_tasks; i++) {
        if (j->tasks[i].owed)
            said_grant(r->core, &j->tasks[i]);
    }
    if (r->pages)
        jobpages_free(r->pages);
    else
        jobstore_unread(r->core->store, j);
    r->pages = NULL;
}

void dispatch_reader_free(struct dispatch_reader *r)
{
    if (!r)
        return;
    reader_detach(r);
    LIST_REMOVE(r, link);
    loop_unsettle(r->core->loop, &r->task);
    attrs_free(&r->attrs);
    free(r);
}

void reader_drop_job(struct dispatch *d, const struct job *j)
{
    struct dispatch_reader *r;

    LIST_FOREACH (r, &d->readers, link) {
        if (r->job != j)
            continue;
        reader_detach(r);
        reader_ready(r);
    }
}

void reader_wake_all(struct dispatch *d)
{
    struct dispatch_reader *r;

    LIST_FOREACH (r, &d->readers, link) {
        reader_ready(r);
    }
}

void reader_wake_job(struct dispatch *d, struct job *j)
{
    (void)d;
    eventlog_wake(&j->log);
}

/* -- events in the words of faces ------------------------------------------ */

static void event_exit(const struct task *t, struct dispatch_event *ev)
{
    ev->kind = DISPATCH_EXIT;
    ev->rc = t->rc;
    ev->state = (int)t->result;
    ev->attrs = &t->attrs;
}

static void event_done(struct dispatch_reader *r, struct dispatch_event *ev)
{
    attrs_free(&r->attrs);
    record_summary(r->job, &r->attrs);
    ev->kind = DISPATCH_DONE;
    ev->state = job_result(r->job);
    ev->attrs = &r->attrs;
}

static enum dispatch_event_kind output_kind(const struct event_view *v)
{
    if (v->kind == EVENT_CUT)
        return DISPATCH_CUT;
    if (v->stream == DISPATCH_RESULTS)
        return DISPATCH_RESULT;
    return v->stream == DISPATCH_PROGRESSES ? DISPATCH_PROGRESS
                                            : DISPATCH_OUTPUT;
}

/* "40 copying", as wire_words.c made it. */
static void event_progress(struct dispatch_event *ev)
{
    const char *end = ev->text + ev->len, *p = ev->text;

    for (; p < end && *p >= '0' && *p <= '9' && ev->percent < 100; p++)
        ev->percent = ev->percent * 10 + (unsigned)(*p - '0');
    if (p < end)
        p++;
    ev->text = p;
    ev->len = (size_t)(end - p);
}

static void event_output(const struct event_view *v, struct dispatch_event *ev)
{
    ev->kind = output_kind(v);
    ev->stream = (enum dispatch_stream)v->stream;
    ev->text = v->text;
    ev->len = v->len;
    ev->whole = v->kind == EVENT_OUT;
    ev->bytes = v->bytes;
    if (ev->kind == DISPATCH_PROGRESS)
        event_progress(ev);
}

static void event_translate(struct dispatch_reader *r,
                            const struct event_view *v,
                            struct dispatch_event *ev)
{
    struct job *j = r->job;

    *ev = (struct dispatch_event){.seq = v->seq,
                                  .offset = v->offset,
                                  .ms = v->ms,
                                  .jid = j->jid,
                                  .hosts = job_hosts(j),
                                  .host = v->host ? v->host : "-"};
    switch (v->kind) {
    case EVENT_SUBMIT: ev->kind = DISPATCH_SUBMIT; break;
    case EVENT_ACK: ev->kind = DISPATCH_ACK; break;
    case EVENT_EXIT: event_exit(&j->tasks[v->index], ev); break;
    case EVENT_DONE: event_done(r, ev); break;
    case EVENT_HELD:
        attrs_free(&r->attrs);
        record_held(j, &r->attrs);
        ev->kind = DISPATCH_HELD;
        ev->attrs = &r->attrs;
        break;
    case EVENT_RETRY:
    case EVENT_ERROR:
        ev->kind = v->kind == EVENT_RETRY ? DISPATCH_RETRY : DISPATCH_ERROR;
        ev->text = v->text;
        ev->len = v->len;
        break;
    case EVENT_OUT:
    case EVENT_PART:
    case EVENT_CUT: event_output(v, ev); break;
    }
}

/* There is room again for output that its worker keeps. */
static void reader_credit(struct dispatch_reader *r, const struct event_view *v)
{
    struct task *t;

    if (!r->pacer || (v->kind != EVENT_OUT && v->kind != EVENT_PART))
        return;
    t = &r->job->tasks[v->index];
    if (t->owed && eventlog_has_room(&r->job->log, v->index))
        said_grant(r->core, t);
}

static enum dispatch_read reader_closing(struct dispatch_reader *r,
                                         struct dispatch_event *ev)
{
    if (r->told)
        return DISPATCH_END;
    r->told = true;
    *ev = (struct dispatch_event){.kind = DISPATCH_ERROR,
                                  .jid = r->job->jid,
                                  .text = r->core->closing,
                                  .len = strlen(r->core->closing)};
    return DISPATCH_GOT;
}

/* What is in the store comes when there is nothing left in memory. */
static enum event_read reader_next(struct dispatch_reader *r,
                                   struct event_view *v)
{
    enum event_read got = event_cursor_next(r->cursor, v);

    if (got == EVENT_NONE && r->pages && !jobpages_more(r->pages))
        got = event_cursor_next(r->cursor, v);
    return got;
}

enum dispatch_read dispatch_read(struct dispatch_reader *r,
                                 struct dispatch_event *ev)
{
    struct event_view v;

    if (!r->job)
        return DISPATCH_END;
    if (r->merged) {
        r->merged = false;
        *ev = (struct dispatch_event){.kind = DISPATCH_MERGED,
                                      .jid = r->job->jid};
        return DISPATCH_GOT;
    }
    if (!r->job->stored && !r->job->error)
        return r->core->closing ? reader_closing(r, ev) : DISPATCH_WAIT;
    switch (reader_next(r, &v)) {
    case EVENT_END: return DISPATCH_END;
    case EVENT_NONE:
        return r->core->closing ? reader_closing(r, ev) : DISPATCH_WAIT;
    case EVENT_GOT: break;
    }
    event_translate(r, &v, ev);
    reader_credit(r, &v);
    return DISPATCH_GOT;
}
