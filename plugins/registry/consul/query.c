/*
 * /v1/query: prepared queries, kept, listed, changed and removed.
 */
#include "plugins/registry/consul/query.h"

#include <stdlib.h>
#include <string.h>

#include "lib/duration.h"
#include "plugins/registry/consul/asking.h"
#include "plugins/registry/consul/families.h"
#include "server/musterd.h"

/* -- rights ---------------------------------------------------------------- */

/* Rights are for names: a template's is what it begins with. */
static bool has_name(const struct query_def *d)
{
    return *d->name || query_is_template(d);
}

bool query_may_read(struct call *c, const struct query_def *d)
{
    return !has_name(d) ||
           call_may(c, ACL_QUERY, d->name, strlen(d->name), ACL_READ);
}

bool query_demand_write(struct call *c, const struct query_def *d)
{
    return has_name(d)
               ? call_demand(c, ACL_QUERY, d->name, strlen(d->name), ACL_WRITE)
               : authority_demand_unnamed(c, ACL_QUERY);
}

/* -- changes --------------------------------------------------------------- */

/* Who asks for a change, and for which: for the audit log. */
struct query_ask {
    struct asker asker;
    const char *action;
};

/* False: no change can be asked for, and it was answered. */
static bool change_begin(struct call *c, const char *action)
{
    struct query_ask *ch;

    if (call_audit_full(c))
        return false;
    ch = xcalloc(1, sizeof(*ch));
    ch->action = action;
    call_asker(c, &ch->asker);
    c->data = ch;
    c->free_data = free;
    return true;
}

static void change_audit(const struct call *c, enum query_status status,
                         const char *id, const char *text)
{
    const struct query_ask *ch = c->data;

    if (status == QUERY_DONE || status == QUERY_FAILED)
        server_audit_change(&ch->asker, ch->action, id, text);
}

static void answer_id(struct call *c, const char *id)
{
    jw_open_object(&c->out);
    jw_pair_text(&c->out, "ID", id);
    jw_close(&c->out);
    call_json(c, 200);
}

/* The call is the handler's again, and the change is done; false: it has been
 * answered, or nobody waits for that. */
static bool query_is_done(struct call *c, enum query_status status,
                          const char *id, const char *text)
{
    change_audit(c, status, id, text);
    if (!call_release(c))
        return false;
    if (status == QUERY_DONE)
        return true;
    if (status == QUERY_MISSING)
        call_error(c, 500, "Cannot modify non-existent prepared query: '%s'",
                   id);
    else
        call_error(c, 500, "%s", text);
    return false;
}

static void query_created(void *arg, enum query_status status, const char *id,
                          const char *text)
{
    if (query_is_done(arg, status, id, text))
        answer_id(arg, id);
}

static void query_changed(void *arg, enum query_status status, const char *id,
                          const char *text)
{
    if (query_is_done(arg, status, id, text))
        call_empty(arg, 200);
}

/* What Consul looks at and the state does not: NULL, or the text (free()). */
static char *refusal(struct call *c, const struct query_def *d)
{
    char why[DURATION_TEXT_MAX * 2];
    int64_t ttl = 0;

    if (!call_is_07(c) && !has_name(d) && !*d->session)
        return xstrdup("Must be bound to a session");
    if (!strcmp(d->token, QUERY_HIDDEN))
        return xasprintf("Bad Token '%s', it looks like a query definition "
                         "with a redacted token was submitted",
                         QUERY_HIDDEN);
    if (*d->ttl && !duration_parse(d->ttl, &ttl, why, sizeof(why)))
        return xasprintf("Bad DNS TTL '%s': %s", d->ttl, why);
    return ttl < 0 ? xasprintf("DNS TTL '%lld', must be >=0", (long long)ttl)
                   : NULL;
}

/* A definition that may be put; false: it was answered. */
static bool take_query(struct call *c, bool creates, struct query_def *d)
{
    const char *id = NULL;
    char *wrong;

    if (!query_of_body(c, d, &id))
        return false;
    if (creates && id && *id) {
        call_error(c, 500,
                   "ID must be empty when creating a new prepared "
                   "query");
        return false;
    }
    wrong = refusal(c, d);
    if (!wrong)
        return query_demand_write(c, d);
    call_error(c, 500, QUERY_INVALID "%s", wrong);
    free(wrong);
    return false;
}

static enum http_verdict post_query(struct http_request *r, void *ctx)
{
    struct call *c = call_begin(r, ctx);
    struct query_def d;

    if (!c)
        return HTTP_DONE;
    if (!take_query(c, true, &d) || !change_begin(c, "query create")) {
        query_def_free(&d);
        return HTTP_DONE;
    }
    call_hold(c);
    queries_put(c->m->queries, NULL, &d, query_created, c);
    return HTTP_LATER;
}

/* The one that the path names, which must be there and (writes) may be
 * changed; NULL: it was answered. */
static const struct query *take_id(struct call *c, bool writes)
{
    const char *id = http_param(c->r, "id");
    const struct query *q;

    if (!uuid_ok(id, strlen(id))) {
        call_error(c, 500,
                   "%sfailed prepared query lookup: index error: UUID "
                   "must be 36 characters",
                   writes ? "Prepared Query lookup failed: " : "");
        return NULL;
    }
    q = queries_find(c->m->queries, id);
    if (q && writes && !query_demand_write(c, &q->def))
        return NULL;
    if (q)
        return q;
    if (writes)
        call_error(c, 500, "Cannot modify non-existent prepared query: '%s'",
                   id);
    else
        call_error(c, 404, "Query not found");
    return NULL;
}

static enum http_verdict put_query(struct http_request *r, void *ctx)
{
    struct call *c = call_begin(r, ctx);
    const struct query *q = c ? take_id(c, true) : NULL;
    struct query_def d;

    if (!q)
        return HTTP_DONE;
    if (!take_query(c, false, &d) || !change_begin(c, "query set")) {
        query_def_free(&d);
        return HTTP_DONE;
    }
    call_hold(c);
    queries_put(c->m->queries, q->id, &d, query_changed, c);
    return HTTP_LATER;
}

static enum http_verdict delete_query(struct http_request *r, void *ctx)
{
    struct call *c = call_begin(r, ctx);
    const struct query *q = c ? take_id(c, true) : NULL;

    if (!q || !change_begin(c, "query delete"))
        return HTTP_DONE;
    call_hold(c);
    queries_remove(c->m->queries, q->id, query_changed, c);
    return HTTP_LATER;
}

/* -- reading --------------------------------------------------------------- */

static bool is_listed(struct call *c, const struct query *q)
{
    if (call_may(c, ACL_ACL, "", 0, ACL_WRITE))
        return true;
    return has_name(&q->def) && query_may_read(c, &q->def);
}

/* Of a read that may wait: of one, or (NULL) of all. */
struct reading {
    struct query_waiter waiter;
    struct call *call;
    const char *id; /* borrowed from the request */
};

static const struct query *query_read_of(const struct call *c)
{
    const struct reading *rd = c->data;

    return rd->id ? queries_find(c->m->queries, rd->id) : NULL;
}

static uint64_t read_index(struct call *c)
{
    const struct query *q = query_read_of(c);

    return q ? q->changed : queries_index(c->m->queries);
}

static void list_answer(struct call *c)
{
    const struct query *q = NULL;

    jw_open_array(&c->out);
    while ((q = queries_next(c->m->queries, q)))
        if (is_listed(c, q))
            query_write_json(c, q, &q->def);
    jw_close(&c->out);
    call_json(c, 200);
}

static void one_answer(struct call *c)
{
    const struct query *q = query_read_of(c);

    if (!q) {
        call_error(c, 404, "Query not found");
        return;
    }
    if (!query_may_read(c, &q->def)) { /* it may have another name by now */
        call_deny(c);
        return;
    }
    jw_open_array(&c->out);
    query_write_json(c, q, &q->def);
    jw_close(&c->out);
    call_json(c, 200);
}

static void read_changed(struct query_waiter *w)
{
    call_wake(container_of(w, struct reading, waiter)->call);
}

static void read_wait(struct call *c)
{
    struct reading *rd = c->data;

    queries_wait(c->m->queries, &rd->waiter);
}

static void read_wait_end(struct call *c)
{
    struct reading *rd = c->data;

    queries_wait_end(c->m->queries, &rd->waiter);
}

static enum http_verdict read_begin(struct call *c, const char *id,
                                    const struct call_read *how)
{
    struct reading *rd = xcalloc(1, sizeof(*rd));

    rd->waiter.changed = read_changed;
    rd->call = c;
    rd->id = id;
    c->data = rd;
    c->free_data = free;
    return call_read(c, how);
}

static enum http_verdict get_queries(struct http_request *r, void *ctx)
{
    static const struct call_read how = {.index = read_index,
                                         .answer = list_answer,
                                         .wait = read_wait,
                                         .wait_end = read_wait_end};
    struct call *c = call_begin(r, ctx);

    return c ? read_begin(c, NULL, &how) : HTTP_DONE;
}

static enum http_verdict get_query(struct http_request *r, void *ctx)
{
    static const struct call_read how = {.index = read_index,
                                         .answer = one_answer,
                                         .wait = read_wait,
                                         .wait_end = read_wait_end};
    struct call *c = call_begin(r, ctx);
    const struct query *q = c ? take_id(c, false) : NULL;

    if (!q)
        return HTTP_DONE;
    if (!query_may_read(c, &q->def))
        return call_deny(c);
    return read_begin(c, http_param(r, "id"), &how);
}

static const struct http_route rows[] = {
    {.methods = HTTP_GET,
     .path = "/v1/query",
     .handler = get_queries,
     .body = CALL_BODY,
     .help = "The prepared queries."},
    {.methods = HTTP_POST,
     .path = "/v1/query",
     .handler = post_query,
     .body = CALL_BODY,
     .help = "Keeps a prepared query."},
    {.methods = HTTP_GET,
     .path = "/v1/query/:id/execute",
     .handler = query_get_execute,
     .body = CALL_BODY,
     .help = "Asks a prepared query, by id or name."},
    {.methods = HTTP_GET,
     .path = "/v1/query/:id/explain",
     .handler = query_get_explain,
     .body = CALL_BODY,
     .help = "What a prepared query is for an id or name."},
    {.methods = HTTP_GET,
     .path = "/v1/query/:id",
     .handler = get_query,
     .body = CALL_BODY,
     .help = "A prepared query."},
    {.methods = HTTP_PUT,
     .path = "/v1/query/:id",
     .handler = put_query,
     .body = CALL_BODY,
     .help = "Changes a prepared query."},
    {.methods = HTTP_DELETE,
     .path = "/v1/query/:id",
     .handler = delete_query,
     .body = CALL_BODY,
     .help = "Removes a prepared query."},
};

const struct http_table consul_query = {rows, ARRAY_LEN(rows)};
