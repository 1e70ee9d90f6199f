/*
 * /v1/agent/self, reload, metrics: this agent about itself.
 */
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "lib/mem.h"
#include "lib/metrics.h"
#include "lib/metrics_process.h"
#include "plugins/registry/consul/call_impl.h"
#include "plugins/registry/consul/families.h"
#include "plugins/registry/consul/member.h"
#include "server/musterd.h"
#include "server/self.h"
#include "server/state/catalog.h"
#include "server/state/coordinates.h"
#include "server/state/kv.h"

/* -- who this is ----------------------------------------------------------- */

static void pair(struct call *c, const char *name, const char *text)
{
    jw_pair_text(&c->out, name, text);
}

static void number(struct call *c, const char *name, uint64_t n)
{
    char text[24];

    snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
    pair(c, name, text);
}

static void empty_array(struct call *c, const char *name)
{
    jw_key(&c->out, name);
    jw_open_array(&c->out);
    jw_close(&c->out);
}

static void write_config(struct call *c)
{
    const struct self *s = c->m->self;

    pair(c, "Datacenter", s->datacenter);
    pair(c, "NodeName", s->node);
    pair(c, "NodeID", s->id);
    pair(c, "Revision", "muster " PACKAGE_VERSION);
    jw_pair_bool(&c->out, "Server", true);
    pair(c, "Version", member_version(c));
}

static void write_addresses(struct call *c)
{
    jw_key(&c->out, "TaggedAddresses");
    jw_open_object(&c->out);
    pair(c, "lan", c->m->self->host);
    pair(c, "wan", c->m->self->host);
    jw_close(&c->out);
}

/* Of what 0.7 has there what means something here. */
static void write_config_07(struct call *c)
{
    const struct self *s = c->m->self;
    static const char *const ports[] = {"HTTP", "SerfLan", "SerfWan", "Server"};
    size_t i;

    write_config(c);
    pair(c, "VersionPrerelease", "");
    pair(c, "Domain", s->domain);
    pair(c, "ClientAddr", s->host);
    pair(c, "BindAddr", s->host);
    pair(c, "AdvertiseAddr", s->host);
    pair(c, "AdvertiseAddrWan", s->host);
    write_addresses(c);
    jw_key(&c->out, "Ports");
    jw_open_object(&c->out);
    for (i = 0; i < ARRAY_LEN(ports); i++)
        jw_pair_uint(&c->out, ports[i], s->port);
    jw_close(&c->out);
    jw_pair_bool(&c->out, "Bootstrap", true);
    jw_pair_int(&c->out, "BootstrapExpect", 1);
    jw_pair_bool(&c->out, "DevMode", false);
    jw_pair_bool(&c->out, "LeaveOnTerm", false);
    jw_pair_bool(&c->out, "SkipLeaveOnInt", true);
    jw_pair_int(&c->out, "Protocol", 2);
    empty_array(c, "StartJoin");
    /* nanoseconds; Patroni makes its sessions last so long at least */
    jw_pair_uint(&c->out, "SessionTTLMin",
                 kv_bounds(c->m->kv)->ttl_min * 1000000);
}

static void write_debug_config(struct call *c)
{
    const struct self *s = c->m->self;

    jw_key(&c->out, "DebugConfig");
    jw_open_object(&c->out);
    pair(c, "AdvertiseAddrLAN", s->host);
    pair(c, "AdvertiseAddrWAN", s->host);
    pair(c, "BindAddr", s->host);
    jw_pair_bool(&c->out, "Bootstrap", true);
    pair(c, "Datacenter", s->datacenter);
    jw_pair_bool(&c->out, "DevMode", false);
    jw_pair_bool(&c->out, "EnableDebug", false); /* of Go, which this is not */
    pair(c, "NodeID", s->id);
    pair(c, "NodeName", s->node);
    jw_pair_uint(&c->out, "ServerPort", s->port);
    jw_pair_bool(&c->out, "ServerMode", true);
    write_addresses(c);
    pair(c, "Version", member_version(c));
    jw_close(&c->out);
}

/* Where it is, as far as it was told. */
static void write_coord(struct call *c)
{
    const struct coordinate_row *row =
        coordinates_find(c->m->coordinates, c->m->self->node);
    struct coordinate at = COORDINATE_FRESH;
    unsigned i;

    if (row)
        at = row->at;
    jw_key(&c->out, "Coord");
    jw_open_object(&c->out);
    jw_key(&c->out, "Vec");
    jw_open_array(&c->out);
    for (i = 0; i < COORDINATE_DIMENSIONS; i++)
        jw_double(&c->out, at.vec[i]);
    jw_close(&c->out);
    jw_key(&c->out, "Error");
    jw_double(&c->out, at.error);
    jw_key(&c->out, "Adjustment");
    jw_double(&c->out, at.adjustment);
    jw_key(&c->out, "Height");
    jw_double(&c->out, at.height);
    jw_close(&c->out);
}

/* -- Stats: maps of texts -------------------------------------------------- */

static void open_stats(struct call *c, const char *name)
{
    jw_key(&c->out, name);
    jw_open_object(&c->out);
}

static void write_raft(struct call *c)
{
    uint64_t index = catalog_revision(c->m->catalog);

    open_stats(c, "raft");
    number(c, "applied_index", index);
    number(c, "commit_index", index);
    pair(c, "last_contact", "0");
    number(c, "last_log_index", index);
    pair(c, "num_peers", "0");
    pair(c, "state", "Leader");
    jw_close(&c->out);
}

static void write_runtime(struct call *c)
{
    struct utsname un = {.machine = ""};
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);

    uname(&un);
    open_stats(c, "runtime");
    pair(c, "arch", un.machine);
    number(c, "cpu_count", cpus > 0 ? (uint64_t)cpus : 1);
    pair(c, "os", "linux");
    pair(c, "version", "musterd " PACKAGE_VERSION);
    jw_close(&c->out);
}

static void write_stats(struct call *c)
{
    jw_key(&c->out, "Stats");
    jw_open_object(&c->out);
    open_stats(c, "agent");
    number(c, "services", catalog_count(c->m->catalog));
    jw_close(&c->out);
    open_stats(c, "build");
    pair(c, "prerelease", "");
    pair(c, "revision", "muster " PACKAGE_VERSION);
    pair(c, "version", member_version(c));
    jw_close(&c->out);
    open_stats(c, "consul");
    pair(c, "bootstrap", "true");
    pair(c, "known_datacenters", "1");
    pair(c, "leader", "true");
    pair(c, "leader_addr", c->m->self->address);
    pair(c, "server", "true");
    jw_close(&c->out);
    write_raft(c);
    write_runtime(c);
    jw_close(&c->out);
}

static enum http_verdict get_self(struct http_request *r, void *ctx)
{
    struct call *c = call_begin(r, ctx);
    struct jw *w;

    if (!c ||
        !call_demand(c, ACL_AGENT, c->m->self->node, (size_t)-1, ACL_READ))
        return HTTP_DONE;
    w = &c->out;
    jw_open_object(w);
    jw_key(w, "Config");
    jw_open_object(w);
    if (call_is_07(c))
        write_config_07(c);
    else
        write_config(c);
    jw_close(w);
    if (!call_is_07(c))
        write_debug_config(c);
    write_coord(c);
    jw_key(w, "Member");
    member_write_own(c, false);
    write_stats(c);
    if (!call_is_07(c)) {
        jw_key(w, "Meta");
        jw_open_object(w);
        jw_pair_text(w, "consul-network-segment", "");
        jw_close(w);
    }
    jw_close(w);
    return call_json(c, 200);
}

/* -- reload, metrics ------------------------------------------------------- */

/* As SIGHUP does it: what is wrong in the file stands in the log. */
static enum http_verdict put_reload(struct http_request *r, void *ctx)
{
    struct call *c = call_begin(r, ctx);

    if (!c ||
        !call_demand(c, ACL_AGENT, c->m->self->node, (size_t)-1, ACL_WRITE))
        return HTTP_DONE;
    kill(getpid(), SIGHUP);
    return call_empty(c, 200);
}

/* One pass over all of them. */
struct pass {
    struct call *c;
    enum metric_type type;
};

static void write_labels(struct jw *w, const struct metric *m)
{
    unsigned i;

    jw_key(w, "Labels");
    jw_open_object(w);
    for (i = 0; i < METRIC_LABELS_MAX && m->labels[i].name; i++)
        jw_pair_text(w, m->labels[i].name, m->labels[i].value);
    jw_close(w);
}

static void write_histogram(struct jw *w, const struct histogram *h)
{
    uint64_t n = 0;
    unsigned i;

    for (i = 0; i <= h->n_bounds; i++)
        n += h->counts[i];
    jw_pair_uint(w, "Count", n);
    jw_key(w, "Sum");
    jw_double(w, h->sum);
    jw_key(w, "Mean");
    jw_double(w, n ? h->sum / (double)n : 0);
}

static void write_metric(void *arg, const struct metric *m, double value)
{
    const struct pass *p = arg;
    struct jw *w = &p->c->out;

    if (m->type != p->type)
        return;
    jw_open_object(w);
    jw_pair_text(w, "Name", m->name);
    if (m->type == METRIC_HISTOGRAM)
        write_histogram(w, m->histogram);
    if (m->type == METRIC_COUNTER) /* clients read no fraction there */
        jw_pair_uint(w, "Count", (uint64_t)value);
    if (m->type != METRIC_HISTOGRAM) {
        jw_key(w, m->type == METRIC_GAUGE ? "Value" : "Sum");
        jw_double(w, value);
    }
    write_labels(w, m);
    jw_close(w);
}

static void write_metrics(struct call *c, const char *name,
                          enum metric_type type)
{
    struct pass p = {.c = c, .type = type};

    jw_key(&c->out, name);
    jw_open_array(&c->out);
    metrics_each(write_metric, &p);
    jw_close(&c->out);
}

static void write_now(struct call *c)
{
    time_t now = time(NULL);
    char text[64];
    struct tm tm;

    gmtime_r(&now, &tm);
    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S +0000 UTC", &tm);
    jw_pair_text(&c->out, "Timestamp", text);
}

static enum http_verdict prometheus(struct call *c)
{
    struct buf text = BUF_INIT;

    metrics_write(&text);
    call_bytes(c, 200, METRICS_TYPE, buf_data(&text), buf_len(&text));
    buf_free(&text);
    return HTTP_DONE;
}

static enum http_verdict get_metrics(struct http_request *r, void *ctx)
{
    struct call *c = call_begin(r, ctx);
    const char *format;

    if (!c ||
        !call_demand(c, ACL_AGENT, c->m->self->node, (size_t)-1, ACL_READ))
        return HTTP_DONE;
    format = http_query(r, "format");
    if (format && !strcasecmp(format, "prometheus"))
        return prometheus(c);
    jw_open_object(&c->out);
    write_now(c);
    write_metrics(c, "Gauges", METRIC_GAUGE);
    empty_array(c, "Points");
    write_metrics(c, "Counters", METRIC_COUNTER);
    write_metrics(c, "Samples", METRIC_HISTOGRAM);
    jw_close(&c->out);
    return call_json(c, 200);
}

static const struct http_route rows[] = {
    {.methods = HTTP_GET,
     .path = "/v1/agent/self",
     .handler = get_self,
     .help = "This agent, its configuration and its state."},
    {.methods = HTTP_PUT,
     .path = "/v1/agent/reload",
     .handler = put_reload,
     .help = "Reads the configuration again."},
    {.methods = HTTP_GET,
     .path = "/v1/agent/metrics",
     .handler = get_metrics,
     .help = "What it counts; ?format=prometheus for that one's text."},
};
const struct http_table consul_self = {rows, ARRAY_LEN(rows)};
