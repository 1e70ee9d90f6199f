#include <stdlib.h>
#include <string.h>

#include "plugins/dispatch/exed/jobs.h"
#include "plugins/dispatch/exed/record.h"

/* Jobs in full: one after the other, as the client takes them, for all of them
 * together may be more than anybody wants to hold. */
struct list {
    struct exed *exed;
    struct http_request *request;
    json_t *jids;
    size_t next;
    struct dispatch_fetch *fetch; /* of the next one, if it takes that */
    bool fetched;                 /* it is there now */
    bool any;                     /* one has been told */
};

static void list_free(struct list *l)
{
    dispatch_fetch_free(l->fetch);
    json_decref(l->jids);
    free(l);
}

static void client_gone(struct http_request *r, void *arg)
{
    (void)r;
    list_free(arg);
}

/* One that has been deleted meanwhile is left out. */
static void tell(struct list *l, const char *jid)
{
    json_t *job = record_json(l->exed->dispatch, jid);
    char *text =
        job ? json_dumps(job, JSON_COMPACT | JSON_REAL_PRECISION(15)) : NULL;

    json_decref(job);
    if (!text)
        return;
    http_stream_add(l->request, l->any ? ",\n" : "[", l->any ? 2 : 1);
    http_stream_add(l->request, text, strlen(text));
    l->any = true;
    free(text);
}

static void list_ready(void *arg);

/* Whether the job can be told; else list_ready() comes. */
static bool list_fetch(struct list *l, const char *jid)
{
    if (!l->fetch)
        l->fetch = dispatch_fetch(l->exed->dispatch, jid, list_ready, l);
    return !l->fetch || l->fetched;
}

/* True once all is told. */
static bool list_on(struct list *l)
{
    const char *jid;

    while (l->next < json_array_size(l->jids)) {
        if (!http_stream_has_room(l->request))
            return http_is_over(l->request);
        jid = json_string_value(json_array_get(l->jids, l->next));
        if (!list_fetch(l, jid))
            return false;
        tell(l, jid);
        dispatch_fetch_free(l->fetch);
        l->fetch = NULL;
        l->fetched = false;
        l->next++;
    }
    http_stream_add(l->request, l->any ? "]\n" : "[]\n", l->any ? 2 : 3);
    http_stream_end(l->request);
    return true;
}

static void list_ready(void *arg)
{
    struct list *l = arg;

    l->fetched = true;
    if (list_on(l))
        list_free(l);
}

static void on_room(struct http_request *r, void *arg)
{
    (void)r;
    if (list_on(arg))
        list_free(arg);
}

enum http_verdict list_begin(struct exed_call *c, json_t *jids)
{
    struct list *l = xcalloc(1, sizeof(*l));

    l->exed = c->exed;
    l->request = c->request;
    l->jids = jids;
    http_stream(c->request, 200, "application/json");
    if (list_on(l)) {
        list_free(l);
        return HTTP_DONE;
    }
    http_on_room(c->request, on_room, l);
    http_on_gone(c->request, client_gone, l);
    return HTTP_LATER;
}
