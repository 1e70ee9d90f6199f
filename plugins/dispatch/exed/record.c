#include "plugins/dispatch/exed/record.h"

#include <stdlib.h>
#include <string.h>

#include "plugins/dispatch/exed/body.h"
#include "plugins/dispatch/exed/names.h"

#define ARG "arg." /* before the names of arguments in a record */

/* -- arguments ------------------------------------------------------------- */

static json_t *arg_flag(const char *text)
{
    return json_boolean(strcmp(text, "1") == 0);
}

static json_t *arg_object(const char *text)
{
    json_t *v = json_loads(text, JSON_DECODE_ANY, NULL);

    return v ? v : body_clean(text);
}

static json_t *arg_service_state(const char *text)
{
    int n = names_service_state(text);

    return n >= 0 ? json_integer(n) : body_clean(text);
}

/* Those that are no plain texts; and what stands for one that was left out. */
static const struct {
    const char *op, *name;
    json_t *(*json)(const char *text);
    const char *absent; /* as JSON; NULL: it is left out here, too */
} known[] = {
    {"service", "state", arg_service_state, NULL},
    {"service", "graceful", arg_flag, "false"},
    {"deploy", "partial", body_clean, "null"},
    {"deploy", "extra_vars", arg_object, "{}"},
    {"release", "rollback", arg_flag, "false"},
    {"release", "extra_opts", arg_object, "{}"},
};

static json_t *arg_json(const char *op, const char *name, const char *value)
{
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (!strcmp(known[i].op, op) && !strcmp(known[i].name, name))
            return known[i].json(value);
    return body_clean(value);
}

static json_t *args_json(const char *op, const struct attrs *pairs)
{
    json_t *args = json_object();
    const struct attr *a;

    for (size_t i = 0; i < pairs->count; i++) {
        a = &pairs->list[i];
        if (!strncmp(a->name, ARG, strlen(ARG)))
            json_object_set_new(args, a->name + strlen(ARG),
                                arg_json(op, a->name + strlen(ARG), a->value));
    }
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (!strcmp(known[i].op, op) && known[i].absent &&
            !json_object_get(args, known[i].name))
            json_object_set_new(
                args, known[i].name,
                json_loads(known[i].absent, JSON_DECODE_ANY, NULL));
    return args;
}

/* -- the job --------------------------------------------------------------- */

int record_state(const struct attrs *pairs)
{
    const char *state = attrs_get(pairs, "state");

    return state ? atoi(state) : RECORD_RUNNING;
}

static json_int_t number(const struct attrs *pairs, const char *name)
{
    const char *text = attrs_get(pairs, name);

    return text ? strtoll(text, NULL, 10) : 0;
}

/* Why it failed: its own error, or on how many hosts it did. */
static json_t *error_json(const struct attrs *pairs)
{
    const char *error = attrs_get(pairs, "error");
    json_int_t bad = number(pairs, "failed") + number(pairs, "unreachable");
    char *text;
    json_t *o;

    if (error)
        return body_clean(error);
    if (record_state(pairs) != RECORD_FAILURE)
        return json_string("");
    text = xasprintf("failed on %lld of %lld host(s)", (long long)bad,
                     (long long)number(pairs, "hosts"));
    o = json_string(text);
    free(text);
    return o;
}

/* How many hosts are where. */
static json_t *summary_json(const struct attrs *pairs)
{
    static const char *const names[] = {
        "hosts",   "waiting", "running", "ok",         "failed",
        "changed", "skipped", "lost",    "cancelled",  "unreachable",
        "timeout", "idle",    "refused", "notstarted", "drained"};
    json_t *o = json_object();

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (attrs_get(pairs, names[i]))
            json_object_set_new(o, names[i],
                                json_integer(number(pairs, names[i])));
    return o;
}

static json_t *time_json(const struct attrs *pairs, const char *name)
{
    return attrs_get(pairs, name) ? json_integer(number(pairs, name))
                                  : json_null();
}

static void set_text(json_t *o, const char *name, const struct attrs *pairs,
                     const char *from)
{
    const char *text = attrs_get(pairs, from);

    if (text)
        json_object_set_new(o, name, body_clean(text));
}

/* Of jobs that ask for more than EXEd knew: as `muster job` shows them. */
static void set_more(json_t *o, const struct attrs *pairs)
{
    static const char *const texts[] = {"by",   "every", "after", "parent",
                                        "plan", "key",   "lock",  "rerun-of"};
    static const char *const numbers[] = {
        "held",     "next",  "runs",   "missed", "planned",
        "priority", "retry", "paused", "any",    "kept-until"};

    set_text(o, "select", pairs, "on");
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        set_text(o, texts[i], pairs, texts[i]);
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
        if (attrs_get(pairs, numbers[i]))
            json_object_set_new(o, numbers[i],
                                json_integer(number(pairs, numbers[i])));
}

static void take_job(void *arg, const char *jid, const struct attrs *pairs)
{
    const char *op = attrs_get(pairs, "op");
    json_t *o = arg;

    json_object_set_new(o, "jid", json_string(jid));
    json_object_set_new(o, "state", json_integer(record_state(pairs)));
    json_object_set_new(o, "error", error_json(pairs));
    json_object_set_new(o, "startat", time_json(pairs, "submitted"));
    json_object_set_new(o, "endat", time_json(pairs, "ended"));
    json_object_set_new(o, "operate", body_clean(op));
    json_object_set_new(o, "operate_args", args_json(op, pairs));
    json_object_set_new(o, "return_data", json_object());
    json_object_set_new(o, "summary", summary_json(pairs));
    set_more(o, pairs);
}

static void take_host(void *arg, const char *host, const struct attrs *pairs)
{
    json_t *targets = json_object_get(arg, "targets");

    (void)pairs;
    if (strcmp(host, "-") != 0)
        json_array_append_new(targets, body_clean(host));
}

json_t *record_json(struct dispatch *d, const char *jid)
{
    json_t *o = json_object();

    json_object_set_new(o, "targets", json_array());
    if (dispatch_job(d, jid, take_job, take_host, o))
        return o;
    json_decref(o);
    return NULL;
}

static void take_state(void *arg, const char *jid, const struct attrs *pairs)
{
    bool *running = arg;

    (void)jid;
    *running = record_state(pairs) == RECORD_RUNNING;
}

static void take_nothing(void *arg, const char *host, const struct attrs *pairs)
{
    (void)arg;
    (void)host;
    (void)pairs;
}

bool record_is_running(struct dispatch *d, const char *jid)
{
    bool running = false;

    return dispatch_job(d, jid, take_state, take_nothing, &running) && running;
}
