/*
 * What the token of a request to the Consul face may do. Handlers ask through
 * call_may() and call_demand() (call.h); what a token is, and what its rights
 * are, is known to server/acl_rights.h.
 *
 * A token of Consul's that is destroyed, or loses what was demanded of it, ends
 * the blocking queries that were asked with it, with 403. A token of ours that
 * is revoked ends the connection, as at any other face.
 */
#ifndef PLUGINS_REGISTRY_CONSUL_AUTHORITY_H
#define PLUGINS_REGISTRY_CONSUL_AUTHORITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/auth/principal.h"
#include "server/state/acl_kinds.h"

struct acl_authority;
struct call;
struct dir_asker;
struct dir_instance;
struct dir_service_new;

#define AUTHORITY_NOT_FOUND "ACL not found"

/*
 * Sets c->who of a call that begins, by c->token ("" if none was shown).
 * Returns 0, or the status to refuse it with and why (static).
 */
int authority_resolve(struct call *c, const char **why);
/* The call ends: what authority_resolve() took is let go. */
void authority_release(struct call *c);
/* It was demanded, and is granted: a blocking query lives as long as that is
 * so. */
void authority_note(struct call *c, enum acl_kind kind, const char *name,
                    size_t len, enum acl_level level);
/* Of a blocking query: what to refuse it with now (403), or NULL. */
const char *authority_lost(const struct call *c);
/* Differs for those whose rights may differ: what one is answered must not be
 * taken for what another one would be. */
uint64_t authority_key(const struct call *c, uint64_t key);

/* len may be (size_t)-1 of a NUL-terminated name; "" for kinds without one. */
bool authority_may(const struct call *c, enum acl_kind kind, const char *name,
                   size_t len, enum acl_level level);
/* Whether an instance may be shown: to be asked for each, for some rights
 * select services by more than their names. */
bool authority_sees(const struct call *c, const struct dir_instance *i);
/* The same of who asks for services alone, whatever their nodes are. */
bool authority_sees_service(const struct call *c, const struct dir_instance *i);
/*
 * Whether it may register that service: its name, and of a token of ours, which
 * is a right to names and attributes at port new, also its id, which is its
 * name there, and its attributes; and nothing by one that pins attributes, for
 * they are set at that port only. False: it has been answered.
 */
bool authority_demand_service(struct call *c, const struct dir_service_new *s);
/* Whether it may make or change what has no name (a prepared query): Consul
 * asks for no right then. Who is nobody here must have one all the same. False:
 * it has been answered. */
bool authority_demand_unnamed(struct call *c, enum acl_kind kind);
/* Whether it may have this registry run a command (a script as a check), beside
 * what the check asks for: of ours only who may execute anything anywhere. */
bool authority_may_run(const struct call *c);
/* Everything is allowed: nothing need be asked row by row. */
bool authority_is_all(const struct call *c);

/* The connection, or a token of ours that was shown, may do everything,
 * whatever Consul's rules say. */
bool authority_is_trusted(const struct call *c);

/* On whose behalf changes of services are asked for. Those of Consul's tokens
 * have one owner, `consul`, for each of them may change what its rules allow,
 * whoever registered it. asker stays NULL. */
void authority_asker(const struct call *c, struct dir_asker *out);
/* The principal of ours that it is asked on behalf of, borrowed; NULL: it is
 * asked on behalf of a token of Consul's. */
struct principal *authority_principal(const struct call *c);

#endif
