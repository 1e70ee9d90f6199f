/*
 * /v1/agent/token: the tokens that the agent itself has, until the next start:
 * the one that stands for who shows none, and the one that may look after the
 * agent. Those by which a Consul's agent asks its servers mean nothing here:
 * they are taken, and nothing is asked with them.
 */
#include <string.h>

#include "lib/log.h"
#include "plugins/registry/consul/asking.h"
#include "plugins/registry/consul/body.h"
#include "plugins/registry/consul/call.h"
#include "plugins/registry/consul/families.h"
#include "server/acl_rights.h"
#include "server/musterd.h"
#include "server/self.h"

typedef void set_fn(struct acl_rights *r, const char *token);

/* As 1.0 calls them, and what they are called since 1.4. */
static const struct kind {
    const char *name, *later;
    set_fn *set; /* NULL: it means nothing here */
} kinds[] = {
    {"acl_token", "default", acl_rights_set_token},
    {"acl_agent_master_token", "agent_master", acl_rights_set_agent_master},
    {"acl_agent_token", "agent", NULL},
    {"acl_replication_token", "replication", NULL},
};

static const struct kind *find_kind(const char *name)
{
    size_t i;

    for (i = 0; i < ARRAY_LEN(kinds); i++)
        if (!strcmp(name, kinds[i].name) || !strcmp(name, kinds[i].later))
            return &kinds[i];
    return NULL;
}

static enum http_verdict set(struct call *c, const char *name,
                             const char *token)
{
    const struct kind *k = find_kind(name);
    struct asker asker;

    if (!k)
        return call_error(c, 404, "Token \"%s\" is unknown", name);
    if (strlen(token) > ACL_ID_MAX)
        return call_error(c, 400, "a token has at most %d bytes", ACL_ID_MAX);
    call_asker(c, &asker); /* before it may lose its token */
    if (k->set)
        k->set(c->m->rights, token);
    server_audit_change(&asker, "agent token set", k->name, NULL);
    log_info("consul: the agent's %s was %s by %s%s", k->name,
             *token ? "set" : "taken away", http_peer(c->r),
             k->set ? "" : "; nothing is asked with it here");
    return call_empty(c, 200);
}

static enum http_verdict put_token(struct http_request *r, void *ctx)
{
    struct call *c = call_begin(r, ctx);
    const json_t *body;
    const char *token;

    if (!c)
        return HTTP_DONE;
    if (!acl_is_on(c->m))
        return call_error(c, 401, "ACL support disabled");
    if (!call_demand(c, ACL_AGENT, c->m->self->node, (size_t)-1, ACL_WRITE) ||
        call_audit_full(c))
        return HTTP_DONE;
    body = call_body_needed(c, "Request decode failed: ");
    if (!body)
        return HTTP_DONE;
    token = body_text(c, body, "Token");
    if (!body_ok(c))
        return HTTP_DONE;
    return set(c, http_param(r, "kind"), token ? token : "");
}

static const struct http_route rows[] = {
    {.methods = HTTP_PUT,
     .path = "/v1/agent/token/*kind",
     .handler = put_token,
     .body = CALL_BODY,
     .help = "Gives the agent a token, until the next start."},
};

const struct http_table consul_agent_token = {rows, ARRAY_LEN(rows)};
