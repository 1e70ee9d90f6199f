#include "plugins/registry/dns/rate.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "lib/sock.h"
#include "server/state/hash.h"

#define SECOND_US 1000000u

static struct dns_account *account_of(struct dns_rates *r,
                                      const struct sockaddr *from)
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)from;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)from;
    const void *bytes = &v4->sin_addr;
    size_t len = sizeof(v4->sin_addr);

    if (from->sa_family == AF_INET6) {
        bytes = &v6->sin6_addr;
        len = IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr) ? 16 : 8;
    }
    return &r->accounts[hash_bytes(hash_key(), bytes, len) % DNS_RATE_ACCOUNTS];
}

enum dns_rate dns_rate_take(struct dns_rates *r, const struct sockaddr *from,
                            uint64_t now_us)
{
    struct dns_account *a;
    uint64_t cost;

    if (!r->a_second || sock_is_local(from))
        return DNS_RATE_ANSWER;
    a = account_of(r, from);
    cost = SECOND_US / r->a_second;
    if (a->full_us < now_us)
        a->full_us = now_us;
    if (a->full_us + cost <= now_us + SECOND_US) {
        a->full_us += cost;
        a->slipped = false;
        return DNS_RATE_ANSWER;
    }
    a->slipped = !a->slipped;
    return a->slipped ? DNS_RATE_SLIP : DNS_RATE_DROP;
}
