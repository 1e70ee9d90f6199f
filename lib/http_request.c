#include <assert.h>
#include <string.h>

#include "lib/auth/principal.h"
#include "lib/conn.h"
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

const struct http_route *http_route(const struct http_request *r)
{
    return r->match.route;
}

const struct principal *http_principal(const struct http_request *r)
{
    return r->holder.principal;
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
