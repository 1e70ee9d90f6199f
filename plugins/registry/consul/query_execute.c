/*
 * /v1/query/ID/execute and /explain.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/registry/consul/query.h"
#include "plugins/registry/consul/row_keys.h"
#include "plugins/registry/consul/rows.h"
#include "server/acl_rights.h"
#include "server/musterd.h"
#include "server/self.h"
#include "server/state/directory.h"

#define PIECE_BYTES 65536
#define PIECE_ROWS  1000 /* looked at, shown or not */

/* A query on its way: its instances are found, put in their order, and shown,
 * over as many turns as it takes. */
struct execution {
    struct call *call;
    struct query_found found;
    struct query_options options;
    struct acl_subject who; /* on whose behalf, for now, by_token: */
    bool by_token;          /* of the query's own token; else of the asker */
    bool begun;
    struct buf last; /* key of the instance that was looked at last */
    struct row_keys rows;
};

static bool may_see(void *arg, const struct dir_instance *i)
{
    const struct execution *e = arg;

    return e->by_token ? acl_subject_sees(e->call->m, &e->who, i)
                       : authority_sees(e->call, i);
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

static void write_begin(struct execution *e)
{
    struct jw *w = &e->call->out;

    jw_open_object(w);
    jw_pair_text(w, "Service", e->found.def.service);
    jw_key(w, "Nodes");
    jw_open_array(w);
}

static void write_rest(struct execution *e)
{
    struct call *c = e->call;
    struct jw *w = &c->out;

    jw_close(w);
    jw_key(w, "DNS");
    jw_open_object(w);
    jw_pair_text(w, "TTL", e->found.def.ttl);
    jw_close(w);
    jw_pair_text(w, "Datacenter", c->m->self->datacenter);
    jw_pair_uint(w, "Failovers", 0); /* there is no other datacenter to try */
    write_end(c);
}

/* The token may have gone since the last turn. */
static bool take_token(struct execution *e)
{
    struct call *c = e->call;

    return !e->by_token ||
           acl_subject_find(c->m, e->found.def.token, http_principal(c->r),
                            &e->who) != ACL_UNKNOWN;
}

/* Some more of its instances, *n of them; true: all are found. */
static bool find(struct execution *e, unsigned *n)
{
    const struct query_def *d = &e->found.def;
    const struct dir_name *name =
        directory_name(e->options.directory, d->service);
    const struct dir_instance *i = NULL;

    for (; *n; --*n) {
        if (name)
            i = dir_name_behind(name, e->begun ? buf_data(&e->last) : NULL,
                                buf_len(&e->last));
        if (!i)
            return true;
        e->begun = true;
        buf_reset(&e->last, PIECE_BYTES);
        buf_add(&e->last, i->by_name.key, i->by_name.key_len);
        if (query_takes(d, &e->options, i))
            row_keys_add(&e->rows, i->node->name, &i->by_node);
    }
    return false;
}

static void show(struct execution *e, const void *row)
{
    size_t len;
    const char *key = row_keys_key(row, &len);
    const struct dir_node *n =
        directory_node(e->options.directory, row_keys_node(row));
    const struct dir_instance *i = n ? dir_node_at(n, key, len) : NULL;

    if (i)
        row_entry(e->call, i);
}

static bool more(struct call *c)
{
    struct execution *e = c->data;
    struct row_keys *k = &e->rows;
    unsigned n = musterd_share(c->m, PIECE_ROWS);

    if (!take_token(e))
        k->count = k->at;
    if (!k->list && !find(e, &n))
        return true;
    if (!k->list) {
        row_keys_list(k);
        k->count = query_order(&e->found.def, &e->options, k->list, k->count,
                               row_keys_node);
    }
    for (; n && k->at < k->count && buf_len(&c->out.buf) < PIECE_BYTES; n--)
        show(e, k->list[k->at++]);
    if (k->at < k->count)
        return true;
    write_rest(e);
    return false;
}

static void execution_free(void *data)
{
    struct execution *e = data;

    query_found_free(&e->found);
    row_keys_reset(&e->rows);
    buf_free(&e->last);
    free(e);
}

enum http_verdict query_get_execute(struct http_request *r, void *ctx)
{
    struct call *c = call_begin(r, ctx);
    struct execution *e;
    struct query_found f;
    size_t limit;

    if (!c || !take_limit(c, &limit) || !take_query(c, &f))
        return HTTP_DONE;
    e = xcalloc(1, sizeof(*e));
    e->call = c;
    e->found = f;
    e->by_token = *f.def.token != '\0';
    e->options = (struct query_options){.directory = c->m->directory,
                                        .coordinates = c->m->coordinates,
                                        .own_node = c->m->self->node,
                                        .near = c->near,
                                        .limit = limit,
                                        .may_see = may_see,
                                        .arg = e};
    c->data = e;
    c->free_data = execution_free;
    if (!take_token(e))
        return call_error(c, 403, AUTHORITY_NOT_FOUND);
    write_begin(e);
    call_index(c, 0);
    return call_stream(c, more);
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
