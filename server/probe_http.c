/*
 * A probe of HTTP: asks for a page, follows where it is sent to, and reads no
 * more of the answer than it keeps.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base64.h"
#include "lib/conn.h"
#include "lib/dial.h"
#include "lib/mem.h"
#include "server/probe.h"
#include "server/probe_answer.h"
#include "server/probe_url.h"

#define REDIRECTS_MAX 10
#define OUTPUT_QUEUE  65536 /* of a request */

struct probe_run {
    const struct probe_place *place;
    const struct probe_spec *spec;
    probe_done_fn *done;
    void *arg;
    struct dial *dial;
    struct conn *conn;
    struct probe_answer answer;
    char *url;             /* owned: where it is now */
    struct probe_url at;   /* its parts */
    const char *verb;      /* that it is asked with */
    bool elsewhere;        /* another server than the one meant */
    unsigned redirects;    /* so far */
    struct loop_task over; /* tells what came of it: not from inside conn */
    char why[400];         /* it failed; "": there is an answer */
};

static void http_ask(struct probe_run *run);

/* -- what came of it ------------------------------------------------------- */

static void http_free(struct probe_run *run)
{
    if (run->dial)
        dial_cancel(run->dial);
    if (run->conn)
        conn_free_now(run->conn);
    loop_unsettle(run->place->loop, &run->over);
    probe_answer_free(&run->answer);
    free(run->url);
    free(run);
}

static bool is_redirect(const struct probe_answer *a)
{
    switch (a->status) {
    case 301:
    case 302:
    case 303:
    case 307:
    case 308: return a->location != NULL;
    default: return false;
    }
}

static bool is_same_server(const struct probe_url *a, const struct probe_url *b)
{
    return a->tls == b->tls && a->port == b->port &&
           strcasecmp(a->host, b->host) == 0;
}

/* Goes where the answer says. False: nowhere, the answer stands. */
static bool http_follow(struct probe_run *run)
{
    const struct probe_answer *a = &run->answer;
    struct probe_url before = run->at;
    char *next, *last = run->url;

    if (*run->why || !is_redirect(a) || run->redirects == REDIRECTS_MAX)
        return false;
    next = probe_url_join(&run->at, a->location, strlen(a->location));
    if (!next || probe_url_parse(&run->at, next, strlen(next))) {
        free(next);
        return false;
    }
    run->elsewhere |= !is_same_server(&run->at, &before);
    if (a->status < 307 && strcmp(run->verb, "HEAD") != 0)
        run->verb = "GET";
    run->redirects++;
    run->url = next;
    free(last);
    conn_free_now(run->conn);
    run->conn = NULL;
    probe_answer_free(&run->answer);
    http_ask(run);
    return true;
}

static enum probe_status status_of(unsigned status)
{
    if (status / 100 == 2)
        return PROBE_PASSING;
    return status == 429 ? PROBE_WARNING : PROBE_CRITICAL;
}

/* What is said of it. */
static void http_tell(struct probe_run *run, struct buf *text)
{
    const struct probe_spec *s = run->spec;
    const struct probe_answer *a = &run->answer;

    buf_add_fmt(text, "HTTP %s ", s->verb ? s->verb : "GET");
    probe_name(s, text);
    buf_add_str(text, ": ");
    if (*run->why) {
        buf_add_str(text, run->why);
        return;
    }
    buf_add_fmt(text, "%u %s Output: ", a->status, a->reason);
    if (buf_len(&a->body))
        buf_add(text, buf_data(&a->body), buf_len(&a->body));
}

static void http_over(void *arg)
{
    struct probe_run *run = arg;
    struct probe_result r = {.status = PROBE_CRITICAL};
    struct buf text = BUF_INIT;
    probe_done_fn *done = run->done;
    void *done_arg = run->arg;

    if (http_follow(run))
        return;
    http_tell(run, &text);
    if (!*run->why)
        r.status = status_of(run->answer.status);
    http_free(run);
    r.output = buf_str(&text);
    r.output_len = buf_len(&text);
    done(done_arg, &r);
    buf_free(&text);
}

/* why "": there is an answer. The first word stands. */
static void http_end(struct probe_run *run, const char *why)
{
    if (run->over.queued)
        return;
    snprintf(run->why, sizeof(run->why), "%s", why);
    loop_settle(run->place->loop, &run->over);
}

/* -- the connection -------------------------------------------------------- */

static enum conn_verdict http_bytes(struct conn *c, void *arg,
                                    const char *bytes, size_t len)
{
    struct probe_run *run = arg;

    (void)c;
    if (!probe_answer_feed(&run->answer, bytes, len))
        return CONN_NEXT;
    http_end(run,
             run->answer.part == ANSWER_DONE ? "" : "its answer is no HTTP");
    return CONN_WAIT;
}

static void http_eof(struct conn *c, void *arg)
{
    struct probe_run *run = arg;

    (void)c;
    http_end(run, probe_answer_end(&run->answer) ? "" : "its answer broke off");
}

static void http_closed(struct conn *c, void *arg, const char *reason)
{
    struct probe_run *run = arg;
    char why[300];

    (void)c;
    run->conn = NULL;
    if (probe_answer_end(&run->answer)) {
        http_end(run, "");
        return;
    }
    snprintf(why, sizeof(why), "its answer broke off: %s", reason);
    http_end(run, why);
}

static bool has_header(const struct probe_spec *s, const char *name)
{
    size_t i;

    for (i = 0; i < s->header_count; i++)
        if (strcasecmp(s->headers[i].name, name) == 0)
            return true;
    return false;
}

static void add_basic(struct buf *out, const struct probe_url *at)
{
    buf_add_str(out, "Authorization: Basic ");
    base64_encode(out, at->user, at->user_len);
    buf_add_str(out, "\r\n");
}

/* Headers are for the server that is meant, and for no other. */
static void write_request(const struct probe_run *run, struct buf *out)
{
    static const struct probe_spec nothing;
    const struct probe_spec *s = run->elsewhere ? &nothing : run->spec;
    const struct probe_url *at = &run->at;
    size_t i;

    buf_add_fmt(out, "%s %s%.*s HTTP/1.1\r\n", run->verb,
                at->target_len && *at->target == '/' ? "" : "/",
                (int)at->target_len, at->target);
    if (!has_header(s, "Host"))
        buf_add_fmt(out, "Host: %.*s\r\n", (int)at->authority_len,
                    at->authority);
    if (!has_header(s, "User-Agent"))
        buf_add_str(out, "User-Agent: Consul Health Check\r\n");
    if (!has_header(s, "Accept"))
        buf_add_str(out, "Accept: text/plain, text/*, */*\r\n");
    if (at->user && !has_header(s, "Authorization"))
        add_basic(out, at);
    for (i = 0; i < s->header_count; i++)
        if (strcasecmp(s->headers[i].name, "Connection") != 0)
            buf_add_fmt(out, "%s: %s\r\n", s->headers[i].name,
                        s->headers[i].value);
    buf_add_str(out, "Connection: close\r\n\r\n");
}

static void http_dialled(void *arg, int fd, struct tls_session *tls,
                         const char *error)
{
    static const struct conn_limits limits = {.line = 8192,
                                              .output = OUTPUT_QUEUE};
    static const struct conn_handler handler = {
        .bytes = http_bytes, .eof = http_eof, .closed = http_closed};
    struct probe_run *run = arg;

    run->dial = NULL;
    if (fd < 0) {
        http_end(run, error);
        return;
    }
    run->conn = conn_new(run->place->loop, fd, "probe", &limits, &handler, run);
    if (tls)
        conn_start_tls(run->conn, tls, NULL);
    conn_take_bytes(run->conn, UINT64_MAX);
    write_request(run, conn_out(run->conn));
    conn_flush(run->conn);
}

/* -- life ------------------------------------------------------------------ */

static void http_ask(struct probe_run *run)
{
    const struct probe_url *at = &run->at;
    struct addr addr = {.kind = ADDR_TCP, .port = at->port, .tls = at->tls};
    const char *error = NULL;
    struct tls *tls = NULL;

    probe_answer_init(&run->answer, PROBE_OUTPUT_MAX,
                      strcmp(run->verb, "HEAD") == 0);
    snprintf(addr.host, sizeof(addr.host), "%s", at->host);
    if (at->tls) {
        tls = run->place->tls(run->place->arg, run->spec->insecure, &error);
        if (!tls) {
            http_end(run, error);
            return;
        }
    }
    /* it is cancelled before that */
    run->dial =
        dial_start(run->place->loop, &addr, tls,
                   probe_timeout_ms(run->spec) + 1000, http_dialled, run);
}

static struct probe_run *http_start(const struct probe_place *place,
                                    const struct probe_spec *s,
                                    probe_done_fn *done, void *arg)
{
    struct probe_run *run = xcalloc(1, sizeof(*run));

    *run = (struct probe_run){.place = place,
                              .spec = s,
                              .done = done,
                              .arg = arg,
                              .url = xstrdup(s->target),
                              .verb = s->verb ? s->verb : "GET"};
    run->over = (struct loop_task){.fn = http_over, .arg = run};
    if (probe_url_parse(&run->at, run->url, strlen(run->url)))
        http_end(run, "its URL cannot be asked for");
    else
        http_ask(run);
    return run;
}

const struct probe_kind probe_http = {http_start, http_free};
