#include "plugins/registry/consul/authority.h"

#include <string.h>

#include "lib/auth/auth.h"
#include "plugins/registry/consul/call.h"
#include "server/musterd.h"

int authority_resolve(struct call *c, const char **why)
{
    struct principal *p = NULL;

    *why = "";
    if (*c->token && c->m->auth)
        p = auth_by_token(c->m->auth, c->token, strlen(c->token));
    if (p)
        http_set_principal(c->r, p);
    return 0;
}

void authority_release(struct call *c)
{
    (void)c;
}

bool authority_may(const struct call *c, enum acl_kind kind, const char *name,
                   size_t len, enum acl_level level)
{
    const struct principal *p = http_principal(c->r);

    (void)kind;
    (void)name;
    (void)len;
    (void)level;
    return p->all || p->admin;
}
