#include "plugins/registry/consul/agent.h"

#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "plugins/registry/consul/asking.h"
#include "plugins/registry/consul/authority.h"
#include "plugins/registry/consul/filter.h"
#include "plugins/registry/consul/row_audit.h"
#include "plugins/registry/consul/rows.h"
#include "server/checks.h"
#include "server/musterd.h"
#include "server/self.h"

/* -- asking ---------------------------------------------------------------- */

void agent_done(void *arg, const struct dir_result *r)
{
    struct call *c = arg;

    if (c->data)
        row_audit_done(c->data, r);
    if (!call_release(c))
        return;
    if (r->outcome == DIR_DONE)
        call_empty(c, 200);
    else
        call_error(c, 500, "%s", r->text);
}

static void audit_free(void *data)
{
    row_audit_clear(data);
    free(data);
}

/* Says who asks, as long as the call is held. NULL: it has been answered. */
static struct row_audit *ask(struct call *c, struct dir_asker *who)
{
    struct row_audit *a;

    if (call_audit_full(c))
        return NULL;
    a = xcalloc(1, sizeof(*a));
    call_asker(c, &a->asker);
    authority_asker(c, who);
    who->asker = &a->asker;
    c->data = a;
    c->free_data = audit_free;
    call_hold(c);
    musterd_tick(c->m);
    return a;
}

enum http_verdict agent_register(struct call *c, struct dir_request *q)
{
    struct row_audit *a = ask(c, &q->who);

    if (!a)
        return HTTP_DONE;
    q->skip_node = true;
    row_audit_register(a, q, c->m->self->node);
    directory_register(c->m->directory, q, agent_done, c);
    return HTTP_LATER;
}

enum http_verdict agent_deregister(struct call *c, struct dir_removal *q)
{
    struct row_audit *a = ask(c, &q->who);

    if (!a)
        return HTTP_DONE;
    row_audit_deregister(a, q, c->m->self->node);
    directory_deregister(c->m->directory, q, agent_done, c);
    return HTTP_LATER;
}

/* -- lists ----------------------------------------------------------------- */

#define PIECE_BYTES 65536
#define PIECE_ROWS  1000 /* looked at, shown or not */

struct listing {
    agent_row_fn *row;
    struct buf last; /* the key of what was looked at last; empty: nothing */
};

static void listing_free(void *data)
{
    struct listing *l = data;

    buf_free(&l->last);
    free(l);
}

static bool more_rows(struct call *c)
{
    const struct dir_node *own = directory_own(c->m->directory);
    unsigned n = musterd_share(c->m, PIECE_ROWS);
    struct listing *l = c->data;
    const struct keynode *at;

    while (n-- && buf_len(&c->out.buf) < PIECE_BYTES) {
        at = l->row(c, own, buf_len(&l->last) ? buf_data(&l->last) : NULL,
                    buf_len(&l->last));
        if (!at) {
            jw_close(&c->out);
            return false;
        }
        buf_reset(&l->last, DIR_TEXT_MAX);
        buf_add(&l->last, at->key, at->key_len);
    }
    return true;
}

enum http_verdict agent_list(struct call *c, agent_row_fn *row)
{
    struct listing *l = xcalloc(1, sizeof(*l));

    l->row = row;
    c->data = l;
    c->free_data = listing_free;
    jw_open_object(&c->out);
    return call_stream(c, more_rows);
}

void agent_write_row(struct call *c, const char *id,
                     void (*write)(struct call *c, const void *row),
                     const void *row)
{
    struct filter_mark mark;

    filter_mark(&mark, &c->out);
    jw_key_text(&c->out, id, strlen(id));
    filter_value(&mark, &c->out);
    write(c, row);
    filter_keep(c->filter, &c->out, &mark);
}

/* -- finding --------------------------------------------------------------- */

const struct dir_instance *agent_instance(const struct call *c, const char *id)
{
    const struct dir_instance *i =
        directory_instance(c->m->directory, c->m->self->node, id);

    return i && i->entry ? i : NULL;
}

const struct dir_check *agent_check(const struct call *c, const char *id)
{
    const struct dir_check *k =
        directory_check_of(c->m->directory, c->m->self->node, id);

    return k && (k->agent || k->instance) ? k : NULL;
}

/* -- rights ---------------------------------------------------------------- */

bool agent_sees(struct call *c, const struct dir_instance *i)
{
    if (authority_principal(c))
        return authority_sees(c, i);
    if (call_is_07(c)) /* to which all of an agent is one thing */
        return call_may(c, ACL_AGENT, i->node->name, (size_t)-1, ACL_READ);
    return call_may(c, ACL_SERVICE, i->service, strlen(i->service), ACL_READ);
}

bool agent_demand_service(struct call *c, const char *service)
{
    return call_demand(c, ACL_SERVICE, service, strlen(service), ACL_WRITE);
}

bool agent_demand_node(struct call *c)
{
    const char *node = c->m->self->node;

    return call_demand(c, ACL_NODE, node, strlen(node), ACL_WRITE);
}

bool agent_demand_check(struct call *c, const struct dir_check *k)
{
    return k->instance ? agent_demand_service(c, k->instance->service)
                       : agent_demand_node(c);
}

bool agent_demand_script(struct call *c)
{
    if (!checks_run_scripts(c->m->checks)) {
        call_error(c, 500,
                   "Scripts are disabled on this agent; to enable, configure "
                   "'enable_script_checks' to true");
        return false;
    }
    if (authority_may_run(c))
        return true;
    call_deny(c);
    return false;
}

/* -- showing --------------------------------------------------------------- */

void agent_write_service(struct call *c, const struct dir_instance *i)
{
    struct jw *w = &c->out;

    jw_open_object(w);
    jw_pair_text(w, "ID", i->id);
    jw_pair_text(w, "Service", i->service);
    if (call_is_07(c) && !i->tags.count && i->entry) {
        jw_key(w, "Tags");
        jw_null(w);
    } else {
        row_tags(w, "Tags", i);
    }
    jw_pair_text(w, "Address", i->address);
    if (!call_is_07(c))
        row_pairs(w, "Meta", &i->meta);
    jw_pair_uint(w, "Port", i->port);
    jw_pair_bool(w, "EnableTagOverride", i->tag_override);
    jw_pair_uint(w, "CreateIndex", 0);
    jw_pair_uint(w, "ModifyIndex", 0);
    jw_close(w);
}

void agent_write_check(struct call *c, const struct dir_check *k)
{
    struct jw *w = &c->out;

    jw_open_object(w);
    jw_pair_text(w, "Node", k->node->name);
    jw_pair_text(w, "CheckID", k->id);
    jw_pair_text(w, "Name", k->name);
    jw_pair_text(w, "Status", dir_status_text(k->status));
    jw_pair_text(w, "Notes", k->notes);
    jw_pair_text(w, "Output", k->output);
    jw_pair_text(w, "ServiceID", k->service_id);
    jw_pair_text(w, "ServiceName", k->instance ? k->instance->service : "");
    if (!call_is_07(c)) {
        row_tags(w, "ServiceTags", k->instance);
        jw_key(w, "Definition");
        jw_open_object(w);
        jw_close(w);
    }
    jw_pair_uint(w, "CreateIndex", 0);
    jw_pair_uint(w, "ModifyIndex", 0);
    jw_close(w);
}
