#include <stdlib.h>
#include <string.h>

#include "plugins/dispatch/exed/body.h"
#include "plugins/dispatch/exed/gather.h"
#include "plugins/dispatch/exed/jobs.h"
#include "plugins/dispatch/exed/record.h"

/* A stream of a job's results: its object, then {host: result} for each. */
struct follow {
    struct exed *exed;
    struct http_request *request;
    struct dispatch_reader *reader;
    struct gather *gather;
    struct loop_timer *heartbeat;
    struct loop_task turn; /* reads on */
};

static void follow_free(struct follow *f)
{
    loop_unsettle(f->exed->loop, &f->turn);
    dispatch_reader_free(f->reader);
    gather_free(f->gather);
    loop_timer_free(f->heartbeat);
    free(f);
}

static void client_gone(struct http_request *r, void *arg)
{
    (void)r;
    follow_free(arg);
}

/* A line, and a chunk, of its own. */
static void tell(struct follow *f, json_t *o)
{
    char *text = json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(15));
    size_t len;

    json_decref(o);
    if (!text)
        mem_exhausted();
    len = strlen(text);
    text[len] = '\n';
    http_stream_add(f->request, text, len + 1);
    free(text);
    loop_timer_set(f->heartbeat, f->exed->heartbeat_ms);
}

static void tell_result(struct follow *f, const struct dispatch_event *ev)
{
    json_t *result = gather_add(f->gather, ev);

    if (ev->kind == DISPATCH_ERROR)
        tell(f, json_pack("{s:o}", "message", body_clean(ev->text)));
    if (result)
        tell(f, json_pack("{s:o}", ev->host, result));
    if (ev->kind == DISPATCH_EXIT)
        gather_forget(f->gather, ev->host);
}

/* Reads on as long as the client takes it; true once the stream has ended. */
static bool follow_read(struct follow *f)
{
    struct dispatch_event ev;

    for (unsigned n = 0; http_stream_has_room(f->request); n++) {
        if (n == EXED_TURN) {
            loop_later(f->exed->loop, &f->turn);
            return false;
        }
        switch (dispatch_read(f->reader, &ev)) {
        case DISPATCH_WAIT: return false;
        case DISPATCH_GOT: break;
        case DISPATCH_END: http_stream_end(f->request); return true;
        }
        if (ev.kind == DISPATCH_ERROR && dispatch_closing(f->exed->dispatch)) {
            http_stream_fail(f->request, ev.text);
            return true;
        }
        tell_result(f, &ev);
    }
    return http_is_over(f->request);
}

static void follow_on(void *arg)
{
    if (follow_read(arg))
        follow_free(arg);
}

static void on_room(struct http_request *r, void *arg)
{
    (void)r;
    follow_on(arg);
}

/* White space between two values, so that nobody takes the job for dead. */
static void beat(void *arg)
{
    struct follow *f = arg;

    if (http_stream_has_room(f->request))
        http_stream_add(f->request, "\n", 1);
    loop_timer_set(f->heartbeat, f->exed->heartbeat_ms);
}

enum http_verdict follow_begin(struct exed_call *c, const char *jid)
{
    struct exed *e = c->exed;
    json_t *job = record_json(e->dispatch, jid);
    bool running =
        json_integer_value(json_object_get(job, "state")) == RECORD_RUNNING;
    const struct gather_bound bound = {
        .held = &e->gathered, .most = e->gather_max, .cut = &e->counts.cut};
    struct follow *f;

    if (!running && exed_flag(c, "outputs")) {
        json_decref(job);
        return outputs_begin(c, jid);
    }
    if (http_method(c->request) == HTTP_HEAD) {
        json_decref(job);
        http_stream(c->request, 200, "application/json");
        http_stream_end(c->request);
        return HTTP_DONE;
    }
    e->counts.follows++;
    f = xcalloc(1, sizeof(*f));
    f->exed = e;
    f->request = c->request;
    f->turn = (struct loop_task){.fn = follow_on, .arg = f};
    f->gather =
        gather_new(json_string_value(json_object_get(job, "operate")), &bound);
    f->heartbeat = loop_timer_new(e->loop, beat, f);
    f->reader = dispatch_follow(e->dispatch, jid, follow_on, f);
    http_stream(c->request, 200, "application/json");
    tell(f, job);
    if (follow_read(f)) {
        follow_free(f);
        return HTTP_DONE;
    }
    http_on_room(c->request, on_room, f);
    http_on_gone(c->request, client_gone, f);
    return HTTP_LATER;
}
