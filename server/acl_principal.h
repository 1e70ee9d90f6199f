/*
 * What a principal of ours (lib/auth/principal.h) may in the terms of Consul's
 * ACLs: how its rights are read at the faces that speak as Consul does.
 *
 *   management                admin
 *   key read, write           kv_read, kv_write
 *   service, query write      register: a glob that the name matches
 *   node write                the same
 *   service, node, query read find: all, or what that selects
 *   session                   who may change keys, or register
 *   event write               the operation `event` with the argument `name`,
 *                             on all workers; of _rexec: `execute`
 *   event read                watch: all
 *   agent read                find: all
 *   all else                  admin
 */
#ifndef MUSTER_SERVER_ACL_PRINCIPAL_H
#define MUSTER_SERVER_ACL_PRINCIPAL_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/auth/principal.h"
#include "server/state/acl_kinds.h"

struct dir_instance;
struct directory;

/* name is NUL-terminated. d NULL: a find that selects finds nothing. */
bool acl_principal_may(const struct principal *p, struct directory *d,
                       enum acl_kind kind, const char *name,
                       enum acl_level level);
/* Whether its right to find shows it that instance. */
bool acl_principal_sees(const struct principal *p,
                        const struct dir_instance *i);

#endif
