#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "lib/mem.h"
#include "plugins/registry/consul/rexec_run_impl.h"
#include "server/musterd.h"

#define NOT_STARTED 255 /* Consul's exit status of what could not be run */
#define KILLED      (-1)

const char *rexec_run_session(const struct rexec_run *r)
{
    return r->session;
}

/* -- the end --------------------------------------------------------------- */

void rexec_run_free(struct rexec_run *r)
{
    loop_unsettle(r->m->loop, &r->settle);
    loop_timer_free(r->timer);
    execs_let_go(r->keeping);
    rexec_ask_free(r->ask);
    rexec_writer_free(r->writer);
    rexec_job_free(&r->job);
    free(r->prefix);
    free(r->base);
    free(r->dispatcher);
    for (size_t i = 0; i < r->count; i++) {
        free(r->places[i].node);
        free(r->places[i].host);
        buf_free(&r->places[i].out);
    }
    free(r->places);
    free(r);
}

static bool is_over(const struct rexec_run *r)
{
    if (r->asked && r->ask && !rexec_ask_is_over(r->ask))
        return false;
    return r->cancelled || (r->asked && !rexec_writer_queued(r->writer));
}

/* After each turn in which it may have ended, or is to be cancelled. */
static void settle(void *arg)
{
    struct rexec_run *r = arg;

    if (r->asked && r->ask && r->cancelled)
        rexec_ask_cancel(r->ask);
    if (!is_over(r))
        return;
    if (r->dispatcher)
        execs_remove(r->m->execs, r->session);
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

/* There is no job for these, or none any more: nobody stays without an exit.
 * What of their output was not told again is not missed. */
static void end_some(void *arg, size_t first, size_t count, const char *why)
{
    struct rexec_run *r = arg;

    for (size_t i = first; i < first + count; i++) {
        if (r->places[i].exited)
            continue;
        r->places[i].first = 0;
        memset(r->places[i].skip, 0, sizeof(r->places[i].skip));
        rexec_run_remark(r, &r->places[i], why);
        rexec_run_exit(r, &r->places[i], NOT_STARTED);
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

static void on_output(void *arg, const char *host, enum muster_stream stream,
                      const char *text, size_t len)
{
    struct rexec_run *r = arg;
    struct place *p = find_place(r, host);

    if (p)
        rexec_run_output(r, p, stream, text, len);
}

static void on_cut(void *arg, const char *host, enum muster_stream stream,
                   uint64_t bytes)
{
    struct rexec_run *r = arg;
    struct place *p = find_place(r, host);

    if (p)
        rexec_run_missing(r, p, stream, bytes);
}

static void on_exited(void *arg, const char *host,
                      const struct muster_result *result)
{
    struct rexec_run *r = arg;
    struct place *p = find_place(r, host);

    if (!p)
        return;
    if (!strncmp(result->reason, "signal", 6)) {
        rexec_run_exit(r, p, KILLED);
    } else if (result->rc >= 0) {
        rexec_run_exit(r, p, result->rc);
    } else {
        rexec_run_remark(r, p, result->reason);
        rexec_run_exit(r, p, NOT_STARTED);
    }
}

/* -- what is kept ---------------------------------------------------------- */

/* parts NULL: it is about to be asked for. */
static struct exec_change *keep(struct rexec_run *r, struct rexec_part *parts,
                                size_t n_parts, exec_done_fn *done)
{
    struct rexec_target *targets = xcalloc(r->count, sizeof(*targets));
    const struct rexec_kept k = {.prefix = r->prefix,
                                 .wait_ms = r->wait_ms,
                                 .dispatcher = r->dispatcher,
                                 .parts = parts,
                                 .n_parts = n_parts,
                                 .targets = targets,
                                 .count = r->count};
    struct exec_change *change;
    struct buf text = BUF_INIT;

    for (size_t i = 0; i < r->count; i++)
        targets[i] =
            (struct rexec_target){r->places[i].node, r->places[i].host};
    rexec_kept_write(&k, &text);
    change = execs_put(r->m->execs, r->session, buf_data(&text), buf_len(&text),
                       done, r);
    buf_free(&text);
    free(targets);
    return change;
}

/* What it became is kept before the first ack is. */
static void submitted(void *arg)
{
    struct rexec_run *r = arg;
    struct rexec_part *parts;
    size_t n;

    if (!r->known && !r->cancelled) {
        parts = rexec_ask_parts(r->ask, &n);
        (void)keep(r, parts, n, NULL);
        rexec_parts_free(parts, n);
        r->known = true;
    }
    rexec_run_acknowledge(r);
}

/* -- the beginning --------------------------------------------------------- */

static const char *host_at(const void *hosts, size_t i)
{
    return ((const struct place *)hosts)[i].host;
}

static void on_kept(void *arg, const char *text)
{
    struct rexec_run *r = arg;

    r->keeping = NULL;
    if (r->cancelled)
        return;
    if (text)
        log_warn("remote execution of session %s: it will not be gone on with "
                 "after a restart: %s",
                 r->session, text);
    r->asked = true;
    rexec_ask_begin(r->ask, &r->job, r->line);
    rexec_job_free(&r->job);
    loop_settle(r->m->loop, &r->settle);
}

/* There is nobody to ask. */
static void ask_nobody(struct rexec_run *r, const char *why)
{
    r->asked = true;
    rexec_run_acknowledge(r);
    end_some(r, 0, r->count, why);
}

/* Of all places, if there is a dispatcher. */
static void ask(struct rexec_run *r, const struct rexec_run_setup *s)
{
    static const struct rexec_ask_calls calls = {.submitted = submitted,
                                                 .output = on_output,
                                                 .cut = on_cut,
                                                 .exited = on_exited,
                                                 .ended = end_some};
    struct rexec_ask_setup setup = {.loop = r->m->loop,
                                    .dispatcher = s->dispatcher,
                                    .session = r->session,
                                    .count = r->count,
                                    .host = host_at,
                                    .hosts = r->places,
                                    .calls = &calls,
                                    .arg = r};
    char *error = NULL;

    if (s->dispatcher)
        r->ask = rexec_ask_new(&setup, &error);
    if (!r->ask) {
        ask_nobody(r, error ? error : s->why);
    } else if (s->n_parts) {
        r->known = r->asked = true;
        rexec_ask_follow(r->ask, s->parts, s->n_parts);
    } else {
        r->keeping = keep(r, NULL, 0, on_kept);
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

    r->m = s->m;
    r->over = s->over;
    r->arg = s->arg;
    r->wait_ms = s->wait_ms;
    r->line = s->line;
    r->job = *s->job;
    *s->job = (struct rexec_job){0};
    memcpy(r->session, s->place->session, KV_SESSION_ID);
    r->prefix = xstrdup(s->place->prefix);
    r->base = xasprintf("%s/%s", r->prefix, r->session);
    if (s->dispatcher)
        r->dispatcher = xstrdup(s->dispatcher->dispatcher);
    r->writer = rexec_writer_new(r->m, r->base, r->session, &calls, r);
    r->timer = loop_timer_new(r->m->loop, rexec_run_timer, r);
    r->settle = (struct loop_task){.fn = settle, .arg = r};
    take_targets(r, s->targets, s->count);
    if (s->again)
        rexec_run_look_back(r);
    if (r->left) {
        ask(r, s);
        return r;
    }
    r->asked = true;
    loop_settle(r->m->loop, &r->settle);
    return r;
}
