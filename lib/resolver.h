/*
 * The resolver of a loop: host names are looked up without blocking. A question
 * that is given up is still answered to evdns later on, when loop and asker may
 * be gone; so the resolver lives until its last answer.
 *
 * Must not know what the addresses are for.
 */
#ifndef MUSTER_LIB_RESOLVER_H
#define MUSTER_LIB_RESOLVER_H

#include <stdbool.h>
#include <event2/util.h> /* struct evutil_addrinfo is a macro */

struct event_base;
struct resolver;
struct resolver_query;

/* code 0: list is the callee's to evutil_freeaddrinfo(); else what
 * evutil_gai_strerror() knows. The query is gone by then. */
typedef void resolver_fn(void *arg, int code, struct evutil_addrinfo *list);

/* NULL: names cannot be resolved here. */
struct resolver *resolver_new(struct event_base *base);
/* Now (true), or after the last answer: the base then has to outlive that,
 * which for cancelled questions comes in its next turn. */
bool resolver_free(struct resolver *r); /* NULL is fine */

/* Asks for a host's stream addresses. NULL: it has been answered already. */
struct resolver_query *resolver_ask(struct resolver *r, const char *host,
                                    const char *port, resolver_fn *fn,
                                    void *arg);
/* fn is not called any more. */
void resolver_cancel(struct resolver_query *q);

#endif
