#include "plugins/registry/dns/view.h"

#include <ctype.h>

#include "lib/duration.h"
#include "lib/mem.h"
#include "plugins/registry/dns/pool.h"
#include "plugins/registry/dns/reverse.h"
#include "server/acl_rights.h"
#include "server/musterd.h"
#include "server/self.h"
#include "server/state/directory.h"
#include "server/state/queries.h"

/* -- what may be seen ------------------------------------------------------ */

/* ACLs may be turned on, and the anonymous token changed, between any two. */
static struct acl_subject asker(const struct dns_registry *r)
{
    struct acl_subject who;

    acl_subject_find(r->m, "", r->who, &who);
    return who;
}

static bool may_see_node(const struct dns_registry *r,
                         const struct acl_subject *who, const char *name)
{
    return acl_subject_is_all(who) ||
           acl_subject_may(r->m, who, ACL_NODE, name, (size_t)-1, ACL_READ);
}

/* -- hosts ----------------------------------------------------------------- */

static void host_of(const struct dir_instance *i, struct dns_host *out)
{
    out->node = i->node->name;
    out->address = i->node->address;
    out->service_address = i->address;
    out->port = (uint16_t)i->port;
    out->of = i->node;
}

static bool view_node(void *arg, const char *name, struct dns_host *out)
{
    const struct dns_registry *r = arg;
    const struct dir_node *n = directory_node(r->m->directory, name);
    struct acl_subject who = asker(r);

    if (!n || !may_see_node(r, &who, n->name))
        return false;
    out->node = n->name;
    out->address = n->address;
    out->service_address = "";
    out->port = 0;
    out->of = n;
    return true;
}

static bool is_wanted(const struct dns_registry *r,
                      const struct acl_subject *who,
                      const struct dir_instance *i, const char *tag)
{
    enum dir_status worst = r->only_passing ? DIR_PASSING : DIR_WARNING;

    return (!*tag || dir_has_tag(i, tag)) && dir_health(i) <= worst &&
           acl_subject_sees(r->m, who, i);
}

/* Of more than there is room for each is as likely as the other (Vitter's
 * algorithm R). */
static unsigned view_service(void *arg, const char *name, const char *tag,
                             struct dns_host *out, unsigned most)
{
    struct dns_registry *r = arg;
    const struct dir_name *n = directory_name(r->m->directory, name);
    const struct dir_instance *i = NULL;
    struct acl_subject who = asker(r);
    unsigned count = 0;
    uint64_t seen = 0, at;

    if (n && n->count >= DNS_POOL_FROM && acl_subject_is_all(&who)) {
        if (!r->pools)
            r->pools = dns_pools_new();
        return dns_pool_draw(r->pools, r->m->directory, n, tag, r->only_passing,
                             loop_clock(), out, most);
    }
    while (n && (i = dir_name_next(n, i))) {
        if (!is_wanted(r, &who, i, tag))
            continue;
        seen++;
        at = count < most ? count++ : dns_random(seen);
        if (at < most)
            host_of(i, &out[at]);
    }
    return count;
}

/* For whom a query is asked. */
struct query_asker {
    const struct musterd *m;
    struct acl_subject who;
};

static bool query_may_see(void *arg, const struct dir_instance *i)
{
    const struct query_asker *a = arg;

    return acl_subject_sees(a->m, &a->who, i);
}

/* Names of domains have no case, those of queries do: in lower case, as most
 * are and as Consul asks for them; else as it is asked for. */
static bool resolve(const struct dns_registry *r, const char *name,
                    struct query_found *out)
{
    char lower[DNAME_MAX + 1];
    const char *error;
    size_t i;

    for (i = 0; i < DNAME_MAX && name[i]; i++)
        lower[i] = (char)tolower((unsigned char)name[i]);
    lower[i] = '\0';
    return queries_resolve(r->m->queries, lower, out, &error) ||
           queries_resolve(r->m->queries, name, out, &error);
}

static unsigned view_query(void *arg, const char *name, struct dns_host *out,
                           unsigned most, uint32_t *ttl)
{
    const struct dns_registry *r = arg;
    struct query_asker who = {.m = r->m, .who = asker(r)};
    struct query_options options = {.directory = r->m->directory,
                                    .coordinates = r->m->coordinates,
                                    .own_node = r->m->self->node,
                                    .limit = most,
                                    .may_see = query_may_see,
                                    .arg = &who};
    struct query_found found;
    struct query_answer answer;
    unsigned i;
    int64_t ns;

    if (!resolve(r, name, &found))
        return 0;
    if (duration_parse(found.def.ttl, &ns, NULL, 0) && ns > 0)
        *ttl = (uint32_t)(ns / 1000000000);
    query_execute(&found.def, &options, &answer);
    for (i = 0; i < answer.count && i < most; i++)
        host_of(answer.instances[i], &out[i]);
    query_answer_free(&answer);
    query_found_free(&found);
    return i;
}

static unsigned view_names(void *arg, const struct dns_address *a,
                           const char **out, unsigned most)
{
    struct dns_registry *r = arg;
    struct acl_subject who = asker(r);
    unsigned n, i, kept = 0;

    if (!r->reverse)
        r->reverse = dns_reverse_new();
    n = dns_reverse_find(r->reverse, r->m->directory, a, loop_clock(), out,
                         most);
    for (i = 0; i < n; i++)
        if (may_see_node(r, &who, out[i]))
            out[kept++] = out[i];
    return kept;
}

static bool view_text(void *arg, const struct dns_host *h, unsigned i,
                      const char **name, const char **value)
{
    const struct dns_registry *r = arg;
    const struct dir_node *n =
        h->of ? h->of : directory_node(r->m->directory, h->node);

    if (!n || i >= n->meta.count)
        return false;
    *name = n->meta.list[i].name;
    *value = n->meta.list[i].value;
    return true;
}

static uint32_t view_serial(void *arg)
{
    const struct dns_registry *r = arg;

    return (uint32_t)catalog_revision(r->m->catalog);
}

const struct dns_view dns_registry_view = {.node = view_node,
                                           .service = view_service,
                                           .query = view_query,
                                           .names = view_names,
                                           .text = view_text,
                                           .serial = view_serial};

void dns_registry_free(struct dns_registry *r)
{
    dns_pools_free(r->pools);
    dns_reverse_free(r->reverse);
}
