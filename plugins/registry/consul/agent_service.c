/* /v1/agent/services and /v1/agent/service/…: the services of this agent. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "lib/audit.h"
#include "lib/mem.h"
#include "plugins/registry/consul/agent.h"
#include "plugins/registry/consul/agent_probe.h"
#include "plugins/registry/consul/body.h"
#include "plugins/registry/consul/families.h"
#include "plugins/registry/consul/filter.h"
#include "server/checks.h"
#include "server/musterd.h"
#include "server/self.h"

#define META_KEY_MAX   128 /* as in Consul */
#define META_VALUE_MAX 512

/* -- the list -------------------------------------------------------------- */

/* An agent of 0.7 that is a server shows itself. */
static bool is_shown(struct call *c, const struct dir_instance *i)
{
    return (i->entry || call_is_07(c)) && agent_sees(c, i);
}

static void write_service(struct call *c, const void *row)
{
    agent_write_service(c, row);
}

static const struct keynode *service_row(struct call *c,
                                         const struct dir_node *own,
                                         const char *key, size_t len)
{
    const struct dir_instance *i = dir_node_behind(own, key, len);

    if (!i)
        return NULL;
    if (is_shown(c, i))
        agent_write_row(c, i->id, write_service, i);
    return &i->by_node;
}

static enum http_verdict get_services(struct http_request *r, void *ctx)
{
    struct call *c = call_begin(r, ctx);

    if (!c || !call_filter(c, FILTER_SERVICE))
        return HTTP_DONE;
    return agent_list(c, service_row);
}

/* What would be taken for an id, but is a path of its own. */
static bool is_path(const char *id)
{
    return !strcmp(id, "register") ||
           !strncmp(id, "maintenance/", strlen("maintenance/"));
}

/* As of Consul 1.3; before there was none. */
static enum http_verdict get_service(struct http_request *r, void *ctx)
{
    struct call *c = call_begin(r, ctx);
    const struct dir_instance *i;
    const char *id;

    if (!c)
        return HTTP_DONE;
    id = http_param(c->r, "id");
    if (is_path(id)) {
        http_add_header(c->r, "Allow", "OPTIONS,PUT");
        return call_error(c, 405, "method GET not allowed");
    }
    i = agent_instance(c, id);
    if (!i)
        return call_error(c, 404, "unknown service ID: %s", id);
    if (!agent_sees(c, i))
        return call_deny(c);
    agent_write_service(c, i);
    return call_json(c, 200);
}

/* -- registering ----------------------------------------------------------- */

/* A body, read; what it points to is the call's, but for what is said here. */
struct registering {
    struct dir_service_new service;
    const char *tags[DIR_TAGS_MAX];
    struct dir_pair meta[DIR_META_MAX];
    unsigned check_count;
    struct agent_probe probes[DIR_CHECKS_MAX];
    struct dir_check_new checks[DIR_CHECKS_MAX];
    char *texts[3 * DIR_CHECKS_MAX]; /* owned: of the checks */
    unsigned text_count;
    bool too_many;
};

static void registering_free(struct registering *g)
{
    unsigned i;

    for (i = 0; i < g->check_count; i++)
        agent_probe_free(&g->probes[i]);
    for (i = 0; i < g->text_count; i++)
        free(g->texts[i]);
    free(g);
}

static void read_tags(struct registering *g, struct call *c, const json_t *body)
{
    const json_t *list = body_list(c, body, "Tags");
    size_t i, count = json_array_size(list);

    g->too_many |= count > DIR_TAGS_MAX;
    for (i = 0; i < count && i < DIR_TAGS_MAX; i++) {
        const char *tag = body_item(c, list, i, "Tags");

        if (tag)
            g->tags[g->service.tags.count++] = tag;
    }
    g->service.tags.list = g->tags;
}

static void read_meta(struct registering *g, struct call *c, const json_t *body)
{
    json_t *map = (json_t *)body_map(c, body, "Meta");
    void *at;

    for (at = map ? json_object_iter(map) : NULL; at;
         at = json_object_iter_next(map, at)) {
        const json_t *value = json_object_iter_value(at);
        const char *name = json_object_iter_key(at);

        if (g->service.meta.count == DIR_META_MAX) {
            g->too_many = true;
            break;
        }
        if (!json_is_string(value) && !json_is_null(value)) {
            body_wrong(c, "'Meta[%s]' expected type 'string'", name);
            continue;
        }
        g->meta[g->service.meta.count++] = (struct dir_pair){
            .name = name,
            .value = json_is_string(value) ? json_string_value(value) : ""};
    }
    g->service.meta.list = g->meta;
}

/* An empty Check is none; among Checks only to 0.7, later ones refuse it. */
static void read_probe(struct registering *g, struct call *c,
                       const json_t *object, bool may_be_empty)
{
    struct agent_probe *p = &g->probes[g->check_count];

    if (!object || json_is_null(object))
        return;
    if (g->check_count == DIR_CHECKS_MAX) {
        g->too_many = true;
        return;
    }
    agent_probe_read(p, c, object);
    if (p->any || !may_be_empty)
        g->check_count++;
    else
        agent_probe_free(p);
}

static void read_probes(struct registering *g, struct call *c,
                        const json_t *body)
{
    const json_t *list;
    size_t i;

    read_probe(g, c, body_map(c, body, "Check"), true);
    list = body_list(c, body, "Checks");
    for (i = 0; i < json_array_size(list); i++)
        read_probe(g, c, json_array_get(list, i), call_is_07(c));
}

static void read_service(struct registering *g, struct call *c,
                         const json_t *body)
{
    struct dir_service_new *s = &g->service;

    s->name = body_text(c, body, "Name|Service");
    s->id = body_text(c, body, "ID|ServiceID");
    if (!s->id || !*s->id)
        s->id = s->name;
    s->address = body_text(c, body, "Address");
    s->port = body_port(c, body);
    body_bool(c, body, "EnableTagOverride|enable_tag_override",
              &s->tag_override);
    read_tags(g, c, body);
    read_meta(g, c, body);
    read_probes(g, c, body);
}

/* Any address of a machine is none of a service. */
static bool is_any(const char *address)
{
    unsigned char zero[16] = {0}, bytes[16] = {0};

    return !strcmp(address, "[::]") ||
           ((inet_pton(AF_INET, address, bytes) == 1 ||
             inet_pton(AF_INET6, address, bytes) == 1) &&
            !memcmp(bytes, zero, sizeof(zero)));
}

/* What is wrong with one of its meta; NULL: nothing. */
static const char *pair_wrong(const struct dir_pair *p)
{
    static const char good[] = "abcdefghijklmnopqrstuvwxyz"
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    size_t len = strlen(p->name);

    if (!len)
        return "Key cannot be blank";
    if (strspn(p->name, good) != len)
        return "Key contains invalid characters";
    if (len > META_KEY_MAX)
        return "Key is too long (limit: 128 characters)";
    if (!strncmp(p->name, "consul-", strlen("consul-")))
        return "Key prefix 'consul-' is reserved for internal use";
    if (strlen(p->value) > META_VALUE_MAX)
        return "Value is too long (limit: 512 characters)";
    return NULL;
}

/* Only of what the agent is told: the catalog takes any. */
static char *wrong_meta(const struct dir_pairs *meta)
{
    const char *why;
    unsigned i;

    for (i = 0; i < meta->count; i++) {
        why = pair_wrong(&meta->list[i]);
        if (why)
            return xasprintf("Invalid Service Meta: Couldn't load metadata "
                             "pair ('%s', '%s'): %s",
                             meta->list[i].name, meta->list[i].value, why);
    }
    return NULL;
}

/* What Consul says of it, with 400; or NULL. free() it. */
static char *wrong_service(struct registering *g)
{
    const struct dir_service_new *s = &g->service;
    enum dir_status status;
    unsigned i;
    char *wrong;

    if (!s->name || !*s->name)
        return xstrdup("Missing service name");
    if (s->address && is_any(s->address))
        return xstrdup("Invalid service address");
    wrong = wrong_meta(&s->meta);
    if (wrong)
        return wrong;
    if (dir_compare(s->id, DIR_OWN_SERVICE) == 0)
        return xasprintf("Invalid service ID: %s is this server's own",
                         DIR_OWN_SERVICE);
    if (g->too_many)
        return xasprintf("Too many tags (%u), meta pairs (%u) or checks (%u)",
                         DIR_TAGS_MAX, DIR_META_MAX, DIR_CHECKS_MAX);
    for (i = 0; i < g->check_count; i++) {
        const char *why = agent_probe_wrong(&g->probes[i]);
        const char *id = g->probes[i].id;

        if (!why && id && dir_compare(id, DIR_SERF_HEALTH) == 0)
            why = DIR_SERF_HEALTH " is the registry's own";
        if (why)
            return xasprintf("Invalid check: %s", why);
    }
    for (i = 0; i < g->check_count; i++) {
        const char *text = g->probes[i].status;

        if (text && *text && !dir_status_parse(text, &status))
            return xstrdup("Status for checks must 'passing', 'warning', "
                           "'critical'");
    }
    return NULL;
}

static const char *keep(struct registering *g, char *text)
{
    g->texts[g->text_count++] = text;
    return text;
}

static char *definition_of(const struct probe_spec *s)
{
    struct buf b = BUF_INIT;
    char *text;

    probe_spec_write(s, &b);
    text = xstrdup(buf_str(&b));
    buf_free(&b);
    return text;
}

static char *id_of(const struct registering *g, unsigned i)
{
    const char *id = g->probes[i].id;

    if (id && *id)
        return xstrdup(id);
    if (g->check_count == 1)
        return xasprintf("service:%s", g->service.id);
    return xasprintf("service:%s:%u", g->service.id, i + 1);
}

/* Of those that are there, what they say stays. */
static void make_check(struct registering *g, unsigned i)
{
    const struct agent_probe *p = &g->probes[i];
    struct dir_check_new *new = &g->checks[i];

    *new = (struct dir_check_new){
        .id = keep(g, id_of(g, i)),
        .name = keep(g, p->name && *p->name
                            ? xstrdup(p->name)
                            : xasprintf("Service '%s' check", g->service.name)),
        .notes = p->notes,
        .definition = keep(g, definition_of(&p->spec)),
        .service_id = g->service.id,
        .status = DIR_CRITICAL,
        .agent = true,
        .keep = true};
    if (p->status)
        (void)dir_status_parse(p->status, &new->status);
}

static enum http_verdict register_service(struct call *c, struct registering *g)
{
    struct dir_request q = {.service = &g->service,
                            .checks = g->checks,
                            .check_count = g->check_count};
    unsigned i;

    for (i = 0; i < g->check_count; i++) {
        if (g->probes[i].scripted && !agent_demand_script(c))
            return HTTP_DONE;
        make_check(g, i);
        checks_renew(c->m->checks, c->m->self->node, g->checks[i].id);
    }
    return agent_register(c, &q);
}

/* An agent of 0.7 takes what the catalog will not have of it: who asks is told
 * nothing of it, but the log and the audit log are. */
static bool demand_service(struct call *c, const struct registering *g,
                           enum http_verdict *v)
{
    const char *name = g->service.name;
    const struct dir_instance *was = agent_instance(c, g->service.id);

    if (call_is_07(c) &&
        !call_may(c, ACL_SERVICE, name, strlen(name), ACL_WRITE)) {
        audit_about("register", g->service.id, strlen(g->service.id));
        call_denied(c, "Permission denied; answered 200, as an agent of 0.7");
        audit_about(NULL, NULL, 0);
        *v = call_empty(c, 200);
        return false;
    }
    *v = HTTP_DONE;
    return authority_demand_service(c, &g->service) &&
           (!was || agent_demand_service(c, was->service));
}

static enum http_verdict judge_service(struct call *c, struct registering *g,
                                       const json_t *body)
{
    enum http_verdict v;
    char *why;

    read_service(g, c, body);
    if (!body_ok(c))
        return HTTP_DONE;
    why = wrong_service(g);
    if (why) {
        v = call_error(c, 400, "%s", why);
        free(why);
        return v;
    }
    return demand_service(c, g, &v) ? register_service(c, g) : v;
}

static enum http_verdict put_service(struct http_request *r, void *ctx)
{
    struct call *c = call_begin(r, ctx);
    struct registering *g;
    const json_t *body;
    enum http_verdict v;

    if (!c)
        return HTTP_DONE;
    body = call_body_needed(c, "Request decode failed: ");
    if (!body)
        return HTTP_DONE;
    g = xcalloc(1, sizeof(*g));
    v = judge_service(c, g, body);
    registering_free(g);
    return v;
}

static enum http_verdict drop_service(struct http_request *r, void *ctx)
{
    struct call *c = call_begin(r, ctx);
    struct dir_removal q = {0};
    const struct dir_instance *i;

    if (!c)
        return HTTP_DONE;
    q.service_id = http_param(c->r, "id");
    if (!*q.service_id)
        return call_error(c, 500, "ServiceID missing");
    i = agent_instance(c, q.service_id);
    if (i)
        return agent_demand_service(c, i->service) ? agent_deregister(c, &q)
                                                   : HTTP_DONE;
    if (call_is_07(c) && dir_compare(q.service_id, DIR_OWN_SERVICE) == 0)
        return call_error(c, 500,
                          "Deregistering consul service is not "
                          "allowed by server agent");
    return call_empty(c, 200);
}

static const struct http_route routes[] = {
    {HTTP_GET, "/v1/agent/services", get_services, 0, CALL_BODY, NULL,
     "the services of this agent"},
    {HTTP_PUT, "/v1/agent/service/register", put_service, 0, CALL_BODY, NULL,
     "registers a service with its checks"},
    /* with GET as Consul up to 0.9 had it, for clients of then */
    {HTTP_GET | HTTP_PUT, "/v1/agent/service/deregister/*id", drop_service,
     HTTP_CHANGES, CALL_BODY, NULL, "removes a service and its checks"},
    {HTTP_GET, "/v1/agent/service/*id", get_service, 0, CALL_BODY, NULL,
     "a service of this agent"},
};

const struct http_table consul_agent_service = {routes, ARRAY_LEN(routes)};
