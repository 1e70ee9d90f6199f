/*
 * /v1/acl: Consul's tokens, for whoever manages them. While ACLs are off all of
 * it says so. The id of a token is its secret: info, which tells what a token
 * is, asks for nothing but it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/audit.h"
#include "lib/mem.h"
#include "lib/uuid.h"
#include "plugins/registry/consul/asking.h"
#include "plugins/registry/consul/body.h"
#include "plugins/registry/consul/call.h"
#include "plugins/registry/consul/families.h"
#include "server/acl_rights.h"
#include "server/musterd.h"

#define PIECE_BYTES 65536 /* of the list, written in one turn */

/* What a call of this family remembers. */
struct acl_call {
    struct acl_waiter waiter;
    struct call *call;
    char *id;                  /* owned; of the token that it is about */
    const char *action;        /* for the audit log */
    struct asker asker;        /* ... */
    bool tells_id;             /* the answer does; else it is true */
    bool tells_secret;         /* ... by the name that it has since 1.4, too */
    char last[ACL_ID_MAX + 1]; /* of the list, as far as it is written */
};

static void id_free(char *id)
{
    explicit_bzero(id, strlen(id));
    free(id);
}

static void acl_call_free(void *data)
{
    struct acl_call *a = data;

    id_free(a->id);
    explicit_bzero(a->last, sizeof(a->last));
    free(a);
}

static struct acl_call *acl_call_new(struct call *c, const char *id)
{
    struct acl_call *a = xcalloc(1, sizeof(*a));

    a->call = c;
    a->id = xstrdup(id);
    call_asker(c, &a->asker);
    c->data = a;
    c->free_data = acl_call_free;
    return a;
}

/* A call while ACLs are on; NULL: it has been answered. */
static struct call *acl_begin(struct http_request *r, void *ctx)
{
    struct call *c = call_begin(r, ctx);

    if (!c || acl_is_on(c->m))
        return c;
    call_error(c, 401, "ACL support disabled");
    return NULL;
}

/* The same about the token that the path names. */
static struct call *acl_begin_id(struct http_request *r, void *ctx)
{
    struct call *c = acl_begin(r, ctx);

    if (c && !*http_param(r, "id")) {
        call_error(c, 400, "Missing ACL");
        return NULL;
    }
    if (c)
        acl_call_new(c, http_param(r, "id"));
    return c;
}

/* -- reading --------------------------------------------------------------- */

static void write_token(struct jw *w, const struct acl_token *t)
{
    jw_open_object(w);
    jw_pair_text(w, "ID", t->id);
    jw_pair_text(w, "Name", t->name);
    jw_pair_text(w, "Type", t->management ? "management" : "client");
    jw_pair_text(w, "Rules", t->text);
    jw_pair_uint(w, "CreateIndex", t->created);
    jw_pair_uint(w, "ModifyIndex", t->changed);
    jw_close(w);
}

static uint64_t read_index(struct call *c)
{
    return acl_index(c->m->acls);
}

static void changed(struct acl_waiter *w)
{
    call_wake(container_of(w, struct acl_call, waiter)->call);
}

static void read_wait(struct call *c)
{
    struct acl_call *a = c->data;

    a->waiter.changed = changed;
    acl_wait(c->m->acls, &a->waiter);
}

static void read_wait_end(struct call *c)
{
    struct acl_call *a = c->data;

    acl_wait_end(c->m->acls, &a->waiter);
}

/* A piece of the list: tokens may go before the next one. */
static bool more_tokens(struct call *c)
{
    struct acl_call *a = c->data;
    const struct acl_token *t;

    while ((t = acl_after(c->m->acls, a->last, strlen(a->last)))) {
        snprintf(a->last, sizeof(a->last), "%s", t->id);
        write_token(&c->out, t);
        if (buf_len(&c->out.buf) >= PIECE_BYTES)
            return true;
    }
    jw_close(&c->out);
    return false;
}

static void answer_list(struct call *c)
{
    struct acl_call *a = c->data;

    a->last[0] = '\0';
    jw_open_array(&c->out);
    call_stream(c, more_tokens);
}

static void answer_info(struct call *c)
{
    const struct acl_call *a = c->data;
    const struct acl_token *t = acl_find(c->m->acls, a->id, strlen(a->id));

    jw_open_array(&c->out);
    if (t)
        write_token(&c->out, t);
    jw_close(&c->out);
    call_json(c, 200);
}

static enum http_verdict get_list(struct http_request *r, void *ctx)
{
    static const struct call_read read = {.index = read_index,
                                          .answer = answer_list,
                                          .wait = read_wait,
                                          .wait_end = read_wait_end};
    struct call *c = acl_begin(r, ctx);

    if (!c || !call_demand(c, ACL_ACL, "", 0, ACL_READ))
        return HTTP_DONE;
    acl_call_new(c, "");
    return call_read(c, &read);
}

static enum http_verdict get_info(struct http_request *r, void *ctx)
{
    static const struct call_read read = {.index = read_index,
                                          .answer = answer_info,
                                          .wait = read_wait,
                                          .wait_end = read_wait_end};
    struct call *c = acl_begin_id(r, ctx);

    return c ? call_read(c, &read) : HTTP_DONE;
}

static enum http_verdict get_replication(struct http_request *r, void *ctx)
{
    static const char never[] = "0001-01-01T00:00:00Z";
    struct call *c = acl_begin(r, ctx);
    struct jw *w;

    if (!c)
        return HTTP_DONE;
    w = &c->out;
    jw_open_object(w);
    jw_pair_bool(w, "Enabled", false);
    jw_pair_bool(w, "Running", false);
    jw_pair_text(w, "SourceDatacenter", "");
    jw_pair_uint(w, "ReplicatedIndex", 0);
    jw_pair_text(w, "LastSuccess", never);
    jw_pair_text(w, "LastError", never);
    jw_close(w);
    return call_json(c, 200);
}

/* -- changing -------------------------------------------------------------- */

static void audit(const struct call *c, enum acl_status status,
                  const char *text)
{
    const struct acl_call *a = c->data;
    const struct acl_token *t = acl_find(c->m->acls, a->id, strlen(a->id));
    char label[ACL_LABEL_MAX] = "";
    struct audit_event e = {.action = a->action,
                            .what = label,
                            .outcome = AUDIT_REFUSED,
                            .reason = text};

    if (!audit_is_on())
        return;
    asker_tell(&a->asker, &e);
    if (t)
        acl_token_label(t, label);
    e.what_len = strlen(label);
    if (status == ACL_OK) {
        e.outcome = AUDIT_OK;
        e.revision = c->m->store->revision;
    } else if (status == ACL_FAILED) {
        e.outcome = AUDIT_FAILED;
    }
    audit_write(&e);
}

/* The client may have gone, and the change is made all the same. */
static void done(void *arg, enum acl_status status, const char *text)
{
    struct call *c = arg;
    const struct acl_call *a = c->data;

    audit(c, status, text);
    if (!call_release(c))
        return;
    if (status != ACL_OK) {
        call_error(c, status == ACL_FORBIDDEN ? 403 : 500, "%s", text);
    } else if (!a->tells_id) {
        call_true(c, true);
    } else {
        jw_open_object(&c->out);
        jw_pair_text(&c->out, "ID", a->id);
        if (a->tells_secret)
            jw_pair_text(&c->out, "SecretID", a->id);
        jw_close(&c->out);
        call_json(c, 200);
    }
}

static void put(struct call *c, struct acl_call *a,
                const struct acl_request *as)
{
    struct acl_request q = *as;

    a->tells_id = true;
    q.id = a->id;
    call_hold(c);
    acl_put(c->m->acls, &q, done, c);
}

/* Of create and update: the id of the body, or a new one. */
static struct acl_call *id_of(struct call *c, const char *id, bool update)
{
    char fresh[UUID_LEN + 1];

    if (id && *id)
        return acl_call_new(c, id);
    if (update) {
        call_error(c, 400, "ACL ID must be set");
        return NULL;
    }
    uuid_make(fresh);
    return acl_call_new(c, fresh);
}

static enum http_verdict set(struct http_request *r, void *ctx, bool update)
{
    struct call *c = acl_begin(r, ctx);
    struct acl_request q = {0};
    const char *type, *id;
    struct acl_call *a;
    const json_t *body;
    bool ok = false;

    body = c ? call_body(c, &ok) : NULL;
    if (!ok)
        return HTTP_DONE;
    id = body_text(c, body, "ID");
    q.name = body_text(c, body, "Name");
    q.rules = body_text(c, body, "Rules");
    type = body_text(c, body, "Type");
    if (!body_ok(c) || !(a = id_of(c, id, update)) ||
        !call_demand(c, ACL_ACL, "", 0, ACL_WRITE) || call_audit_full(c))
        return HTTP_DONE;
    q.management = type && !strcmp(type, "management");
    if (type && *type && !q.management && strcmp(type, "client") != 0)
        return call_error(c, 500, "Invalid ACL Type");
    a->action = acl_find(c->m->acls, a->id, strlen(a->id)) ? "acl change"
                                                           : "acl create";
    put(c, a, &q);
    return HTTP_LATER;
}

static enum http_verdict put_create(struct http_request *r, void *ctx)
{
    return set(r, ctx, false);
}

static enum http_verdict put_update(struct http_request *r, void *ctx)
{
    return set(r, ctx, true);
}

static enum http_verdict put_destroy(struct http_request *r, void *ctx)
{
    struct call *c = acl_begin_id(r, ctx);
    struct acl_call *a;

    if (!c || !call_demand(c, ACL_ACL, "", 0, ACL_WRITE) || call_audit_full(c))
        return HTTP_DONE;
    a = c->data;
    a->action = "acl destroy";
    call_hold(c);
    acl_remove(c->m->acls, a->id, done, c);
    return HTTP_LATER;
}

static enum http_verdict put_clone(struct http_request *r, void *ctx)
{
    struct call *c = acl_begin_id(r, ctx);
    const struct acl_token *t;
    char fresh[UUID_LEN + 1];
    struct acl_call *a;

    if (!c || !call_demand(c, ACL_ACL, "", 0, ACL_WRITE) || call_audit_full(c))
        return HTTP_DONE;
    a = c->data;
    t = acl_find(c->m->acls, a->id, strlen(a->id));
    if (!t && call_is_07(c))
        return call_error(c, 404, "Target ACL not found");
    if (!t)
        return call_error(c, 403, AUTHORITY_NOT_FOUND);
    uuid_make(fresh);
    id_free(a->id);
    a->id = xstrdup(fresh);
    a->action = "acl create";
    call_index(c, acl_index(c->m->acls));
    put(c, a,
        &(struct acl_request){
            .name = t->name, .rules = t->text, .management = t->management});
    return HTTP_LATER;
}

/* Who may do everything here can be the first; no token helps. */
static enum http_verdict put_bootstrap(struct http_request *r, void *ctx)
{
    struct call *c = acl_begin(r, ctx);
    char fresh[UUID_LEN + 1];
    struct acl_call *a;

    if (!c)
        return HTTP_DONE;
    if (!authority_is_trusted(c))
        return call_deny(c);
    if (call_audit_full(c))
        return HTTP_DONE;
    uuid_make(fresh);
    a = acl_call_new(c, fresh);
    a->tells_id = a->tells_secret = true;
    a->action = "acl bootstrap";
    call_hold(c);
    acl_bootstrap(c->m->acls, a->id, done, c);
    return HTTP_LATER;
}

static const struct http_route rows[] = {
    {.methods = HTTP_PUT,
     .path = "/v1/acl/bootstrap",
     .handler = put_bootstrap,
     .demands = HTTP_OPEN,
     .body = CALL_BODY,
     .help = "Makes the first management token, once."},
    {.methods = HTTP_PUT,
     .path = "/v1/acl/create",
     .handler = put_create,
     .body = CALL_BODY,
     .help = "Makes a token, or changes the one of that ID."},
    {.methods = HTTP_PUT,
     .path = "/v1/acl/update",
     .handler = put_update,
     .body = CALL_BODY,
     .help = "Changes a token, or makes the one of that ID."},
    {.methods = HTTP_PUT,
     .path = "/v1/acl/destroy/*id",
     .handler = put_destroy,
     .body = CALL_BODY,
     .help = "Destroys a token: blocking queries of it end."},
    {.methods = HTTP_PUT,
     .path = "/v1/acl/clone/*id",
     .handler = put_clone,
     .body = CALL_BODY,
     .help = "Makes another token with the same rules."},
    {.methods = HTTP_GET,
     .path = "/v1/acl/info/*id",
     .handler = get_info,
     .demands = HTTP_OPEN,
     .help = "What a token is, for who knows its ID."},
    {.methods = HTTP_GET,
     .path = "/v1/acl/list",
     .handler = get_list,
     .help = "All tokens, with their IDs."},
    {.methods = HTTP_GET,
     .path = "/v1/acl/replication",
     .handler = get_replication,
     .demands = HTTP_OPEN,
     .help = "That there is no replication of tokens."},
};
const struct http_table consul_acl = {rows, ARRAY_LEN(rows)};
