/*
 * What the token of a request to the Consul face may do. Handlers ask through
 * call_may() and call_demand() (call.h).
 *
 * One that musterd knows as a token of its own (auth.tokens) is what that one
 * is, one that it does not know is nobody's.
 */
#ifndef PLUGINS_REGISTRY_CONSUL_AUTHORITY_H
#define PLUGINS_REGISTRY_CONSUL_AUTHORITY_H

#include <stdbool.h>
#include <stddef.h>

#include "server/state/acl_kinds.h"

struct call;
struct acl_authority;

/*
 * Sets c->who of a call that begins, by c->token ("" if none was shown).
 * Returns 0, or the status to refuse it with and why (static).
 */
int authority_resolve(struct call *c, const char **why);
/* The call ends: what authority_resolve() took is let go. */
void authority_release(struct call *c);

/* len may be (size_t)-1 of a NUL-terminated name; "" for kinds without one. */
bool authority_may(const struct call *c, enum acl_kind kind, const char *name,
                   size_t len, enum acl_level level);

#endif
