#include "lib/resolver.h"

#include <event2/dns.h>
#include <event2/event.h>
#include <event2/util.h>
#include <stdbool.h>
#include <stdlib.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "lib/mem.h"

struct resolver {
    struct event_base *base;
    struct evdns_base *dns;
    unsigned open; /* questions without an answer */
    bool orphan;   /* its loop is gone */
};

struct resolver_query {
    struct resolver *resolver;
    struct evdns_getaddrinfo_request *request;
    resolver_fn *fn; /* NULL: cancelled */
    void *arg;
    bool asking, answered; /* inside resolver_ask() */
    int code;
    struct evutil_addrinfo *list;
};

struct resolver *resolver_new(struct event_base *base)
{
    struct evdns_base *dns;
    struct resolver *r;

    dns = evdns_base_new(base, EVDNS_BASE_INITIALIZE_NAMESERVERS |
                                   EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    if (!dns) {
        /* no resolv.conf: /etc/hosts still counts */
        dns = evdns_base_new(base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
        if (!dns)
            return NULL;
        evdns_base_load_hosts(dns, "/etc/hosts");
    }
    r = xcalloc(1, sizeof(*r));
    r->base = base;
    r->dns = dns;
    return r;
}

static void resolver_release(evutil_socket_t fd, short what, void *arg)
{
    struct resolver *r = arg;

    (void)fd;
    (void)what;
    evdns_base_free(r->dns, 0);
    free(r);
}

bool resolver_free(struct resolver *r)
{
    if (!r)
        return true;
    r->orphan = true;
    if (r->open)
        return false;
    resolver_release(-1, 0, r);
    return true;
}

static void query_finish(struct resolver_query *q, int code,
                         struct evutil_addrinfo *list)
{
    static const struct timeval now = {0, 0};
    struct resolver *r = q->resolver;
    resolver_fn *fn = q->fn;
    void *arg = q->arg;

    free(q);
    if (fn)
        fn(arg, code, list);
    else if (list)
        evutil_freeaddrinfo(list);
    /* not here: evdns is our caller */
    if (--r->open == 0 && r->orphan)
        event_base_once(r->base, -1, EV_TIMEOUT, resolver_release, r, &now);
}

static void query_answered(int code, struct evutil_addrinfo *list, void *arg)
{
    struct resolver_query *q = arg;

    if (!q->asking) {
        query_finish(q, code, list);
        return;
    }
    q->answered = true;
    q->code = code;
    q->list = list;
}

struct resolver_query *resolver_ask(struct resolver *r, const char *host,
                                    const char *port, resolver_fn *fn,
                                    void *arg)
{
    struct evutil_addrinfo hints = {.ai_family = AF_UNSPEC,
                                    .ai_socktype = SOCK_STREAM,
                                    .ai_protocol = IPPROTO_TCP};
    struct resolver_query *q = xcalloc(1, sizeof(*q));

    q->resolver = r;
    q->fn = fn;
    q->arg = arg;
    q->asking = true;
    r->open++;
    q->request =
        evdns_getaddrinfo(r->dns, host, port, &hints, query_answered, q);
    q->asking = false;
    if (!q->answered)
        return q;
    query_finish(q, q->code, q->list);
    return NULL;
}

void resolver_cancel(struct resolver_query *q)
{
    q->fn = NULL;
    evdns_getaddrinfo_cancel(q->request);
}
