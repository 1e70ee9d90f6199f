/*
 * /v1/health: checks, and services with theirs.
 */
#include "lib/http.h"
#include "lib/mem.h"
#include "plugins/registry/consul/call.h"
#include "plugins/registry/consul/families.h"
#include "plugins/registry/consul/listing.h"

static enum http_verdict list(struct http_request *r, void *ctx,
                              enum listing_rows rows, const char *what)
{
    struct call *c = call_begin(r, ctx);
    const char *name = http_param(r, "name");

    if (!c)
        return HTTP_DONE;
    if (!*name)
        return call_error(c, 400, "Missing %s", what);
    return listing_answer(c, rows, name);
}

static enum http_verdict get_node(struct http_request *r, void *ctx)
{
    return list(r, ctx, LIST_NODE_CHECKS, "node name");
}

static enum http_verdict get_checks(struct http_request *r, void *ctx)
{
    return list(r, ctx, LIST_CHECKS, "service name");
}

static enum http_verdict get_service(struct http_request *r, void *ctx)
{
    return list(r, ctx, LIST_ENTRIES, "service name");
}

static enum http_verdict get_connect(struct http_request *r, void *ctx)
{
    return list(r, ctx, LIST_NOTHING, "service name");
}

static enum http_verdict get_state(struct http_request *r, void *ctx)
{
    return list(r, ctx, LIST_STATE, "check state");
}

static const struct http_route rows[] = {
    {.methods = HTTP_GET,
     .path = "/v1/health/service/*name",
     .handler = get_service,
     .body = CALL_BODY,
     .help = "The services of that name, with their nodes and checks."},
    {.methods = HTTP_GET,
     .path = "/v1/health/node/*name",
     .handler = get_node,
     .body = CALL_BODY,
     .help = "The checks of a node and of its services."},
    {.methods = HTTP_GET,
     .path = "/v1/health/checks/*name",
     .handler = get_checks,
     .body = CALL_BODY,
     .help = "The checks of the services of that name."},
    {.methods = HTTP_GET,
     .path = "/v1/health/connect/*name",
     .handler = get_connect,
     .demands = HTTP_OPEN,
     .body = CALL_BODY,
     .help = "Nobody: there is no Connect."},
    {.methods = HTTP_GET,
     .path = "/v1/health/state/*name",
     .handler = get_state,
     .body = CALL_BODY,
     .help = "The checks in that state, or in any."},
};

const struct http_table consul_health = {rows, ARRAY_LEN(rows)};
