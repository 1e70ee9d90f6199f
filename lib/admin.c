#include "lib/admin.h"

#include <jansson.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <utlist.h>

#include "lib/audit.h"
#include "lib/auth/principal.h"
#include "lib/buf.h"
#include "lib/http.h"
#include "lib/httpd.h"
#include "lib/mem.h"
#include "lib/metrics.h"
#include "lib/metrics_process.h"
#include "lib/tls.h"
#include "lib/tls_conf.h"

#define TLS_SOON 86400 /* seconds before its end that are told as an ail */

struct part {
    const struct admin_part *is;
    void *arg;
    struct part *next;
};

struct admin {
    const struct admin_setup *setup;
    void *arg;
    struct loop *loop;
    struct listen_host *host;
    struct loop_counts counts;
    uint64_t began_ms;
    struct part *parts;
    struct httpd_face face;
    const struct http_table **tables; /* owned: ours, then the daemon's */
    struct httpd *httpd;
};

/* -- routes ---------------------------------------------------------------- */

static enum http_verdict get_metrics(struct http_request *r, void *ctx)
{
    struct buf text = BUF_INIT;

    (void)ctx;
    metrics_write(&text);
    http_reply(r, 200, METRICS_TYPE, buf_data(&text), buf_len(&text));
    buf_free(&text);
    return HTTP_DONE;
}

static json_t *about(const struct admin *a)
{
    return json_pack("{s:s, s:s, s:i, s:f}", "program", a->setup->program,
                     "version", process_version(), "pid", (int)getpid(),
                     "uptime",
                     (double)(loop_now(a->loop) - a->began_ms) / 1000);
}

static enum http_verdict get_health(struct http_request *r, void *ctx)
{
    struct admin *a = ctx;
    json_t *checks = json_object(), *answer = about(a);
    const char *wrong;
    bool ok = true;
    struct part *p;

    LL_FOREACH (a->parts, p) {
        if (!p->is->check)
            continue;
        wrong = p->is->check(p->arg);
        ok = ok && !wrong;
        json_object_set_new(checks, p->is->name,
                            json_string(wrong ? wrong : "ok"));
    }
    json_object_set_new(answer, "status", json_string(ok ? "ok" : "degraded"));
    json_object_set_new(answer, "checks", checks);
    http_reply_json(r, ok ? 200 : 503, answer);
    return HTTP_DONE;
}

static enum http_verdict get_ready(struct http_request *r, void *ctx)
{
    (void)ctx;
    http_reply_json(r, 200, json_pack("{s:b}", "ready", 1));
    return HTTP_DONE;
}

static enum http_verdict get_state(struct http_request *r, void *ctx)
{
    struct admin *a = ctx;
    json_t *answer = about(a);
    struct part *p;

    LL_FOREACH (a->parts, p)
        if (p->is->state)
            json_object_set_new(answer, p->is->name, p->is->state(p->arg));
    http_reply_json(r, 200, answer);
    return HTTP_DONE;
}

/* Every route, so that nobody has to know them. */
static enum http_verdict get_routes(struct http_request *r, void *ctx);

static const struct http_route rows[] = {
    {.methods = HTTP_GET,
     .path = "/",
     .handler = get_routes,
     .demands = HTTP_OPEN,
     .help = "This list."},
    {.methods = HTTP_GET,
     .path = "/metrics",
     .handler = get_metrics,
     .demands = HTTP_OPEN,
     .help = "What the daemon counts, as Prometheus reads it."},
    {.methods = HTTP_GET,
     .path = "/health",
     .handler = get_health,
     .demands = HTTP_OPEN,
     .help = "Whether all is well: 200 ok, or 503 degraded and why."},
    {.methods = HTTP_GET,
     .path = "/ready",
     .handler = get_ready,
     .demands = HTTP_OPEN,
     .help = "Whether it serves."},
    {.methods = HTTP_GET,
     .path = "/debug/state",
     .handler = get_state,
     .help = "Its parts in numbers."},
};
static const struct http_table own_routes = {rows, ARRAY_LEN(rows)};

/* "GET, POST" */
static char *methods_text(unsigned methods)
{
    struct buf text = BUF_INIT;
    unsigned i;

    for (i = 0; i < HTTP_METHODS; i++)
        if (methods & 1u << i)
            buf_add_fmt(&text, "%s%s", buf_len(&text) ? ", " : "",
                        http_method_text(1u << i));
    buf_str(&text);
    return text.data;
}

static enum http_verdict get_routes(struct http_request *r, void *ctx)
{
    const struct admin *a = ctx;
    const struct http_table *t;
    json_t *list = json_array();
    char *methods;
    size_t i, n;

    for (i = 0; i < a->face.n_tables; i++) {
        t = a->tables[i];
        for (n = 0; n < t->count; n++) {
            methods = methods_text(t->rows[n].methods);
            json_array_append_new(
                list, json_pack("{s:s, s:s, s:s}", "methods", methods, "path",
                                t->rows[n].path, "help", t->rows[n].help));
            free(methods);
        }
    }
    http_reply_json(r, 200, json_pack("{s:o}", "routes", list));
    return HTTP_DONE;
}

/* -- who may --------------------------------------------------------------- */

static int admit(struct http_request *r, void *ctx, const char **why)
{
    const struct principal *p = http_principal(r);

    (void)ctx;
    if (p->all || p->admin)
        return 0;
    if (http_route(r)->demands & HTTP_OPEN) {
        if (http_is_local(r) || !p->anonymous)
            return 0;
        *why = "from another machine this takes a token";
    } else {
        *why = p->anonymous ? "this takes a token with the right `admin`"
                            : "the token has no right `admin`";
    }
    return p->anonymous ? 401 : 403;
}

/* -- parts of every daemon: listeners, the audit log ----------------------- */

static const char *check_accept(void *arg)
{
    const struct admin *a = arg;

    return listen_host_paused(a->host);
}

static json_t *state_connections(void *arg)
{
    const struct admin *a = arg;

    return json_pack("{s:I, s:I}", "open",
                     (json_int_t)listen_host_count(a->host), "most",
                     (json_int_t)listen_host_most(a->host));
}

static const char *check_audit(void *arg)
{
    (void)arg;
    return audit_is_on() ? audit_trouble() : NULL;
}

static json_t *state_audit(void *arg)
{
    (void)arg;
    return json_boolean(audit_is_on());
}

static const struct admin_part own_parts[] = {
    {.name = "connections", .check = check_accept, .state = state_connections},
    {.name = "audit", .check = check_audit, .state = state_audit},
};

/* -- TLS ------------------------------------------------------------------- */

static const char *check_tls(void *arg)
{
    const struct tls *tls = tls_conf_tls(arg);
    int64_t ends = tls_until(tls), ca_ends = tls_ca_until(tls);
    int64_t soon = (int64_t)time(NULL) + TLS_SOON;

    if (tls_conf_wrong(arg))
        return tls_conf_wrong(arg);
    if (ends && ends < soon)
        return "the certificate has expired, or ends within a day";
    if (ca_ends && ca_ends < soon)
        return "a CA's certificate has expired, or ends within a day";
    return NULL;
}

static json_t *state_tls(void *arg)
{
    const struct tls *tls = tls_conf_tls(arg);

    return json_pack("{s:b, s:I, s:I}", "serves", tls_can_serve(tls), "until",
                     (json_int_t)tls_until(tls), "ca_until",
                     (json_int_t)tls_ca_until(tls));
}

void admin_add_tls(struct admin *a, struct tls_conf *tls)
{
    static const struct admin_part part = {
        .name = "tls", .check = check_tls, .state = state_tls};

    admin_add_part(a, &part, tls);
}

/* -- life ------------------------------------------------------------------ */

static void take_tables(struct admin *a)
{
    const struct admin_setup *setup = a->setup;
    size_t i;

    a->tables = xcalloc(setup->n_tables + 1, sizeof(*a->tables));
    a->tables[0] = &own_routes;
    for (i = 0; i < setup->n_tables; i++)
        a->tables[i + 1] = setup->tables[i];
    a->face =
        (struct httpd_face){.name = "admin",
                            .tables = a->tables,
                            .n_tables = setup->n_tables + 1,
                            .headers = "Cache-Control: no-store\r\n"
                                       "X-Content-Type-Options: nosniff\r\n",
                            .admit = admit};
}

static void count_loop(struct admin *a)
{
    static const struct metric_row row = {
        "muster_loop_tasks_total",
        "Jobs done in settling steps of the loop.",
        offsetof(struct loop_counts, tasks),
        {NULL, NULL}};

    histogram_init_seconds(&a->counts.busy);
    loop_count(a->loop, &a->counts);
    metrics_add_rows(&row, 1, &a->counts, a, (struct metric_label){NULL, NULL});
    metrics_add(&(struct metric){.name = "muster_loop_turn_seconds",
                                 .help = "Time of a turn of the loop, from the "
                                         "first callback that wants something "
                                         "settled to the end of settling.",
                                 .type = METRIC_HISTOGRAM,
                                 .histogram = &a->counts.busy,
                                 .owner = a});
}

struct admin *admin_new(struct loop *l, const struct admin_setup *setup,
                        struct listen_host *host, struct auth *auth, void *arg)
{
    struct admin *a = xcalloc(1, sizeof(*a));
    size_t i;

    a->setup = setup;
    a->arg = arg;
    a->loop = l;
    a->host = host;
    a->began_ms = loop_now(l);
    take_tables(a);
    a->httpd = httpd_new(l, &a->face, a);
    httpd_set_auth(a->httpd, auth);
    for (i = 0; i < ARRAY_LEN(own_parts); i++)
        admin_add_part(a, &own_parts[i], a);
    for (i = 0; i < setup->n_parts; i++)
        admin_add_part(a, &setup->parts[i], arg);
    process_metrics(setup->program, a);
    count_loop(a);
    return a;
}

void admin_configure(struct admin *a, const struct conf *conf)
{
    httpd_configure(a->httpd, conf);
}

void admin_add_part(struct admin *a, const struct admin_part *part, void *arg)
{
    struct part *p = xcalloc(1, sizeof(*p));

    p->is = part;
    p->arg = arg;
    LL_APPEND(a->parts, p);
}

void *admin_arg(const struct admin *a)
{
    return a->arg;
}

struct loop *admin_loop(const struct admin *a)
{
    return a->loop;
}

void admin_stop(struct admin *a, const char *why)
{
    httpd_stop(a->httpd, 503, why);
}

void admin_free(struct admin *a)
{
    struct part *p, *next;

    if (!a)
        return;
    metrics_forget(a);
    loop_count(a->loop, NULL);
    LL_FOREACH_SAFE (a->parts, p, next)
        free(p);
    httpd_free(a->httpd);
    free(a->tables);
    free(a);
}

static void *admin_open(struct conn *c, void *ctx)
{
    struct admin *a = ctx;

    return httpd_open(c, a->httpd);
}

const struct listen_face *admin_face(void)
{
    static struct listen_face face = {
        .name = "admin", .open = admin_open, .refusal = httpd_refusal};

    face.handler = *httpd_handler();
    return &face;
}
