#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "plugins/dispatch/exed/gather.h"
#include "plugins/dispatch/exed/jobs.h"
#include "plugins/dispatch/exed/record.h"

/* A job with the results that there are: of one that has ended, all. */
struct outputs {
    struct exed *exed;
    struct http_request *request;
    struct dispatch_reader *reader;
    struct gather *gather;
    json_t *job;
    bool ended;
    bool chunked;          /* who follows gets chunks, be it one only */
    struct loop_task turn; /* reads on */
};

static void outputs_free(struct outputs *o)
{
    loop_unsettle(o->exed->loop, &o->turn);
    dispatch_reader_free(o->reader);
    gather_free(o->gather);
    json_decref(o->job);
    free(o);
}

static void client_gone(struct http_request *r, void *arg)
{
    (void)r;
    outputs_free(arg);
}

static void answer(struct outputs *o)
{
    char *text;

    json_object_set_new(o->job, "return_data", gather_results(o->gather));
    if (!o->chunked) {
        http_reply_json(o->request, 200, json_incref(o->job));
        return;
    }
    text = json_dumps(o->job, JSON_COMPACT | JSON_REAL_PRECISION(15));
    if (!text)
        mem_exhausted();
    http_stream(o->request, 200, "application/json");
    http_stream_add(o->request, text, strlen(text));
    http_stream_add(o->request, "\n", 1);
    http_stream_end(o->request);
    free(text);
}

/* True once it is answered. What a job that has ended says may have to be
 * fetched first; of another one what is there counts. */
static bool outputs_read(struct outputs *o)
{
    struct dispatch_event ev;

    for (unsigned n = 0; n < EXED_TURN; n++) {
        switch (dispatch_read(o->reader, &ev)) {
        case DISPATCH_WAIT:
            if (o->ended)
                return false;
            answer(o);
            return true;
        case DISPATCH_END: answer(o); return true;
        case DISPATCH_GOT: break;
        }
        json_decref(gather_add(o->gather, &ev));
    }
    loop_later(o->exed->loop, &o->turn);
    return false;
}

static void outputs_on(void *arg)
{
    if (outputs_read(arg))
        outputs_free(arg);
}

enum http_verdict outputs_begin(struct exed_call *c, const char *jid)
{
    struct exed *e = c->exed;
    const struct gather_bound bound = {
        .held = &e->gathered, .most = e->gather_max, .cut = &e->counts.cut};
    struct outputs *o = xcalloc(1, sizeof(*o));

    o->exed = e;
    o->request = c->request;
    o->chunked = exed_flag(c, "follow");
    o->turn = (struct loop_task){.fn = outputs_on, .arg = o};
    o->job = record_json(e->dispatch, jid);
    o->ended =
        json_integer_value(json_object_get(o->job, "state")) != RECORD_RUNNING;
    o->gather = gather_new(
        json_string_value(json_object_get(o->job, "operate")), &bound);
    o->reader = dispatch_follow(e->dispatch, jid, outputs_on, o);
    if (outputs_read(o)) {
        outputs_free(o);
        return HTTP_DONE;
    }
    http_on_gone(c->request, client_gone, o);
    return HTTP_LATER;
}
