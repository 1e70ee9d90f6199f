/*
 * The members of the cluster, as Consul's clients know them: this musterd,
 * which is the one server, and the nodes that are known to be alive, by a
 * worker or a service that is connected. force-leave of one shows it as leaving
 * until it has had the time to say that it is alive.
 */
#ifndef PLUGINS_REGISTRY_CONSUL_MEMBER_H
#define PLUGINS_REGISTRY_CONSUL_MEMBER_H

#include <stdbool.h>

struct call;

/* What clients compare: the version that is answered like. */
const char *member_version(const struct call *c);
/* This musterd as an object; wan: as it is known to other datacenters. */
void member_write_own(struct call *c, bool wan);

#endif
