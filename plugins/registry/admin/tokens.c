/*
 * The tokens that the registry keeps, over HTTP:
 *
 *   GET    /v1/tokens         all, by name, without their hashes
 *   POST   /v1/tokens         a new one; its name is in the body
 *   GET    /v1/tokens/:name
 *   PUT    /v1/tokens/:name   other rights for it, the same secret
 *   DELETE /v1/tokens/:name   revokes it: its connections are closed
 *
 * Who makes a token may keep its secret for himself, and send its hash; else
 * the secret is made here, and said in the answer, once.
 */
#include "plugins/registry/admin/tokens.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/admin.h"
#include "lib/audit.h"
#include "lib/auth/rights_json.h"
#include "lib/auth/secret.h"
#include "lib/http.h"
#include "lib/mem.h"
#include "server/audit.h"
#include "server/musterd.h"
#include "server/state/token_store.h"

#define TOKEN_BODY 65536

/* A request that waits for the store. */
struct asked {
    struct http_request *r; /* NULL: whoever asked is gone */
    struct musterd *m;
    char name[PRINCIPAL_NAME_MAX + 1];
    char *token; /* POST: to be told; or NULL */
    bool creates, deletes;
    struct asker asker; /* for the audit log */
};

static json_t *token_json(const struct token_kept *k)
{
    json_t *o = rights_to_json(k->principal);

    json_object_set_new(o, "created", json_integer((json_int_t)k->created));
    json_object_set_new(o, "changed", json_integer((json_int_t)k->changed));
    return o;
}

static void add_to_list(void *arg, const struct token_kept *k)
{
    json_array_append_new(arg, token_json(k));
}

static enum http_verdict list(struct http_request *r, void *ctx)
{
    const struct musterd *m = admin_arg(ctx);
    json_t *all = json_array();

    token_store_each(m->tokens, add_to_list, all);
    http_reply_json(r, 200, all);
    return HTTP_DONE;
}

static enum http_verdict show(struct http_request *r, void *ctx)
{
    const struct musterd *m = admin_arg(ctx);
    const char *name = http_param(r, "name");
    struct token_kept k;

    if (token_store_get(m->tokens, name, &k))
        http_reply_json(r, 200, token_json(&k));
    else
        http_reply_error(r, 404, "the registry keeps no token %.80s", name);
    return HTTP_DONE;
}

/* -- changes --------------------------------------------------------------- */

static void asked_free(struct asked *a)
{
    secret_free(a->token);
    free(a);
}

static void client_gone(struct http_request *r, void *arg)
{
    struct asked *a = arg;

    (void)r;
    a->r = NULL;
}

static int status_code(enum token_status status)
{
    switch (status) {
    case TOKEN_OK: return 200;
    case TOKEN_EXISTS: return 409;
    case TOKEN_MISSING: return 404;
    case TOKEN_BUSY: return 409;
    case TOKEN_FULL: return 507;
    case TOKEN_FAILED: break;
    }
    return 503;
}

static void answer_ok(struct asked *a)
{
    struct token_kept k;
    json_t *o;

    if (a->deletes) {
        http_reply(a->r, 204, NULL, NULL, 0);
        return;
    }
    if (!token_store_get(a->m->tokens, a->name, &k)) {
        http_reply_error(a->r, 404, "token %s was revoked meanwhile", a->name);
        return;
    }
    o = token_json(&k);
    if (a->token)
        json_object_set_new(o, "token", json_string(a->token));
    http_reply_json(a->r, a->creates ? 201 : 200, o);
}

static void audit(const struct asked *a, enum token_status status,
                  const char *text)
{
    struct audit_event e = {.action = a->creates   ? "token create"
                                      : a->deletes ? "token revoke"
                                                   : "token change",
                            .what = a->name,
                            .what_len = strlen(a->name),
                            .outcome = AUDIT_REFUSED,
                            .reason = text};

    if (!audit_is_on())
        return;
    asker_tell(&a->asker, &e);
    if (status == TOKEN_OK) {
        e.outcome = AUDIT_OK;
        e.reason = NULL;
        e.revision = a->m->store->revision;
    } else if (status == TOKEN_FAILED) {
        e.outcome = AUDIT_FAILED;
    }
    audit_write(&e);
}

static void token_done(void *arg, enum token_status status, const char *text)
{
    struct asked *a = arg;

    audit(a, status, text);
    if (a->r && status == TOKEN_OK)
        answer_ok(a);
    else if (a->r)
        http_reply_error(a->r, status_code(status), "%s", text);
    asked_free(a);
}

static struct asked *asked_new(struct http_request *r, struct musterd *m,
                               const char *name)
{
    struct asked *a = xcalloc(1, sizeof(*a));

    a->r = r;
    a->m = m;
    memcpy(a->name, name, strlen(name));
    a->asker.face = "admin";
    snprintf(a->asker.who, sizeof(a->asker.who), "%s", http_principal(r)->name);
    snprintf(a->asker.from, sizeof(a->asker.from), "%s", http_peer(r));
    http_on_gone(r, client_gone, a);
    return a;
}

/* The object of the body, or NULL, and the request is answered. */
static json_t *body_json(struct http_request *r)
{
    json_error_t error;
    size_t len;
    const char *body = http_body(r, &len);
    json_t *o = json_loadb(body, len, JSON_REJECT_DUPLICATES, &error);

    if (o && json_is_object(o))
        return o;
    if (o)
        http_reply_error(r, 400, "the body is no JSON object");
    else
        http_reply_error(r, 400, "the body is no JSON: %s (line %d)",
                         error.text, error.line);
    json_decref(o);
    return NULL;
}

/* A principal as the body has it, or NULL, and the request is answered. */
static struct principal *body_principal(struct http_request *r,
                                        const char *name, const json_t *o)
{
    struct principal *p = principal_new(name);
    char *wrong = rights_from_json(p, o);

    if (!wrong)
        return p;
    http_reply_error(r, 400, "%s", wrong);
    free(wrong);
    principal_unref(p);
    return NULL;
}

static enum http_verdict create(struct http_request *r, void *ctx)
{
    struct musterd *m = admin_arg(ctx);
    json_t *o = body_json(r);
    const char *name = json_string_value(json_object_get(o, "name"));
    struct principal *p = NULL;
    struct asked *a;

    if (o && (!name || !principal_name_ok(name, strlen(name))))
        http_reply_error(r, 400,
                         "name: 1 to %d letters, digits, _ and -, and no - "
                         "at its beginning",
                         PRINCIPAL_NAME_MAX);
    else if (o)
        p = body_principal(r, name, o);
    if (!p) {
        json_decref(o);
        return HTTP_DONE;
    }
    a = asked_new(r, m, name);
    a->creates = true;
    if (!p->has_hash && !p->cert) {
        a->token = secret_token(name);
        if (a->token)
            secret_hash(a->token, strlen(a->token), p->hash);
        p->has_hash = a->token != NULL;
    }
    json_decref(o);
    if (!p->has_hash && !p->cert) {
        principal_unref(p);
        token_done(a, TOKEN_FAILED, "the system gives no random numbers");
        return HTTP_DONE;
    }
    token_store_put(m->tokens, p, false, token_done, a);
    return HTTP_LATER;
}

static enum http_verdict change(struct http_request *r, void *ctx)
{
    struct musterd *m = admin_arg(ctx);
    const char *name = http_param(r, "name");
    struct principal *p = NULL;
    struct token_kept k;
    json_t *o;

    if (!token_store_get(m->tokens, name, &k)) {
        http_reply_error(r, 404, "the registry keeps no token %.80s", name);
        return HTTP_DONE;
    }
    o = body_json(r);
    if (o)
        p = body_principal(r, k.principal->name, o);
    json_decref(o);
    if (!p)
        return HTTP_DONE;
    if (!p->has_hash && k.principal->has_hash) {
        memcpy(p->hash, k.principal->hash, sizeof(p->hash));
        p->has_hash = true;
    }
    token_store_put(m->tokens, p, true, token_done, asked_new(r, m, p->name));
    return HTTP_LATER;
}

static enum http_verdict revoke(struct http_request *r, void *ctx)
{
    struct musterd *m = admin_arg(ctx);
    const char *name = http_param(r, "name");
    struct asked *a;

    if (!principal_name_ok(name, strlen(name))) {
        http_reply_error(r, 404, "the registry keeps no token %.80s", name);
        return HTTP_DONE;
    }
    a = asked_new(r, m, name);
    a->deletes = true;
    token_store_remove(m->tokens, name, token_done, a);
    return HTTP_LATER;
}

static const struct http_route rows[] = {
    {.methods = HTTP_GET,
     .path = "/v1/tokens",
     .handler = list,
     .help = "The tokens that the registry keeps."},
    {.methods = HTTP_POST,
     .path = "/v1/tokens",
     .handler = create,
     .demands = HTTP_JSON,
     .body = TOKEN_BODY,
     .help = "Keeps a new token; its secret is in the answer, once."},
    {.methods = HTTP_GET,
     .path = "/v1/tokens/:name",
     .handler = show,
     .help = "One of them."},
    {.methods = HTTP_PUT,
     .path = "/v1/tokens/:name",
     .handler = change,
     .demands = HTTP_JSON,
     .body = TOKEN_BODY,
     .help = "Gives a token other rights; its secret stays."},
    {.methods = HTTP_DELETE,
     .path = "/v1/tokens/:name",
     .handler = revoke,
     .help = "Revokes a token: who uses it is disconnected."},
};

const struct http_table admin_tokens = {rows, ARRAY_LEN(rows)};
