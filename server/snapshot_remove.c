/*
 * What is in the registry, and not in the snapshot, is removed: but for what
 * goes with a connection. Nodes, checks, tokens and queries are looked through
 * in one turn, sessions and services some in each.
 */
#include <stdlib.h>
#include <string.h>

#include "server/acl_rights.h"
#include "server/musterd.h"
#include "server/snapshot_impl.h"
#include "server/state/acl.h"
#include "server/state/directory.h"
#include "server/state/queries.h"
#include "server/state/session.h"

static bool is_kept(const struct restore *r, const char *name)
{
    return restore_has(r, r->kind, name, strlen(name));
}

static void removes(struct restore *r)
{
    r->counts.removed++;
    restore_begin(r);
}

/* -- tokens, queries ------------------------------------------------------- */

static void acl_done(void *arg, enum acl_status status, const char *text)
{
    restore_end(arg, status == ACL_OK ? NULL : text);
}

/* But for those that the settings and the house say must be there. */
static bool acl_stays(const struct restore *r, const struct acl_token *t)
{
    return !strcmp(t->id, ACL_ANONYMOUS) || is_kept(r, t->id) ||
           acl_is_master(r->m, t->id);
}

static void remove_acls(struct restore *r)
{
    const struct acl_token *t, *next;

    for (t = acl_next(r->m->acls, NULL); t; t = next) {
        next = acl_next(r->m->acls, t);
        if (acl_stays(r, t))
            continue;
        removes(r);
        acl_remove(r->m->acls, t->id, acl_done, r);
    }
}

static void query_done(void *arg, enum query_status status, const char *id,
                       const char *text)
{
    (void)id;
    restore_end(arg, status == QUERY_FAILED ? text : NULL);
}

static void remove_queries(struct restore *r)
{
    const struct query *q, *next;

    for (q = queries_next(r->m->queries, NULL); q; q = next) {
        next = queries_next(r->m->queries, q);
        if (is_kept(r, q->id))
            continue;
        removes(r);
        queries_remove(r->m->queries, q->id, query_done, r);
    }
}

/* -- nodes, checks --------------------------------------------------------- */

static void dir_done(void *arg, const struct dir_result *d)
{
    restore_end(arg, d->outcome == DIR_DONE ? NULL : d->text);
}

/* What is to go, before any of it does: every pointer ends with a change. */
struct doomed {
    char **list; /* owned, and each of them */
    size_t count;
};

static void doom(struct doomed *d, char *name)
{
    d->list = xreallocarray(d->list, d->count + 1, sizeof(*d->list));
    d->list[d->count++] = name;
}

static void remove_doomed(struct restore *r, struct doomed *d)
{
    size_t i;

    for (i = 0; i < d->count; i++) {
        const char *node = d->list[i];
        const struct dir_removal q = {.who.may_all = true,
                                      .node = node,
                                      .check_id = r->kind == SNAPSHOT_CHECK
                                                      ? node + strlen(node) + 1
                                                      : NULL};

        removes(r);
        directory_deregister(r->m->directory, &q, dir_done, r);
        free(d->list[i]);
    }
    free(d->list);
}

static void remove_nodes(struct restore *r)
{
    const struct dir_node *n = NULL;
    struct doomed d = {0};

    while ((n = directory_next_node(r->m->directory, n)))
        if (n->recorded && !n->own && !is_kept(r, n->name))
            doom(&d, xstrdup(n->name));
    remove_doomed(r, &d);
}

static bool check_goes(const struct restore *r, const struct dir_check *k)
{
    const struct service *v = k->instance ? k->instance->entry : NULL;
    size_t len;
    char *name;
    bool goes;

    if (k->implied || (v && !v->persist))
        return false;
    name = restore_check_name(k->node->name, k->id, &len);
    goes = !restore_has(r, SNAPSHOT_CHECK, name, len);
    free(name);
    return goes;
}

static void remove_checks(struct restore *r)
{
    const struct dir_node *n = NULL;
    const struct dir_check *k;
    struct doomed d = {0};
    size_t len;

    while ((n = directory_next_node(r->m->directory, n)))
        for (k = NULL; (k = dir_node_next_check(n, k));)
            if (check_goes(r, k))
                doom(&d, restore_check_name(n->name, k->id, &len));
    remove_doomed(r, &d);
}

/* -- services, sessions: some in a turn ------------------------------------ */

static void service_done(void *arg, const struct catalog_result *k)
{
    restore_end(arg, k->status == CATALOG_FAILED ? k->text : NULL);
}

static bool remove_services(struct restore *r, unsigned *budget)
{
    struct catalog *c = r->m->catalog;
    struct seqset_pos at;
    struct service *v;

    for (; *budget && r->under_way < RESTORE_UNDER_WAY; --*budget) {
        v = seqset_first(&c->all, r->after_seq, &at);
        if (!v)
            return true;
        r->after_seq = v->seq;
        if (!v->persist ||
            restore_has(r, SNAPSHOT_SERVICE, v->name, v->name_len))
            continue;
        removes(r);
        c->asker = NULL;
        catalog_remove(c, v, NULL, service_done, r);
    }
    return false;
}

static void session_done(void *arg, const struct kv_result *k)
{
    restore_end(arg, k->status == KV_FAILED ? k->text : NULL);
}

static bool remove_sessions(struct restore *r, unsigned *budget)
{
    struct session after = {0};
    const struct session *s;

    for (; *budget && r->under_way < RESTORE_UNDER_WAY; --*budget) {
        if (r->after)
            memcpy(after.id, r->after, KV_SESSION_ID);
        s = session_next(r->m->kv, r->after ? &after : NULL);
        if (!s)
            return true;
        free(r->after);
        r->after = xstrdup(s->id);
        if (is_kept(r, s->id))
            continue;
        removes(r);
        session_destroy(r->m->kv, r->after, session_done, r);
    }
    return false;
}

bool restore_remove(struct restore *r, unsigned *budget)
{
    switch (r->kind) {
    case SNAPSHOT_ACL: remove_acls(r); return true;
    case SNAPSHOT_SERVICE: return remove_services(r, budget);
    case SNAPSHOT_NODE: remove_nodes(r); return true;
    case SNAPSHOT_CHECK: remove_checks(r); return true;
    case SNAPSHOT_SESSION: return remove_sessions(r, budget);
    default: remove_queries(r); return true;
    }
}
