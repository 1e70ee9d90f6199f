/*
 * Maintenance of the own node or a service of it: a check that is critical for
 * as long as it lasts, so that whoever asks for what is passing finds others.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "plugins/registry/consul/agent.h"
#include "plugins/registry/consul/boolean.h"
#include "plugins/registry/consul/families.h"

#define NODE_ID    "_node_maintenance"
#define SERVICE_ID "_service_maintenance:"
#define NO_REASON                                                              \
    "Maintenance mode is enabled for this %s, but no reason was provided. "    \
    "This is a default message."

/* What of the query says so. False: it has been answered. */
static bool asked_for(struct call *c, bool *enable)
{
    const char *text = http_query(c->r, "enable");

    if (!text)
        call_error(c, 400, "Missing value for enable");
    else if (!boolean_parse(text, enable))
        call_error(c, 400, "Invalid value for enable: \"%s\"", text);
    else
        return true;
    return false;
}

/* Whoever began it said why. */
static enum http_verdict begin(struct call *c, const char *id, const char *name,
                               const char *service_id)
{
    const char *reason = http_query(c->r, "reason");
    struct dir_check_new check = {.id = id,
                                  .name = name,
                                  .service_id = service_id,
                                  .status = DIR_CRITICAL,
                                  .agent = true};
    struct dir_request q = {.checks = &check, .check_count = 1};
    enum http_verdict v;
    char *notes;

    if (agent_check(c, id))
        return call_empty(c, 200);
    notes = reason && *reason
                ? xstrdup(reason)
                : xasprintf(NO_REASON, service_id ? "service" : "node");
    check.notes = notes;
    v = agent_register(c, &q);
    free(notes);
    return v;
}

static enum http_verdict end(struct call *c, const char *id)
{
    struct dir_removal q = {.check_id = id};

    if (!agent_check(c, id))
        return call_empty(c, 200);
    return agent_deregister(c, &q);
}

static enum http_verdict put_node(struct http_request *r, void *ctx)
{
    struct call *c = call_begin(r, ctx);
    bool enable;

    if (!c || !asked_for(c, &enable) || !agent_demand_node(c))
        return HTTP_DONE;
    return enable ? begin(c, NODE_ID, "Node Maintenance Mode", NULL)
                  : end(c, NODE_ID);
}

static enum http_verdict put_service(struct http_request *r, void *ctx)
{
    struct call *c = call_begin(r, ctx);
    const struct dir_instance *i;
    enum http_verdict v;
    const char *id;
    bool enable;
    char *check;

    if (!c)
        return HTTP_DONE;
    id = http_param(c->r, "id");
    if (!*id)
        return call_error(c, 400, "Missing service ID");
    if (!asked_for(c, &enable))
        return HTTP_DONE;
    i = agent_instance(c, id);
    if (!i)
        return call_error(c, 404, "No service registered with ID \"%s\"", id);
    if (!agent_demand_service(c, i->service))
        return HTTP_DONE;
    check = xasprintf(SERVICE_ID "%s", i->id);
    v = enable ? begin(c, check, "Service Maintenance Mode", i->id)
               : end(c, check);
    free(check);
    return v;
}

static const struct http_route routes[] = {
    {HTTP_PUT, "/v1/agent/maintenance", put_node, 0, CALL_BODY, NULL,
     "begins or ends maintenance of this node"},
    {HTTP_PUT, "/v1/agent/service/maintenance/*id", put_service, 0, CALL_BODY,
     NULL, "begins or ends maintenance of a service"},
};

const struct http_table consul_agent_maintenance = {routes, ARRAY_LEN(routes)};
