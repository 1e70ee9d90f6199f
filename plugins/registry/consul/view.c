/*
 * The first who asks for nodes or services has the directory's view made, which
 * takes some turns of the loop where much is registered: until it is there,
 * requests that may read it wait, and then begin as if they had just come.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "plugins/registry/consul/call_impl.h"
#include "server/musterd.h"
#include "server/places.h"

struct view_wait {
    struct places_waiter waiter;
    struct places *places;
    struct http_request *r;
};

/* What has nothing to do with it. */
static bool reads_it(const struct http_request *r)
{
    static const char *const others[] = {"/v1/kv/", "/v1/status/", "/v1/acl/",
                                         "/v1/event/list"};
    static const char fire[] = "/v1/event/fire/"; /* but for a filter */
    const char *path = http_path(r);
    size_t i;

    for (i = 0; i < ARRAY_LEN(others); i++)
        if (!strncmp(path, others[i], strlen(others[i])))
            return false;
    return strncmp(path, fire, sizeof(fire) - 1) != 0 ||
           http_query(r, "service");
}

static void client_gone(struct http_request *r, void *arg)
{
    struct view_wait *w = arg;

    (void)r;
    places_wait_end(w->places, &w->waiter);
    free(w);
}

static void nobody(struct http_request *r, void *arg)
{
    (void)r;
    (void)arg;
}

static void ready(struct places_waiter *waiter)
{
    struct view_wait *w = container_of(waiter, struct view_wait, waiter);
    struct http_request *r = w->r;

    http_on_gone(r, nobody, NULL);
    free(w);
    http_route(r)->handler(r, http_context(r));
}

bool call_waits_for_view(struct consul *u, struct http_request *r)
{
    struct view_wait *w;

    if (!reads_it(r) || places_are_ready(u->m->places))
        return false;
    w = xcalloc(1, sizeof(*w));
    w->waiter.ready = ready;
    w->places = u->m->places;
    w->r = r;
    places_wait(u->m->places, &w->waiter);
    http_on_gone(r, client_gone, w);
    return true;
}
