#include "t/driver/thing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/mem.h"

#define DRIVER_THINGS 64

static struct thing things[DRIVER_THINGS];
static struct muster *m;

struct thing *thing_find(const char *id)
{
    int i;

    for (i = 0; i < DRIVER_THINGS; i++)
        if (things[i].id && strcmp(things[i].id, id) == 0)
            return &things[i];
    fprintf(stderr, "client-driver: no %s\n", id);
    exit(2);
}

struct thing *thing_new(const char *id, enum kind kind)
{
    struct thing *t = things;

    while (t->id)
        t++;
    t->id = xstrdup(id);
    t->kind = kind;
    return t;
}

static void thing_forget(struct thing *t)
{
    free(t->id);
    free(t->at);
    free(t->action);
    free(t->other);
    memset(t, 0, sizeof(*t));
}

void thing_free(struct thing *t)
{
    switch (t->kind) {
    case REGISTRATION: muster_registration_free(t->handle); break;
    case FIND: muster_find_cancel(t->handle); break;
    case MONITOR: muster_monitor_free(t->handle); break;
    case EXEC: muster_exec_detach(t->handle); break;
    case REQUEST: muster_request_cancel(t->handle); break;
    case NOTHING: break;
    }
    thing_forget(t);
}

void driver_end(void)
{
    int i;

    muster_free(m);
    m = NULL;
    for (i = 0; i < DRIVER_THINGS; i++)
        if (things[i].id)
            thing_forget(&things[i]);
}

/* -- what is said ---------------------------------------------------------- */

static void say(struct buf *b)
{
    buf_add_char(b, '\n');
    fwrite(buf_data(b), 1, buf_len(b), stdout);
    fflush(stdout);
    buf_free(b);
}

static void begin(struct buf *b, const struct thing *t, const char *event)
{
    *b = (struct buf)BUF_INIT;
    buf_add_words(b, t->id);
    buf_add_words(b, event);
}

static void add_number(struct buf *b, uint64_t n)
{
    buf_add_char(b, ' ');
    buf_add_u64(b, n);
}

static void add_attrs(struct buf *b, const struct muster_attr *attrs,
                      size_t count)
{
    size_t i;

    for (i = 0; i < count; i++)
        buf_add_pair(b, attrs[i].name, attrs[i].value);
}

static void add_service(struct buf *b, const struct muster_service *s)
{
    buf_add_words(b, s->name);
    add_attrs(b, s->attrs, s->attr_count);
}

/* Says it, and does what `at` has ordered for this callback. */
static void finish(struct buf *b, struct thing *t, const char *event)
{
    char *action = t->action, *other = t->other;
    bool now = t->at && strcmp(t->at, event) == 0;

    say(b);
    if (!now)
        return;
    free(t->at);
    t->at = t->action = t->other = NULL;
    if (strcmp(action, "end") == 0)
        driver_end();
    else if (strcmp(action, "pause") == 0)
        muster_exec_pause(t->handle);
    else
        thing_free(thing_find(other));
    free(action);
    free(other);
}

static void say_number(struct thing *t, const char *event, uint64_t n)
{
    struct buf b;

    begin(&b, t, event);
    add_number(&b, n);
    finish(&b, t, event);
}

void say_text(struct thing *t, const char *event, const char *text)
{
    struct buf b;

    begin(&b, t, event);
    buf_add_words(&b, text);
    finish(&b, t, event);
}

static void say_service(struct thing *t, const char *event,
                        const struct muster_service *s)
{
    struct buf b;

    begin(&b, t, event);
    add_service(&b, s);
    finish(&b, t, event);
}

/* A last callback: the handle is gone, whatever is done in it. */
static void say_end(struct thing *t, struct buf *b, const char *event)
{
    t->kind = NOTHING;
    finish(b, t, event);
    if (t->id)
        thing_forget(t);
}

/* -- callbacks ------------------------------------------------------------- */

static void on_link(void *arg, enum muster_link state, const char *text)
{
    say_text(arg, state == MUSTER_UP ? "up" : "down", text);
}

void driver_on_registered(void *arg, uint64_t revision)
{
    say_number(arg, "registered", revision);
}

void driver_on_refused(void *arg, const char *text)
{
    say_text(arg, "refused", text);
}

static void on_service(void *arg, const struct muster_service *s)
{
    say_service(arg, "service", s);
}

static void on_found(void *arg, const char *error, uint64_t revision)
{
    struct buf b;

    begin(&b, arg, "done");
    if (error)
        buf_add_words(&b, error);
    else
        add_number(&b, revision);
    say_end(arg, &b, "done");
}

static void on_add(void *arg, const struct muster_service *s)
{
    say_service(arg, "add", s);
}

static void on_change(void *arg, const struct muster_service *s,
                      const struct muster_service *old)
{
    struct buf b;

    begin(&b, arg, "change");
    add_service(&b, s);
    buf_add_words(&b, "was");
    add_service(&b, old);
    finish(&b, arg, "change");
}

static void on_gone(void *arg, const struct muster_service *old)
{
    say_service(arg, "gone", old);
}

static void on_synced(void *arg, uint64_t revision)
{
    say_number(arg, "synced", revision);
}

static void on_error(void *arg, const char *text)
{
    say_text(arg, "error", text);
}

static void on_submit(void *arg, const char *jid, unsigned hosts)
{
    struct buf b;

    begin(&b, arg, "submit");
    buf_add_words(&b, jid);
    add_number(&b, hosts);
    finish(&b, arg, "submit");
}

static void on_ack(void *arg, const char *host)
{
    say_text(arg, "ack", host);
}

static const char *const streams[] = {"stdout", "stderr", "result", "progress"};

static void on_output(void *arg, const char *host, enum muster_stream stream,
                      const char *text, size_t len, bool whole)
{
    struct buf b;

    begin(&b, arg, whole ? "out" : "part");
    buf_add_words(&b, host);
    buf_add_words(&b, streams[stream]);
    buf_add_word(&b, text, len);
    finish(&b, arg, "output");
}

static void on_cut(void *arg, const char *host, enum muster_stream stream,
                   uint64_t bytes)
{
    struct buf b;

    begin(&b, arg, "cut");
    buf_add_words(&b, host);
    buf_add_words(&b, streams[stream]);
    add_number(&b, bytes);
    finish(&b, arg, "cut");
}

static void on_result(void *arg, const char *host, const char *json, size_t len)
{
    struct buf b;

    begin(&b, arg, "result");
    buf_add_words(&b, host);
    buf_add_word(&b, json, len);
    finish(&b, arg, "result");
}

static void on_progress(void *arg, const char *host, unsigned percent,
                        const char *text, size_t len)
{
    struct buf b;

    begin(&b, arg, "progress");
    buf_add_words(&b, host);
    add_number(&b, percent);
    buf_add_word(&b, text, len);
    finish(&b, arg, "progress");
}

static void on_host_exit(void *arg, const char *host,
                         const struct muster_result *r)
{
    struct buf b;

    begin(&b, arg, "exit");
    buf_add_words(&b, host);
    buf_add_fmt(&b, " %d state %d", r->rc, r->state);
    buf_add_pair(&b, "reason", r->reason);
    add_attrs(&b, r->attrs, r->attr_count);
    finish(&b, arg, "exit");
}

static void on_job_done(void *arg, const struct muster_summary *s)
{
    struct buf b;

    begin(&b, arg, "done");
    buf_add_fmt(&b, " %d ok %u skipped %u failed %u unreachable %u changed %u",
                s->state, s->ok, s->skipped, s->failed, s->unreachable,
                s->changed);
    say_end(arg, &b, "done");
}

static void on_job_error(void *arg, const char *text, bool unreachable)
{
    struct buf b;

    begin(&b, arg, "error");
    buf_add_words(&b, text);
    buf_add_words(&b, unreachable ? "unreachable" : "refused");
    say_end(arg, &b, "error");
}

static void on_line(void *arg, const char *const *words, size_t count)
{
    struct buf b;
    size_t i;

    begin(&b, arg, "line");
    for (i = 0; i < count; i++)
        buf_add_words(&b, words[i]);
    finish(&b, arg, "line");
}

static void on_answered(void *arg, const char *error, bool unreachable)
{
    struct buf b;

    begin(&b, arg, "done");
    if (error) {
        buf_add_words(&b, error);
        buf_add_words(&b, unreachable ? "unreachable" : "refused");
    }
    say_end(arg, &b, "done");
}

static const struct muster_find_callbacks find_cb = {.on_service = on_service,
                                                     .on_done = on_found};
static const struct muster_monitor_callbacks monitor_cb = {
    .on_add = on_add,
    .on_change = on_change,
    .on_gone = on_gone,
    .on_synced = on_synced,
    .on_error = on_error};
static const struct muster_exec_callbacks exec_cb = {.on_submit = on_submit,
                                                     .on_ack = on_ack,
                                                     .on_output = on_output,
                                                     .on_cut = on_cut,
                                                     .on_result = on_result,
                                                     .on_progress = on_progress,
                                                     .on_exit = on_host_exit,
                                                     .on_done = on_job_done,
                                                     .on_error = on_job_error};
static const struct muster_request_callbacks request_cb = {
    .on_line = on_line, .on_done = on_answered};

void thing_begun(struct thing *t, void *handle, char *error)
{
    t->handle = handle;
    if (handle)
        return;
    t->kind = NOTHING;
    say_text(t, "bad", error);
    free(error);
    thing_forget(t);
}

const struct muster_find_callbacks *driver_find(void)
{
    return &find_cb;
}

const struct muster_monitor_callbacks *driver_monitor(void)
{
    return &monitor_cb;
}

const struct muster_exec_callbacks *driver_exec(void)
{
    return &exec_cb;
}

const struct muster_request_callbacks *driver_request(void)
{
    return &request_cb;
}

struct muster *driver_muster(void)
{
    return m;
}

bool driver_begin(struct event_base *base, struct muster_options *options)
{
    char *error = NULL;

    options->on_link = on_link;
    options->arg = thing_new("link", NOTHING);
    m = muster_new(base, options, &error);
    if (!m) {
        printf("bad '%s'\n", error);
        driver_end();
    }
    free(error);
    return m != NULL;
}
