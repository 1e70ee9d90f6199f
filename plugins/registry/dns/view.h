/*
 * The directory and the prepared queries as the answers of DNS look at them: on
 * behalf of somebody who shows no token.
 *
 * Must not know messages or sockets.
 */
#ifndef MUSTER_PLUGINS_REGISTRY_DNS_VIEW_H
#define MUSTER_PLUGINS_REGISTRY_DNS_VIEW_H

#include <stdbool.h>

#include "plugins/registry/dns/answer.h"

struct musterd;
struct principal;
struct dns_pools;
struct dns_reverse;

struct dns_registry {
    struct musterd *m;
    const struct principal *who; /* asks; borrowed; set before each question */
    bool only_passing;           /* those with a warning do not count */
    struct dns_reverse *reverse; /* owned; nodes by their addresses; or NULL */
    struct dns_pools *pools;     /* owned; of services with many; or NULL */
};

/* Its arg is a struct dns_registry. */
extern const struct dns_view dns_registry_view;

void dns_registry_free(struct dns_registry *r);

#endif
