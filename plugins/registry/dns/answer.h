/*
 * What is answered to a question: the rules of Consul's DNS interface, over a
 * view of what is registered that the caller has.
 *
 *   message --dns_question_read()--> what name? --dns_ask_read()--> view
 *           <--dns_answer_end()----- records <----------------------'
 *
 * A service is answered for by its healthy instances, in random order, each
 * address once; over UDP to who says nothing of larger datagrams by so few of
 * them as is set, and to everybody by what fits, marked as truncated, the whole
 * over TCP. A name that is not there, or a service of which no instance is
 * healthy, is NXDOMAIN; one that has no records of that type is answered with
 * none; the SOA stands with both, and says that they are not to be remembered.
 *
 * Must not know sockets, nor where the view comes from.
 *
 * Source: RFC 1034, RFC 2308, RFC 2782, RFC 1464; Consul's documentation.
 */
#ifndef MUSTER_PLUGINS_REGISTRY_DNS_ANSWER_H
#define MUSTER_PLUGINS_REGISTRY_DNS_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plugins/registry/dns/ask.h"
#include "plugins/registry/dns/wire.h"

#define DNS_HOSTS_MAX 4096 /* no message has more addresses */
#define DNS_HOSTS_UDP 512  /* looked at first for a datagram */
#define DNS_NAMES_MAX 16   /* names told of one address */
#define DNS_NS_MAX    8    /* servers told of the domain */

/* A node, or an instance on it. Texts are the view's, good until the answer is
 * made. */
struct dns_host {
    const char *node, *address;
    const char *service_address; /* "": the node's */
    uint16_t port;
    const void *of; /* the view's own, for text(); may be NULL */
};

/* What is registered, as far as who asks may see it: constant. Names are
 * compared in any case. */
struct dns_view {
    bool (*node)(void *arg, const char *name, struct dns_host *out);
    /* The healthy instances, or `most` of them, chosen at random; tag "": of
     * any tag. Returns how many. */
    unsigned (*service)(void *arg, const char *name, const char *tag,
                        struct dns_host *out, unsigned most);
    /* The answer of a prepared query, in the order to be told in; *ttl is set
     * where the query says one, in seconds. */
    unsigned (*query)(void *arg, const char *name, struct dns_host *out,
                      unsigned most, uint32_t *ttl);
    /* Names of nodes that have the address. */
    unsigned (*names)(void *arg, const struct dns_address *a, const char **out,
                      unsigned most);
    /* What is said of the host's node beside its address, from 0 on. */
    bool (*text)(void *arg, const struct dns_host *h, unsigned i,
                 const char **name, const char **value);
    /* Grows with every change. */
    uint32_t (*serial)(void *arg);
};

/* Names are whole, and not empty. */
struct dns_config {
    struct dns_zone zone;
    const char *own_node;           /* whose is the domain */
    uint32_t node_ttl, service_ttl; /* seconds */
    unsigned udp_answers; /* to who says nothing of larger datagrams; 0: what
                           * fits */
    size_t udp_size;      /* bytes of a datagram at most */
};

struct dns_answers {
    uint64_t questions, dropped, truncated;
    /* by their code */
    uint64_t ok, nxdomain, refused, failed;
};

struct dns_server;

/* All is borrowed: config may change between questions. */
struct dns_server *dns_server_new(const struct dns_config *config,
                                  const struct dns_view *view, void *arg);
void dns_server_free(struct dns_server *s); /* NULL is fine */

/* The answer, valid until the next question; NULL: there is none. tcp says how
 * it came. */
const uint8_t *dns_answer(struct dns_server *s, const uint8_t *bytes,
                          size_t len, bool tcp, size_t *answer_len);
/* The same without any record, so that who asks comes back by TCP. */
const uint8_t *dns_answer_slip(struct dns_server *s, const uint8_t *bytes,
                               size_t len, size_t *answer_len);

const struct dns_answers *dns_server_counts(const struct dns_server *s);

/* A number below `below` that nobody can guess from those before, for
 * practical purposes. */
uint64_t dns_random(uint64_t below);

#endif
