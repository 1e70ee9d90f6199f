#include "plugins/registry/consul/rows.h"

#include <string.h>

#include "plugins/registry/consul/call.h"
#include "plugins/registry/consul/definition.h"
#include "server/musterd.h"
#include "server/self.h"

/* -- rights ---------------------------------------------------------------- */

bool row_may_node(struct call *c, const struct dir_node *n)
{
    return authority_is_all(c) ||
           call_may(c, ACL_NODE, n->name, strlen(n->name), ACL_READ);
}

bool row_may_instance(struct call *c, const struct dir_instance *i)
{
    if (authority_is_all(c))
        return true;
    return row_may_node(c, i->node) && authority_sees(c, i);
}

bool row_may_check(struct call *c, const struct dir_check *check)
{
    return check->instance ? row_may_instance(c, check->instance)
                           : row_may_node(c, check->node);
}

/* -- objects --------------------------------------------------------------- */

void row_pairs(struct jw *w, const char *name, const struct dir_pairs *p)
{
    unsigned i;

    jw_key(w, name);
    if (!p->count) {
        jw_null(w);
        return;
    }
    jw_open_object(w);
    for (i = 0; i < p->count; i++) {
        jw_key_text(w, p->list[i].name, strlen(p->list[i].name));
        jw_text(w, p->list[i].value);
    }
    jw_close(w);
}

void row_tags(struct jw *w, const char *name, const struct dir_instance *i)
{
    unsigned t;

    jw_key(w, name);
    jw_open_array(w);
    for (t = 0; i && t < i->tags.count; t++)
        jw_text(w, i->tags.list[t]);
    jw_close(w);
}

static void write_indexes(struct jw *w, uint64_t created, uint64_t changed)
{
    jw_pair_uint(w, "CreateIndex", created);
    jw_pair_uint(w, "ModifyIndex", changed);
}

/* What catalog/nodes and catalog/service begin with. */
static void write_place(struct call *c, const struct dir_node *n)
{
    struct jw *w = &c->out;

    jw_pair_text(w, "ID", n->id);
    jw_pair_text(w, "Node", n->name);
    jw_pair_text(w, "Address", n->address);
    jw_pair_text(w, "Datacenter", c->m->self->datacenter);
    row_pairs(w, "TaggedAddresses", &n->tagged);
}

void row_node(struct call *c, const struct dir_node *n)
{
    struct jw *w = &c->out;

    jw_open_object(w);
    write_place(c, n);
    row_pairs(w, "Meta", &n->meta);
    write_indexes(w, n->created, n->changed);
    jw_close(w);
}

void row_instance(struct call *c, const struct dir_instance *i)
{
    struct jw *w = &c->out;

    jw_open_object(w);
    write_place(c, i->node);
    row_pairs(w, "NodeMeta", &i->node->meta);
    jw_pair_text(w, "ServiceID", i->id);
    jw_pair_text(w, "ServiceName", i->service);
    row_tags(w, "ServiceTags", i);
    jw_pair_text(w, "ServiceAddress", i->address);
    row_pairs(w, "ServiceMeta", &i->meta);
    jw_pair_uint(w, "ServicePort", i->port);
    jw_pair_bool(w, "ServiceEnableTagOverride", i->tag_override);
    write_indexes(w, i->created, i->changed);
    jw_close(w);
}

void row_service(struct call *c, const struct dir_instance *i)
{
    struct jw *w = &c->out;

    jw_open_object(w);
    jw_pair_text(w, "ID", i->id);
    jw_pair_text(w, "Service", i->service);
    row_tags(w, "Tags", i);
    jw_pair_text(w, "Address", i->address);
    row_pairs(w, "Meta", &i->meta);
    jw_pair_uint(w, "Port", i->port);
    jw_pair_bool(w, "EnableTagOverride", i->tag_override);
    write_indexes(w, i->created, i->changed);
    jw_close(w);
}

void row_check(struct call *c, const struct dir_check *check)
{
    const struct dir_instance *i = check->instance;
    struct jw *w = &c->out;

    jw_open_object(w);
    jw_pair_text(w, "Node", check->node->name);
    jw_pair_text(w, "CheckID", check->id);
    jw_pair_text(w, "Name", check->name);
    jw_pair_text(w, "Status", dir_status_text(check->status));
    jw_pair_text(w, "Notes", check->notes);
    jw_pair_text(w, "Output", check->output);
    jw_pair_text(w, "ServiceID", check->service_id);
    jw_pair_text(w, "ServiceName", i ? i->service : "");
    row_tags(w, "ServiceTags", i);
    jw_key(w, "Definition");
    definition_write(c, check);
    write_indexes(w, check->created, check->changed);
    jw_close(w);
}

void row_entry(struct call *c, const struct dir_instance *i)
{
    const struct dir_check *check = NULL;
    struct jw *w = &c->out;

    jw_open_object(w);
    jw_key(w, "Node");
    row_node(c, i->node);
    jw_key(w, "Service");
    row_service(c, i);
    jw_key(w, "Checks");
    jw_open_array(w);
    while ((check = call_is_07(c) ? dir_next_check(i, check)
                                  : dir_next_check_apart(i, check)))
        row_check(c, check);
    jw_close(w);
    jw_close(w);
}
