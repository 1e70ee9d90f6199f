#include "plugins/registry/consul/asking.h"

#include <stdio.h>

#include "lib/audit.h"
#include "lib/auth/principal.h"
#include "plugins/registry/consul/call.h"

void call_asker(const struct call *c, struct asker *a)
{
    const struct principal *p = http_principal(c->r);

    a->conn = NULL;
    a->face = "consul";
    snprintf(a->who, sizeof(a->who), "%s",
             !p || p->anonymous ? "anonymous" : p->name);
    snprintf(a->from, sizeof(a->from), "%s", http_peer(c->r));
}

bool call_audit_full(struct call *c)
{
    const char *why = audit_refusal();

    if (!why)
        return false;
    http_refused(c->r, why);
    call_error(c, 500, "%s", why);
    return true;
}
