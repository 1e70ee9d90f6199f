#include "plugins/dispatch/exed/exed.h"

#include <stdlib.h>
#include <string.h>

#include "dispatcher/rights.h"
#include "lib/auth/principal.h"
#include "lib/conf.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/metrics.h"
#include "plugins/dispatch/exed/access.h"
#include "plugins/dispatch/exed/body.h"
#include "plugins/dispatch/exed/endpoint.h"

static const struct exed_family *const families[] = {
    &exed_targets, &exed_jobs, &exed_operate, &exed_release, &exed_about};

/* -- answers --------------------------------------------------------------- */

static void write_error(struct http_request *r, int status, const char *text)
{
    http_reply_json(r, status, json_pack("{s:s}", "message", text));
}

enum http_verdict exed_wrong(struct http_request *r, int status, char *text)
{
    http_reply_error(r, status, "%s", text);
    free(text);
    return HTTP_DONE;
}

static int refused_status(const struct http_request *r)
{
    return http_principal(r)->anonymous ? 401 : 403;
}

enum http_verdict exed_refuse(struct http_request *r, char *text)
{
    http_refused(r, text);
    return exed_wrong(r, refused_status(r), text);
}

enum http_verdict exed_unsynced(struct http_request *r)
{
    http_add_header(r, "Retry-After", "1");
    http_reply_error(r, 503,
                     "the registry has not answered yet: the hosts are not "
                     "known");
    return HTTP_DONE;
}

static void write_access(struct http_request *r, void *ctx, int status,
                         uint64_t bytes)
{
    const struct exed *e = ctx;

    access_write(e->access, r, status, bytes);
}

/* -- parameters ------------------------------------------------------------ */

const char *exed_text(const struct exed_call *c, const char *name)
{
    return json_string_value(json_object_get(c->args, name));
}

bool exed_flag(const struct exed_call *c, const char *name)
{
    return json_is_true(json_object_get(c->args, name));
}

json_int_t exed_number(const struct exed_call *c, const char *name,
                       json_int_t fallback)
{
    const json_t *v = json_object_get(c->args, name);

    return v ? json_integer_value(v) : fallback;
}

static char *take_body(struct exed_call *c)
{
    size_t len;
    const char *bytes = http_body(c->request, &len);
    json_t *body;
    char *wrong;

    if (!c->endpoint->params.count && !len) {
        c->args = json_object();
        return NULL;
    }
    wrong = body_parse(bytes, len, &body);
    if (wrong)
        return wrong;
    wrong = params_of_body(&c->endpoint->params, body, &c->args);
    json_decref(body);
    return wrong;
}

bool exed_owns(const struct exed_call *c, const char *jid)
{
    return rights_own_job(http_principal(c->request), c->exed->dispatch, jid);
}

/* A request that waits for the store. */
struct waiting {
    struct exed_call call;
    struct dispatch_fetch *fetch;
};

static void waiting_free(struct waiting *w)
{
    dispatch_fetch_free(w->fetch);
    json_decref(w->call.args);
    free(w);
}

static void waiting_gone(struct http_request *r, void *arg)
{
    (void)r;
    waiting_free(arg);
}

/* What it asked about is there, or there is none such. */
static void fetched(void *arg)
{
    struct waiting *w = arg;

    w->call.endpoint->handler(&w->call);
    waiting_free(w);
}

/* A key may be that of a job that ended long ago, and so may what another one
 * is to begin after. */
static enum exed_needs needs_of(const struct exed_call *c)
{
    const json_t *options = json_object_get(c->args, "options");

    bool keyed = http_header(c->request, "Idempotency-Key") ||
                 json_object_get(options, "key") ||
                 json_object_get(options, "after");

    return keyed ? EXED_RECORDS : EXED_NOTHING;
}

/* False: what the handler asks about is there, or it asks about nothing. */
static bool waits(struct exed_call *c)
{
    enum exed_needs needs = c->endpoint->needs;
    const char *jid = NULL;
    struct waiting *w;

    if (needs == EXED_NOTHING)
        needs = needs_of(c);
    if (needs == EXED_NOTHING)
        return false;
    if (needs == EXED_JOB)
        jid = http_param(c->request, "jid");
    w = xcalloc(1, sizeof(*w));
    w->fetch = dispatch_fetch(c->exed->dispatch, jid, fetched, w);
    if (!w->fetch) {
        free(w);
        return false;
    }
    w->call = *c;
    http_on_gone(c->request, waiting_gone, w);
    return true;
}

/* The one handler of every route. */
static enum http_verdict handle(struct http_request *r, void *ctx)
{
    struct exed *e = ctx;
    struct exed_call c = {.exed = e, .request = r};
    enum http_verdict verdict;
    char *wrong;

    c.endpoint = e->endpoints[http_route(r) - e->routes];
    if (c.endpoint->method == HTTP_POST)
        wrong = take_body(&c);
    else
        wrong =
            params_of_query(&c.endpoint->params, http_query_all(r), &c.args);
    if (wrong)
        return exed_wrong(r, 400, wrong);
    if (waits(&c))
        return HTTP_LATER;
    verdict = c.endpoint->handler(&c);
    json_decref(c.args);
    return verdict;
}

/* -- who may --------------------------------------------------------------- */

static int admit(struct http_request *r, void *ctx, const char **why)
{
    const struct exed *e = ctx;
    const struct exed_endpoint *row = e->endpoints[http_route(r) - e->routes];
    char *wrong;

    if (row->who == EXED_ANYBODY)
        return 0;
    wrong = rights_jobs(http_principal(r));
    if (!wrong)
        return 0;
    free(wrong);
    *why = http_principal(r)->anonymous
               ? "this takes a token with the right `exec`"
               : "the token has no right `exec`";
    return refused_status(r);
}

/* -- about the face -------------------------------------------------------- */

static enum http_verdict get_openapi(struct exed_call *c)
{
    http_reply_json(c->request, 200, exed_openapi(c->exed));
    return HTTP_DONE;
}

static const struct exed_endpoint about_rows[] = {
    {.method = HTTP_GET,
     .path = "/openapi.json",
     .name = "openapi",
     .handler = get_openapi,
     .who = EXED_ANYBODY,
     .statuses = "200",
     .help = "This interface, as an OpenAPI 3 document."},
};
const struct exed_family exed_about = {"about", about_rows,
                                       ARRAY_LEN(about_rows)};

/* -- life ------------------------------------------------------------------ */

static void take_row(struct exed *e, const struct exed_endpoint *row)
{
    struct http_route *route = &e->routes[e->count];

    *route = (struct http_route){.methods = row->method,
                                 .path = row->path,
                                 .handler = handle,
                                 .help = row->help};
    if (row->changes)
        route->demands = HTTP_CHANGES;
    if (row->method == HTTP_POST)
        route->demands = HTTP_JSON;
    e->endpoints[e->count++] = row;
}

static void take_rows(struct exed *e)
{
    size_t most = 0;

    for (size_t i = 0; i < ARRAY_LEN(families); i++)
        most += families[i]->count;
    e->routes = xcalloc(most, sizeof(*e->routes));
    e->endpoints = xcalloc(most, sizeof(struct exed_endpoint *));
    for (size_t i = 0; i < ARRAY_LEN(families); i++)
        for (size_t n = 0; n < families[i]->count; n++)
            take_row(e, &families[i]->rows[n]);
    e->table = (struct http_table){e->routes, e->count};
    e->tables[0] = &e->table;
}

static const struct metric_row metric_rows[] = {
    {"muster_exed_jobs_total",
     "Jobs submitted over HTTP, by whether the request waits for their end.",
     offsetof(struct exed_counts, blocking),
     {"mode", "block"}},
    {"muster_exed_jobs_total",
     "",
     offsetof(struct exed_counts, async),
     {"mode", "async"}},
    {"muster_exed_streams_total",
     "Streams of jobs begun over HTTP, by what they tell.",
     offsetof(struct exed_counts, follows),
     {"of", "results"}},
    {"muster_exed_streams_total",
     "",
     offsetof(struct exed_counts, events),
     {"of", "events"}},
    {"muster_exed_cut_bytes_total",
     "Bytes of output left out of HTTP answers for want of room.",
     offsetof(struct exed_counts, cut),
     {NULL, NULL}},
};

static double gathered(void *arg)
{
    const struct exed *e = arg;

    return (double)e->gathered;
}

struct exed *exed_new(struct loop *l, struct dispatch *d, struct auth *auth)
{
    struct exed *e = xcalloc(1, sizeof(*e));

    e->loop = l;
    e->dispatch = d;
    take_rows(e);
    e->face =
        (struct httpd_face){.name = "http",
                            .tables = e->tables,
                            .n_tables = ARRAY_LEN(e->tables),
                            .headers = "Cache-Control: no-store\r\n"
                                       "X-Content-Type-Options: nosniff\r\n",
                            .admit = admit,
                            .error = write_error,
                            .answered = write_access};
    e->access = access_new();
    e->httpd = httpd_new(l, &e->face, e);
    httpd_set_auth(e->httpd, auth);
    metrics_add_rows(metric_rows, ARRAY_LEN(metric_rows), &e->counts, e,
                     (struct metric_label){NULL, NULL});
    metrics_add_gauge("muster_exed_gathered_bytes",
                      "Output held for HTTP answers that are being made.",
                      gathered, e, e);
    return e;
}

/* What of an EXEd's configuration has no use here. */
static void tell_unused(const struct conf *conf)
{
    static const char *const unused[][2] = {
        {"runner.executor", "a host's worker has the operations"},
        {"runner.redis_url", "jobs are kept in dispatcher.store"},
        {"runner.broker_url", "workers are reached through the registry"}};

    for (size_t i = 0; i < ARRAY_LEN(unused); i++)
        if (conf_is_set(conf, unused[i][0]))
            log_warn("%s is unused: %s", unused[i][0], unused[i][1]);
}

void exed_configure(struct exed *e, const struct conf *conf)
{
    e->heartbeat_ms = (uint64_t)conf_duration_ms(conf, "dispatcher.heartbeat");
    e->gather_max = (size_t)conf_size(conf, "dispatcher.answers");
    for (size_t i = 0; i < e->count; i++)
        if (e->routes[i].demands & HTTP_JSON)
            e->routes[i].body = dispatch_body_max(e->dispatch);
    access_open(e->access, conf_str(conf, "log.access_log"));
    tell_unused(conf);
    httpd_configure(e->httpd, conf);
}

void exed_stop(struct exed *e, const char *why)
{
    httpd_stop(e->httpd, 503, why);
}

void exed_free(struct exed *e)
{
    if (!e)
        return;
    metrics_forget(e);
    httpd_free(e->httpd);
    access_free(e->access);
    free(e->routes);
    free(e->endpoints);
    free(e);
}

static void *face_open(struct conn *c, void *ctx)
{
    struct exed *e = ctx;

    return httpd_open(c, e->httpd);
}

const struct listen_face *exed_face(void)
{
    static struct listen_face face = {
        .name = "http", .open = face_open, .refusal = httpd_refusal};

    face.handler = *httpd_handler();
    return &face;
}
