/*
 * Nodes by their addresses, for who asks for the name of one: a list of its
 * own, made when somebody asks and not for every change, for making it looks at
 * all nodes. So it is a second behind, or as much more as making it takes no
 * more than a hundredth of the time.
 *
 * Must not know messages.
 */
#ifndef MUSTER_PLUGINS_REGISTRY_DNS_REVERSE_H
#define MUSTER_PLUGINS_REGISTRY_DNS_REVERSE_H

#include <stdint.h>

#include "plugins/registry/dns/ask.h"

struct directory;
struct dns_reverse;

struct dns_reverse *dns_reverse_new(void);
void dns_reverse_free(struct dns_reverse *r); /* NULL is fine */

/* The names of nodes that have the address, `most` of them at most; valid until
 * the next call. The time is loop_clock(). */
unsigned dns_reverse_find(struct dns_reverse *r, struct directory *d,
                          const struct dns_address *a, uint64_t now_ms,
                          const char **out, unsigned most);

#endif
