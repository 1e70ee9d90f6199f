#include "server/prober_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "lib/log.h"
#include "lib/mem.h"
#include "lib/tls.h"

#define LOOK_MS      1000 /* for a sign of life of what has expired */
#define BEGIN_A_TURN 8    /* runs: each is a connection, or a process */

static const struct probe_kind *const kinds[PROBE_METHODS] = {
    [PROBE_HTTP] = &probe_http,
    [PROBE_TCP] = &probe_tcp,
    [PROBE_SCRIPT] = &probe_script,
};

/* xorshift64*: when checks are run is no secret. Below n. */
static uint64_t chance_below(struct prober *p, uint64_t n)
{
    p->chance ^= p->chance >> 12;
    p->chance ^= p->chance << 25;
    p->chance ^= p->chance >> 27;
    return n ? (p->chance * 0x2545f4914f6cdd1dull >> 16) % n : 0;
}

/* -- TLS ------------------------------------------------------------------- */

static bool is_same(const char *a, const char *b)
{
    return a && b ? !strcmp(a, b) : a == b;
}

/* By what the setting and the file are now. Those who dial have borrowed tls:
 * it stays, and what is in it changes. */
static void read_again(struct tls *tls, const struct tls_options *o)
{
    char *why = NULL;

    if (is_same(tls_options(tls)->ca, o->ca) && !tls_files_changed(tls))
        return;
    if (!tls_load(tls, o, &why))
        log_error("checks of https: %s; the CAs that were read before stay in "
                  "use",
                  why);
    free(why);
}

struct tls *prober_tls(void *arg, bool insecure, const char **error)
{
    struct prober *p = arg;
    struct tls_options options = {.any_server = insecure,
                                  .ca = insecure ? NULL : p->ca,
                                  .system_too = true};
    struct tls **tls = &p->tls[insecure];
    char *why = NULL;

    if (*tls)
        read_again(*tls, &options);
    else
        *tls = tls_new(&options, &why);
    if (!*tls) {
        log_warn("checks of https: %s", why);
        *error = "there are no certificates to check its with: see the log";
        free(why);
    }
    return *tls;
}

/* -- one run --------------------------------------------------------------- */

static uint64_t until_next(struct check *c)
{
    uint64_t interval = c->spec.interval_ms, since;

    since = loop_now(c->prober->loop) - c->started_ms;
    interval += chance_below(c->prober, interval / 8 + 1);
    interval -= c->spec.interval_ms / 16;
    return interval > since ? interval - since : 0;
}

/* The run is gone: what was it, and when is the next? */
static void run_over(struct check *c, enum probe_status status,
                     const char *output)
{
    struct prober *p = c->prober;
    uint64_t took = loop_now(p->loop) - c->started_ms;

    c->run = NULL;
    p->counts.running--;
    p->counts.runs[c->spec.method][status]++;
    histogram_add(&p->counts.seconds, (double)took / 1000);
    loop_timer_set(c->timer, until_next(c));
    if (p->line)
        loop_later(p->loop, &p->begin);
    prober_judge(c, status, output);
}

static void run_done(void *arg, const struct probe_result *r)
{
    char *text = xmemdup0(r->output, r->output_len);
    size_t i;

    for (i = 0; i < r->output_len; i++)
        if (!text[i])
            text[i] = ' ';
    run_over(arg, r->status, text);
    free(text);
}

static void run_timeout(struct check *c)
{
    const struct probe_spec *s = &c->spec;
    struct buf text = BUF_INIT;

    kinds[s->method]->cancel(c->run);
    c->prober->counts.timeouts[s->method]++;
    if (s->method == PROBE_SCRIPT) {
        buf_add_fmt(&text, "Timed out (%.3gs) running check",
                    (double)probe_timeout_ms(s) / 1000);
    } else {
        buf_add_str(&text, s->method == PROBE_TCP ? "TCP connect " : "HTTP ");
        probe_name(s, &text);
        buf_add_fmt(&text, ": no answer within %.3gs",
                    (double)probe_timeout_ms(s) / 1000);
    }
    run_over(c, PROBE_CRITICAL, buf_str(&text));
    buf_free(&text);
}

static void run_begin(struct check *c)
{
    struct prober *p = c->prober;

    c->started_ms = loop_now(p->loop);
    if (c->spec.method == PROBE_SCRIPT && !p->scripts) {
        loop_timer_set(c->timer, until_next(c));
        prober_judge(c, PROBE_CRITICAL,
                     "scripts are not run here: "
                     "consul.enable_script_checks is off");
        return;
    }
    p->counts.running++;
    loop_timer_set(c->timer, probe_timeout_ms(&c->spec));
    c->run = kinds[c->spec.method]->start(&p->place, &c->spec, run_done, c);
}

/* -- whose turn it is ------------------------------------------------------ */

static void line_leave(struct check *c)
{
    if (!c->waits)
        return;
    DL_DELETE(c->prober->line, c);
    c->waits = false;
    c->prober->counts.waiting--;
}

void prober_begin(void *arg)
{
    struct prober *p = arg;
    struct check *c;
    int i;

    for (i = 0; i < BEGIN_A_TURN && p->counts.running < p->at_once; i++) {
        c = p->line;
        if (!c)
            return;
        line_leave(c);
        run_begin(c);
    }
    if (p->line && p->counts.running < p->at_once)
        loop_later(p->loop, &p->begin);
}

static void check_due(struct check *c)
{
    struct prober *p = c->prober;

    c->waits = true;
    DL_APPEND(p->line, c);
    p->counts.waiting++;
    loop_settle(p->loop, &p->begin);
}

/* A TTL whose service shows by itself that it lives. False: it does not, or it
 * has to be told. */
static bool check_lives(struct check *c)
{
    const struct prober_user *u = &c->prober->user;
    uint64_t quiet, ttl = c->spec.ttl_ms;

    if (!c->spec.lives)
        return false;
    quiet = u->quiet(u->arg, check_id(c));
    if (quiet >= ttl) {
        loop_timer_set(c->timer, ttl < LOOK_MS ? ttl : LOOK_MS);
        return c->status == PROBE_CRITICAL;
    }
    loop_timer_set(c->timer, ttl - quiet);
    if (c->status == PROBE_CRITICAL)
        prober_judge(c, PROBE_PASSING, "a sign of life came");
    return true;
}

static void check_expired(struct check *c)
{
    struct buf text = BUF_INIT;

    if (check_lives(c))
        return;
    c->prober->counts.expired++;
    buf_add_str(&text, "TTL expired");
    if (c->said && *c->said)
        buf_add_fmt(&text, " (last output before timeout follows): %s",
                    c->said);
    prober_judge(c, PROBE_CRITICAL, buf_str(&text));
    buf_free(&text);
}

static void check_timer(void *arg)
{
    struct check *c = arg;

    if (c->spec.method == PROBE_TTL)
        check_expired(c);
    else if (c->run)
        run_timeout(c);
    else
        check_due(c);
}

void prober_stop(struct check *c)
{
    line_leave(c);
    if (c->run) {
        kinds[c->spec.method]->cancel(c->run);
        c->run = NULL;
        c->prober->counts.running--;
        if (c->prober->line)
            loop_later(c->prober->loop, &c->prober->begin);
    }
    loop_timer_free(c->timer);
    c->timer = NULL;
}

void prober_schedule(struct check *c, bool soon)
{
    struct prober *p = c->prober;

    prober_stop(c);
    c->timer = loop_timer_new(p->loop, check_timer, c);
    if (c->spec.method == PROBE_TTL)
        loop_timer_set(c->timer, c->spec.lives ? 1 : c->spec.ttl_ms);
    else if (soon)
        check_due(c);
    else
        loop_timer_set(c->timer, chance_below(p, c->spec.interval_ms));
}
