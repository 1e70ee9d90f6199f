/*
 * How many answers an address may get by datagrams. Whoever sends questions in
 * another's name has the answers, which are larger, sent there: so each address
 * has so many a second, with a second's worth at hand. Of what is beyond that
 * every other question is answered without records, marked as truncated, so
 * that who really asks comes back by TCP; the rest is not answered.
 *
 * Addresses share accounts at random: their number is fixed, and whatever comes
 * takes no memory. This machine's own have no bound. An IPv6 address counts
 * with all of its /64, of which one host may use any.
 *
 * Must not know messages or sockets; the time is given.
 */
#ifndef MUSTER_PLUGINS_REGISTRY_DNS_RATE_H
#define MUSTER_PLUGINS_REGISTRY_DNS_RATE_H

#include <stdbool.h>
#include <stdint.h>

#define DNS_RATE_ACCOUNTS 8192

struct sockaddr;

enum dns_rate { DNS_RATE_ANSWER, DNS_RATE_SLIP, DNS_RATE_DROP };

struct dns_account {
    uint64_t full_us; /* when it has all it may have again */
    bool slipped;     /* the last one beyond it was told so */
};

struct dns_rates {
    unsigned a_second; /* 0: no bound; may be changed */
    struct dns_account accounts[DNS_RATE_ACCOUNTS];
};

enum dns_rate dns_rate_take(struct dns_rates *r, const struct sockaddr *from,
                            uint64_t now_us);

#endif
