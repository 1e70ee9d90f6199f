#include <stdlib.h>
#include <string.h>

#include "plugins/dispatch/exed/events.h"
#include "plugins/dispatch/exed/jobs.h"
#include "plugins/dispatch/exed/record.h"

#define SSE_TYPE    "text/event-stream"
#define NDJSON_TYPE "application/x-ndjson"

/* A stream of a job's events. */
struct stream {
    struct exed *exed;
    struct http_request *request;
    struct dispatch_reader *reader;
    struct loop_timer *heartbeat;
    struct loop_task turn; /* reads on */
    uint64_t from;         /* those before it are not wanted */
    char *host;            /* owned; NULL: of every host */
    bool sse;
    bool begun; /* the head of the answer has been written */
};

static void stream_free(struct stream *s)
{
    loop_unsettle(s->exed->loop, &s->turn);
    dispatch_reader_free(s->reader);
    loop_timer_free(s->heartbeat);
    free(s->host);
    free(s);
}

static void client_gone(struct http_request *r, void *arg)
{
    (void)r;
    stream_free(arg);
}

static bool is_wanted(const struct stream *s, const struct dispatch_event *ev)
{
    return ev->seq >= s->from &&
           (!s->host || !events_of_host(ev) || strcmp(ev->host, s->host) == 0);
}

/* What is cut has no number of its own: who goes on behind it would miss what
 * comes next. */
static void add_head(struct buf *out, const struct dispatch_event *ev)
{
    if (ev->kind != DISPATCH_CUT)
        buf_add_fmt(out, "id: %llu\n", (unsigned long long)ev->seq);
    buf_add_fmt(out, "event: %s\ndata: ", events_name(ev));
}

static void begin(struct stream *s)
{
    if (!s->begun)
        http_stream(s->request, 200, s->sse ? SSE_TYPE : NDJSON_TYPE);
    s->begun = true;
}

/* A browser that has had all of it connects again, unless it is told that
 * there is nothing more. */
static void end(struct stream *s)
{
    if (s->sse && !s->begun) {
        http_reply(s->request, 204, NULL, NULL, 0);
        return;
    }
    begin(s);
    http_stream_end(s->request);
}

static void tell(struct stream *s, const struct dispatch_event *ev)
{
    struct buf out = BUF_INIT;
    json_t *o = events_json(ev);
    char *text = json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(15));

    json_decref(o);
    if (!text)
        mem_exhausted();
    if (s->sse)
        add_head(&out, ev);
    begin(s);
    buf_add_str(&out, text);
    buf_add_str(&out, s->sse ? "\n\n" : "\n");
    http_stream_add(s->request, buf_data(&out), buf_len(&out));
    buf_free(&out);
    free(text);
    loop_timer_set(s->heartbeat, s->exed->heartbeat_ms);
}

/* Reads on as long as the client takes it; true once the stream has ended. */
static bool stream_read(struct stream *s)
{
    struct dispatch_event ev;

    for (unsigned n = 0; http_stream_has_room(s->request); n++) {
        if (n == EXED_TURN) {
            loop_later(s->exed->loop, &s->turn);
            return false;
        }
        switch (dispatch_read(s->reader, &ev)) {
        case DISPATCH_WAIT: return false;
        case DISPATCH_GOT: break;
        case DISPATCH_END: end(s); return true;
        }
        if (ev.kind == DISPATCH_ERROR && dispatch_closing(s->exed->dispatch)) {
            begin(s);
            http_stream_fail(s->request, ev.text);
            return true;
        }
        if (is_wanted(s, &ev))
            tell(s, &ev);
    }
    return http_is_over(s->request);
}

static void stream_on(void *arg)
{
    if (stream_read(arg))
        stream_free(arg);
}

static void on_room(struct http_request *r, void *arg)
{
    (void)r;
    stream_on(arg);
}

static void beat(void *arg)
{
    static const char sse[] = ": heartbeat\n\n";
    static const char ndjson[] = "{\"event\":\"heartbeat\"}\n";
    struct stream *s = arg;
    const char *text = s->sse ? sse : ndjson;

    if (http_stream_has_room(s->request))
        http_stream_add(s->request, text, strlen(text));
    loop_timer_set(s->heartbeat, s->exed->heartbeat_ms);
}

/* -- beginning ------------------------------------------------------------- */

/* A browser that connects again says which event it had last. */
static bool take_from(const struct exed_call *c, uint64_t *from)
{
    const char *last = http_header(c->request, "Last-Event-ID");
    char *end;

    *from = (uint64_t)exed_number(c, "from", 0);
    if (!last || json_object_get(c->args, "from"))
        return true;
    *from = strtoull(last, &end, 10) + 1;
    return *last >= '0' && *last <= '9' && !*end && strlen(last) < 19;
}

static bool wants_sse(const struct http_request *r)
{
    const char *accept = http_header(r, "Accept");

    return accept && strstr(accept, SSE_TYPE);
}

enum http_verdict stream_events(struct exed_call *c)
{
    const char *jid = http_param(c->request, "jid");
    const char *host = exed_text(c, "host");
    struct stream *s;
    uint64_t from;

    if (!take_from(c, &from)) {
        http_reply_error(c->request, 400,
                         "Last-Event-ID must be the offset of an event");
        return HTTP_DONE;
    }
    if (!exed_owns(c, jid)) {
        http_reply_error(c->request, 404, EXED_NO_JOB);
        return HTTP_DONE;
    }
    if (http_method(c->request) == HTTP_HEAD) {
        http_stream(c->request, 200,
                    wants_sse(c->request) ? SSE_TYPE : NDJSON_TYPE);
        http_stream_end(c->request);
        return HTTP_DONE;
    }
    c->exed->counts.events++;
    s = xcalloc(1, sizeof(*s));
    s->exed = c->exed;
    s->request = c->request;
    s->turn = (struct loop_task){.fn = stream_on, .arg = s};
    s->from = from;
    s->host = host ? xstrdup(host) : NULL;
    s->sse = wants_sse(c->request);
    s->heartbeat = loop_timer_new(c->exed->loop, beat, s);
    s->reader = dispatch_follow(c->exed->dispatch, jid, stream_on, s);
    if (record_is_running(c->exed->dispatch, jid)) {
        begin(s);
        loop_timer_set(s->heartbeat, c->exed->heartbeat_ms);
    }
    if (stream_read(s)) {
        stream_free(s);
        return HTTP_DONE;
    }
    http_on_room(c->request, on_room, s);
    http_on_gone(c->request, client_gone, s);
    return HTTP_LATER;
}
