/* /v1/agent/checks and /v1/agent/check/…: what is checked here. */
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "plugins/registry/consul/agent.h"
#include "plugins/registry/consul/agent_probe.h"
#include "plugins/registry/consul/body.h"
#include "plugins/registry/consul/families.h"
#include "plugins/registry/consul/filter.h"
#include "server/checks.h"
#include "server/musterd.h"
#include "server/self.h"

/* -- the list -------------------------------------------------------------- */

static bool may_see(struct call *c, const struct dir_check *k)
{
    const char *node = k->node->name;

    return k->instance ? agent_sees(c, k->instance)
                       : call_may(c, ACL_NODE, node, strlen(node), ACL_READ);
}

static void write_check(struct call *c, const void *row)
{
    agent_write_check(c, row);
}

static const struct keynode *check_row(struct call *c,
                                       const struct dir_node *own,
                                       const char *key, size_t len)
{
    const struct dir_check *k = dir_check_behind(own, key, len);

    if (!k)
        return NULL;
    if ((k->agent || k->instance) && may_see(c, k))
        agent_write_row(c, k->id, write_check, k);
    return &k->by_node;
}

static enum http_verdict get_checks(struct http_request *r, void *ctx)
{
    struct call *c = call_begin(r, ctx);

    if (!c || !call_filter(c, FILTER_CHECK))
        return HTTP_DONE;
    return agent_list(c, check_row);
}

/* -- registering ----------------------------------------------------------- */

static bool demand_new(struct call *c, const char *id, const char *service_id)
{
    const struct dir_check *was = agent_check(c, id);
    const struct dir_instance *i;

    if (was && !agent_demand_check(c, was))
        return false;
    if (!service_id || !*service_id)
        return agent_demand_node(c);
    i = agent_instance(c, service_id);
    if (i)
        return agent_demand_service(c, i->service);
    call_error(c, 500, "ServiceID \"%s\" does not exist", service_id);
    return false;
}

/* It begins as it says, or as it was. */
static enum http_verdict register_check(struct call *c, struct agent_probe *p,
                                        struct dir_check_new *new)
{
    struct dir_request q = {.checks = new, .check_count = 1};
    struct buf definition = BUF_INIT;
    enum http_verdict v;

    probe_spec_write(&p->spec, &definition);
    new->definition = buf_str(&definition);
    checks_renew(c->m->checks, c->m->self->node, new->id);
    v = agent_register(c, &q);
    buf_free(&definition);
    return v;
}

static enum http_verdict judge_check(struct call *c, struct agent_probe *p,
                                     const json_t *body)
{
    struct dir_check_new new = {.id = body_text(c, body, "ID|CheckID"),
                                .name = p->name,
                                .notes = p->notes,
                                .service_id =
                                    body_text(c, body, "ServiceID|service_id"),
                                .status = DIR_CRITICAL,
                                .agent = true,
                                .keep = true};
    const char *why;

    if (!body_ok(c))
        return HTTP_DONE;
    if (!new.name || !*new.name)
        return call_error(c, 400, "Missing check name");
    if (p->status && *p->status && !dir_status_parse(p->status, &new.status))
        return call_error(c, 400, "Bad check status");
    why = agent_probe_wrong(p);
    if (why)
        return call_error(c, 400, "Invalid check: %s", why);
    if (!new.id || !*new.id)
        new.id = new.name;
    if (dir_compare(new.id, DIR_SERF_HEALTH) == 0)
        return call_error(
            c, 400, "Invalid check: " DIR_SERF_HEALTH " is the registry's own");
    if (!demand_new(c, new.id, new.service_id))
        return HTTP_DONE;
    if (p->scripted && !agent_demand_script(c))
        return HTTP_DONE;
    return register_check(c, p, &new);
}

static enum http_verdict put_check(struct http_request *r, void *ctx)
{
    struct call *c = call_begin(r, ctx);
    struct agent_probe p;
    const json_t *body;
    enum http_verdict v;

    if (!c)
        return HTTP_DONE;
    body = call_body_needed(c, "Request decode failed: ");
    if (!body)
        return HTTP_DONE;
    agent_probe_read(&p, c, body);
    v = judge_check(c, &p, body);
    agent_probe_free(&p);
    return v;
}

static enum http_verdict drop_check(struct http_request *r, void *ctx)
{
    struct call *c = call_begin(r, ctx);
    struct dir_removal q = {0};
    const struct dir_check *k;

    if (!c)
        return HTTP_DONE;
    q.check_id = http_param(c->r, "id");
    if (!*q.check_id)
        return call_error(c, 500, "CheckID missing");
    k = agent_check(c, q.check_id);
    if (!k)
        return call_empty(c, 200);
    if (!agent_demand_check(c, k))
        return HTTP_DONE;
    return agent_deregister(c, &q);
}

/* -- telling how it is ----------------------------------------------------- */

static enum http_verdict tell(struct call *c, const char *id,
                              enum dir_status status, const char *output)
{
    const struct dir_check *k = agent_check(c, id);

    if (k && !agent_demand_check(c, k))
        return HTTP_DONE;
    call_hold(c);
    musterd_tick(c->m);
    if (checks_tell(c->m->checks, c->m->self->node, id, status, output,
                    agent_done, c))
        return HTTP_LATER;
    if (!call_release(c))
        return HTTP_DONE;
    return call_error(c, 500, "CheckID \"%s\" does not have associated TTL",
                      id);
}

static enum http_verdict tell_note(struct http_request *r, void *ctx,
                                   enum dir_status status)
{
    struct call *c = call_begin(r, ctx);
    const char *note;

    if (!c)
        return HTTP_DONE;
    note = http_query(c->r, "note");
    return tell(c, http_param(c->r, "id"), status, note ? note : "");
}

static enum http_verdict pass_check(struct http_request *r, void *ctx)
{
    return tell_note(r, ctx, DIR_PASSING);
}

static enum http_verdict warn_check(struct http_request *r, void *ctx)
{
    return tell_note(r, ctx, DIR_WARNING);
}

static enum http_verdict fail_check(struct http_request *r, void *ctx)
{
    return tell_note(r, ctx, DIR_CRITICAL);
}

/* What is longer than Consul keeps is cut, and says so. */
static char *cut_output(const char *output)
{
    size_t len = output ? strlen(output) : 0;

    if (len <= PROBE_OUTPUT_MAX)
        return xstrndup(output ? output : "", len);
    return xasprintf("%.*s ... (captured %d of %zu bytes)", PROBE_OUTPUT_MAX,
                     output, PROBE_OUTPUT_MAX, len);
}

static enum http_verdict update_check(struct http_request *r, void *ctx)
{
    struct call *c = call_begin(r, ctx);
    enum dir_status status;
    enum http_verdict v;
    const char *text;
    const json_t *body;
    char *output;

    if (!c)
        return HTTP_DONE;
    body = call_body_needed(c, "Request decode failed: ");
    if (!body)
        return HTTP_DONE;
    text = body_text(c, body, "Status");
    output = cut_output(body_text(c, body, "Output"));
    if (!body_ok(c))
        v = HTTP_DONE;
    else if (!text || !dir_status_parse(text, &status))
        v = call_error(c, 400, "Invalid check status: '%s'", text ? text : "");
    else
        v = tell(c, http_param(c->r, "id"), status, output);
    free(output);
    return v;
}

/* GET changes things where Consul up to 0.9 let it: clients of then do so. A
 * page of another site may not (HTTP_CHANGES). */
static const struct http_route routes[] = {
    {HTTP_GET, "/v1/agent/checks", get_checks, 0, CALL_BODY, NULL,
     "the checks of this agent"},
    {HTTP_PUT, "/v1/agent/check/register", put_check, 0, CALL_BODY, NULL,
     "registers a check"},
    {HTTP_GET | HTTP_PUT, "/v1/agent/check/deregister/*id", drop_check,
     HTTP_CHANGES, CALL_BODY, NULL, "removes a check"},
    {HTTP_GET | HTTP_PUT, "/v1/agent/check/pass/*id", pass_check, HTTP_CHANGES,
     CALL_BODY, NULL, "a check by TTL is passing"},
    {HTTP_GET | HTTP_PUT, "/v1/agent/check/warn/*id", warn_check, HTTP_CHANGES,
     CALL_BODY, NULL, "a check by TTL is warning"},
    {HTTP_GET | HTTP_PUT, "/v1/agent/check/fail/*id", fail_check, HTTP_CHANGES,
     CALL_BODY, NULL, "a check by TTL is critical"},
    {HTTP_PUT, "/v1/agent/check/update/*id", update_check, 0, CALL_BODY, NULL,
     "how a check by TTL is, and what it says"},
};

const struct http_table consul_agent_check = {routes, ARRAY_LEN(routes)};
