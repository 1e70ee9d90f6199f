#include "plugins/registry/consul/catalog_write.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "lib/uuid.h"
#include "plugins/registry/consul/asking.h"
#include "plugins/registry/consul/body.h"
#include "plugins/registry/consul/call.h"
#include "plugins/registry/consul/definition.h"
#include "plugins/registry/consul/row_audit.h"
#include "server/musterd.h"
#include "server/self.h"
#include "server/state/directory.h"

#define PREFIX "Request decode failed: "

/* A request on its way; what it points to is the body's. */
struct writing {
    struct row_audit audit;
    struct dir_request q;
    struct dir_removal removal;
    struct dir_service_new service;
    const char *elsewhere; /* another node that a check says it is of */
    size_t definition_count;
    /* from here on only what is counted above is set: the rest is not even
     * zero */
    struct dir_check_new checks[DIR_CHECKS_MAX];
    char *definitions[DIR_CHECKS_MAX]; /* each owned, or NULL */
    const char *tags[DIR_TAGS_MAX];
    struct dir_pair tagged[DIR_META_MAX], meta[DIR_META_MAX],
        service_meta[DIR_META_MAX];
};

/* -- answers --------------------------------------------------------------- */

static void written(void *arg, const struct dir_result *r)
{
    struct call *c = arg;
    struct writing *w = c->data;

    row_audit_done(&w->audit, r);
    if (!call_release(c))
        return;
    if (r->outcome == DIR_DONE)
        call_true(c, true);
    else
        call_error(c, 500, "%s", r->text);
}

/* -- the body -------------------------------------------------------------- */

/* The body, and the token that some clients show in there; NULL: answered. */
static const json_t *body_of(struct call *c)
{
    const json_t *body = call_body_needed(c, PREFIX), *more;
    const char *token;

    if (!body)
        return NULL;
    more = body_map(c, body, "WriteRequest");
    token = more ? body_text(c, more, "Token") : NULL;
    return !token || call_show_token(c, token) ? body : NULL;
}

static const char *text_or_empty(const char *text)
{
    return text ? text : "";
}

/* A map of texts; more than there may be are counted, and refused later. */
static struct dir_pairs read_pairs(struct call *c, const json_t *object,
                                   const char *names, struct dir_pair *list)
{
    const json_t *map = body_map(c, object, names), *value;
    struct dir_pairs p = {.list = list};
    const char *name;

    json_object_foreach((json_t *)map, name, value)
    {
        if (!json_is_string(value)) {
            body_wrong(c, "'%s[%s]' expected type 'string'", names, name);
            continue;
        }
        if (p.count == DIR_META_MAX) {
            body_wrong(c, "'%s' has more than %d keys", names, DIR_META_MAX);
            break;
        }
        list[p.count++] =
            (struct dir_pair){.name = name, .value = json_string_value(value)};
    }
    return p;
}

static void read_tags(struct call *c, const json_t *body, struct writing *w)
{
    const json_t *tags = body_list(c, body, "Tags");
    size_t i, n = json_array_size(tags);
    const char *tag;

    if (n > DIR_TAGS_MAX) {
        body_wrong(c, "'Tags' has more than %d items", DIR_TAGS_MAX);
        n = 0;
    }
    for (i = 0; i < n; i++) {
        tag = body_item(c, tags, i, "Tags");
        if (tag)
            w->tags[w->service.tags.count++] = tag;
    }
    w->service.tags.list = w->tags;
}

static void read_service(struct call *c, const json_t *body, struct writing *w)
{
    struct dir_service_new *s = &w->service;

    s->id = body_text(c, body, "ID");
    s->name = text_or_empty(body_text(c, body, "Service"));
    s->address = body_text(c, body, "Address");
    read_tags(c, body, w);
    s->meta = read_pairs(c, body, "Meta", w->service_meta);
    body_bool(c, body, "EnableTagOverride", &s->tag_override);
    s->port = body_port(c, body);
    w->q.service = s;
}

static void read_check(struct call *c, const json_t *body, struct writing *w)
{
    struct dir_check_new *check = &w->checks[w->q.check_count];
    const char *status, *node;

    if (!json_is_object(body)) {
        body_wrong(c, "'Check' expected a map");
        return;
    }
    if (w->q.check_count == DIR_CHECKS_MAX) {
        body_wrong(c, "'Checks' has more than %d items", DIR_CHECKS_MAX);
        return;
    }
    node = body_text(c, body, "Node");
    if (node && *node && strcmp(node, w->q.node) != 0)
        w->elsewhere = node;
    *check = (struct dir_check_new){.id = body_text(c, body, "CheckID")};
    check->name = text_or_empty(body_text(c, body, "Name"));
    check->notes = body_text(c, body, "Notes");
    check->output = body_text(c, body, "Output");
    check->service_id = body_text(c, body, "ServiceID");
    check->definition = w->definitions[w->definition_count++] =
        definition_read(c, body);
    status = body_text(c, body, "Status");
    check->status = DIR_CRITICAL;
    if (status && *status && !dir_status_parse(status, &check->status))
        body_wrong(c, "'Status' is none of passing, warning, critical");
    w->q.checks = w->checks;
    w->q.check_count++;
}

static void read_checks(struct call *c, const json_t *body, struct writing *w)
{
    const json_t *list = body_list(c, body, "Checks");
    const json_t *one = body_field(c, body, "Check");
    size_t i;

    for (i = 0; i < json_array_size(list); i++)
        if (!json_is_null(json_array_get(list, i)))
            read_check(c, json_array_get(list, i), w);
    if (one && !json_is_null(one))
        read_check(c, one, w);
}

static void read_node(struct call *c, const json_t *body, struct writing *w)
{
    struct dir_request *q = &w->q;

    q->node = text_or_empty(body_text(c, body, "Node"));
    q->address = body_text(c, body, "Address");
    q->id = text_or_empty(body_text(c, body, "ID"));
    q->tagged = read_pairs(c, body, "TaggedAddresses", w->tagged);
    q->meta = read_pairs(c, body, "NodeMeta", w->meta);
    body_bool(c, body, "SkipNodeUpdate", &q->skip_node);
    if (q->address && !*q->address)
        q->address = NULL;
}

/* False: it names another datacenter, which has been answered. */
static bool is_here(struct call *c, const json_t *body)
{
    const char *dc = body_text(c, body, "Datacenter");

    if (!dc || !*dc || !strcmp(dc, c->m->self->datacenter))
        return true;
    call_error(c, 500, "No path to datacenter");
    return false;
}

static void writing_free(void *data)
{
    struct writing *w = data;

    row_audit_clear(&w->audit);
    while (w->definition_count)
        free(w->definitions[--w->definition_count]);
    free(w);
}

static struct writing *writing_of(struct call *c)
{
    struct writing *w = xmalloc(sizeof(*w));

    memset(w, 0, offsetof(struct writing, checks));
    call_asker(c, &w->audit.asker);
    c->data = w;
    c->free_data = writing_free;
    return w;
}

/* -- rights ---------------------------------------------------------------- */

static bool may_node(struct call *c, const char *node)
{
    return call_demand(c, ACL_NODE, node, strlen(node), ACL_WRITE);
}

static bool may_service(struct call *c, const char *service)
{
    return call_demand(c, ACL_SERVICE, service, strlen(service), ACL_WRITE);
}

static bool same_pairs(const struct dir_pairs *a, const struct dir_pairs *b)
{
    const char *value;
    unsigned i;

    for (i = 0; i < a->count; i++) {
        value = dir_pair_get(b, a->list[i].name);
        if (!value || strcmp(value, a->list[i].value) != 0)
            return false;
    }
    return a->count == b->count;
}

/* Whoever leaves a node as it is needs no right to it. */
static bool may_register_node(struct call *c, const struct dir_request *q)
{
    const struct dir_node *n = directory_node(c->m->directory, q->node);

    if (n && (q->skip_node || n->own ||
              (q->address && !strcmp(n->address, q->address) &&
               (!q->id || !*q->id || !strcmp(n->id, q->id)) &&
               same_pairs(&n->tagged, &q->tagged) &&
               same_pairs(&n->meta, &q->meta))))
        return true;
    return may_node(c, q->node);
}

/* The name of a service that is there, or is to be; NULL: there is none. */
static const char *name_of(struct call *c, const struct dir_request *q,
                           const char *id)
{
    const struct dir_service_new *s = q->service;
    const struct dir_instance *i;

    if (s && !strcmp(id, s->id && *s->id ? s->id : s->name))
        return s->name;
    i = directory_instance(c->m->directory, q->node, id);
    return i ? i->service : NULL;
}

static bool may_register(struct call *c, const struct dir_request *q)
{
    const struct dir_service_new *s = q->service;
    const struct dir_instance *i;
    unsigned n;

    if (!may_register_node(c, q))
        return false;
    if (s && !authority_demand_service(c, s))
        return false;
    i = s ? directory_instance(c->m->directory, q->node,
                               s->id && *s->id ? s->id : s->name)
          : NULL;
    if (i && !may_service(c, i->service))
        return false;
    for (n = 0; n < q->check_count; n++) {
        const char *id = q->checks[n].service_id;
        const char *name = id && *id ? name_of(c, q, id) : NULL;

        if (name ? !may_service(c, name) : !may_node(c, q->node))
            return false;
    }
    return true;
}

/* -- register -------------------------------------------------------------- */

/* Consul's words for what is missing; NULL: nothing is. */
static const char *missing(const struct dir_request *q)
{
    if (!*q->node)
        return "Must provide node";
    if (!q->address && !q->skip_node)
        return "Must provide address if SkipNodeUpdate is not set";
    if (*q->id && !uuid_ok(q->id, strlen(q->id)))
        return "Bad node ID: it is no UUID";
    if (q->service && !*q->service->name)
        return "Must provide service name with ID";
    return NULL;
}

enum http_verdict catalog_register_put(struct http_request *r, void *ctx)
{
    struct call *c = call_begin(r, ctx);
    const json_t *body, *service;
    struct writing *w;
    const char *wrong;

    if (!c || !(body = body_of(c)))
        return HTTP_DONE;
    w = writing_of(c);
    read_node(c, body, w);
    service = body_field(c, body, "Service");
    if (service && !json_is_null(service))
        read_service(c, service, w);
    read_checks(c, body, w);
    if (!body_ok(c) || !is_here(c, body))
        return HTTP_DONE;
    wrong = missing(&w->q);
    if (wrong)
        return call_error(c, 500, "%s", wrong);
    if (w->elsewhere)
        return call_error(c, 500,
                          "check node \"%s\" does not match node \"%s\"",
                          w->elsewhere, w->q.node);
    if (call_audit_full(c) || !may_register(c, &w->q))
        return HTTP_DONE;
    authority_asker(c, &w->q.who);
    w->q.who.asker = &w->audit.asker;
    row_audit_register(&w->audit, &w->q, c->m->self->node);
    call_hold(c);
    directory_register(c->m->directory, &w->q, written, c);
    return HTTP_LATER;
}

/* -- deregister ------------------------------------------------------------ */

static bool may_deregister(struct call *c, const struct dir_removal *q)
{
    struct directory *d = c->m->directory;
    const struct dir_instance *i = NULL;
    const struct dir_check *check;

    if (q->service_id && *q->service_id) {
        i = directory_instance(d, q->node, q->service_id);
        if (!i)
            return true; /* nothing happens */
    } else if (q->check_id && *q->check_id) {
        check = directory_check_of(d, q->node, q->check_id);
        if (!check)
            return true;
        i = check->instance;
    }
    if (i)
        return may_service(c, i->service);
    return may_node(c, q->node);
}

enum http_verdict catalog_deregister_put(struct http_request *r, void *ctx)
{
    struct call *c = call_begin(r, ctx);
    const json_t *body;
    struct writing *w;

    if (!c || !(body = body_of(c)))
        return HTTP_DONE;
    w = writing_of(c);
    w->removal.node = text_or_empty(body_text(c, body, "Node"));
    w->removal.service_id = body_text(c, body, "ServiceID");
    w->removal.check_id = body_text(c, body, "CheckID");
    if (!body_ok(c) || !is_here(c, body))
        return HTTP_DONE;
    if (!*w->removal.node)
        return call_error(c, 500, "Must provide node");
    if (call_audit_full(c) || !may_deregister(c, &w->removal))
        return HTTP_DONE;
    authority_asker(c, &w->removal.who);
    w->removal.who.asker = &w->audit.asker;
    row_audit_deregister(&w->audit, &w->removal, c->m->self->node);
    call_hold(c);
    directory_deregister(c->m->directory, &w->removal, written, c);
    return HTTP_LATER;
}
