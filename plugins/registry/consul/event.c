/*
 * /v1/event: fired here, and listed if its filters mean this node.
 */
#include <stdlib.h>
#include <string.h>

#include "plugins/registry/consul/asking.h"
#include "plugins/registry/consul/call.h"
#include "plugins/registry/consul/families.h"
#include "plugins/registry/consul/rexec.h"
#include "server/musterd.h"
#include "server/self.h"
#include "server/state/event_filter.h"
#include "server/state/events.h"

/* -- firing ---------------------------------------------------------------- */

static void write_event(struct jw *w, const struct event *e, uint64_t ltime)
{
    jw_open_object(w);
    jw_pair_text(w, "ID", e->id);
    jw_pair_text(w, "Name", e->name);
    jw_key(w, "Payload");
    if (e->payload_len)
        jw_base64(w, e->payload, e->payload_len);
    else
        jw_null(w);
    jw_pair_text(w, "NodeFilter", e->node);
    jw_pair_text(w, "ServiceFilter", e->service);
    jw_pair_text(w, "TagFilter", e->tag);
    jw_pair_uint(w, "Version", 1);
    jw_pair_uint(w, "LTime", ltime);
    jw_close(w);
}

static void event_fired(void *arg, enum event_status status,
                        const struct event *e, const char *text)
{
    struct call *c = arg;

    if (status == EVENT_DONE)
        server_audit_change(c->data, "event fire", e->name, NULL);
    if (!call_release(c))
        return;
    if (status != EVENT_DONE) {
        call_error(c, 500, "%s", text);
        return;
    }
    if (!strcmp(e->name, EVENT_REXEC))
        rexec_fired(c, e);
    write_event(&c->out, e, 0);
    call_json(c, 200);
}

/* NULL, or why it cannot be fired (free()); else q->here is known. */
static char *look_at_filters(struct call *c, struct event_request *q)
{
    struct event_filter *f;
    char *wrong;

    if (q->tag && *q->tag && (!q->service || !*q->service))
        return xstrdup(event_refusal(q));
    wrong = event_filter_new(q, &f);
    if (wrong)
        return wrong;
    if (!event_filter_judge(f, c->m->self->node, c->m->directory, &q->here))
        wrong = xstrdup("the filters take too long over the services of this "
                        "node");
    event_filter_free(f);
    if (!wrong && event_refusal(q))
        wrong = xasprintf("1 error(s) occurred:\n\n* error broadcasting event "
                          "to segment \"\": %s",
                          event_refusal(q));
    return wrong;
}

static enum http_verdict put_fire(struct http_request *r, void *ctx)
{
    struct call *c = call_begin(r, ctx);
    struct event_request q;
    char *wrong;

    if (!c)
        return HTTP_DONE;
    q = (struct event_request){.name = http_param(r, "name"),
                               .node = http_query(r, "node"),
                               .service = http_query(r, "service"),
                               .tag = http_query(r, "tag")};
    q.payload = http_body(r, &q.payload_len);
    if (!*q.name)
        return call_error(c, 400, "Missing name");
    wrong = look_at_filters(c, &q);
    if (wrong) {
        call_error(c, 500, "%s", wrong);
        free(wrong);
        return HTTP_DONE;
    }
    if (!call_demand(c, ACL_EVENT, q.name, strlen(q.name), ACL_WRITE))
        return HTTP_DONE;
    if (!strcmp(q.name, EVENT_REXEC) && !rexec_may_fire(c))
        return HTTP_DONE;
    if (call_audit_full(c))
        return HTTP_DONE;
    c->data = xcalloc(1, sizeof(struct asker));
    c->free_data = free;
    call_asker(c, c->data);
    call_hold(c);
    events_fire(c->m->events, &q, event_fired, c);
    return HTTP_LATER;
}

/* -- the list -------------------------------------------------------------- */

/* Of a read that waits. */
struct listing {
    struct event_waiter waiter;
    struct call *call;
};

static const char *name_asked(const struct call *c)
{
    const char *name = http_query(c->r, "name");

    return name && *name ? name : NULL;
}

static bool may_see(void *arg, const struct event *e)
{
    return call_may(arg, ACL_EVENT, e->name, strlen(e->name), ACL_READ);
}

static uint64_t list_index(struct call *c)
{
    return events_index(c->m->events, name_asked(c), may_see, c);
}

static void list_answer(struct call *c)
{
    const char *name = name_asked(c);
    const struct event *e = NULL;

    jw_open_array(&c->out);
    while ((e = events_next(c->m->events, name, e)))
        if (may_see(c, e))
            write_event(&c->out, e, e->ltime);
    jw_close(&c->out);
    call_json(c, 200);
}

static void list_changed(struct event_waiter *w)
{
    call_wake(container_of(w, struct listing, waiter)->call);
}

static void list_wait(struct call *c)
{
    struct listing *l = c->data;

    events_wait(c->m->events, &l->waiter);
}

static void list_wait_end(struct call *c)
{
    struct listing *l = c->data;

    events_wait_end(c->m->events, &l->waiter);
}

static enum http_verdict get_list(struct http_request *r, void *ctx)
{
    static const struct call_read how = {.index = list_index,
                                         .answer = list_answer,
                                         .wait = list_wait,
                                         .wait_end = list_wait_end,
                                         .unordered = true};
    struct call *c = call_begin(r, ctx);
    struct listing *l;

    if (!c)
        return HTTP_DONE;
    l = xcalloc(1, sizeof(*l));
    l->waiter.changed = list_changed;
    l->call = c;
    c->data = l;
    c->free_data = free;
    return call_read(c, &how);
}

static const struct http_route rows[] = {
    {.methods = HTTP_PUT,
     .path = "/v1/event/fire/*name",
     .handler = put_fire,
     .body = CALL_BODY,
     .help = "Fires an event: its body is the payload."},
    {.methods = HTTP_GET,
     .path = "/v1/event/list",
     .handler = get_list,
     .body = CALL_BODY,
     .help = "The last events that were meant for this node."},
};

const struct http_table consul_event = {rows, ARRAY_LEN(rows)};
