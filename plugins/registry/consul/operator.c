/*
 * /v1/operator: the consensus among servers, of which there is one.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/mem.h"
#include "plugins/registry/consul/call_impl.h"
#include "plugins/registry/consul/families.h"
#include "plugins/registry/consul/member.h"
#include "server/musterd.h"
#include "server/self.h"
#include "server/state/catalog.h"

/* What other servers would be told apart by; 0.7 had no ids. */
static const char *server_id(const struct call *c)
{
    return call_is_07(c) ? c->m->self->address : c->m->self->id;
}

static struct call *begin(struct http_request *r, void *ctx,
                          enum acl_level level)
{
    struct call *c = call_begin(r, ctx);

    return c && call_demand(c, ACL_OPERATOR, "", 0, level) ? c : NULL;
}

/* -- raft ------------------------------------------------------------------ */

static enum http_verdict get_configuration(struct http_request *r, void *ctx)
{
    struct call *c = begin(r, ctx, ACL_READ);
    struct jw *w;

    if (!c)
        return HTTP_DONE;
    w = &c->out;
    jw_open_object(w);
    jw_key(w, "Servers");
    jw_open_array(w);
    jw_open_object(w);
    jw_pair_text(w, "ID", server_id(c));
    jw_pair_text(w, "Node", c->m->self->node);
    jw_pair_text(w, "Address", c->m->self->address);
    jw_pair_bool(w, "Leader", true);
    if (!call_is_07(c))
        jw_pair_text(w, "ProtocolVersion", "3");
    jw_pair_bool(w, "Voter", true);
    jw_close(w);
    jw_close(w);
    jw_pair_int(w, "Index", 1); /* it has never changed */
    jw_close(w);
    return call_json(c, 200);
}

static enum http_verdict delete_peer(struct http_request *r, void *ctx)
{
    struct call *c = begin(r, ctx, ACL_WRITE);
    const char *id, *address, *what;
    bool own;

    if (!c)
        return HTTP_DONE;
    id = http_query(r, "id");
    address = http_query(r, "address");
    if (!id && !address)
        return call_error(c, 400,
                          "Must specify either ?id with the server's ID or "
                          "?address with IP:port of peer to remove");
    if (id && address)
        return call_error(c, 400, "Must specify only one of ?id or ?address");
    what = id ? id : address;
    own = !strcmp(what, id ? server_id(c) : c->m->self->address);
    if (own)
        return call_error(c, 500,
                          "need at least one voter in configuration: %s is the "
                          "only server",
                          what);
    return call_error(c, 500,
                      "%s \"%s\" was not found in the Raft configuration",
                      id ? "id" : "address", what);
}

/* -- autopilot ------------------------------------------------------------- */

static enum http_verdict get_health(struct http_request *r, void *ctx)
{
    struct call *c = begin(r, ctx, ACL_READ);
    const char *ail;
    struct jw *w;

    if (!c)
        return HTTP_DONE;
    ail = c->m->store->degraded;
    w = &c->out;
    jw_open_object(w);
    jw_pair_bool(w, "Healthy", !ail);
    jw_pair_int(w, "FailureTolerance", 0);
    jw_key(w, "Servers");
    jw_open_array(w);
    jw_open_object(w);
    jw_pair_text(w, "ID", server_id(c));
    jw_pair_text(w, "Name", c->m->self->node);
    jw_pair_text(w, "Address", c->m->self->address);
    jw_pair_text(w, "SerfStatus", "alive");
    jw_pair_text(w, "Version", member_version(c));
    jw_pair_bool(w, "Leader", true);
    jw_pair_text(w, "LastContact", "0s");
    jw_pair_int(w, "LastTerm", 1);
    jw_pair_uint(w, "LastIndex", catalog_revision(c->m->catalog));
    jw_pair_bool(w, "Healthy", !ail);
    jw_pair_bool(w, "Voter", true);
    jw_pair_text(w, "StableSince", c->consul->since);
    jw_close(w);
    jw_close(w);
    jw_close(w);
    return call_json(c, ail ? 429 : 200); /* as Consul says it */
}

/* What it would do with servers that fail, if there were any other. */
static enum http_verdict get_autopilot(struct http_request *r, void *ctx)
{
    struct call *c = begin(r, ctx, ACL_READ);
    struct jw *w;

    if (!c)
        return HTTP_DONE;
    w = &c->out;
    jw_open_object(w);
    jw_pair_bool(w, "CleanupDeadServers", true);
    jw_pair_text(w, "LastContactThreshold", "200ms");
    jw_pair_int(w, "MaxTrailingLogs", 250);
    jw_pair_text(w, "ServerStabilizationTime", "10s");
    jw_pair_text(w, "RedundancyZoneTag", "");
    jw_pair_bool(w, "DisableUpgradeMigration", false);
    jw_pair_text(w, "UpgradeVersionTag", "");
    jw_pair_int(w, "CreateIndex", 1);
    jw_pair_int(w, "ModifyIndex", 1);
    jw_close(w);
    return call_json(c, 200);
}

static const struct http_route rows[] = {
    {.methods = HTTP_GET,
     .path = "/v1/operator/raft/configuration",
     .handler = get_configuration,
     .help = "The servers of the cluster."},
    {.methods = HTTP_DELETE,
     .path = "/v1/operator/raft/peer",
     .handler = delete_peer,
     .help = "Takes a server out of it."},
    {.methods = HTTP_GET,
     .path = "/v1/operator/autopilot/configuration",
     .handler = get_autopilot,
     .help = "What is done with servers that fail."},
    {.methods = HTTP_GET,
     .path = "/v1/operator/autopilot/health",
     .handler = get_health,
     .help = "Whether the servers are well."},
};
const struct http_table consul_operator = {rows, ARRAY_LEN(rows)};
