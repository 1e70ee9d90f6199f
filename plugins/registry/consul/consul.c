#include "plugins/registry/consul/consul.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "lib/conf.h"
#include "lib/mem.h"
#include "lib/metrics.h"
#include "plugins/registry/consul/call_impl.h"
#include "plugins/registry/consul/families.h"
#include "plugins/registry/consul/gzip.h"
#include "server/acl_rights.h"
#include "server/musterd.h"
#include "server/snapshot.h"

#define DOMAIN       ".consul"
#define TXN_ENVELOPE (64 * 8192) /* of what goes with values into a body */

#define VARY "Vary: Accept-Encoding\r\n"

/* The families, in the order in which routes are looked up: what is asked for
 * most comes first. One to a line, for whoever adds his. */
/* clang-format off */
static const struct http_table *const tables[] = {
    &consul_kv,
    &consul_health,
    &consul_catalog,
    &consul_status,
    &consul_session,
    &consul_txn,
    &consul_acl,
    &consul_self,
    &consul_members,
    &consul_monitor,
    &consul_operator,
    &consul_event,
    &consul_query,
    &consul_coordinate,
    &consul_snapshot,
    &consul_agent_check,
    /* before the service of an id */
    &consul_agent_maintenance,
    &consul_agent_service,
    &consul_agent_token,
    &consul_keyring,
};
/* clang-format on */

/* -- what differs from other faces ----------------------------------------- */

static size_t body_max(const struct http_request *r, void *ctx)
{
    const struct consul *u = ctx;
    size_t max = http_route(r)->body;

    if (max == CALL_BODY_VALUE)
        return u->value_max;
    if (max == CALL_BODY_TXN)
        return 2 * u->value_max + TXN_ENVELOPE;
    return max > CALL_BODY ? max : CALL_BODY;
}

static void write_error(struct http_request *r, int status, const char *text)
{
    char *own = NULL;

    if (status == 404) {
        http_reply(r, 404, NULL, "", 0);
        return;
    }
    if (status == 405)
        own = xasprintf("method %s not allowed",
                        http_method_text(http_method(r)));
    http_add_lines(r, VARY, sizeof(VARY) - 1);
    if (status == 413 && http_route(r)->body == CALL_BODY_VALUE)
        own = xasprintf("Value exceeds %zu byte limit",
                        body_max(r, http_context(r)));
    text = own ? own : text;
    http_reply(r, status, CALL_TEXT, text, strlen(text));
    free(own);
}

/* What no page of another site can be called that makes a browser come here:
 * names without a dot, which only those nearby resolve, and those of the domain
 * that is Consul's own. */
static bool own_host(const char *name, void *ctx)
{
    size_t len = strlen(name), n = sizeof(DOMAIN) - 1;

    (void)ctx;
    return !strchr(name, '.') ||
           (len > n && !strcasecmp(name + len - n, DOMAIN));
}

/* A page of another site can show a token, too, but none that is known. */
static bool knows_token(const char *token, void *ctx)
{
    const struct consul *u = ctx;

    return acl_knows(u->m, token);
}

/* -- numbers --------------------------------------------------------------- */

static const struct metric_row rows[] = {
    {"muster_consul_calls_total",
     "Requests to the Consul face that a handler saw.",
     offsetof(struct consul_counts, calls),
     {NULL, NULL}},
    {"muster_consul_blocking_total",
     "Blocking queries that waited and were answered, by why.",
     offsetof(struct consul_counts, woken),
     {"why", "change"}},
    {"muster_consul_blocking_total",
     "",
     offsetof(struct consul_counts, over),
     {"why", "time"}},
    {"muster_consul_looks_total",
     "Looks of blocking queries at what may have changed.",
     offsetof(struct consul_counts, looked),
     {NULL, NULL}},
    {"muster_consul_same_total",
     "Looks of blocking queries at a result that was still the same.",
     offsetof(struct consul_counts, same),
     {NULL, NULL}},
    {"muster_consul_shared_total",
     "Blocking queries answered with what another one was just told.",
     offsetof(struct consul_counts, shared),
     {NULL, NULL}},
    {"muster_consul_busy_total",
     "Blocking queries refused because too many waited.",
     offsetof(struct consul_counts, busy),
     {NULL, NULL}},
    {"muster_consul_denied_total",
     "Requests to the Consul face that lacked a right.",
     offsetof(struct consul_counts, denied),
     {NULL, NULL}},
};

static double blocking(void *arg)
{
    const struct consul *u = arg;

    return u->blocking;
}

/* -- life ------------------------------------------------------------------ */

static void begins_now(struct consul *u)
{
    time_t now = time(NULL);
    struct tm tm;

    gmtime_r(&now, &tm);
    strftime(u->since, sizeof(u->since), "%Y-%m-%dT%H:%M:%SZ", &tm);
}

struct consul *consul_new(struct musterd *m)
{
    struct consul *u = xcalloc(1, sizeof(*u));

    u->m = m;
    begins_now(u);
    u->face = (struct httpd_face){.name = "consul",
                                  .tables = tables,
                                  .n_tables = ARRAY_LEN(tables),
                                  .error = write_error,
                                  .ways = HTTPD_NO_HEAD | HTTPD_OWN_TOKENS |
                                          HTTPD_CLEAN_PATHS | HTTPD_GO_ALLOW,
                                  .options = VARY,
                                  .body = body_max,
                                  .host = own_host,
                                  .knows = knows_token};
    u->httpd = httpd_new(m->loop, &u->face, u);
    httpd_set_auth(u->httpd, m->auth);
    metrics_add_rows(rows, ARRAY_LEN(rows), &u->counts, u,
                     (struct metric_label){NULL, NULL});
    metrics_add_gauge("muster_consul_blocking", "Blocking queries that wait.",
                      blocking, u, u);
    return u;
}

void consul_configure(struct consul *u, const struct conf *conf)
{
    httpd_configure(u->httpd, conf);
    u->value_max = (size_t)conf_size(conf, "registry.kv_value");
    u->max_blocking = (unsigned)conf_int(conf, "consul.blocking");
    httpd_add_waiting(u->httpd, u->max_blocking);
}

void consul_stop(struct consul *u, const char *why)
{
    /* what a Consul without a leader answers: whoever holds a lock asks again
     * after a 500, and takes it for lost after any other */
    httpd_stop(u->httpd, 500, why);
}

void consul_free(struct consul *u)
{
    struct call *c;
    unsigned i;

    if (!u)
        return;
    snapshot_stop(u->m); /* whoever asked for it is answered here */
    metrics_forget(u);
    while (u->calls)
        call_end(u->calls);
    while ((c = u->spare)) {
        u->spare = c->next;
        jw_free(&c->out);
        loop_timer_free(c->timer);
        free(c);
    }
    consul_look_stop(u);
    gzip_free(u->gzip);
    for (i = 0; i < CONSUL_LEAVING_MAX; i++)
        free(u->leaving[i].node);
    httpd_free(u->httpd);
    free(u);
}

static void *face_open(struct conn *c, void *ctx)
{
    struct consul *u = ctx;

    return httpd_open(c, u->httpd);
}

/* Too many connections: what later versions of Consul answer then. */
static void refusal(char *text, size_t size, const char *why)
{
    snprintf(text, size,
             "HTTP/1.1 429 %s\r\nContent-Type: " CALL_TEXT
             "\r\nConnection: close\r\nRetry-After: 1\r\n"
             "Content-Length: %zu\r\n\r\n%s\n",
             http_status_text(429), strlen(why) + 1, why);
}

const struct listen_face *consul_face(void)
{
    static struct listen_face face = {
        .name = "consul", .open = face_open, .refusal = refusal};

    face.handler = *httpd_handler();
    return &face;
}
