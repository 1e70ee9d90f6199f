/*
 * Jobs: one request to a dispatcher, and the job's life as callbacks.
 *
 *   asking --submit--> running --done--> gone
 *      |                |    ^
 *   (broken)        (broken) | follow JID, what was told is skipped
 *      v                v    |
 *     gone            recovering --EXEC_GIVE_UP_MS--> gone
 *
 * Before `submit` a broken connection is an error at once: whether the job was
 * taken cannot be known, and it must not run twice.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/dispatch.h"
#include "client/exec_told.h"
#include "client/exec_write.h"
#include "client/hosts.h"
#include "client/reply.h"
#include "client/request.h"
#include "lib/attrs.h"

/* A job of one host may be for any: to how many it may go in turn. */
#define HOSTS_OF_ANY 1000

/* So long a dispatcher that was lost in the middle of a job is dialled. */
#define EXEC_GIVE_UP_MS 30000

struct muster_exec {
    struct object obj;
    struct dispatch dispatch;
    struct muster_exec_callbacks cb;
    void *arg;
    struct buf request; /* the line, with its end, and what follows it; empty:
                         * follow */
    char *jid;          /* owned; NULL: not submitted */
    bool detach;        /* on_submit is all there will be */
    bool asked;         /* the request went out */
    unsigned told;      /* a bit for each kind of line told once */
    bool paused;
    bool cancel;      /* asked for, and not confirmed */
    uint64_t lost_ms; /* since when it is recovering; 0: it is not */
    struct backoff backoff, cancel_backoff;
    struct loop_timer *timer; /* the next try, or the end kept back */
    struct loop_timer *cancel_timer;
    struct muster_request *canceller;
    char *error;      /* owned; an end that waits for resume */
    bool unreachable; /* … of that kind */
    struct hosts hosts;
    struct reply_parser parser;
};

static struct muster_exec *exec_of(struct object *o)
{
    return container_of(o, struct muster_exec, obj);
}

/* -- the end --------------------------------------------------------------- */

static void exec_error(struct muster_exec *e, const char *text,
                       bool unreachable)
{
    if (e->paused) {
        free(e->error);
        e->error = xstrdup(text);
        e->unreachable = unreachable;
        return;
    }
    object_enter(&e->obj);
    object_end(&e->obj);
    if (e->cb.on_error)
        e->cb.on_error(e->arg, text, unreachable);
    object_leave(&e->obj);
}

static void exec_done(struct muster_exec *e, const struct muster_summary *s)
{
    object_enter(&e->obj);
    object_end(&e->obj);
    if (e->cb.on_done)
        e->cb.on_done(e->arg, s);
    object_leave(&e->obj);
}

/* -- what the dispatcher says ---------------------------------------------- */

/* Tells on_link once of a loss in the middle of a job, and of its end. False:
 * the job is gone. */
static bool exec_tell_link(struct muster_exec *e, enum muster_link state,
                           const char *reason)
{
    struct muster *m = e->obj.m;
    char text[512];

    if (!m->on_link)
        return true;
    snprintf(text, sizeof(text), "dispatcher, job %s: %s", e->jid, reason);
    object_enter(&e->obj);
    m->on_link(m->arg, state, text);
    return object_leave(&e->obj);
}

/* The line names the job; false: it is another one, or the job is gone. */
static bool exec_known(struct muster_exec *e, const struct reply *r)
{
    if (e->jid && strcmp(e->jid, r->name)) {
        exec_error(e, "the dispatcher tells of another job", false);
        return false;
    }
    if (e->lost_ms && !exec_tell_link(e, MUSTER_UP, "found again"))
        return false;
    e->lost_ms = 0;
    if (!e->jid)
        e->jid = xstrdup(r->name);
    return true;
}

/* It was taken, by an earlier request or this one: each line is told once. */
static void exec_begins(struct muster_exec *e, const struct reply *r)
{
    static const struct muster_summary none;

    if (!exec_known(e, r) || e->told & 1u << r->kind)
        return;
    e->told |= 1u << r->kind;
    object_enter(&e->obj);
    if (r->kind == REPLY_MERGED && e->cb.on_merged)
        e->cb.on_merged(e->arg, r->name);
    if (r->kind == REPLY_HELD && e->cb.on_held)
        e->cb.on_held(e->arg, r->name, (time_t)r->number);
    if (r->kind == REPLY_SUBMIT)
        e->hosts.max = r->number == 1 ? HOSTS_OF_ANY : r->number;
    if (r->kind == REPLY_SUBMIT && e->cb.on_submit)
        e->cb.on_submit(e->arg, r->name, (unsigned)r->number);
    if (object_leave(&e->obj) && e->detach && r->kind != REPLY_MERGED)
        exec_done(e, &none);
}

/* A line about a host. */
static void exec_host(struct muster_exec *e, const struct reply *r)
{
    struct host *h = hosts_get(&e->hosts, r->name);

    if (!h) {
        exec_error(e, "the dispatcher tells of more hosts than the job has",
                   false);
        return;
    }
    backoff_reset(&e->backoff);
    object_enter(&e->obj);
    told_host(&e->cb, e->arg, h, r);
    object_leave(&e->obj);
}

static void exec_line(struct object *o, char *line, size_t len)
{
    struct muster_exec *e = exec_of(o);
    struct reply r;

    if (e->error)
        return;
    reply_parse_exec(&e->parser, line, len, &r);
    if (r.kind == REPLY_BAD || r.kind == REPLY_ERROR)
        exec_error(e, r.text, false);
    else if (r.kind == REPLY_SUBMIT || r.kind == REPLY_HELD ||
             r.kind == REPLY_MERGED)
        exec_begins(e, &r);
    else if (r.kind == REPLY_DONE && e->jid && strcmp(r.name, e->jid) == 0)
        exec_done(e, &r.summary); /* also of one that was held only */
    else if (!(e->told & 1u << REPLY_SUBMIT))
        exec_error(e, "the dispatcher does not begin with submit", false);
    else if (r.kind != REPLY_DONE)
        exec_host(e, &r);
    else
        exec_error(e, "the dispatcher tells of another job", false);
}

/* -- its connection -------------------------------------------------------- */

static void exec_up(struct object *o)
{
    struct muster_exec *e = exec_of(o);
    struct buf *out = dispatch_out(&e->dispatch);

    if (e->jid) {
        hosts_rewind(&e->hosts);
        buf_add_str(out, "follow");
        buf_add_words(out, e->jid);
        buf_add_char(out, '\n');
    } else {
        buf_add(out, buf_data(&e->request), buf_len(&e->request));
    }
    e->asked = true;
    dispatch_flush(&e->dispatch);
}

/* Once more in a while, or an end to it. */
static void exec_recover(struct muster_exec *e, const char *reason)
{
    uint64_t now = loop_now(e->obj.m->loop);
    char text[512];

    if (!e->lost_ms) {
        e->lost_ms = now;
        if (!exec_tell_link(e, MUSTER_DOWN, reason))
            return;
    }
    if (!e->paused && now - e->lost_ms >= EXEC_GIVE_UP_MS) {
        snprintf(text, sizeof(text),
                 "job %s: the dispatcher was lost and does not come back: %s",
                 e->jid, reason);
        exec_error(e, text, true);
        return;
    }
    loop_timer_set(e->timer, backoff_next(&e->backoff, manager_chance()));
}

static void exec_down(struct object *o, enum dispatch_end end,
                      const char *reason)
{
    struct muster_exec *e = exec_of(o);
    char text[512];

    if (e->error)
        return;
    if (e->jid && e->asked) {
        exec_recover(e, reason);
    } else if (!e->asked || end == DISPATCH_NONE) {
        exec_error(e, reason, true);
    } else {
        snprintf(text, sizeof(text),
                 "the dispatcher was lost before it answered (%s): the job "
                 "may have been started, or not",
                 reason);
        exec_error(e, text, true);
    }
}

static const struct dispatch_handler exec_dispatch = {
    .up = exec_up,
    .line = exec_line,
    .down = exec_down,
};

/* The next try; or, after resume, the end that was kept back. */
static void exec_timer(void *arg)
{
    struct muster_exec *e = arg;
    char *text = e->error;

    if (!text) {
        dispatch_redial(&e->dispatch);
        return;
    }
    e->error = NULL;
    exec_error(e, text, e->unreachable);
    free(text);
}

/* -- cancelling ------------------------------------------------------------ */

/* A refusal means that there is nothing left to cancel. */
static void cancel_done(void *arg, const char *error, bool unreachable)
{
    struct muster_exec *e = arg;

    e->canceller = NULL;
    if (error && unreachable)
        loop_timer_set(e->cancel_timer,
                       backoff_next(&e->cancel_backoff, manager_chance()));
    else
        e->cancel = false;
}

/* On a connection of its own: this one is busy with the answer. */
static void cancel_send(void *arg)
{
    static const struct muster_request_callbacks cb = {.on_done = cancel_done};
    struct muster_exec *e = arg;
    const char *words[] = {"cancel", e->jid};

    if (!e->canceller)
        e->canceller = request_start(e->obj.m, dispatch_addr(&e->dispatch),
                                     words, ARRAY_LEN(words), &cb, e, NULL);
}

bool muster_exec_cancel(struct muster_exec *e)
{
    if (!e->jid || !e->asked || e->obj.dead)
        return false;
    if (!e->cancel) {
        e->cancel = true;
        cancel_send(e);
    }
    return true;
}

/* -- life ------------------------------------------------------------------ */

static void exec_stop(struct object *o)
{
    struct muster_exec *e = exec_of(o);

    dispatch_close(&e->dispatch);
    muster_request_cancel(e->canceller);
    e->canceller = NULL;
    loop_timer_free(e->timer);
    loop_timer_free(e->cancel_timer);
}

static void exec_release(struct object *o)
{
    struct muster_exec *e = exec_of(o);

    hosts_free(&e->hosts);
    reply_parser_free(&e->parser);
    if (e->request.data) /* secrets may be among the arguments */
        explicit_bzero(e->request.data, e->request.size);
    buf_free(&e->request);
    free(e->jid);
    free(e->error);
    free(e);
}

static const struct object_class exec_class = {
    .stop = exec_stop,
    .release = exec_release,
};

/* Takes over request (NULL: follow) and jid. */
static struct muster_exec *exec_start(struct muster *m, struct buf *request,
                                      char *jid,
                                      const struct muster_exec_callbacks *cb,
                                      void *arg)
{
    struct muster_exec *e = xcalloc(1, sizeof(*e));

    if (request)
        e->request = *request;
    e->jid = jid;
    e->cb = *cb;
    e->arg = arg;
    e->backoff = e->cancel_backoff = m->backoff;
    object_begin(&e->obj, m, &exec_class);
    e->timer = loop_timer_new(m->loop, exec_timer, e);
    e->cancel_timer = loop_timer_new(m->loop, cancel_send, e);
    dispatch_init(&e->dispatch, &e->obj, jid, &exec_dispatch);
    dispatch_open(&e->dispatch);
    return e;
}

static struct muster_exec *
exec_ask(struct muster *m, const char *op, const struct muster_attr *args,
         size_t count, const struct exec_input *input,
         const struct muster_exec_callbacks *cb, void *arg, char **error)
{
    struct buf request = BUF_INIT;
    struct muster_exec *e;
    size_t i;

    if (!exec_write(op, args, count, input, &request, error)) {
        buf_free(&request);
        return NULL;
    }
    e = exec_start(m, &request, NULL, cb, arg);
    for (i = 0; i < count; i++)
        if (strcmp(args[i].name, ".detach") == 0)
            e->detach = strcmp(args[i].value, "0") != 0;
    return e;
}

struct muster_exec *muster_exec(struct muster *m, const char *op,
                                const struct muster_attr *args,
                                size_t arg_count,
                                const struct muster_exec_callbacks *cb,
                                void *arg, char **error)
{
    return exec_ask(m, op, args, arg_count, NULL, cb, arg, error);
}

struct muster_exec *muster_exec_input(struct muster *m, const char *op,
                                      const struct muster_attr *args,
                                      size_t arg_count, const void *input,
                                      size_t len,
                                      const struct muster_exec_callbacks *cb,
                                      void *arg, char **error)
{
    struct exec_input in = {.bytes = input, .len = len};

    return exec_ask(m, op, args, arg_count, &in, cb, arg, error);
}

struct muster_exec *muster_follow(struct muster *m, const char *jid,
                                  const struct muster_exec_callbacks *cb,
                                  void *arg, char **error)
{
    const char *why = attr_value_wrong(jid, strlen(jid));

    if (why || !*jid) {
        manager_error(error, "no job's identity: %s", why ? why : "empty");
        return NULL;
    }
    return exec_start(m, NULL, xstrdup(jid), cb, arg);
}

struct muster_exec *muster_rerun(struct muster *m, const char *jid,
                                 const char *where, bool detach,
                                 const struct muster_exec_callbacks *cb,
                                 void *arg, char **error)
{
    const char *why = attr_value_wrong(jid, strlen(jid));
    struct buf request = BUF_INIT;
    struct muster_exec *e;

    if (!why && where)
        why = attr_value_wrong(where, strlen(where));
    if (why || !*jid) {
        manager_error(error, "rerun: %s", why ? why : "no job's identity");
        return NULL;
    }
    buf_add_words(&request, "rerun");
    buf_add_words(&request, jid);
    if (where)
        buf_add_pair(&request, ".where", where);
    if (detach)
        buf_add_pair(&request, ".detach", "1");
    buf_add_char(&request, '\n');
    e = exec_start(m, &request, NULL, cb, arg);
    e->detach = detach;
    return e;
}

void muster_exec_pause(struct muster_exec *e)
{
    e->paused = true;
    dispatch_stop_reading(&e->dispatch, true);
}

void muster_exec_resume(struct muster_exec *e)
{
    if (!e->paused)
        return;
    e->paused = false;
    if (e->lost_ms) /* what we did not read does not count against it */
        e->lost_ms = loop_now(e->obj.m->loop);
    dispatch_stop_reading(&e->dispatch, false);
    if (e->error)
        loop_timer_set(e->timer, 0);
}

void muster_exec_detach(struct muster_exec *e)
{
    if (e)
        object_end(&e->obj);
}
