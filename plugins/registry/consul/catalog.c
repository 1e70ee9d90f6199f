/*
 * /v1/catalog: nodes and services as the directory knows them
 * (server/state/directory.h); they are registered in catalog_write.c.
 */
#include "lib/http.h"
#include "lib/mem.h"
#include "plugins/registry/consul/call.h"
#include "plugins/registry/consul/catalog_write.h"
#include "plugins/registry/consul/families.h"
#include "plugins/registry/consul/listing.h"
#include "server/musterd.h"
#include "server/self.h"

static enum http_verdict get_datacenters(struct http_request *r, void *ctx)
{
    struct call *c = call_begin(r, ctx);

    if (!c)
        return HTTP_DONE;
    jw_open_array(&c->out);
    jw_text(&c->out, c->m->self->datacenter);
    jw_close(&c->out);
    return call_json(c, 200);
}

static enum http_verdict get_nodes(struct http_request *r, void *ctx)
{
    struct call *c = call_begin(r, ctx);

    return c ? listing_answer(c, LIST_NODES, NULL) : HTTP_DONE;
}

static enum http_verdict get_services(struct http_request *r, void *ctx)
{
    struct call *c = call_begin(r, ctx);

    return c ? listing_answer(c, LIST_SERVICES, NULL) : HTTP_DONE;
}

static enum http_verdict of_service(struct http_request *r, void *ctx,
                                    enum listing_rows rows)
{
    struct call *c = call_begin(r, ctx);
    const char *name = http_param(r, "name");

    if (!c)
        return HTTP_DONE;
    if (!*name)
        return call_error(c, 400, "Missing service name");
    return listing_answer(c, rows, name);
}

static enum http_verdict get_service(struct http_request *r, void *ctx)
{
    return of_service(r, ctx, LIST_INSTANCES);
}

/* There is no Connect here, and so nobody has it. */
static enum http_verdict get_connect(struct http_request *r, void *ctx)
{
    return of_service(r, ctx, LIST_NOTHING);
}

static enum http_verdict get_node(struct http_request *r, void *ctx)
{
    struct call *c = call_begin(r, ctx);
    const char *name = http_param(r, "name");

    if (!c)
        return HTTP_DONE;
    if (!*name)
        return call_error(c, 400, "Missing node name");
    return listing_answer(c, LIST_OF_NODE, name);
}

static const struct http_route rows[] = {
    {.methods = HTTP_PUT,
     .path = "/v1/catalog/register",
     .handler = catalog_register_put,
     .body = CALL_BODY,
     .help = "Registers a node, and a service and checks of it."},
    {.methods = HTTP_PUT,
     .path = "/v1/catalog/deregister",
     .handler = catalog_deregister_put,
     .body = CALL_BODY,
     .help = "Removes a service, a check, or a node with all it has."},
    {.methods = HTTP_GET,
     .path = "/v1/catalog/datacenters",
     .handler = get_datacenters,
     .demands = HTTP_OPEN,
     .body = CALL_BODY,
     .help = "The names of the datacenters: this one's."},
    {.methods = HTTP_GET,
     .path = "/v1/catalog/nodes",
     .handler = get_nodes,
     .body = CALL_BODY,
     .help = "The nodes."},
    {.methods = HTTP_GET,
     .path = "/v1/catalog/services",
     .handler = get_services,
     .body = CALL_BODY,
     .help = "The names of services, with their tags."},
    {.methods = HTTP_GET,
     .path = "/v1/catalog/service/*name",
     .handler = get_service,
     .body = CALL_BODY,
     .help = "The services of that name, with their nodes."},
    {.methods = HTTP_GET,
     .path = "/v1/catalog/connect/*name",
     .handler = get_connect,
     .demands = HTTP_OPEN,
     .body = CALL_BODY,
     .help = "Nobody: there is no Connect."},
    {.methods = HTTP_GET,
     .path = "/v1/catalog/node/*name",
     .handler = get_node,
     .body = CALL_BODY,
     .help = "A node with its services; null if there is none."},
};

const struct http_table consul_catalog = {rows, ARRAY_LEN(rows)};
