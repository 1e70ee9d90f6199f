/*
 * /v1/session: who holds locks (server/state/session.h).
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "lib/uuid.h"
#include "lib/words.h"
#include "plugins/registry/consul/asking.h"
#include "plugins/registry/consul/body.h"
#include "plugins/registry/consul/call.h"
#include "plugins/registry/consul/duration.h"
#include "plugins/registry/consul/families.h"
#include "plugins/registry/consul/pair.h"
#include "server/musterd.h"
#include "server/self.h"
#include "server/state/directory.h"
#include "server/state/session.h"

#define SECOND_NS      INT64_C(1000000000)
#define LOCK_DELAY_NS  (15 * SECOND_NS)
#define LOCK_DELAY_LOW 1000 /* a smaller number is one of seconds */
#define TTL_MAX_NS     (86400 * SECOND_NS)
#define PIECE_BYTES    65536
#define PIECE_SESSIONS 500

static struct kv *kv_of(const struct call *c)
{
    return c->m->kv;
}

/* -- as Consul shows one --------------------------------------------------- */

static void write_checks(struct jw *w, const char *name,
                         const struct session *s)
{
    size_t len = strlen(s->checks);
    struct word *words = xcalloc(len / 2 + 1, sizeof(*words));
    char *copy = xstrdup(s->checks);
    int i, n = words_split(copy, len, words, (int)(len / 2 + 1));

    jw_key(w, name);
    jw_open_array(w);
    for (i = 0; i < n; i++)
        jw_text(w, words[i].text);
    jw_close(w);
    free(copy);
    free(words);
}

static void write_session(struct jw *w, const struct session *s)
{
    jw_open_object(w);
    jw_pair_text(w, "ID", s->id);
    jw_pair_text(w, "Name", s->name);
    jw_pair_text(w, "Node", s->node);
    write_checks(w, "Checks", s);
    write_checks(w, "NodeChecks", s); /* as versions from 1.7 on name them */
    jw_pair_uint(w, "LockDelay", s->lock_delay_ns);
    jw_pair_text(w, "Behavior",
                 s->behavior == SESSION_DELETE ? "delete" : "release");
    jw_pair_text(w, "TTL", s->ttl);
    jw_pair_uint(w, "CreateIndex", session_created(s));
    jw_pair_uint(w, "ModifyIndex", session_created(s));
    jw_close(w);
}

static bool may_session(struct call *c, const char *node, enum acl_level level)
{
    return call_may(c, ACL_SESSION, node, strlen(node), level);
}

/* The id in the path, as it is kept; false: it has been answered. */
static bool take_id(struct call *c, char id[KV_SESSION_ID + 1])
{
    const char *given = http_param(c->r, "id");
    char why[PAIR_SESSION_TEXT];

    if (!*given)
        call_error(c, 400, "Missing session");
    else if (!pair_session_id(given, id, why))
        call_error(c, 500, "failed session lookup: index error: %s", why);
    else
        return true;
    return false;
}

/* -- reading --------------------------------------------------------------- */

enum look { LOOK_ONE, LOOK_NODE, LOOK_ALL };

struct look_at {
    enum look what;
    char id[KV_SESSION_ID + 1]; /* LOOK_ONE: whose; else of the last shown */
    const char *node;           /* the request's */
    struct session_waiter waiter;
    struct call *call;
};

static bool shows(struct call *c, const struct look_at *l,
                  const struct session *s)
{
    if (l->what == LOOK_NODE && dir_compare(s->node, l->node) != 0)
        return false;
    return may_session(c, s->node, ACL_READ);
}

static bool more(struct call *c)
{
    struct look_at *l = c->data;
    unsigned n = musterd_share(c->m, PIECE_SESSIONS);
    const struct session *s;

    while ((s = session_behind(kv_of(c), l->id))) {
        memcpy(l->id, s->id, sizeof(l->id));
        if (shows(c, l, s))
            write_session(&c->out, s);
        if (!--n || buf_len(&c->out.buf) >= PIECE_BYTES)
            return true;
    }
    jw_close(&c->out);
    return false;
}

static void answer(struct call *c)
{
    struct look_at *l = c->data;
    const struct session *s;

    jw_open_array(&c->out);
    if (l->what != LOOK_ONE) {
        *l->id = '\0';
        call_stream(c, more);
        return;
    }
    s = session_find(kv_of(c), l->id);
    if (s && may_session(c, s->node, ACL_READ))
        write_session(&c->out, s);
    jw_close(&c->out);
    call_json(c, 200);
}

static uint64_t look_index(struct call *c)
{
    const struct look_at *l = c->data;
    const struct session *s;

    if (l->what == LOOK_NODE && !call_is_07(c))
        return session_node_index(kv_of(c), l->node);
    if (l->what != LOOK_ONE || call_is_07(c))
        return session_index(kv_of(c));
    s = session_find(kv_of(c), l->id);
    return s ? session_created(s) : session_index(kv_of(c));
}

static void changed(struct session_waiter *w, uint64_t revision)
{
    (void)revision;
    call_wake(container_of(w, struct look_at, waiter)->call);
}

static void look_wait(struct call *c)
{
    struct look_at *l = c->data;

    l->waiter.changed = changed;
    session_wait(kv_of(c), &l->waiter);
}

static void look_wait_end(struct call *c)
{
    struct look_at *l = c->data;

    session_wait_end(kv_of(c), &l->waiter);
}

static const struct call_read looking = {.index = look_index,
                                         .answer = answer,
                                         .wait = look_wait,
                                         .wait_end = look_wait_end};

static struct look_at *look_new(struct call *c, enum look what)
{
    struct look_at *l = xcalloc(1, sizeof(*l));

    l->what = what;
    l->call = c;
    c->data = l;
    c->free_data = free;
    return l;
}

static enum http_verdict get_info(struct http_request *r, void *ctx)
{
    struct call *c = call_begin(r, ctx);

    if (!c || !take_id(c, look_new(c, LOOK_ONE)->id))
        return HTTP_DONE;
    return call_read(c, &looking);
}

static enum http_verdict get_node(struct http_request *r, void *ctx)
{
    struct call *c = call_begin(r, ctx);
    struct look_at *l;

    if (!c)
        return HTTP_DONE;
    l = look_new(c, LOOK_NODE);
    l->node = http_param(r, "node");
    if (!*l->node)
        return call_error(c, 400, "Missing node name");
    return call_read(c, &looking);
}

static enum http_verdict get_list(struct http_request *r, void *ctx)
{
    struct call *c = call_begin(r, ctx);

    if (!c)
        return HTTP_DONE;
    look_new(c, LOOK_ALL);
    return call_read(c, &looking);
}

/* -- create ---------------------------------------------------------------- */

/* What is being created or ended, for its answer and for the audit log. */
struct session_write {
    struct asker asker;
    const char *action;
    char id[KV_SESSION_ID + 1];
    json_t *wanted; /* owned: the ids of its checks */
    struct buf checks;
};

static void write_free(void *data)
{
    struct session_write *w = data;

    json_decref(w->wanted);
    buf_free(&w->checks);
    free(w);
}

static struct session_write *write_new(struct call *c, const char *action)
{
    struct session_write *w = xcalloc(1, sizeof(*w));

    w->action = action;
    call_asker(c, &w->asker);
    c->data = w;
    c->free_data = write_free;
    return w;
}

static void created(void *arg, const struct kv_result *r)
{
    struct call *c = arg;
    const struct session_write *w = c->data;

    server_audit_session(&w->asker, w->action, w->id, r);
    if (!call_release(c))
        return;
    if (r->status != KV_DONE) {
        call_error(c, 500, "%s", r->text);
        return;
    }
    jw_open_object(&c->out);
    jw_pair_text(&c->out, "ID", w->id);
    jw_close(&c->out);
    call_json(c, 200);
}

static bool take_behavior(struct call *c, const char *text,
                          struct session_request *q)
{
    q->behavior =
        text && !strcmp(text, "delete") ? SESSION_DELETE : SESSION_RELEASE;
    if (!text || !*text || q->behavior == SESSION_DELETE ||
        !strcmp(text, "release"))
        return true;
    call_error(c, 500, "Invalid Behavior setting '%.200s'", text);
    return false;
}

static bool take_ttl(struct call *c, const char *text,
                     struct session_request *q)
{
    int64_t ns, least = (int64_t)kv_bounds(kv_of(c))->ttl_min * 1000000;
    char why[160], shortest[DURATION_TEXT_MAX];

    q->ttl = text;
    if (!text || !*text)
        return true;
    if (!duration_parse(text, &ns, why, sizeof(why))) {
        call_error(c, 500, "Session TTL '%.100s' invalid: %s", text, why);
        return false;
    }
    if (ns && (ns < least || ns > TTL_MAX_NS)) {
        duration_write(shortest, least);
        call_error(c, 500,
                   "Invalid Session TTL '%" PRId64
                   "', must be between [%s=24h0m0s]",
                   ns, shortest);
        return false;
    }
    q->ttl_ms = (uint64_t)duration_ms(ns);
    return true;
}

/* The node and its checks are there, and well. */
static bool take_place(struct call *c, struct session_request *q)
{
    struct session_write *w = c->data;
    const struct dir_check *check;
    const char *id;
    size_t i;

    if (!directory_node(c->m->directory, q->node)) {
        call_error(c, 500, "Missing node registration");
        return false;
    }
    for (i = 0; i < json_array_size(w->wanted); i++) {
        id = json_string_value(json_array_get(w->wanted, i));
        check = directory_check_of(c->m->directory, q->node, id);
        if (!check || check->status == DIR_CRITICAL) {
            call_error(c, 500,
                       check ? "Check '%.200s' is in critical state"
                             : "Missing check '%.200s' registration",
                       id);
            return false;
        }
        buf_add_words(&w->checks, id);
    }
    q->checks = buf_str(&w->checks);
    return true;
}

/* As Consul takes it: a small number is one of seconds. */
static uint64_t lock_delay(int64_t ns)
{
    if (ns <= 0)
        return 0;
    return (uint64_t)(ns < LOCK_DELAY_LOW ? ns * SECOND_NS : ns);
}

/* Versions from 1.7 on tell the checks of services from those of the node. */
static void take_checks(struct call *c, const json_t *body)
{
    const json_t *list = body_list(c, body, "Checks");
    const json_t *of_services = body_list(c, body, "ServiceChecks");
    json_t *wanted = json_array();
    const char *id;
    size_t i;

    ((struct session_write *)c->data)->wanted = wanted;
    if (!list)
        list = body_list(c, body, "NodeChecks");
    if (!list)
        json_array_append_new(wanted, json_string(DIR_SERF_HEALTH));
    for (i = 0; i < json_array_size(list); i++)
        if ((id = body_item(c, list, i, "Checks")))
            json_array_append_new(wanted, json_string(id));
    for (i = 0; i < json_array_size(of_services); i++)
        if ((id = body_text(c, json_array_get(of_services, i), "ID")))
            json_array_append_new(wanted, json_string(id));
}

static bool take_session(struct call *c, struct session_request *q)
{
    int64_t delay = LOCK_DELAY_NS;
    const char *behavior, *ttl;
    const json_t *body;
    bool ok;

    body = call_body(c, &ok);
    if (!ok)
        return false;
    q->name = body_text(c, body, "Name");
    q->node = body_text(c, body, "Node");
    behavior = body_text(c, body, "Behavior");
    ttl = body_text(c, body, "TTL");
    body_duration(c, body, "LockDelay", &delay);
    q->lock_delay_ns = lock_delay(delay);
    take_checks(c, body);
    if (!body_ok(c))
        return false;
    if (!q->node)
        q->node = c->m->self->node;
    if (!*q->node) {
        call_error(c, 500, "Must provide Node");
        return false;
    }
    return call_demand(c, ACL_SESSION, q->node, strlen(q->node), ACL_WRITE) &&
           take_behavior(c, behavior, q) && take_ttl(c, ttl, q) &&
           take_place(c, q);
}

static enum http_verdict put_create(struct http_request *r, void *ctx)
{
    struct call *c = call_begin(r, ctx);
    struct session_request q = {0};
    struct session_write *w;

    if (!c)
        return HTTP_DONE;
    w = write_new(c, "session create");
    if (!take_session(c, &q) || call_audit_full(c))
        return HTTP_DONE;
    uuid_make(w->id);
    q.id = w->id;
    call_hold(c);
    session_create(kv_of(c), &q, created, c);
    return HTTP_LATER;
}

/* -- destroy and renew ----------------------------------------------------- */

static void destroyed(void *arg, const struct kv_result *r)
{
    struct call *c = arg;
    const struct session_write *w = c->data;

    server_audit_session(&w->asker, w->action, w->id, r);
    if (!call_release(c))
        return;
    if (r->status == KV_FAILED)
        call_error(c, 500, "%s", r->text);
    else
        call_true(c, true); /* also where there was none */
}

static enum http_verdict put_destroy(struct http_request *r, void *ctx)
{
    struct call *c = call_begin(r, ctx);
    const struct session *s;
    struct session_write *w;

    if (!c)
        return HTTP_DONE;
    w = write_new(c, "session destroy");
    if (!take_id(c, w->id))
        return HTTP_DONE;
    s = session_find(kv_of(c), w->id);
    if (s && !call_demand(c, ACL_SESSION, s->node, strlen(s->node), ACL_WRITE))
        return HTTP_DONE;
    if (call_audit_full(c))
        return HTTP_DONE;
    call_hold(c);
    session_destroy(kv_of(c), w->id, destroyed, c);
    return HTTP_LATER;
}

static enum http_verdict put_renew(struct http_request *r, void *ctx)
{
    struct call *c = call_begin(r, ctx);
    char id[KV_SESSION_ID + 1];
    const struct session *s;

    if (!c || !take_id(c, id))
        return HTTP_DONE;
    s = session_find(kv_of(c), id);
    if (s && !call_demand(c, ACL_SESSION, s->node, strlen(s->node), ACL_WRITE))
        return HTTP_DONE;
    if (!s || !session_renew(kv_of(c), id))
        return call_error(c, 404, "Session id '%s' not found",
                          http_param(r, "id"));
    jw_open_array(&c->out);
    write_session(&c->out, s);
    jw_close(&c->out);
    return call_json(c, 200);
}

static const struct http_route rows[] = {
    {HTTP_PUT, "/v1/session/create", put_create, 0, CALL_BODY, NULL,
     "Makes a session."},
    {HTTP_PUT, "/v1/session/destroy/*id", put_destroy, 0, CALL_BODY, NULL,
     "Ends a session: its keys are released or deleted."},
    {HTTP_PUT, "/v1/session/renew/*id", put_renew, 0, CALL_BODY, NULL,
     "Begins the time of a session anew."},
    {HTTP_GET, "/v1/session/info/*id", get_info, 0, CALL_BODY, NULL,
     "Shows a session."},
    {HTTP_GET, "/v1/session/node/*node", get_node, 0, CALL_BODY, NULL,
     "Lists the sessions of a node."},
    {HTTP_GET, "/v1/session/list", get_list, 0, CALL_BODY, NULL,
     "Lists all sessions."},
};

const struct http_table consul_session = {rows, ARRAY_LEN(rows)};
