#include "server/acl_principal.h"

#include <string.h>

#include "server/state/directory.h"

#define REMOTE_EXEC "_rexec"

/* -- find ------------------------------------------------------------------ */

static bool finds(const struct principal *p, const struct dir_instance *i)
{
    return i->entry &&
           scope_has(&p->find, i->entry->name, record_lookup, i->entry->record);
}

bool acl_principal_sees(const struct principal *p, const struct dir_instance *i)
{
    return p->all || p->admin || p->find.kind == SCOPE_ALL || finds(p, i);
}

static bool finds_service(const struct principal *p, struct directory *d,
                          const char *name)
{
    const struct dir_name *n = d ? directory_name(d, name) : NULL;
    const struct dir_instance *i = NULL;

    while (n && (i = dir_name_next(n, i)))
        if (finds(p, i))
            return true;
    return false;
}

static bool finds_node(const struct principal *p, struct directory *d,
                       const char *name)
{
    const struct dir_node *n = d ? directory_node(d, name) : NULL;
    const struct dir_instance *i = NULL;

    while (n && (i = dir_node_next(n, i)))
        if (finds(p, i))
            return true;
    return false;
}

static bool may_find(const struct principal *p, struct directory *d,
                     enum acl_kind kind, const char *name)
{
    if (p->find.kind != SCOPE_SELECTED)
        return p->find.kind == SCOPE_ALL;
    if (kind == ACL_SERVICE)
        return finds_service(p, d, name);
    return kind == ACL_NODE && finds_node(p, d, name);
}

/* -- events ---------------------------------------------------------------- */

static bool event_argument(const void *list, size_t i, struct argument *out)
{
    if (i)
        return false;
    *out =
        (struct argument){.name = "name", .value = list, .len = strlen(list)};
    return true;
}

static bool may_fire(const struct principal *p, const char *name)
{
    /* where it may is looked at when workers are picked for it */
    if (!strcmp(name, REMOTE_EXEC))
        return p->exec.kind != SCOPE_NONE && principal_may_op(p, "execute");
    if (p->exec.kind != SCOPE_ALL)
        return false;
    return principal_may_run(p, "event", event_argument, name);
}

/* -- all of it ------------------------------------------------------------- */

static bool may_write(const struct principal *p, enum acl_kind kind,
                      const char *name)
{
    switch (kind) {
    case ACL_KEY: return principal_may_write_key(p, name);
    case ACL_KEY_PREFIX: return principal_may_write_keys(p, name);
    case ACL_SERVICE:
    case ACL_QUERY:
    case ACL_NODE: return principal_may_register(p, name);
    case ACL_SESSION: return p->key_writes.count || p->names.count;
    case ACL_EVENT: return may_fire(p, name);
    default: return false;
    }
}

/* What write implies. A service is seen by who may find it, and by nobody else:
 * so it is at port find. */
static bool may_read(const struct principal *p, struct directory *d,
                     enum acl_kind kind, const char *name)
{
    switch (kind) {
    case ACL_KEY: return principal_may_read_key(p, name);
    case ACL_EVENT: return p->watch.kind == SCOPE_ALL || may_fire(p, name);
    case ACL_SESSION:
        return p->key_reads.count || p->find.kind == SCOPE_ALL ||
               may_write(p, kind, name);
    case ACL_SERVICE:
    case ACL_NODE:
    case ACL_AGENT:
    case ACL_QUERY: return may_find(p, d, kind, name);
    default: return false;
    }
}

bool acl_principal_may(const struct principal *p, struct directory *d,
                       enum acl_kind kind, const char *name,
                       enum acl_level level)
{
    if (p->all || p->admin)
        return true;
    return level == ACL_WRITE ? may_write(p, kind, name)
                              : may_read(p, d, kind, name);
}
