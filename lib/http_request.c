#include <assert.h>
#include <string.h>
#include <strings.h>

#include "lib/auth/principal.h"
#include "lib/conn.h"
#include "lib/http_guard.h"
#include "lib/httpd_impl.h"

unsigned http_method(const struct http_request *r)
{
    return r->head.method;
}

const char *http_path(const struct http_request *r)
{
    return http_head_text(&r->head, r->head.target);
}

const char *http_param(const struct http_request *r, const char *name)
{
    int i = http_route_param(r->match.route, name);

    assert(i >= 0 && (unsigned)i < r->match.n_params);
    return http_head_text(&r->head, r->params[i]);
}

const char *http_query(const struct http_request *r, const char *name)
{
    unsigned i;

    for (i = 0; r->query && i < r->query->count; i++)
        if (!strcmp(r->query->items[i].name, name))
            return r->query->items[i].value;
    return NULL;
}

const struct http_query *http_query_all(const struct http_request *r)
{
    static const struct http_query none;

    return r->query ? r->query : &none;
}

const char *http_header(const struct http_request *r, const char *name)
{
    return http_head_get(&r->head, name);
}

const char *http_body(const struct http_request *r, size_t *len)
{
    *len = buf_len(&r->body);
    return buf_data(&r->body);
}

void *http_context(const struct http_request *r)
{
    return r->h->ctx;
}

const struct http_route *http_route(const struct http_request *r)
{
    return r->match.route;
}

const char *http_token(const struct http_request *r)
{
    const char *bearer = http_head_get(&r->head, "authorization");
    const char *consul = http_head_get(&r->head, "x-consul-token");

    if (consul && *consul)
        return consul;
    if (!bearer || strncasecmp(bearer, "bearer ", 7))
        return NULL;
    bearer += 7 + strspn(bearer + 7, " ");
    return *bearer ? bearer : NULL;
}

void http_forget_token(struct http_request *r)
{
    http_token_forget(&r->head);
}

void http_forget_query(struct http_request *r, const char *name)
{
    unsigned i;
    char *value;

    for (i = 0; r->query && i < r->query->count; i++) {
        value = (char *)(uintptr_t)r->query->items[i].value;
        if (!strcmp(r->query->items[i].name, name))
            explicit_bzero(value, strlen(value));
    }
}

const struct principal *http_principal(const struct http_request *r)
{
    return r->holder.principal;
}

void http_set_principal(struct http_request *r, struct principal *p)
{
    if (r->holder.principal)
        principal_release(&r->holder);
    principal_hold(p, &r->holder);
}

const char *http_peer(const struct http_request *r)
{
    return r->hc ? conn_peer(r->hc->c) : "gone";
}

bool http_is_local(const struct http_request *r)
{
    const char *peer = http_peer(r);

    return !strncmp(peer, "127.", 4) || !strncmp(peer, "[::1]:", 6) ||
           !strncmp(peer, "[::ffff:127.", 12) || !strcmp(peer, "unix");
}

void http_on_gone(struct http_request *r,
                  void (*fn)(struct http_request *r, void *arg), void *arg)
{
    r->gone = fn;
    r->gone_arg = arg;
}

void http_on_room(struct http_request *r,
                  void (*fn)(struct http_request *r, void *arg), void *arg)
{
    r->room = fn;
    r->room_arg = arg;
}

bool http_is_over(const struct http_request *r)
{
    return r->over;
}
