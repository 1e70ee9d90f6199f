#include "plugins/registry/consul/rexec_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "lib/loop.h"
#include "lib/mem.h"
#include "plugins/registry/consul/rexec_ask.h"
#include "plugins/registry/consul/rexec_writer.h"
#include "server/musterd.h"
#include "server/state/kv.h"

#define NOT_STARTED 255 /* Consul's exit status of what could not be run */
#define KILLED      (-1)

/* A worker of it. */
struct place {
    char *node, *host; /* owned */
    bool exited;       /* its exit was written, or is on its way */
    unsigned pieces;   /* of output and signs of life, so far */
    struct buf out;    /* not yet a piece */
    uint64_t quiet_at; /* when out is written in any case; 0: it is empty */
    uint64_t alive_at; /* when a sign of life is due */
};

struct rexec_run {
    struct musterd *m;
    struct rexec_ask *ask; /* NULL: there is nobody to ask */
    struct rexec_writer *writer;
    char session[KV_SESSION_ID + 1];
    struct place *places; /* owned; sorted by host */
    size_t count, left;   /* left: have not exited */
    uint64_t wait_ms;
    bool submitted; /* all are acknowledged */
    bool cancelled; /* nothing is written any more, and the job is to end */
    struct loop_timer *timer;
    uint64_t timer_at; /* 0: off */
    struct loop_task settle;
    void (*over)(void *arg, struct rexec_run *run);
    void *arg;
};

const char *rexec_run_session(const struct rexec_run *r)
{
    return r->session;
}

/* -- what is written ------------------------------------------------------- */

static void set_timer(struct rexec_run *r, uint64_t at)
{
    uint64_t now = loop_now(r->m->loop);

    if (r->timer_at && r->timer_at <= at)
        return;
    r->timer_at = at;
    loop_timer_set(r->timer, at > now ? at - now : 0);
}

static void write_key(struct rexec_run *r, struct place *p, const char *name,
                      const void *value, size_t len, bool last)
{
    if (!r->cancelled)
        rexec_writer_add(r->writer, p->node, name, value, len, last);
    p->alive_at = loop_now(r->m->loop) + r->wait_ms;
}

/* A piece of output, or (len 0) a sign of life: they are counted together. */
static void write_piece(struct rexec_run *r, struct place *p, const void *bytes,
                        size_t len)
{
    char name[24];

    snprintf(name, sizeof(name), "out/%05x", p->pieces++);
    write_key(r, p, name, bytes, len, false);
}

static void flush(struct rexec_run *r, struct place *p)
{
    if (buf_len(&p->out))
        write_piece(r, p, buf_data(&p->out), buf_len(&p->out));
    buf_reset(&p->out, REXEC_CHUNK);
    p->quiet_at = 0;
}

static void add_output(struct rexec_run *r, struct place *p, const char *text,
                       size_t len)
{
    size_t n;

    for (; len; text += n, len -= n) {
        n = REXEC_CHUNK - buf_len(&p->out);
        n = len < n ? len : n;
        buf_add(&p->out, text, n);
        if (buf_len(&p->out) == REXEC_CHUNK)
            flush(r, p);
    }
    p->quiet_at = buf_len(&p->out) ? loop_now(r->m->loop) + REXEC_QUIET_MS : 0;
    if (p->quiet_at)
        set_timer(r, p->quiet_at);
    if (r->ask && rexec_writer_queued(r->writer) >= REXEC_BACKLOG)
        rexec_ask_pause(r->ask);
}

/* What is no output of the command, as a line of it. */
static void add_remark(struct rexec_run *r, struct place *p, const char *fmt,
                       const char *text)
{
    struct buf line = BUF_INIT;

    buf_add_str(&line, "muster: ");
    buf_add_fmt(&line, fmt, p->host, text);
    buf_add_char(&line, '\n');
    add_output(r, p, buf_data(&line), buf_len(&line));
    buf_free(&line);
}

static void write_exit(struct rexec_run *r, struct place *p, int rc)
{
    char text[16];

    if (p->exited)
        return;
    flush(r, p);
    snprintf(text, sizeof(text), "%d", rc);
    write_key(r, p, "exit", text, strlen(text), true);
    p->exited = true;
    r->left--;
}

static void acknowledge(void *arg)
{
    struct rexec_run *r = arg;

    r->submitted = true;
    for (size_t i = 0; i < r->count; i++)
        write_key(r, &r->places[i], "ack", "", 0, false);
    set_timer(r, loop_now(r->m->loop) + r->wait_ms);
}

/* Output that has been quiet, signs of life. */
static void on_timer(void *arg)
{
    struct rexec_run *r = arg;
    uint64_t now = loop_now(r->m->loop), next = UINT64_MAX;

    r->timer_at = 0;
    for (size_t i = 0; i < r->count && r->submitted; i++) {
        struct place *p = &r->places[i];

        if (p->exited)
            continue;
        if (p->quiet_at && p->quiet_at <= now)
            flush(r, p);
        if (p->alive_at <= now)
            write_piece(r, p, NULL, 0);
        if (p->quiet_at && p->quiet_at < next)
            next = p->quiet_at;
        if (p->alive_at < next)
            next = p->alive_at;
    }
    if (next != UINT64_MAX && !r->cancelled)
        set_timer(r, next);
}

/* -- the end --------------------------------------------------------------- */

void rexec_run_free(struct rexec_run *r)
{
    loop_unsettle(r->m->loop, &r->settle);
    loop_timer_free(r->timer);
    rexec_ask_free(r->ask);
    rexec_writer_free(r->writer);
    for (size_t i = 0; i < r->count; i++) {
        free(r->places[i].node);
        free(r->places[i].host);
        buf_free(&r->places[i].out);
    }
    free(r->places);
    free(r);
}

/* After each turn in which it may have ended, or is to be cancelled. */
static void settle(void *arg)
{
    struct rexec_run *r = arg;

    if (r->ask && r->cancelled)
        rexec_ask_cancel(r->ask);
    if ((r->ask && !rexec_ask_is_over(r->ask)) ||
        (!r->cancelled && rexec_writer_queued(r->writer)))
        return;
    r->over(r->arg, r);
    rexec_run_free(r);
}

void rexec_run_cancel(struct rexec_run *r)
{
    if (r->cancelled)
        return;
    r->cancelled = true;
    loop_settle(r->m->loop, &r->settle);
}

static void on_written(void *arg)
{
    struct rexec_run *r = arg;

    if (r->ask && rexec_writer_queued(r->writer) < REXEC_BACKLOG / 2)
        rexec_ask_resume(r->ask);
    loop_settle(r->m->loop, &r->settle);
}

static void on_refused(void *arg, const char *text)
{
    struct rexec_run *r = arg;

    log_debug("remote execution of session %s ends: %s", r->session, text);
    rexec_run_cancel(r);
}

/* There is no job for these, or none any more: nobody stays without an exit. */
static void end_some(void *arg, size_t first, size_t count, const char *why)
{
    struct rexec_run *r = arg;

    for (size_t i = first; i < first + count; i++) {
        if (r->places[i].exited)
            continue;
        add_remark(r, &r->places[i], "%s: %s", why);
        write_exit(r, &r->places[i], NOT_STARTED);
    }
    loop_settle(r->m->loop, &r->settle);
}

/* -- what the dispatcher tells --------------------------------------------- */

static int by_host(const void *a, const void *b)
{
    const struct place *p = a, *q = b;

    return strcmp(p->host, q->host);
}

/* Where something is still to be written; or NULL. */
static struct place *find_place(struct rexec_run *r, const char *host)
{
    struct place key = {.host = (char *)(uintptr_t)host}, *p;

    p = bsearch(&key, r->places, r->count, sizeof(key), by_host);
    return p && !p->exited && !r->cancelled ? p : NULL;
}

static void on_output(void *arg, const char *host, const char *text, size_t len)
{
    struct rexec_run *r = arg;
    struct place *p = find_place(r, host);

    if (p)
        add_output(r, p, text, len);
}

static void on_cut(void *arg, const char *host, uint64_t bytes)
{
    struct rexec_run *r = arg;
    struct place *p = find_place(r, host);
    char *text;

    if (!p)
        return;
    text = xasprintf("%llu bytes of output are missing here",
                     (unsigned long long)bytes);
    add_remark(r, p, "%s: %s", text);
    free(text);
}

static void on_exited(void *arg, const char *host,
                      const struct muster_result *result)
{
    struct rexec_run *r = arg;
    struct place *p = find_place(r, host);

    if (!p)
        return;
    if (!strncmp(result->reason, "signal", 6)) {
        write_exit(r, p, KILLED);
    } else if (result->rc >= 0) {
        write_exit(r, p, result->rc);
    } else {
        add_remark(r, p, "%s: %s", result->reason);
        write_exit(r, p, NOT_STARTED);
    }
}

/* -- the beginning --------------------------------------------------------- */

static const char *host_at(const void *hosts, size_t i)
{
    return ((const struct place *)hosts)[i].host;
}

/* Of all places, if there is a dispatcher. */
static void ask(struct rexec_run *r, const struct rexec_run_setup *s)
{
    static const struct rexec_ask_calls calls = {.submitted = acknowledge,
                                                 .output = on_output,
                                                 .cut = on_cut,
                                                 .exited = on_exited,
                                                 .ended = end_some};
    struct rexec_ask_setup setup = {.loop = r->m->loop,
                                    .dispatcher = s->dispatcher,
                                    .session = r->session,
                                    .job = s->job,
                                    .count = r->count,
                                    .host = host_at,
                                    .hosts = r->places,
                                    .line = s->line,
                                    .calls = &calls,
                                    .arg = r};
    char *error = NULL;

    if (s->dispatcher)
        r->ask = rexec_ask_start(&setup, &error);
    if (!r->ask) {
        acknowledge(r);
        end_some(r, 0, r->count, error ? error : s->why);
    }
    free(error);
}

/* The targets become places. */
static void take_targets(struct rexec_run *r, struct rexec_target *list,
                         size_t count)
{
    r->places = xcalloc(count, sizeof(*r->places));
    r->count = r->left = count;
    for (size_t i = 0; i < count; i++) {
        r->places[i].node = list[i].node;
        r->places[i].host = list[i].host;
    }
    free(list);
    qsort(r->places, count, sizeof(*r->places), by_host);
}

struct rexec_run *rexec_run_start(const struct rexec_run_setup *s)
{
    static const struct rexec_writer_calls calls = {on_written, on_refused};
    struct rexec_run *r = xcalloc(1, sizeof(*r));
    char *base = xasprintf("%s/%s", s->place->prefix, s->place->session);

    r->m = s->m;
    r->over = s->over;
    r->arg = s->arg;
    r->wait_ms = s->job->wait_ms;
    memcpy(r->session, s->place->session, KV_SESSION_ID);
    r->writer = rexec_writer_new(r->m, base, r->session, &calls, r);
    r->timer = loop_timer_new(r->m->loop, on_timer, r);
    r->settle = (struct loop_task){.fn = settle, .arg = r};
    take_targets(r, s->targets, s->count);
    free(base);
    ask(r, s);
    rexec_job_free(s->job);
    return r;
}
