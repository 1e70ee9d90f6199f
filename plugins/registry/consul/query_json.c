#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/registry/consul/body.h"
#include "plugins/registry/consul/query.h"

/* -- reading --------------------------------------------------------------- */

static void take_text(struct call *c, const json_t *object, const char *name,
                      char **to)
{
    const char *text = body_text(c, object, name);

    if (text)
        query_set(to, text);
}

static void take_list(struct call *c, const json_t *object, const char *name,
                      struct query_list *to)
{
    const json_t *list = body_list(c, object, name);
    const char *text;
    size_t i;

    if (json_array_size(list) > QUERY_LIST_MAX) {
        body_wrong(c, "'%s' expected at most %d items", name, QUERY_LIST_MAX);
        return;
    }
    for (i = 0; i < json_array_size(list); i++) {
        text = body_item(c, list, i, name);
        if (text)
            query_list_add(to, text);
    }
}

static void take_meta(struct call *c, const json_t *object,
                      struct query_list *to)
{
    const json_t *map = body_map(c, object, "NodeMeta");
    const char *name;
    json_t *value;

    if (json_object_size(map) > QUERY_LIST_MAX) {
        body_wrong(c, "'NodeMeta' expected at most %d pairs", QUERY_LIST_MAX);
        return;
    }
    json_object_foreach((json_t *)map, name, value)
    {
        if (!json_is_string(value)) {
            body_wrong(c, "'NodeMeta[%s]' expected a string", name);
            continue;
        }
        query_list_add(to, name);
        query_list_add(to, json_string_value(value));
    }
}

static void take_failover(struct call *c, const json_t *service,
                          struct query_def *d)
{
    const json_t *failover = body_map(c, service, "Failover");
    int64_t nearest = 0;

    body_int(c, failover, "NearestN", &nearest);
    if (nearest > INT32_MAX || nearest < INT32_MIN)
        body_wrong(c, "'NearestN' is out of range");
    d->nearest_n = (int)nearest;
    take_list(c, failover, "Datacenters", &d->datacenters);
}

bool query_of_body(struct call *c, struct query_def *d, const char **id)
{
    const json_t *b = call_body_needed(c, "Request decode failed: ");
    const json_t *service, *template;

    query_def_init(d);
    if (!b)
        return false;
    *id = body_text(c, b, "ID");
    take_text(c, b, "Name", &d->name);
    take_text(c, b, "Session", &d->session);
    take_text(c, b, "Token", &d->token);
    template = body_map(c, b, "Template");
    take_text(c, template, "Type", &d->type);
    take_text(c, template, "Regexp", &d->regexp);
    body_bool(c, template, "RemoveEmptyTags", &d->remove_empty_tags);
    service = body_map(c, b, "Service");
    take_text(c, service, "Service", &d->service);
    take_failover(c, service, d);
    body_bool(c, service, "OnlyPassing", &d->only_passing);
    take_list(c, service, "IgnoreCheckIDs", &d->ignore_checks);
    take_text(c, service, "Near", &d->near);
    take_list(c, service, "Tags", &d->tags);
    take_meta(c, service, &d->node_meta);
    take_text(c, body_map(c, b, "DNS"), "TTL", &d->ttl);
    return body_ok(c);
}

/* -- writing --------------------------------------------------------------- */

static void write_list(struct jw *w, const char *name,
                       const struct query_list *l)
{
    size_t i;

    jw_key(w, name);
    if (!l->count) {
        jw_null(w);
        return;
    }
    jw_open_array(w);
    for (i = 0; i < l->count; i++)
        jw_text(w, l->items[i]);
    jw_close(w);
}

static void write_meta(struct jw *w, const struct query_list *l)
{
    size_t i;

    jw_key(w, "NodeMeta");
    if (!l->count) {
        jw_null(w);
        return;
    }
    jw_open_object(w);
    for (i = 0; i + 1 < l->count; i += 2) {
        jw_key_text(w, l->items[i], strlen(l->items[i]));
        jw_text(w, l->items[i + 1]);
    }
    jw_close(w);
}

static void write_service(struct jw *w, const struct query_def *d)
{
    jw_key(w, "Service");
    jw_open_object(w);
    jw_pair_text(w, "Service", d->service);
    jw_key(w, "Failover");
    jw_open_object(w);
    jw_pair_int(w, "NearestN", d->nearest_n);
    write_list(w, "Datacenters", &d->datacenters);
    jw_close(w);
    jw_pair_bool(w, "OnlyPassing", d->only_passing);
    write_list(w, "IgnoreCheckIDs", &d->ignore_checks);
    jw_pair_text(w, "Near", d->near);
    write_list(w, "Tags", &d->tags);
    write_meta(w, &d->node_meta);
    jw_close(w);
}

void query_write_json(struct call *c, const struct query *q,
                      const struct query_def *def)
{
    bool manages = call_may(c, ACL_ACL, "", 0, ACL_WRITE);
    struct jw *w = &c->out;

    jw_open_object(w);
    jw_pair_text(w, "ID", q->id);
    jw_pair_text(w, "Name", def->name);
    jw_pair_text(w, "Session", def->session);
    jw_pair_text(w, "Token",
                 *def->token && !manages ? QUERY_HIDDEN : def->token);
    jw_key(w, "Template");
    jw_open_object(w);
    jw_pair_text(w, "Type", def->type);
    jw_pair_text(w, "Regexp", def->regexp);
    jw_pair_bool(w, "RemoveEmptyTags", def->remove_empty_tags);
    jw_close(w);
    write_service(w, def);
    jw_key(w, "DNS");
    jw_open_object(w);
    jw_pair_text(w, "TTL", def->ttl);
    jw_close(w);
    jw_pair_uint(w, "CreateIndex", q->created);
    jw_pair_uint(w, "ModifyIndex", q->changed);
    jw_close(w);
}
