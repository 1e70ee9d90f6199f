#include "server/acl_port.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "lib/auth/auth.h"
#include "lib/auth/rights.h"
#include "lib/mem.h"
#include "lib/rex.h"
#include "server/acl_rights.h"
#include "server/musterd.h"

/* A token that was shown at a port, and what it is there. */
struct port {
    struct acl_ports *ports;
    struct acl_holder holder;
    struct principal *principal; /* a reference */
    struct port *prev, *next;
};

struct acl_ports {
    struct musterd *m;
    struct port *list;
};

/* -- what it registers ----------------------------------------------------- */

/* Its rules as they were when it was made one: others make another. */
struct granted {
    struct acl_rules *rules;
    bool allow;
};

static bool may_write(const void *of, enum acl_kind kind, const char *name)
{
    const struct granted *g = of;

    return acl_rules_allow(g->rules, kind, name, (size_t)-1, ACL_WRITE,
                           g->allow);
}

/* The service of tcp!host!styx is styx (directory.h). */
static bool may_register(const void *of, const char *name)
{
    const char *port = strrchr(name, '!');

    return may_write(of, ACL_SERVICE, name) &&
           (!port || may_write(of, ACL_SERVICE, port + 1));
}

/* `kind` says who is a worker or a dispatcher, to whom others show their
 * tokens: no rule of Consul's is about that. */
static bool may_set(const void *of, const char *attr)
{
    (void)of;
    return strcmp(attr, "kind") != 0;
}

static bool may_say(const void *of, const char *attr, const char *value)
{
    if (!strcmp(attr, "service") || !strcmp(attr, "id"))
        return may_write(of, ACL_SERVICE, value);
    if (!strcmp(attr, "node") || !strcmp(attr, "host"))
        return may_write(of, ACL_NODE, value);
    return true;
}

static void granted_free(void *of)
{
    struct granted *g = of;

    acl_rules_free(g->rules);
    free(g);
}

static const struct principal_rules port_rules = {.may_register = may_register,
                                                  .may_set = may_set,
                                                  .may_say = may_say,
                                                  .free = granted_free};

/* -- what it finds --------------------------------------------------------- */

/* A term "ATTR~ REGEX"; false: no name is allowed, or it cannot be said. */
static bool add_term(struct selector *s, const char *attr, const char *regex)
{
    const struct word name = {.text = (char *)attr,
                              .len = (unsigned)strlen(attr)};
    const struct word value = {.text = (char *)regex,
                               .len = (unsigned)strlen(regex)};
    char *wrong = selector_add_pair(s, &name, &value);

    free(wrong);
    return !wrong;
}

static bool select_by(struct selector *s, const struct granted *g,
                      enum acl_kind kind, const char *attr)
{
    struct buf regex = BUF_INIT;
    bool good;

    if (acl_rules_allow_all(g->rules, kind, ACL_READ, g->allow))
        return true;
    good = acl_rules_regex(g->rules, kind, ACL_READ, g->allow,
                           SELECTOR_PATTERN_MAX, &regex) &&
           add_term(s, attr, buf_str(&regex));
    buf_free(&regex);
    return good;
}

static void set_scope(struct scope *scope, const struct granted *g)
{
    scope->kind = SCOPE_NONE;
    if (!select_by(&scope->selector, g, ACL_SERVICE, "service~") ||
        !select_by(&scope->selector, g, ACL_NODE, "node~"))
        selector_free(&scope->selector);
    else
        scope->kind = scope->selector.count ? SCOPE_SELECTED : SCOPE_ALL;
}

/* -- principals ------------------------------------------------------------ */

static struct principal *principal_of(const struct musterd *m,
                                      const struct acl_token *t)
{
    char label[ACL_LABEL_MAX], *why = NULL;
    struct principal *p = principal_new(acl_token_label(t, label));
    struct granted *g;

    p->owner = ACL_OWNER;
    if (t->management) {
        p->all = p->admin = true;
        p->find.kind = p->watch.kind = p->exec.kind = SCOPE_ALL;
        return p;
    }
    g = xcalloc(1, sizeof(*g));
    g->allow = acl_allows_by_default(m);
    g->rules = acl_rules_parse(t->text, strlen(t->text), &why);
    if (!g->rules) { /* they were read before: there is no memory */
        free(why);
        free(g);
        return p;
    }
    p->rules = &port_rules;
    p->of = g;
    set_scope(&p->find, g);
    set_scope(&p->watch, g);
    return p;
}

static void port_end(struct port *port, const char *why)
{
    acl_release(&port->holder);
    DL_DELETE(port->ports->list, port);
    principal_revoke(port->principal, why);
    principal_unref(port->principal);
    free(port);
}

static void token_changed(struct acl_holder *h)
{
    port_end(container_of(h, struct port, holder),
             "the token's rights have changed: connect again");
}

static void token_gone(struct acl_holder *h)
{
    port_end(container_of(h, struct port, holder), "the token was revoked");
}

static struct port *port_new(struct acl_ports *ports, struct acl_token *t)
{
    struct port *port = xcalloc(1, sizeof(*port));

    port->ports = ports;
    port->holder.changed = token_changed;
    port->holder.gone = token_gone;
    port->principal = principal_of(ports->m, t);
    acl_hold(t, &port->holder);
    DL_APPEND(ports->list, port);
    return port;
}

static struct principal *by_token(void *arg, const char *token, size_t len)
{
    struct acl_ports *ports = arg;
    struct acl_token *t;
    struct port *port;

    if (!acl_is_on(ports->m))
        return NULL;
    t = acl_find(ports->m->acls, token, len);
    if (!t || !strcmp(t->id, ACL_ANONYMOUS))
        return NULL;
    DL_FOREACH (ports->list, port)
        if (port->holder.token == t)
            return port->principal;
    return port_new(ports, t)->principal;
}

/* -- life ------------------------------------------------------------------ */

struct acl_ports *acl_ports_new(struct musterd *m)
{
    struct acl_ports *p = xcalloc(1, sizeof(*p));

    p->m = m;
    auth_set_other(m->auth, by_token, p);
    return p;
}

void acl_ports_free(struct acl_ports *p)
{
    if (!p)
        return;
    auth_set_other(p->m->auth, NULL, NULL);
    while (p->list)
        port_end(p->list, "the registry is going down");
    free(p);
}
