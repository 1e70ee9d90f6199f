/*
 * /v1/agent/members, join, force-leave, leave: the cluster, which is one server
 * and those who are connected to it.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "plugins/registry/consul/call_impl.h"
#include "plugins/registry/consul/families.h"
#include "plugins/registry/consul/member.h"
#include "server/musterd.h"
#include "server/self.h"
#include "server/state/directory.h"

#define LEAVING_MS 3000 /* that a live member is shown as leaving */

enum member_status { MEMBER_ALIVE = 1, MEMBER_LEAVING = 2 };

/* -- how they are written -------------------------------------------------- */

const char *member_version(const struct call *c)
{
    return call_is_07(c) ? "0.7.5" : "1.0.8";
}

static bool is_leaving(struct call *c, const char *node)
{
    const struct consul *u = c->consul;
    uint64_t now = loop_now(c->m->loop);
    unsigned i;

    for (i = 0; i < CONSUL_LEAVING_MAX; i++)
        if (u->leaving[i].node && u->leaving[i].until_ms > now &&
            !dir_compare(u->leaving[i].node, node))
            return true;
    return false;
}

static void write_tag(struct call *c, const char *name, const char *value)
{
    jw_pair_text(&c->out, name, value);
}

static void write_versions(struct call *c)
{
    static const struct {
        const char *name;
        int value;
    } numbers[] = {{"ProtocolMin", 1}, {"ProtocolMax", 5}, {"ProtocolCur", 2},
                   {"DelegateMin", 2}, {"DelegateMax", 5}, {"DelegateCur", 4}};
    size_t i;

    for (i = 0; i < ARRAY_LEN(numbers); i++)
        jw_pair_int(&c->out, numbers[i].name, numbers[i].value);
}

static void write_tags(struct call *c, const char *id, bool server, bool wan)
{
    const struct self *s = c->m->self;
    char text[64];

    jw_key(&c->out, "Tags");
    jw_open_object(&c->out);
    snprintf(text, sizeof(text), "%s:muster", member_version(c));
    write_tag(c, "build", text);
    write_tag(c, "dc", s->datacenter);
    if (id && *id)
        write_tag(c, "id", id);
    snprintf(text, sizeof(text), "%u", s->port);
    if (server)
        write_tag(c, "port", text);
    if (server && !call_is_07(c))
        write_tag(c, "raft_vsn", "3");
    write_tag(c, "role", server ? "consul" : "node");
    if (!call_is_07(c))
        write_tag(c, "segment", "");
    write_tag(c, "vsn", "2");
    write_tag(c, "vsn_max", "3");
    write_tag(c, "vsn_min", "2");
    if (server && !wan && !call_is_07(c))
        write_tag(c, "wan_join_port", text);
    jw_close(&c->out);
}

static void write_member(struct call *c, const char *name, const char *address,
                         unsigned port)
{
    jw_open_object(&c->out);
    jw_pair_text(&c->out, "Name", name);
    jw_pair_text(&c->out, "Addr", address);
    jw_pair_uint(&c->out, "Port", port);
}

static void end_member(struct call *c, const char *node)
{
    jw_pair_int(&c->out, "Status",
                is_leaving(c, node) ? MEMBER_LEAVING : MEMBER_ALIVE);
    write_versions(c);
    jw_close(&c->out);
}

void member_write_own(struct call *c, bool wan)
{
    const struct self *s = c->m->self;
    char *name =
        wan ? xasprintf("%s.%s", s->node, s->datacenter) : xstrdup(s->node);

    write_member(c, name, s->host, s->port);
    write_tags(c, s->id, true, wan);
    end_member(c, s->node);
    free(name);
}

static void write_node(struct call *c, const struct dir_node *n)
{
    write_member(c, n->name, n->address, 0);
    write_tags(c, n->id, false, false);
    end_member(c, n->name);
}

/* Known to be alive, and not only said to be there. */
static bool is_member(struct directory *d, const struct dir_node *n)
{
    return n->own || directory_check_of(d, n->name, DIR_SERF_HEALTH);
}

/* -- endpoints ------------------------------------------------------------- */

static void write_members(struct call *c)
{
    struct directory *d = c->m->directory;
    const struct dir_node *n = NULL;

    while ((n = directory_next_node(d, n))) {
        if (!is_member(d, n) ||
            !call_may(c, ACL_NODE, n->name, (size_t)-1, ACL_READ))
            continue;
        if (n->own)
            member_write_own(c, false);
        else
            write_node(c, n);
    }
}

static enum http_verdict get_members(struct http_request *r, void *ctx)
{
    struct call *c = call_begin(r, ctx);
    const char *wan;

    if (!c)
        return HTTP_DONE;
    wan = http_query(r, "wan");
    jw_open_array(&c->out);
    if (!wan || !*wan)
        write_members(c);
    else if (call_may(c, ACL_NODE, c->m->self->node, (size_t)-1, ACL_READ))
        member_write_own(c, true);
    jw_close(&c->out);
    return call_json(c, 200);
}

static enum http_verdict put_join(struct http_request *r, void *ctx)
{
    struct call *c = call_begin(r, ctx);

    if (!c ||
        !call_demand(c, ACL_AGENT, c->m->self->node, (size_t)-1, ACL_WRITE))
        return HTTP_DONE;
    return call_error(c, 500,
                      "cannot join %s: this registry is a cluster of one "
                      "server; workers join it by worker.registry",
                      http_param(r, "address"));
}

static enum http_verdict put_leave(struct http_request *r, void *ctx)
{
    struct call *c = call_begin(r, ctx);

    if (!c ||
        !call_demand(c, ACL_AGENT, c->m->self->node, (size_t)-1, ACL_WRITE))
        return HTTP_DONE;
    return call_error(c, 500,
                      "this registry is the only server and there is none to "
                      "leave it to: stop musterd where it runs");
}

static void begin_leaving(struct call *c, const char *node)
{
    struct consul *u = c->consul;
    unsigned i, oldest = 0;

    for (i = 0; i < CONSUL_LEAVING_MAX; i++) {
        if (u->leaving[i].node && !dir_compare(u->leaving[i].node, node))
            break;
        if (u->leaving[i].until_ms < u->leaving[oldest].until_ms)
            oldest = i;
    }
    if (i == CONSUL_LEAVING_MAX)
        i = oldest;
    free(u->leaving[i].node);
    u->leaving[i].node = xstrdup(node);
    u->leaving[i].until_ms = loop_now(c->m->loop) + LEAVING_MS;
}

static enum http_verdict put_force_leave(struct http_request *r, void *ctx)
{
    struct call *c = call_begin(r, ctx);
    const struct dir_node *n;

    if (!c ||
        !call_demand(c, ACL_AGENT, c->m->self->node, (size_t)-1, ACL_WRITE))
        return HTTP_DONE;
    n = directory_node(c->m->directory, http_param(r, "node"));
    if (n && is_member(c->m->directory, n))
        begin_leaving(c, n->name);
    return call_empty(c, 200);
}

static const struct http_route rows[] = {
    {.methods = HTTP_GET,
     .path = "/v1/agent/members",
     .handler = get_members,
     .help = "The members of the cluster."},
    {.methods = HTTP_GET | HTTP_PUT,
     .path = "/v1/agent/join/*address",
     .handler = put_join,
     .demands = HTTP_CHANGES,
     .help = "Joins another server; here always an error."},
    {.methods = HTTP_GET | HTTP_PUT,
     .path = "/v1/agent/force-leave/*node",
     .handler = put_force_leave,
     .demands = HTTP_CHANGES,
     .help = "Takes a member for one that leaves."},
    {.methods = HTTP_PUT,
     .path = "/v1/agent/leave",
     .handler = put_leave,
     .help = "Leaves the cluster; here always an error."},
};
const struct http_table consul_members = {rows, ARRAY_LEN(rows)};
