/*
 * The healthy instances of a service that has very many, in a list of their
 * own, so that who asks for some of them at random does not cost a look at all.
 * It is made when somebody asks, and made anew when they have changed; but not
 * so often that making it takes more than a twentieth of the time: it may be
 * behind by that (40 ms for 10,000 instances, where a look at all takes 2).
 *
 * Only what everybody may see is kept here.
 */
#ifndef MUSTER_PLUGINS_REGISTRY_DNS_POOL_H
#define MUSTER_PLUGINS_REGISTRY_DNS_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "plugins/registry/dns/answer.h"

#define DNS_POOL_FROM 256 /* instances of a service from which it has one */
#define DNS_POOLS     64  /* kept; the one not asked for the longest goes */

struct dir_name;
struct directory;
struct dns_pools;

struct dns_pools *dns_pools_new(void);
void dns_pools_free(struct dns_pools *p); /* NULL is fine */

/* Some of the healthy instances of n that have the tag ("": any), `most` at
 * most, chosen at random. The host's `of` is NULL, its texts are good until the
 * next call. The time is loop_clock()'s, in milliseconds. */
unsigned dns_pool_draw(struct dns_pools *p, struct directory *d,
                       const struct dir_name *n, const char *tag,
                       bool only_passing, uint64_t now_ms, struct dns_host *out,
                       unsigned most);

#endif
