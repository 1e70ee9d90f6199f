/*
 * What a domain name asks for, as Consul's DNS interface reads it:
 *
 *   NODE.node[.DC].DOMAIN             a node; dots may be in its name
 *   [TAG.]SERVICE.service[.DC].DOMAIN instances; dots may be in the tag
 *   _SERVICE._TAG[.service][.DC].DOMAIN
 *                                     the same after RFC 2782; _tcp is no tag
 *   QUERY.query[.DC].DOMAIN           a prepared query
 *   HEX.addr[.DC].DOMAIN              the address that is written there
 *   D.C.B.A.in-addr.arpa, ….ip6.arpa  who has an address
 *
 * What only leads to such names (service.DOMAIN, DC.DOMAIN) is there, and is
 * empty: who says that it does not exist says so of everything below it, and
 * resolvers that ask label by label believe that (RFC 8020, RFC 9156).
 *
 * Must not know what is registered, nor messages.
 *
 * Source: Consul's documentation of its DNS interface, RFC 2782, RFC 3596.
 */
#ifndef MUSTER_PLUGINS_REGISTRY_DNS_ASK_H
#define MUSTER_PLUGINS_REGISTRY_DNS_ASK_H

#include <netinet/in.h>
#include <stdbool.h>

#include "plugins/registry/dns/dname.h"

enum dns_kind {
    DNS_OUTSIDE, /* not of this domain */
    DNS_APEX,    /* the domain itself */
    DNS_EMPTY,   /* there, without records */
    DNS_NOTHING, /* of this domain, and not there */
    DNS_NODE,
    DNS_SERVICE,
    DNS_QUERY,
    DNS_ADDRESS, /* the one that the name writes */
    DNS_REVERSE
};

/* An address: v4 ones are mapped, so that all are compared alike. */
struct dns_address {
    struct in6_addr in;
    bool v4;
};

struct dns_ask {
    enum dns_kind kind;
    char name[DNAME_MAX + 1]; /* of the node, service or query; any bytes */
    size_t name_len;
    char tag[DNAME_MAX + 1]; /* of a service; tag_len 0: none is asked for */
    size_t tag_len;
    bool leads_on; /* where there is no such service it may still lead to
                    * names: there, and empty */
    struct dns_address address; /* of DNS_ADDRESS and DNS_REVERSE */
};

/* What is this domain's; borrowed while asks are read. */
struct dns_zone {
    struct dname domain;
    const char *datacenter;
};

void dns_ask_read(struct dns_ask *a, const struct dns_zone *z,
                  const struct dname *name);

/* A numeric address; false: it is none, but a host's name perhaps. */
bool dns_address_read(struct dns_address *a, const char *text);

#endif
