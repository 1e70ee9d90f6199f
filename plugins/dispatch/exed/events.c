#include "plugins/dispatch/exed/events.h"

#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "plugins/dispatch/exed/body.h"

static const char *stream_text(enum dispatch_stream s)
{
    static const char *const texts[] = {[DISPATCH_STDOUT] = "stdout",
                                        [DISPATCH_STDERR] = "stderr",
                                        [DISPATCH_RESULTS] = "result",
                                        [DISPATCH_PROGRESSES] = "progress"};

    return texts[s];
}

static void set_text(json_t *o, const struct dispatch_event *ev)
{
    int base64;

    json_object_set_new(o, "text",
                        body_text(ev->text ? ev->text : "", ev->len, &base64));
    if (base64)
        json_object_set_new(o, "base64", json_true());
}

/* A text that is a number is written as one. */
static json_t *value_json(const char *text)
{
    json_t *v = json_loads(text, JSON_DECODE_ANY, NULL);

    if (json_is_number(v))
        return v;
    json_decref(v);
    return body_clean(text);
}

static void set_attrs(json_t *o, const struct attrs *attrs)
{
    for (size_t i = 0; attrs && i < attrs->count; i++)
        json_object_set_new(o, attrs->list[i].name,
                            value_json(attrs->list[i].value));
}

/* -- by kind --------------------------------------------------------------- */

static void write_submit(json_t *o, const struct dispatch_event *ev)
{
    json_object_set_new(o, "jid", json_string(ev->jid));
    json_object_set_new(o, "hosts", json_integer(ev->hosts));
}

static void write_output(json_t *o, const struct dispatch_event *ev)
{
    json_object_set_new(o, "stream", json_string(stream_text(ev->stream)));
    set_text(o, ev);
    json_object_set_new(o, "eol", json_boolean(ev->whole));
    json_object_set_new(o, "at", json_integer((json_int_t)ev->offset));
}

static void write_cut(json_t *o, const struct dispatch_event *ev)
{
    json_object_set_new(o, "stream", json_string(stream_text(ev->stream)));
    json_object_set_new(o, "at", json_integer((json_int_t)ev->offset));
    json_object_set_new(o, "bytes", json_integer((json_int_t)ev->bytes));
}

/* A whole one is there as JSON; of one in pieces each is a piece of text. */
static void write_result(json_t *o, const struct dispatch_event *ev)
{
    json_t *v =
        ev->whole ? json_loadb(ev->text, ev->len, JSON_DECODE_ANY, NULL) : NULL;

    if (v)
        json_object_set_new(o, "result", v);
    else
        set_text(o, ev);
    json_object_set_new(o, "whole", json_boolean(ev->whole));
}

static void write_progress(json_t *o, const struct dispatch_event *ev)
{
    json_object_set_new(o, "percent", json_integer(ev->percent));
    set_text(o, ev);
}

static void write_exit(json_t *o, const struct dispatch_event *ev)
{
    set_attrs(o, ev->attrs);
    json_object_set_new(
        o, "rc", strcmp(ev->rc, "-") == 0 ? json_null() : value_json(ev->rc));
    json_object_set_new(o, "state", json_integer(ev->state));
}

static void write_done(json_t *o, const struct dispatch_event *ev)
{
    set_attrs(o, ev->attrs);
    json_object_set_new(o, "jid", json_string(ev->jid));
    json_object_set_new(o, "state", json_integer(ev->state));
}

static void write_held(json_t *o, const struct dispatch_event *ev)
{
    json_object_set_new(o, "jid", json_string(ev->jid));
    set_attrs(o, ev->attrs);
}

static void write_nothing(json_t *o, const struct dispatch_event *ev)
{
    (void)o;
    (void)ev;
}

static const struct kind {
    const char *name;
    void (*write)(json_t *o, const struct dispatch_event *ev);
    bool of_host;
} kinds[] = {
    [DISPATCH_SUBMIT] = {"submit", write_submit, false},
    [DISPATCH_MERGED] = {"merged", write_held, false},
    [DISPATCH_HELD] = {"held", write_held, false},
    [DISPATCH_ACK] = {"ack", write_nothing, true},
    [DISPATCH_RETRY] = {"retry", set_text, true},
    [DISPATCH_OUTPUT] = {"output", write_output, true},
    [DISPATCH_CUT] = {"cut", write_cut, true},
    [DISPATCH_EXIT] = {"exit", write_exit, true},
    [DISPATCH_DONE] = {"done", write_done, false},
    [DISPATCH_ERROR] = {"error", set_text, false},
    [DISPATCH_RESULT] = {"result", write_result, true},
    [DISPATCH_PROGRESS] = {"progress", write_progress, true},
};

static const struct kind *kind_of(const struct dispatch_event *ev)
{
    static const struct kind other = {"other", set_text, false};

    return (size_t)ev->kind < ARRAY_LEN(kinds) && kinds[ev->kind].name
               ? &kinds[ev->kind]
               : &other;
}

const char *events_name(const struct dispatch_event *ev)
{
    return kind_of(ev)->name;
}

bool events_of_host(const struct dispatch_event *ev)
{
    return kind_of(ev)->of_host;
}

json_t *events_json(const struct dispatch_event *ev)
{
    json_t *o = json_object();

    json_object_set_new(o, "offset", json_integer((json_int_t)ev->seq));
    json_object_set_new(o, "event", json_string(kind_of(ev)->name));
    if (ev->ms)
        json_object_set_new(o, "ms", json_integer(ev->ms));
    if (kind_of(ev)->of_host)
        json_object_set_new(o, "host", body_clean(ev->host));
    kind_of(ev)->write(o, ev);
    return o;
}
