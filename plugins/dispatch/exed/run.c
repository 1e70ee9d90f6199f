#include "plugins/dispatch/exed/run.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "dispatcher/rights.h"
#include "dispatcher/spec.h"
#include "lib/audit.h"
#include "lib/auth/principal.h"
#include "lib/buf.h"
#include "plugins/dispatch/exed/audit.h"
#include "plugins/dispatch/exed/gather.h"

/* A request that waits for its job. */
struct run {
    struct exed *exed;
    struct http_request *request; /* NULL: whoever asked has gone */
    struct dispatch_reader *reader;
    struct exed_audit *audit; /* until the job is there, or refused */
    char *op, *jid;           /* owned */
    bool merged;              /* the job was there before */
    bool block;               /* it is answered when the job has ended ... */
    struct gather *gather;    /* ... and is being read again */
    struct loop_task turn;    /* goes on with that */
};

/* -- arguments ------------------------------------------------------------- */

struct dispatch_spec *run_spec(const char *op)
{
    struct dispatch_spec *spec = xcalloc(1, sizeof(*spec));

    spec->op = xstrdup(op);
    return spec;
}

static void spec_drop(struct dispatch_spec *spec)
{
    dispatch_spec_free(spec);
    free(spec);
}

void run_arg(struct dispatch_spec *spec, const char *name, const char *text)
{
    dispatch_spec_add_arg(spec, name, text, strlen(text));
}

static char *joined(const json_t *list)
{
    struct buf out = BUF_INIT;
    json_t *item;
    size_t i;

    json_array_foreach(list, i, item)
    {
        buf_add_str(&out, i ? "," : "");
        buf_add_str(&out, json_string_value(item));
    }
    buf_str(&out);
    return out.data;
}

void run_param(struct dispatch_spec *spec, const struct exed_call *c,
               const char *param, const char *name)
{
    const json_t *v = json_object_get(c->args, param);
    char *text = NULL;

    if (json_is_object(v))
        text = json_dumps(v, JSON_COMPACT);
    else if (json_is_array(v))
        text = joined(v);
    else if (json_is_true(v))
        text = xstrdup("1");
    else if (json_is_string(v))
        text = xstrdup(json_string_value(v));
    if (text)
        run_arg(spec, name, text);
    free(text);
}

/* -- targets --------------------------------------------------------------- */

/* Hosts by name, each once; a comma would be two of them. */
static char *take_hosts(struct dispatch_spec *spec, const json_t *list)
{
    json_t *seen = json_object(), *item;
    struct buf names = BUF_INIT;
    const char *name, *wrong = NULL;
    char *error = NULL;
    size_t i;

    json_array_foreach(list, i, item)
    {
        name = json_string_value(item);
        if (strchr(name, ',') || attr_value_wrong(name, strlen(name)))
            wrong = name;
        if (json_object_get(seen, name))
            continue;
        json_object_set_new(seen, name, json_true());
        buf_add_str(&names, buf_len(&names) ? "," : "");
        buf_add_str(&names, name);
    }
    if (wrong)
        error = xasprintf("bad target %.80s", wrong);
    else
        error = spec_set(spec, ".hosts", buf_data(&names), buf_len(&names));
    buf_free(&names);
    json_decref(seen);
    return error;
}

static char *take_targets(const struct exed_call *c, struct dispatch_spec *spec)
{
    const char *one = exed_text(c, "target"), *select = exed_text(c, "select");
    json_t *list = json_object_get(c->args, "targets");
    char *error;

    if ((one != NULL) + (list != NULL) + (select != NULL) > 1)
        return xstrdup("say target(s) or select, not both");
    if (select)
        return *select ? spec_set(spec, ".on", select, strlen(select))
                       : xstrdup("no target(s) given");
    if (list)
        return take_hosts(spec, list);
    if (!one || !*one)
        return xstrdup("no target(s) given");
    list = json_pack("[s]", one);
    error = take_hosts(spec, list);
    json_decref(list);
    return error;
}

/* -- options --------------------------------------------------------------- */

static char *option_set(struct dispatch_spec *spec, const char *name,
                        const json_t *v)
{
    char *directive = xasprintf(".%s", name), *text = NULL, *error;

    if (json_is_string(v))
        text = xstrdup(json_string_value(v));
    else if (json_is_boolean(v))
        text = xstrdup(json_is_true(v) ? "1" : "0");
    else if (json_is_number(v))
        text = json_dumps(v, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
    if (!spec_knows(directive) || !strcmp(name, "on") || !strcmp(name, "hosts"))
        error = xasprintf("unknown option %.80s", name);
    else if (!text)
        error = xasprintf("option %s must be a text, a number or a bool", name);
    else
        error = spec_set(spec, directive, text, strlen(text));
    free(text);
    free(directive);
    return error;
}

/* One that may come again has a list of values. */
static char *options_of(struct dispatch_spec *spec, const char *name,
                        const json_t *v)
{
    char *error = NULL;
    json_t *item;
    size_t i;

    if (!json_is_array(v))
        return option_set(spec, name, v);
    json_array_foreach(v, i, item)
    {
        error = option_set(spec, name, item);
        if (error)
            break;
    }
    return error;
}

/* Arguments that nobody is shown. Only a body has them: a URL is kept in logs
 * and histories. */
static char *take_secrets(const struct exed_call *c, struct dispatch_spec *spec)
{
    json_t *secrets = json_object_get(c->args, "secrets"), *v;
    const char *name;
    char *error;

    json_object_foreach(secrets, name, v)
    {
        if (!json_is_string(v))
            return xasprintf("secret %.80s must be a text", name);
        error = spec_set(spec, ".secret", name, strlen(name));
        if (error)
            return error;
        dispatch_spec_add_arg(spec, name, json_string_value(v),
                              json_string_length(v));
    }
    return NULL;
}

static char *take_options(const struct exed_call *c, struct dispatch_spec *spec)
{
    const char *key = http_header(c->request, "Idempotency-Key"), *name;
    json_t *options = json_object_get(c->args, "options"), *v;
    char *error = NULL;

    json_object_foreach(options, name, v)
    {
        error = options_of(spec, name, v);
        if (error)
            return error;
    }
    return key ? spec_set(spec, ".key", key, strlen(key)) : NULL;
}

/* -- the answer ------------------------------------------------------------ */

static void run_free(struct run *run)
{
    loop_unsettle(run->exed->loop, &run->turn);
    dispatch_reader_free(run->reader);
    exed_audit_free(run->audit);
    gather_free(run->gather);
    free(run->op);
    free(run->jid);
    free(run);
}

/* Until the job is there it is not known what to write down. */
static void client_gone(struct http_request *r, void *arg)
{
    struct run *run = arg;

    (void)r;
    run->request = NULL;
    if (run->jid || !run->audit)
        run_free(run);
}

/* The status of an error that the dispatcher has about a job. */
static int error_status(const struct exed *e, const char *text)
{
    if (strcmp(text, DISPATCH_CONFLICT) == 0 ||
        strncmp(text, DISPATCH_KEY_TAKEN, strlen(DISPATCH_KEY_TAKEN)) == 0 ||
        strncmp(text, "plan ", 5) == 0)
        return 409;
    if (strncmp(text, DISPATCH_NOBODY, strlen(DISPATCH_NOBODY)) == 0)
        return 404;
    return dispatch_closing(e->dispatch) || !dispatch_is_synced(e->dispatch)
               ? 503
               : 500;
}

static void answer_error(struct run *run, int status, const char *text)
{
    exed_audit_told(run->audit, NULL, text);
    run->audit = NULL;
    if (run->request)
        http_reply_error(run->request, status, "%s",
                         status == 404 ? EXED_NO_HOSTS : text);
}

static void answer_jid(struct run *run)
{
    char *where = xasprintf("/jobs/%s", run->jid);

    if (run->request) {
        http_add_header(run->request, "Location", where);
        if (run->merged)
            http_add_header(run->request, "Idempotent-Replayed", "true");
        http_reply_json(run->request, run->merged ? 200 : 201,
                        json_pack("{s:s}", "jid", run->jid));
    }
    free(where);
}

/* It is there, or was before under the same key: true once that is answered. */
static bool run_is_there(struct run *run, const struct dispatch_event *ev)
{
    if (run->jid)
        return false;
    run->jid = xstrdup(ev->jid);
    run->merged = ev->kind == DISPATCH_MERGED;
    exed_audit_told(run->audit, ev->jid, NULL);
    run->audit = NULL;
    if (!run->block)
        answer_jid(run);
    return !run->block || !run->request;
}

/* It has ended: it is read again, for what is kept of it is bounded. */
static bool read_again(struct run *run);

/* What an event means; true once the request is answered. */
static bool run_event(struct run *run, const struct dispatch_event *ev)
{
    if (run->gather)
        json_decref(gather_add(run->gather, ev));
    switch (ev->kind) {
    case DISPATCH_HELD:
    case DISPATCH_MERGED:
    case DISPATCH_SUBMIT: return run_is_there(run, ev);
    case DISPATCH_ERROR:
        answer_error(run, error_status(run->exed, ev->text), ev->text);
        return true;
    case DISPATCH_DONE:
        if (!run->gather)
            return read_again(run);
        http_reply_json(run->request, 200, gather_last(run->gather));
        return true;
    default: return false;
    }
}

/* Reads on; true once the request is answered. */
static bool run_read(struct run *run)
{
    struct dispatch_event ev;

    for (unsigned n = 0; n < EXED_TURN; n++) {
        switch (dispatch_read(run->reader, &ev)) {
        case DISPATCH_WAIT: return false;
        case DISPATCH_GOT: break;
        case DISPATCH_END:
            answer_error(run, 500, "the job was deleted");
            return true;
        }
        if (run_event(run, &ev))
            return true;
    }
    loop_later(run->exed->loop, &run->turn);
    return false;
}

static void run_ready(void *arg)
{
    struct run *run = arg;

    if (run_read(run))
        run_free(run);
}

static bool read_again(struct run *run)
{
    struct exed *e = run->exed;
    struct dispatch_reader *before = run->reader;
    const struct gather_bound bound = {
        .held = &e->gathered, .most = e->gather_max, .cut = &e->counts.cut};

    run->gather = gather_new(run->op, &bound);
    run->reader = dispatch_follow(e->dispatch, run->jid, run_ready, run);
    dispatch_reader_free(before); /* until now it kept the job where it is */
    if (run->reader)
        return false;
    answer_error(run, 500, "the job was deleted");
    return true;
}

/* -- submitting ------------------------------------------------------------ */

/* One of the hosts at least is there, or is waited for. */
static bool any_known(const struct exed_call *c,
                      const struct dispatch_spec *spec)
{
    const struct scope *scope = &http_principal(c->request)->exec;

    for (size_t i = 0; i < spec->n_hosts; i++)
        if (dispatch_knows_host(c->exed->dispatch, spec->hosts[i], scope))
            return true;
    return !spec->n_hosts || spec->has_wait;
}

/* Jobs that nobody's token asks for are told apart by where they come from. */
static void take_peer(const struct exed_call *c, struct dispatch_spec *spec)
{
    const char *peer = http_peer(c->request), *port = strrchr(peer, ':');

    spec->from = xstrndup(peer, port ? (size_t)(port - peer) : strlen(peer));
}

/* What stands in the way, whatever the job is: true, and it is answered. */
static bool is_unready(struct exed_call *c)
{
    const struct dispatch *d = c->exed->dispatch;
    const char *why = audit_refusal();

    if (!why)
        why = dispatch_closing(d);
    if (!why && dispatch_is_full(d))
        why = "too many jobs run or wait already (dispatcher.queue)";
    if (why) {
        http_add_header(c->request, "Retry-After", "1");
        http_reply_error(c->request, 503, "%s", why);
    } else if (dispatch_degraded(d)) {
        http_reply_error(c->request, 500, "%s", dispatch_degraded(d));
    } else if (!dispatch_is_synced(d)) {
        exed_unsynced(c->request);
    }
    return http_is_over(c->request);
}

static enum http_verdict submit(struct exed_call *c, struct dispatch_spec *spec)
{
    struct run *run = xcalloc(1, sizeof(*run));
    char *error;

    run->exed = c->exed;
    run->request = c->request;
    run->turn = (struct loop_task){.fn = run_ready, .arg = run};
    run->block = c->endpoint->method == HTTP_GET;
    run->op = xstrdup(spec->op);
    take_peer(c, spec);
    run->audit = exed_audit_job(c->request, spec);
    run->reader =
        dispatch_submit(c->exed->dispatch, spec, run_ready, run, &error);
    if (!run->reader) {
        int status = error_status(c->exed, error);

        answer_error(run, status == 500 ? 400 : status, error);
        free(error);
        run_free(run);
        return HTTP_DONE;
    }
    c->exed->counts.blocking += run->block;
    c->exed->counts.async += !run->block;
    if (run_read(run)) {
        run_free(run);
        return HTTP_DONE;
    }
    http_on_gone(c->request, client_gone, run);
    return HTTP_LATER;
}

/* Nobody waits for what begins some day. */
static char *check_later(const struct exed_call *c,
                         const struct dispatch_spec *spec)
{
    if (c->endpoint->method != HTTP_GET ||
        !(spec->at_ms || spec->every || spec->after))
        return NULL;
    return xstrdup(
        "a job that begins later is no request to wait for: POST it");
}

enum http_verdict run_submit(struct exed_call *c, struct dispatch_spec *spec)
{
    enum http_verdict verdict = HTTP_DONE;
    char *error = take_targets(c, spec);

    if (http_method(c->request) == HTTP_HEAD) {
        spec_drop(spec); /* nothing is done for who does not want to know */
        free(error);
        http_add_header(c->request, "Allow", "GET, POST");
        return exed_wrong(c->request, 405, xstrdup("HEAD does nothing here"));
    }

    if (!error)
        error = take_options(c, spec);
    if (!error)
        error = take_secrets(c, spec);
    if (!error)
        error = check_later(c, spec);
    audit_about("submit", spec->op, strlen(spec->op));
    if (error)
        exed_wrong(c->request, 400, error);
    else if ((error = rights_run(http_principal(c->request), spec)))
        exed_refuse(c->request, error);
    else if (is_unready(c))
        ; /* answered */
    else if (!any_known(c, spec))
        http_reply_error(c->request, 404, "%s", EXED_NO_HOSTS);
    else
        verdict = submit(c, spec);
    audit_about(NULL, NULL, 0);
    spec_drop(spec);
    return verdict;
}
