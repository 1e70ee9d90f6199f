#include "plugins/registry/consul/authority.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "lib/mem.h"
#include "plugins/registry/consul/call.h"
#include "server/acl_port.h"
#include "server/acl_rights.h"
#include "server/musterd.h"
#include "server/state/directory.h"
#include "server/state/hash.h"

/* Something that was demanded. */
struct demand {
    struct demand *next;
    enum acl_kind kind;
    enum acl_level level;
    size_t len;
    char name[];
};

/* Of a call that does not do everything as nobody in particular. */
struct acl_authority {
    struct acl_subject who;
    struct acl_holder holder; /* of who.token */
    struct principal *held;   /* who.principal, a reference; or NULL */
    struct demand *demands;   /* owned */
    struct call *call;
    bool gone;
    char label[PRINCIPAL_NAME_MAX + 1];
};

static void token_gone(struct acl_holder *h)
{
    struct acl_authority *a = container_of(h, struct acl_authority, holder);

    a->who = (struct acl_subject){NULL, NULL};
    a->gone = true;
    call_wake(a->call);
}

/* Who waits looks whether he still may. */
static void token_changed(struct acl_holder *h)
{
    call_wake(container_of(h, struct acl_authority, holder)->call);
}

/* What is logged and audited of the request is said of the token by its label:
 * a principal of that name, without rights, stands for it. */
static void speak_for(struct call *c, const struct acl_authority *a)
{
    struct principal *p = principal_new(a->label);

    p->anonymous = !strcmp(a->who.token->id, ACL_ANONYMOUS);
    p->all = p->admin = acl_subject_is_all(&a->who);
    http_set_principal(c->r, p);
    principal_unref(p);
}

static void authority_set(struct call *c, const struct acl_subject *who)
{
    struct acl_authority *a = xcalloc(1, sizeof(*a));

    a->who = *who;
    if (who->principal)
        a->held = principal_ref((struct principal *)who->principal);
    a->call = c;
    a->holder.changed = token_changed;
    a->holder.gone = token_gone;
    acl_subject_label(who, a->label);
    if (who->token) {
        acl_hold((struct acl_token *)who->token, &a->holder);
        speak_for(c, a);
    }
    c->who = a;
}

int authority_resolve(struct call *c, const char **why)
{
    const bool open = http_route(c->r)->demands & HTTP_OPEN;
    struct acl_subject who;

    *why = AUTHORITY_NOT_FOUND;
    if (acl_subject_find(c->m, c->token, http_principal(c->r), &who) ==
            ACL_UNKNOWN &&
        !open)
        return 403;
    if (!who.token && who.principal && who.principal != http_principal(c->r))
        http_set_principal(c->r, (struct principal *)who.principal);
    if (who.token || !who.principal || !who.principal->all)
        authority_set(c, &who);
    return 0;
}

void authority_release(struct call *c)
{
    struct acl_authority *a = (struct acl_authority *)c->who;
    struct demand *d, *next;

    if (!a)
        return;
    LL_FOREACH_SAFE (a->demands, d, next)
        free(d);
    acl_release(&a->holder);
    principal_unref(a->held);
    free(a);
    c->who = NULL;
}

void authority_note(struct call *c, enum acl_kind kind, const char *name,
                    size_t len, enum acl_level level)
{
    struct acl_authority *a = (struct acl_authority *)c->who;
    struct demand *d;

    if (!a || !a->who.token || c->waits)
        return;
    d = xcalloc(1, sizeof(*d) + len);
    d->kind = kind;
    d->level = level;
    d->len = len;
    memcpy(d->name, name, len);
    LL_PREPEND(a->demands, d);
}

const char *authority_lost(const struct call *c)
{
    const struct demand *d;

    if (!c->who)
        return NULL;
    if (c->who->gone)
        return AUTHORITY_NOT_FOUND;
    LL_FOREACH (c->who->demands, d)
        if (!authority_may(c, d->kind, d->name, d->len, d->level))
            return "Permission denied";
    return NULL;
}

uint64_t authority_key(const struct call *c, uint64_t key)
{
    const struct acl_authority *a = c->who;
    uint64_t parts[3];

    if (!a)
        return key;
    parts[0] = (uint64_t)(uintptr_t)a->who.token;
    parts[1] = (uint64_t)(uintptr_t)a->who.principal;
    parts[2] = a->who.token ? a->who.token->changed : 0;
    return hash_mix(key ^ parts[0], parts[1] ^ parts[2] << 32 ^ hash_key());
}

bool authority_may(const struct call *c, enum acl_kind kind, const char *name,
                   size_t len, enum acl_level level)
{
    return !c->who ||
           acl_subject_may(c->m, &c->who->who, kind, name, len, level);
}

bool authority_sees(const struct call *c, const struct dir_instance *i)
{
    return !c->who || acl_subject_sees(c->m, &c->who->who, i);
}

bool authority_sees_service(const struct call *c, const struct dir_instance *i)
{
    return !c->who || acl_subject_sees_service(c->m, &c->who->who, i);
}

/* What the directory sets on a service that it registers. */
static bool may_set_all(const struct principal *p,
                        const struct dir_service_new *s)
{
    static const char *const always[] = {"service", "node", "id", "addr",
                                         "persist"};
    unsigned i;

    for (i = 0; i < ARRAY_LEN(always); i++)
        if (!principal_may_set(p, always[i]))
            return false;
    for (i = 0; i < s->meta.count; i++)
        if (!principal_may_set(p, s->meta.list[i].name))
            return false;
    return (!s->tags.count || principal_may_set(p, "tags")) &&
           (!s->tag_override || principal_may_set(p, "tag_override"));
}

bool authority_demand_service(struct call *c, const struct dir_service_new *s)
{
    const struct principal *p = c->who ? c->who->who.principal : NULL;
    const char *id = s->id && *s->id ? s->id : s->name;

    if (!call_demand(c, ACL_SERVICE, s->name, (size_t)-1, ACL_WRITE))
        return false;
    if (!p || p->all || p->admin ||
        (principal_may_register(p, id) && !p->pins.count && may_set_all(p, s)))
        return true;
    call_deny(c);
    return false;
}

bool authority_may_run(const struct call *c)
{
    const struct principal *p = c->who ? c->who->who.principal : NULL;

    return !p || p->all || p->admin ||
           (p->exec.kind == SCOPE_ALL && principal_may_op(p, "execute"));
}

bool authority_demand_unnamed(struct call *c, enum acl_kind kind)
{
    const struct principal *p = c->who ? c->who->who.principal : NULL;

    if (!c->who || (c->who->who.token && (!p || p->all || p->admin)))
        return true;
    return call_demand(c, kind, "", 0, ACL_WRITE);
}

bool authority_is_all(const struct call *c)
{
    return !c->who || acl_subject_is_all(&c->who->who);
}

bool authority_is_trusted(const struct call *c)
{
    const struct principal *p;

    if (!c->who)
        return true;
    p = c->who->who.principal;
    return p ? p->all || p->admin : authority_is_all(c);
}

void authority_asker(const struct call *c, struct dir_asker *out)
{
    const struct acl_authority *a = c->who;
    const char *by = "";

    *out = (struct dir_asker){.may_all = authority_is_all(c)};
    if (a && a->who.token)
        by = ACL_OWNER;
    else if (a)
        by = a->label;
    out->by = (struct word){.text = (char *)by, .len = (unsigned)strlen(by)};
}

struct principal *authority_principal(const struct call *c)
{
    if (c->who && c->who->who.token)
        return NULL;
    return (struct principal *)http_principal(c->r);
}
