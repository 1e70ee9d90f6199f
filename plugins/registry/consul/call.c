#include "plugins/registry/consul/call.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "lib/duration.h"
#include "lib/mem.h"
#include "lib/utf8.h"
#include "plugins/registry/consul/call_impl.h"
#include "server/musterd.h"
#include "server/self.h"

/* -- life ------------------------------------------------------------------ */

static struct call *call_new(struct consul *u, struct http_request *r)
{
    struct call *c = u->spare;
    struct loop_timer *timer;
    struct jw out;

    if (c) {
        u->spare = c->next;
        u->n_spare--;
        timer = c->timer;
        out = c->out;
        memset(c, 0, sizeof(*c));
        c->timer = timer;
        c->out = out;
        c->out.pretty = false;
    } else {
        c = xcalloc(1, sizeof(*c));
    }
    c->r = r;
    c->consul = u;
    c->m = u->m;
    c->token = "";
    DL_PREPEND(u->calls, c);
    return c;
}

static void forget_token(struct call *c)
{
    char *token = (char *)(uintptr_t)c->token;

    if (!token || !*token)
        return;
    explicit_bzero(token, strlen(token));
    free(token);
}

void call_end(struct call *c)
{
    struct consul *u = c->consul;

    call_block_end(c);
    call_stream_stop(c);
    if (c->data && c->free_data)
        c->free_data(c->data);
    filter_free(c->filter);
    authority_release(c);
    forget_token(c);
    json_decref(c->body);
    buf_free(&c->wrong);
    DL_DELETE(u->calls, c);
    if (u->n_spare >= CALL_SPARE_MAX) {
        jw_free(&c->out);
        loop_timer_free(c->timer);
        free(c);
        return;
    }
    jw_reset(&c->out, CALL_OUT_KEPT);
    c->next = u->spare;
    u->spare = c;
    u->n_spare++;
}

/* -- later ----------------------------------------------------------------- */

static void client_gone(struct http_request *r, void *arg)
{
    struct call *c = arg;

    (void)r;
    c->r = NULL;
    c->gone = true;
    if (!c->held)
        call_end(c);
}

void call_hold(struct call *c)
{
    c->held = true;
    http_on_gone(c->r, client_gone, c);
}

bool call_release(struct call *c)
{
    c->held = false;
    if (!c->gone)
        return true;
    call_end(c);
    return false;
}

void call_stays(struct call *c)
{
    http_on_gone(c->r, client_gone, c);
}

/* -- what is asked for ----------------------------------------------------- */

static bool path_begins(const struct http_request *r, const char *begin)
{
    return !strncmp(http_path(r), begin, strlen(begin));
}

/* Of this agent alone: no datacenter, no consistency, nothing to wait for. */
static bool is_local(const struct http_request *r)
{
    return path_begins(r, "/v1/agent/") || path_begins(r, "/v1/status/");
}

static bool parse_index(const char *text, uint64_t *index)
{
    char *end;

    if (!*text)
        return true;
    if (!isdigit((unsigned char)*text))
        return false;
    errno = 0;
    *index = strtoull(text, &end, 10);
    return !*end && !errno;
}

static const char *take_wait(struct call *c, const char *wait,
                             const char *index)
{
    int64_t ns = 0;

    if (wait && *wait && !duration_parse(wait, &ns, NULL, 0))
        return "Invalid wait time";
    if (index && !parse_index(index, &c->index))
        return "Invalid index";
    c->wait_ms = ns > 0 ? (uint64_t)duration_ms(ns) : 0;
    return NULL;
}

const char *call_consistency_wrong(const struct call *c)
{
    return c->stale && c->consistent ? "Cannot specify ?stale with "
                                       "?consistent, conflicting semantics."
                                     : NULL;
}

/* NULL, or what is wrong: 400. */
static const char *take_params(struct call *c)
{
    const struct http_query *q = http_query_all(c->r);
    const char *wait = NULL, *index = NULL, *name, *wrong;
    unsigned i;

    for (i = q->count; i-- > 0;) { /* the first of a name counts */
        name = q->items[i].name;
        if (!strcmp(name, "index"))
            index = q->items[i].value;
        else if (!strcmp(name, "wait"))
            wait = q->items[i].value;
        else if (!strcmp(name, "stale"))
            c->stale = true;
        else if (!strcmp(name, "consistent"))
            c->consistent = true;
        else if (!strcmp(name, "pretty"))
            c->pretty = true;
        else if (!strcmp(name, "near"))
            c->near = q->items[i].value;
    }
    c->out.pretty = c->pretty;
    if (http_method(c->r) != HTTP_GET || is_local(c->r))
        return NULL;
    wrong = take_wait(c, wait, index);
    return wrong ? wrong : call_consistency_wrong(c);
}

/* The token, out of the request and of what is logged of it. */
static void take_token(struct call *c)
{
    const char *token = http_query(c->r, "token");

    if (!token || !*token)
        token = http_token(c->r);
    if (token && *token)
        c->token = xstrdup(token);
    http_forget_token(c->r);
    http_forget_query(c->r, "token");
}

/* By the token; false: it is none, and this has been answered. */
static bool resolve(struct call *c)
{
    const char *wrong;
    int status = authority_resolve(c, &wrong);

    if (!status)
        return true;
    http_refused(c->r, wrong);
    call_error(c, status, "%s", wrong);
    return false;
}

bool call_show_token(struct call *c, const char *token)
{
    if (*c->token || !*token)
        return true;
    c->token = xstrdup(token);
    authority_release(c);
    return resolve(c);
}

static bool knows_dc(const struct call *c)
{
    const char *dc = http_query(c->r, "dc");

    return !dc || !*dc || !strcmp(dc, c->m->self->datacenter) ||
           is_local(c->r) || path_begins(c->r, "/v1/event/list");
}

/* Whether people see what they are shown of that path: a key with, say, a line
 * end in it may look like another one. What is no UTF-8 is not looked at. */
static bool is_printable(const char *path)
{
    size_t len = strlen(path), at = 0, n;
    char *text = xstrndup(path, len);
    bool good = true;
    uint32_t code;

    if (!http_decode(text, &len, false))
        len = 0; /* which has been refused */
    for (; at < len && good; at += n ? n : 1) {
        n = utf8_char(text + at, len - at, &code);
        good = !n || !utf8_unsafe(code);
    }
    free(text);
    return good;
}

static const char *path_wrong(struct call *c)
{
    if (call_is_07(c) || is_printable(http_path(c->r)))
        return NULL;
    return "a path has no control characters, and none that end lines or turn "
           "their direction";
}

struct call *call_begin(struct http_request *r, void *ctx)
{
    struct consul *u = ctx;
    struct call *c;
    const char *wrong;

    musterd_tick(u->m);
    if (call_waits_for_view(u, r))
        return NULL;
    c = call_new(u, r);
    u->counts.calls++;
    take_token(c);
    wrong = path_wrong(c);
    if (!wrong)
        wrong = take_params(c);
    if (wrong) {
        call_error(c, 400, "%s", wrong);
        return NULL;
    }
    if (!resolve(c))
        return NULL;
    if (knows_dc(c))
        return c;
    call_error(c, 500, "No path to datacenter");
    return NULL;
}

bool call_is_07(const struct call *c)
{
    return c->m->self->is_07;
}

/* -- rights ---------------------------------------------------------------- */

bool call_may(struct call *c, enum acl_kind kind, const char *name, size_t len,
              enum acl_level level)
{
    return authority_may(c, kind, name, len == (size_t)-1 ? strlen(name) : len,
                         level);
}

void call_denied(struct call *c, const char *why)
{
    c->consul->counts.denied++;
    http_refused(c->r, why);
}

enum http_verdict call_deny(struct call *c)
{
    call_denied(c, "Permission denied");
    return call_error(c, 403, "Permission denied");
}

bool call_demand(struct call *c, enum acl_kind kind, const char *name,
                 size_t len, enum acl_level level)
{
    if (call_may(c, kind, name, len, level)) {
        authority_note(c, kind, name, len == (size_t)-1 ? strlen(name) : len,
                       level);
        return true;
    }
    call_deny(c);
    return false;
}
