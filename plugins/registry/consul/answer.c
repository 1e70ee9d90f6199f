#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "plugins/registry/consul/call_impl.h"
#include "plugins/registry/consul/gzip.h"
#include "server/musterd.h"

/* -- the head -------------------------------------------------------------- */

void call_index(struct call *c, uint64_t index)
{
    c->answer_index = index ? index : 1;
    c->leader = true;
}

void call_leader(struct call *c)
{
    c->leader = true;
}

static void add_headers(struct call *c)
{
    static const char leader[] = "X-Consul-Knownleader: true\r\n"
                                 "X-Consul-Lastcontact: 0\r\n";
    char text[192];
    int n = snprintf(text, sizeof(text), "Vary: Accept-Encoding\r\n");

    if (c->answer_index)
        n += snprintf(text + n, sizeof(text) - (size_t)n,
                      "X-Consul-Index: %llu\r\n",
                      (unsigned long long)c->answer_index);
    if (c->leader)
        n += snprintf(text + n, sizeof(text) - (size_t)n, "%s", leader);
    http_add_lines(c->r, text, (size_t)n);
}

/* -- whole answers --------------------------------------------------------- */

/* True: and it is said that it is. */
static bool wants_gzip(struct call *c)
{
    static const char line[] = "Content-Encoding: gzip\r\n";

    if (!gzip_is_taken(http_header(c->r, "accept-encoding")))
        return false;
    http_add_lines(c->r, line, sizeof(line) - 1);
    return true;
}

static void reply_gzip(struct call *c, int status, const char *type,
                       const void *bytes, size_t len)
{
    struct consul *u = c->consul;
    struct buf own = BUF_INIT;
    struct buf *out = c->rendered ? &c->rendered->zipped : &own;

    if (!u->gzip)
        u->gzip = gzip_new();
    if (!buf_len(out))
        gzip_add(u->gzip, bytes, len, true, out);
    http_reply(c->r, status, type, buf_data(out), buf_len(out));
    buf_free(&own);
}

/* Sends it, or keeps it for who looks at it. */
static enum http_verdict give(struct call *c, int status, const char *type,
                              const void *bytes, size_t len)
{
    if (c->gathers) {
        c->status = status;
        c->type = type;
        if (bytes != buf_data(&c->out.buf)) {
            jw_reset(&c->out, CALL_OUT_KEPT);
            buf_add(&c->out.buf, bytes, len);
        }
        return HTTP_DONE;
    }
    add_headers(c);
    if (type && len >= GZIP_LEAST && wants_gzip(c))
        reply_gzip(c, status, type, bytes, len);
    else
        http_reply(c->r, status, type, bytes, len);
    call_end(c);
    return HTTP_DONE;
}

/* As Consul ends what it lays out for people. */
static void end_pretty(struct call *c)
{
    if (c->out.pretty && !c->gathers)
        buf_add_char(&c->out.buf, '\n');
}

void call_send_gathered(struct call *c)
{
    c->gathers = false;
    if (c->type && !strcmp(c->type, CALL_JSON))
        end_pretty(c);
    give(c, c->status, c->type, buf_data(&c->out.buf), buf_len(&c->out.buf));
}

enum http_verdict call_json(struct call *c, int status)
{
    if (filter_is_exhausted(c->filter))
        return call_error(c, 500, CALL_FILTER_TEXT);
    filter_rest(c->filter);
    end_pretty(c);
    return give(c, status, CALL_JSON, buf_data(&c->out.buf),
                buf_len(&c->out.buf));
}

enum http_verdict call_true(struct call *c, bool yes)
{
    jw_reset(&c->out, CALL_OUT_KEPT);
    jw_bool(&c->out, yes);
    return call_json(c, 200);
}

enum http_verdict call_empty(struct call *c, int status)
{
    return give(c, status, NULL, "", 0);
}

enum http_verdict call_bytes(struct call *c, int status, const char *type,
                             const void *bytes, size_t len)
{
    return give(c, status, type, bytes, len);
}

enum http_verdict call_error(struct call *c, int status, const char *fmt, ...)
{
    enum http_verdict verdict;
    va_list args;
    char *text;

    va_start(args, fmt);
    text = xvasprintf(fmt, args);
    va_end(args);
    verdict = give(c, status, CALL_TEXT, text, strlen(text));
    free(text);
    return verdict;
}

/* -- long ones ------------------------------------------------------------- */

static void go_on(void *arg);

static void stream_end(struct call *c)
{
    struct http_request *r = c->r;

    c->more = NULL;
    call_end(c);
    http_stream_end(r);
}

static void stream_fail(struct call *c)
{
    struct http_request *r = c->r;

    c->more = NULL;
    call_end(c);
    http_stream_fail(r, CALL_FILTER_TEXT);
}

/* A piece is written: on its way with it. */
static void stream_piece(struct call *c, bool more)
{
    if (filter_is_exhausted(c->filter)) {
        stream_fail(c);
        return;
    }
    struct buf *b = &c->out.buf, out = BUF_INIT;

    if (!more && c->out.pretty)
        buf_add_char(b, '\n');
    if (c->gzip) {
        gzip_add(c->gzip, buf_data(b), buf_len(b), !more, &out);
        http_stream_add(c->r, buf_data(&out), buf_len(&out));
        buf_free(&out);
    } else {
        http_stream_add(c->r, buf_data(b), buf_len(b));
    }
    buf_reset(b, CALL_OUT_KEPT);
    if (!more)
        stream_end(c);
    else if (http_stream_has_room(c->r))
        musterd_later(c->m, &c->go_on);
}

static void go_on(void *arg)
{
    struct call *c = arg;

    musterd_turn_came(c->m);
    stream_piece(c, c->more(c));
}

static void has_room(struct http_request *r, void *arg)
{
    struct call *c = arg;

    (void)r;
    if (c->more && !c->go_on.queued)
        musterd_later(c->m, &c->go_on);
}

void call_stream_begin(struct call *c)
{
    c->streaming = true;
    c->go_on = (struct loop_task){.fn = go_on, .arg = c};
    add_headers(c);
    if (wants_gzip(c))
        c->gzip = gzip_new();
    call_stays(c);
    http_on_room(c->r, has_room, c);
    http_stream(c->r, 200, CALL_JSON);
    stream_piece(c, true);
}

void call_stream_open(struct call *c, const char *type)
{
    add_headers(c);
    call_stays(c);
    http_stream(c->r, 200, type);
}

void call_stream_close(struct call *c)
{
    call_end(c);
}

void call_stream_stop(struct call *c)
{
    if (c->streaming)
        musterd_not_later(c->m, &c->go_on);
    c->streaming = false;
    gzip_free(c->gzip);
    c->gzip = NULL;
}

enum http_verdict call_stream(struct call *c, bool (*more)(struct call *c))
{
    c->more = NULL;
    if (!more(c))
        return call_json(c, 200);
    c->more = more;
    if (!c->gathers)
        call_stream_begin(c);
    return HTTP_LATER;
}
