/*
 * /v1/query/ID/execute and /explain.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/registry/consul/query.h"
#include "plugins/registry/consul/rows.h"
#include "server/acl_rights.h"
#include "server/musterd.h"
#include "server/self.h"
#include "server/state/directory.h"

/* On whose behalf it is asked: of the asker, or of the query's own token. */
struct asking {
    struct call *call;
    struct acl_subject who;
    bool by_token;
};

static bool may_see(void *arg, const struct dir_instance *i)
{
    const struct asking *a = arg;

    return a->by_token ? acl_subject_sees(a->call->m, &a->who, i)
                       : authority_sees(a->call, i);
}

/* False: it was answered. */
static bool take_limit(struct call *c, size_t *limit)
{
    const char *text = http_query(c->r, "limit");
    char *end;
    long n;

    *limit = 0;
    if (!text || !*text)
        return true;
    errno = 0;
    n = strtol(text, &end, 10);
    if (errno || *end) {
        call_error(c, 500,
                   "Bad limit: strconv.Atoi: parsing \"%.100s\": invalid "
                   "syntax",
                   text);
        return false;
    }
    *limit = n > 0 ? (size_t)n : 0;
    return true;
}

/* False: it was answered. */
static bool take_query(struct call *c, struct query_found *f)
{
    const char *error;

    if (queries_resolve(c->m->queries, http_param(c->r, "id"), f, &error))
        return true;
    if (error)
        call_error(c, 500, "%s", error);
    else
        call_error(c, 404, "Query not found");
    return false;
}

/* What both answers end with. */
static void write_end(struct call *c)
{
    jw_pair_uint(&c->out, "Index", 0);
    jw_pair_uint(&c->out, "LastContact", 0);
    jw_pair_bool(&c->out, "KnownLeader", true);
    if (!call_is_07(c))
        jw_pair_text(&c->out, "ConsistencyLevel",
                     c->stale        ? "stale"
                     : c->consistent ? "consistent"
                                     : "leader");
    jw_close(&c->out);
}

static void write_answer(struct call *c, const struct query_def *d,
                         const struct query_answer *a)
{
    struct jw *w = &c->out;
    size_t i;

    jw_open_object(w);
    jw_pair_text(w, "Service", d->service);
    jw_key(w, "Nodes");
    jw_open_array(w);
    for (i = 0; i < a->count; i++)
        row_entry(c, a->instances[i]);
    jw_close(w);
    jw_key(w, "DNS");
    jw_open_object(w);
    jw_pair_text(w, "TTL", d->ttl);
    jw_close(w);
    jw_pair_text(w, "Datacenter", c->m->self->datacenter);
    jw_pair_uint(w, "Failovers", 0); /* there is no other datacenter to try */
    write_end(c);
}

enum http_verdict query_get_execute(struct http_request *r, void *ctx)
{
    struct call *c = call_begin(r, ctx);
    struct asking asking = {.call = c};
    struct query_options o;
    struct query_answer answer;
    struct query_found f;
    size_t limit;

    if (!c || !take_limit(c, &limit) || !take_query(c, &f))
        return HTTP_DONE;
    asking.by_token = *f.def.token != '\0';
    if (asking.by_token &&
        acl_subject_find(c->m, f.def.token, http_principal(r), &asking.who) ==
            ACL_UNKNOWN) {
        query_found_free(&f);
        return call_error(c, 403, AUTHORITY_NOT_FOUND);
    }
    o = (struct query_options){.directory = c->m->directory,
                               .coordinates = c->m->coordinates,
                               .own_node = c->m->self->node,
                               .near = c->near,
                               .limit = limit,
                               .may_see = may_see,
                               .arg = &asking};
    query_execute(&f.def, &o, &answer);
    write_answer(c, &f.def, &answer);
    query_answer_free(&answer);
    query_found_free(&f);
    call_index(c, 0);
    return call_json(c, 200);
}

enum http_verdict query_get_explain(struct http_request *r, void *ctx)
{
    struct call *c = call_begin(r, ctx);
    struct query_found f;

    if (!c || !take_query(c, &f))
        return HTTP_DONE;
    if (!query_may_read(c, &f.query->def)) {
        query_found_free(&f);
        return call_deny(c);
    }
    jw_open_object(&c->out);
    jw_key(&c->out, "Query");
    query_write_json(c, f.query, &f.def);
    write_end(c);
    query_found_free(&f);
    call_index(c, 0);
    return call_json(c, 200);
}
