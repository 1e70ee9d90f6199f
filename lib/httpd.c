#include "lib/httpd.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <utlist.h>

#include "lib/conn.h"
#include "lib/httpd_impl.h"
#include "lib/log.h"
#include "lib/mem.h"

double httpd_clock(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* -- requests -------------------------------------------------------------- */

static void request_free(struct http_request *r)
{
    loop_unsettle(r->h->loop, &r->finish);
    httpd_unask(r);
    if (r->waits) {
        DL_DELETE(r->h->waiting, r);
        r->h->n_waiting--;
    }
    if (r->holder.principal)
        principal_release(&r->holder);
    http_head_free(&r->head);
    buf_free(&r->body);
    buf_free(&r->headers);
    free(r->query);
    free(r);
}

static void count_answer(struct http_request *r)
{
    struct httpd *h = r->h;

    h->counts.requests++;
    if (r->status >= 200 && r->status < 600)
        h->counts.classes[r->status / 100 - 2]++;
    if (r->taken > 0)
        histogram_add(&h->seconds, httpd_clock() - r->taken);
    if (h->face->answered)
        h->face->answered(r, h->ctx, r->status, r->sent);
}

/* The time that counts while nothing of a request has come is another one. */
static void hurry(struct httpd_conn *hc, bool on)
{
    if (on == hc->hurried)
        return;
    hc->hurried = on;
    conn_set_idle(hc->c, on ? hc->h->limits.request_ms : hc->h->limits.idle_ms);
}

/* It has its answer: the next one's turn, or the end of the connection. */
static enum conn_verdict request_done(struct http_request *r)
{
    struct httpd_conn *hc = r->hc;
    bool keep = r->keep;

    count_answer(r);
    request_free(r);
    hc->r = NULL;
    hc->forgiven = false;
    if (hc->hangup)
        loop_timer_off(hc->hangup);
    if (!keep)
        conn_close(hc->c, "answered");
    hurry(hc, false);
    return CONN_NEXT;
}

/* Later than its handler: an answer, or the client has gone. */
static void finish(void *arg)
{
    struct http_request *r = arg;
    struct conn *c = r->hc ? r->hc->c : NULL;

    if (!c) {
        request_free(r);
        return;
    }
    request_done(r);
    if (!conn_is_closing(c))
        conn_resume(c);
}

void httpd_settle(struct http_request *r)
{
    if (r->waits)
        loop_settle(r->h->loop, &r->finish);
}

static void hangup_over(void *arg)
{
    struct httpd_conn *hc = arg;

    if (!hc->r || hc->r->over)
        return;
    if (hc->r->streaming && hc->r->sent != hc->heard_sent) {
        hc->heard_sent = hc->r->sent; /* it is being read, it seems */
        loop_timer_set(hc->hangup, HTTPD_HANGUP_MS);
        return;
    }
    conn_abort(hc->c, "the client did not wait for its answer");
}

/* It sends no more: it has gone, or it waits for the answer all the same. */
static void httpd_hangup(struct conn *c, void *arg)
{
    struct httpd_conn *hc = arg;

    (void)c;
    if (!hc->r || hc->r->over)
        return;
    if (!hc->hangup)
        hc->hangup = loop_timer_new(hc->h->loop, hangup_over, hc);
    hc->heard_sent = hc->r->sent;
    loop_timer_set(hc->hangup, HTTPD_HANGUP_MS);
}

static enum conn_verdict wait_for_answer(struct http_request *r)
{
    r->waits = true;
    r->finish = (struct loop_task){.fn = finish, .arg = r};
    DL_APPEND(r->h->waiting, r);
    r->h->n_waiting++;
    if (conn_is_eof(r->hc->c))
        httpd_hangup(r->hc->c, r->hc);
    return CONN_WAIT;
}

enum conn_verdict httpd_run(struct http_request *r)
{
    struct httpd *h = r->h;
    const struct http_route *route = r->match.route;

    if (!r->over && h->limits.waiting && h->n_waiting >= h->limits.waiting) {
        http_add_header(r, "Retry-After", "1");
        return httpd_refuse(r, HTTPD_BUSY, 503,
                            "too many requests wait for their answer");
    }
    if (!r->over) {
        r->taken = httpd_clock();
        buf_add_char(&r->body, '\0');
        r->body.end--;
        route->handler(r, h->ctx);
    }
    if (r->over)
        return request_done(r);
    if (r->gone)
        return wait_for_answer(r);
    log_error("%s: %s is not answered by its handler", h->face->name,
              route->path);
    if (r->streaming)
        http_stream_fail(r, "its handler left it");
    else
        http_reply_error(r, 500, "this request found no answer");
    return request_done(r);
}

/* -- connections ----------------------------------------------------------- */

static void conn_end(struct httpd_conn *hc)
{
    DL_DELETE(hc->h->conns, hc);
    loop_timer_free(hc->hangup);
    free(hc);
}

void *httpd_open(struct conn *c, struct httpd *h)
{
    struct httpd_conn *hc = xcalloc(1, sizeof(*hc));

    hc->h = h;
    hc->c = c;
    DL_APPEND(h->conns, hc);
    conn_set_gate(c, NULL, NULL); /* a token stands in a header */
    conn_set_idle(c, h->limits.idle_ms);
    return hc;
}

/* True if the request takes too long to come; then it has been refused. */
static bool is_late(struct http_request *r)
{
    uint64_t most = r->h->limits.request_ms;

    if (!most || loop_now(r->h->loop) - r->began_ms <= most)
        return false;
    httpd_refuse(r, HTTPD_LATE, 408, "the request did not come in time");
    return true;
}

static enum conn_verdict httpd_line(struct conn *c, void *arg, char *line,
                                    size_t len)
{
    struct httpd_conn *hc = arg;

    (void)c;
    if (!hc->r && !len && !hc->forgiven) {
        hc->forgiven = true; /* old clients end a body by one too many */
        return CONN_NEXT;
    }
    if (!hc->r)
        hc->r = httpd_request_new(hc);
    else if (is_late(hc->r))
        return CONN_NEXT;
    return httpd_take_line(hc->r, line, len);
}

static enum conn_verdict httpd_bytes(struct conn *c, void *arg,
                                     const char *bytes, size_t len)
{
    struct httpd_conn *hc = arg;

    (void)c;
    if (is_late(hc->r))
        return CONN_NEXT;
    return httpd_take_bytes(hc->r, bytes, len);
}

/* A request that is there in part only has to hurry. */
static enum conn_verdict httpd_batch_end(struct conn *c, void *arg)
{
    struct httpd_conn *hc = arg;

    (void)c;
    if (hc->r && !hc->r->waits)
        hurry(hc, true);
    return CONN_NEXT;
}

static enum conn_verdict httpd_too_long(struct conn *c, void *arg)
{
    struct httpd_conn *hc = arg;
    bool first;

    (void)c;
    if (!hc->r)
        hc->r = httpd_request_new(hc);
    first = hc->r->taking == TAKE_FIRST;
    return httpd_refuse(hc->r, HTTPD_TOO_BIG, first ? 414 : 431,
                        first ? "the path is too long"
                              : "the header is too long");
}

static void httpd_timeout(struct conn *c, void *arg)
{
    struct httpd_conn *hc = arg;

    if (hc->r)
        httpd_refuse(hc->r, HTTPD_LATE, 408,
                     "the request did not come in time");
    else
        conn_close(c, "no further request came");
}

static void httpd_eof(struct conn *c, void *arg)
{
    (void)arg;
    conn_close(c, "the peer closed the connection");
}

static void httpd_drain(struct conn *c, void *arg)
{
    struct httpd_conn *hc = arg;

    (void)c;
    if (hc->r && hc->r->streaming && !hc->r->over && hc->r->room)
        hc->r->room(hc->r, hc->r->room_arg);
}

/* By those who know nothing of HTTP: the connection ends with it. */
static void httpd_refused(struct conn *c, void *arg, enum refusal why,
                          const char *text)
{
    struct httpd_conn *hc = arg;
    char answer[512];

    if (hc->r && (hc->r->over || hc->r->streaming))
        return;
    httpd_answer_text(answer, sizeof(answer), why == REFUSED_TOKEN ? 401 : 503,
                      text);
    buf_add_str(conn_out(c), answer);
}

/* Whoever keeps the request is told, once; it is freed when that is settled. */
static void request_gone(struct http_request *r)
{
    if (!r->over) {
        r->over = true;
        r->h->counts.gone++;
        r->gone(r, r->gone_arg);
    }
    r->hc = NULL;
    loop_settle(r->h->loop, &r->finish);
}

static void httpd_closed(struct conn *c, void *arg, const char *reason)
{
    struct httpd_conn *hc = arg;

    (void)c;
    (void)reason;
    if (hc->r && hc->r->waits)
        request_gone(hc->r);
    else if (hc->r)
        request_free(hc->r);
    conn_end(hc);
}

const struct conn_handler *httpd_handler(void)
{
    static const struct conn_handler handler = {
        .line = httpd_line,
        .bytes = httpd_bytes,
        .batch_end = httpd_batch_end,
        .too_long = httpd_too_long,
        .eof = httpd_eof,
        .hangup = httpd_hangup,
        .drain = httpd_drain,
        .timeout = httpd_timeout,
        .refused = httpd_refused,
        .closed = httpd_closed,
    };

    return &handler;
}

/* -- the face -------------------------------------------------------------- */

static const struct metric_row rows[] = {
    {"muster_http_requests_total",
     "HTTP requests, refused ones too.",
     offsetof(struct httpd_counts, requests),
     {NULL, NULL}},
    {"muster_http_answers_total",
     "HTTP answers, by their status.",
     offsetof(struct httpd_counts, classes[0]),
     {"status", "2xx"}},
    {"muster_http_answers_total",
     "",
     offsetof(struct httpd_counts, classes[1]),
     {"status", "3xx"}},
    {"muster_http_answers_total",
     "",
     offsetof(struct httpd_counts, classes[2]),
     {"status", "4xx"}},
    {"muster_http_answers_total",
     "",
     offsetof(struct httpd_counts, classes[3]),
     {"status", "5xx"}},
    {"muster_http_gone_total",
     "Clients that did not wait for their answer.",
     offsetof(struct httpd_counts, gone),
     {NULL, NULL}},
    {"muster_http_body_bytes_total",
     "Bytes of bodies received.",
     offsetof(struct httpd_counts, body),
     {NULL, NULL}},
};

/* In the order of enum httpd_refused. */
static const char *const refused_names[HTTPD_REFUSALS] = {
    "malformed", "size", "late",  "path", "host",
    "site",      "type", "right", "busy"};

static double waiting(void *arg)
{
    return httpd_waiting(arg);
}

static void tell_counts(struct httpd *h)
{
    const struct metric_label label = {"face", h->face->name};
    struct metric m = {.type = METRIC_COUNTER, .labels = {label}, .owner = h};
    int i;

    metrics_add_rows(rows, ARRAY_LEN(rows), &h->counts, h, label);
    m.name = "muster_http_refused_total";
    m.help = "HTTP requests refused before anybody handled them, by reason.";
    for (i = 0; i < HTTPD_REFUSALS; i++) {
        m.labels[1] = (struct metric_label){"reason", refused_names[i]};
        m.count = &h->counts.refused[i];
        metrics_add(&m);
    }
    m = (struct metric){.name = "muster_http_waiting",
                        .help = "HTTP requests that wait for their answer.",
                        .type = METRIC_GAUGE,
                        .labels = {label},
                        .read = waiting,
                        .arg = h,
                        .owner = h};
    metrics_add(&m);
    m = (struct metric){.name = "muster_http_request_seconds",
                        .help = "Time from a whole HTTP request to its answer.",
                        .type = METRIC_HISTOGRAM,
                        .labels = {label},
                        .histogram = &h->seconds,
                        .owner = h};
    metrics_add(&m);
}

struct httpd *httpd_new(struct loop *l, const struct httpd_face *face,
                        void *ctx)
{
    struct httpd *h = xcalloc(1, sizeof(*h));

    h->loop = l;
    h->face = face;
    h->ctx = ctx;
    h->limits = (struct httpd_limits){.header = 32768,
                                      .request_ms = 30000,
                                      .idle_ms = 60000,
                                      .waiting = 1024};
    histogram_init_seconds(&h->seconds);
    tell_counts(h);
    return h;
}

void httpd_set_auth(struct httpd *h, struct auth *auth)
{
    h->auth = auth;
}

void httpd_set_limits(struct httpd *h, const struct httpd_limits *limits)
{
    h->limits = *limits;
}

void httpd_add_waiting(struct httpd *h, unsigned more)
{
    h->limits.waiting += more;
}

static void names_free(struct httpd *h)
{
    while (h->n_names)
        free(h->names[--h->n_names]);
    free(h->names);
    h->names = NULL;
}

void httpd_set_names(struct httpd *h, const char *const *names, size_t count)
{
    names_free(h);
    h->names = xcalloc(count, sizeof(*h->names));
    for (; h->n_names < count; h->n_names++)
        h->names[h->n_names] = xstrdup(names[h->n_names]);
}

void httpd_stop(struct httpd *h, int status, const char *why)
{
    struct http_request *r, *next;

    DL_FOREACH_SAFE (h->waiting, r, next) {
        if (r->over)
            continue;
        r->gone(r, r->gone_arg);
        r->keep = false;
        if (r->streaming)
            http_stream_fail(r, why);
        else
            http_reply_error(r, status, "%s", why);
    }
}

void httpd_free(struct httpd *h)
{
    struct http_request *r, *next_r;
    struct httpd_conn *hc, *next;

    if (!h)
        return;
    metrics_forget(h);
    DL_FOREACH_SAFE (h->conns, hc, next) { /* nobody told of their end */
        if (hc->r && !hc->r->waits)
            request_free(hc->r);
        conn_end(hc);
    }
    DL_FOREACH_SAFE (h->waiting, r, next_r)
        request_free(r);
    names_free(h);
    free(h);
}

unsigned httpd_waiting(const struct httpd *h)
{
    return h->n_waiting;
}
