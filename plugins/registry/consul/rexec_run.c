#include "plugins/registry/consul/rexec_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/argument.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/mem.h"
#include "plugins/registry/consul/rexec_writer.h"
#include "server/musterd.h"
#include "server/state/kv.h"

#define NOT_STARTED 255 /* Consul's exit status of what could not be run */
#define KILLED      (-1)

/* Seconds: agents of Consul have no slots, so that nobody expects a refusal. */
#define WAIT_FOR_SLOT "60"

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
    struct muster *muster;
    struct muster_exec *exec; /* NULL: not asked, or ended */
    struct rexec_writer *writer;
    char session[KV_SESSION_ID + 1];
    struct place *places; /* owned; sorted by host */
    size_t count, left;   /* left: have not exited */
    uint64_t wait_ms;
    bool submitted, paused;
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
    if (!r->paused && r->exec &&
        rexec_writer_queued(r->writer) >= REXEC_BACKLOG) {
        r->paused = true;
        muster_exec_pause(r->exec);
    }
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

static void acknowledge(struct rexec_run *r)
{
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
    if (r->muster)
        muster_free(r->muster);
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

    if (r->exec && r->cancelled && r->submitted)
        (void)muster_exec_cancel(r->exec);
    if (r->exec || (!r->cancelled && rexec_writer_queued(r->writer)))
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

    if (r->paused && rexec_writer_queued(r->writer) < REXEC_BACKLOG / 2) {
        r->paused = false;
        if (r->exec)
            muster_exec_resume(r->exec);
    }
    loop_settle(r->m->loop, &r->settle);
}

static void on_refused(void *arg, const char *text)
{
    struct rexec_run *r = arg;

    log_debug("remote execution of session %s ends: %s", r->session, text);
    if (r->paused && r->exec)
        muster_exec_resume(r->exec);
    r->paused = false;
    rexec_run_cancel(r);
}

/* There is no job, or none any more: nobody stays without an exit. */
static void end_all(struct rexec_run *r, const char *why)
{
    r->exec = NULL;
    if (!r->submitted)
        acknowledge(r);
    r->submitted = true;
    for (size_t i = 0; i < r->count; i++) {
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

static struct place *find_place(struct rexec_run *r, const char *host)
{
    struct place key = {.host = (char *)(uintptr_t)host};

    return bsearch(&key, r->places, r->count, sizeof(key), by_host);
}

/* What the library calls does not come through the daemon's loop, which has to
 * look at the clock first. */
static struct rexec_run *called(void *arg)
{
    struct rexec_run *r = arg;

    loop_refresh(r->m->loop);
    return r;
}

static void on_submit(void *arg, const char *jid, unsigned hosts)
{
    struct rexec_run *r = called(arg);

    log_info("remote execution of session %s: job %s on %u hosts", r->session,
             jid, hosts);
    r->submitted = true;
    if (r->cancelled)
        loop_settle(r->m->loop, &r->settle);
    else
        acknowledge(r);
}

static void on_output(void *arg, const char *host, enum muster_stream stream,
                      const char *text, size_t len, bool whole)
{
    struct rexec_run *r = called(arg);
    struct place *p = find_place(r, host);

    (void)stream;
    if (!p || p->exited || r->cancelled)
        return;
    add_output(r, p, text, len);
    if (whole)
        add_output(r, p, "\n", 1);
}

static void on_cut(void *arg, const char *host, enum muster_stream stream,
                   uint64_t bytes)
{
    struct rexec_run *r = called(arg);
    struct place *p = find_place(r, host);
    char *text;

    (void)stream;
    if (!p || p->exited || r->cancelled)
        return;
    text = xasprintf("%llu bytes of output are missing here",
                     (unsigned long long)bytes);
    add_remark(r, p, "%s: %s", text);
    free(text);
}

static void on_exit_of(void *arg, const char *host,
                       const struct muster_result *result)
{
    struct rexec_run *r = called(arg);
    struct place *p = find_place(r, host);

    if (!p || p->exited || r->cancelled)
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

static void on_done(void *arg, const struct muster_summary *s)
{
    (void)s;
    end_all(called(arg), "the job has ended without a word of this worker");
}

static void on_error(void *arg, const char *text, bool unreachable)
{
    struct rexec_run *r = called(arg);

    log_warn("remote execution of session %s: the dispatcher %s: %s",
             r->session, unreachable ? "cannot be reached" : "refuses", text);
    end_all(r, text);
}

/* -- the beginning --------------------------------------------------------- */

/* What a script is run by: it comes as standard input, which it has not. */
#define RUN_SCRIPT                                                             \
    "f=$(mktemp) && trap 'rm -f \"$f\"' EXIT && cat >\"$f\" && "               \
    "chmod 750 \"$f\" && \"$f\" </dev/null"

size_t rexec_run_pairs(const struct rexec_job *j, struct buf *text,
                       struct muster_attr *out)
{
    if (buf_len(&j->script)) {
        out[0] = (struct muster_attr){"cmd", RUN_SCRIPT};
        return 1;
    }
    for (size_t i = 0; i < j->n_args; i++)
        argument_word(text, j->args[i], strlen(j->args[i]));
    if (j->n_args)
        out[0] = (struct muster_attr){"argv", buf_str(text)};
    else
        out[0] = (struct muster_attr){"cmd", j->command};
    return 1;
}

static void ask(struct rexec_run *r, const struct rexec_job *job)
{
    static const struct muster_exec_callbacks calls = {.on_submit = on_submit,
                                                       .on_output = on_output,
                                                       .on_cut = on_cut,
                                                       .on_exit = on_exit_of,
                                                       .on_done = on_done,
                                                       .on_error = on_error};
    struct buf text = BUF_INIT, hosts = BUF_INIT;
    struct muster_attr pairs[REXEC_PAIRS_MAX];
    size_t n = rexec_run_pairs(job, &text, pairs);
    char *error = NULL;

    for (size_t i = 0; i < r->count; i++)
        buf_add_fmt(&hosts, "%s%s", i ? "," : "", r->places[i].host);
    pairs[n++] = (struct muster_attr){".hosts", buf_str(&hosts)};
    pairs[n++] = (struct muster_attr){".wait", WAIT_FOR_SLOT};
    if (buf_len(&job->script))
        r->exec = muster_exec_input(r->muster, "execute", pairs, n,
                                    buf_data(&job->script),
                                    buf_len(&job->script), &calls, r, &error);
    else
        r->exec =
            muster_exec(r->muster, "execute", pairs, n, &calls, r, &error);
    if (!r->exec)
        end_all(r, error);
    free(error);
    buf_free(&text);
    buf_free(&hosts);
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
    char *error = NULL;

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
    if (s->dispatcher)
        r->muster = muster_new(loop_base(r->m->loop), s->dispatcher, &error);
    if (r->muster)
        ask(r, s->job);
    else
        end_all(r, error ? error : s->why);
    free(error);
    rexec_job_free(s->job);
    return r;
}
