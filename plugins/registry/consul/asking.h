/*
 * Who asks, of a call, as the audit log has it.
 */
#ifndef PLUGINS_REGISTRY_CONSUL_ASKING_H
#define PLUGINS_REGISTRY_CONSUL_ASKING_H

#include "server/audit.h"

struct call;

/* What outlives the call's client; a is the caller's. */
void call_asker(const struct call *c, struct asker *a);

/* True: no change may be asked for, for the audit log is full; it has been
 * answered (500). */
bool call_audit_full(struct call *c);

#endif
