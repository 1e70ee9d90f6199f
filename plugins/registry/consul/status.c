/*
 * /v1/status: who leads, which here is always this one.
 */
#include "lib/mem.h"
#include "plugins/registry/consul/call.h"
#include "plugins/registry/consul/families.h"
#include "server/musterd.h"
#include "server/self.h"

#define BANNER "Consul Agent"

static enum http_verdict get_leader(struct http_request *r, void *ctx)
{
    struct call *c = call_begin(r, ctx);

    if (!c)
        return HTTP_DONE;
    jw_text(&c->out, c->m->self->address);
    return call_json(c, 200);
}

static enum http_verdict get_peers(struct http_request *r, void *ctx)
{
    struct call *c = call_begin(r, ctx);

    if (!c)
        return HTTP_DONE;
    jw_open_array(&c->out);
    jw_text(&c->out, c->m->self->address);
    jw_close(&c->out);
    return call_json(c, 200);
}

/* What a Consul without pages for people says. */
static enum http_verdict get_root(struct http_request *r, void *ctx)
{
    struct call *c = call_begin(r, ctx);

    if (!c)
        return HTTP_DONE;
    return call_bytes(c, 200, "text/plain; charset=utf-8", BANNER,
                      sizeof(BANNER) - 1);
}

static const struct http_route rows[] = {
    {.methods = HTTP_GET,
     .path = "/v1/status/leader",
     .handler = get_leader,
     .demands = HTTP_OPEN,
     .help = "The address of the leader."},
    {.methods = HTTP_GET,
     .path = "/v1/status/peers",
     .handler = get_peers,
     .demands = HTTP_OPEN,
     .help = "The addresses of all servers."},
    {.methods = HTTP_GET,
     .path = "/",
     .handler = get_root,
     .demands = HTTP_OPEN,
     .help = "That somebody is there."},
};
const struct http_table consul_status = {rows, ARRAY_LEN(rows)};
