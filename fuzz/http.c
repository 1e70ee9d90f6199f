/*
 * An HTTP face: any bytes are requests or refused, and what is answered is
 * HTTP; the same bytes in pieces of any length are the same requests.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz/port.h"
#include "lib/httpd.h"
#include "lib/log.h"
#include "lib/mem.h"

#define QUIET 8 /* turns without an answer: no more will come */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What one run comes to. */
struct run {
    struct loop *loop;
    struct http_request *kept;
    struct loop_task answer; /* for what is kept */
    struct buf handled;      /* what handlers saw, in order */
};

static struct run *run;

/* -- routes ---------------------------------------------------------------- */

static enum http_verdict echo(struct http_request *r, void *ctx)
{
    const struct http_query *q = http_query_all(r);
    size_t len;
    const char *body = http_body(r, &len);
    unsigned i;

    (void)ctx;
    if (body[len] != '\0')
        abort();
    buf_add_fmt(&run->handled, "%s %s ", http_method_text(http_method(r)),
                http_param(r, "rest"));
    for (i = 0; i < q->count; i++)
        buf_add_fmt(&run->handled, "%s=%s ", q->items[i].name,
                    q->items[i].value);
    buf_add(&run->handled, body, len);
    buf_add_char(&run->handled, '\n');
    http_reply(r, 200, "application/octet-stream", body, len);
    return HTTP_DONE;
}

static void gone(struct http_request *r, void *arg)
{
    (void)arg;
    if (run->kept != r)
        abort();
    run->kept = NULL;
}

static void answer_kept(void *arg)
{
    struct http_request *r = run->kept;

    (void)arg;
    run->kept = NULL;
    if (!r)
        return;
    if (!strcmp(http_path(r), "/stream")) {
        http_stream(r, 200, "text/plain");
        http_stream_add(r, "a", 1);
        http_stream_add(r, "bc", 2);
        http_stream_end(r);
    } else {
        http_reply(r, 202, "text/plain", "later", 5);
    }
    http_reply(r, 500, NULL, NULL, 0); /* does no harm */
}

static enum http_verdict later(struct http_request *r, void *ctx)
{
    (void)ctx;
    buf_add_fmt(&run->handled, "later %s\n", http_path(r));
    run->kept = r;
    http_on_gone(r, gone, NULL);
    loop_later(run->loop, &run->answer);
    return HTTP_LATER;
}

static const struct http_route rows[] = {
    {.methods = HTTP_GET | HTTP_PUT,
     .path = "/e/*rest",
     .handler = echo,
     .body = 64},
    {.methods = HTTP_POST,
     .path = "/j/:rest",
     .handler = echo,
     .body = 64,
     .demands = HTTP_JSON},
    {.methods = HTTP_GET, .path = "/later", .handler = later},
    {.methods = HTTP_GET, .path = "/stream", .handler = later},
};
static const struct http_table table = {rows, ARRAY_LEN(rows)};
static const struct http_table *const tables[] = {&table};
static const struct httpd_face face = {
    .name = "fuzz", .tables = tables, .n_tables = 1};

static void *open_http(struct conn *c, void *ctx)
{
    return httpd_open(c, ctx);
}

/* -- what comes back ------------------------------------------------------- */

static const char *line_end(const char *at, const char *end)
{
    const char *cr = at < end ? memchr(at, '\r', (size_t)(end - at)) : NULL;

    if (!cr || cr + 1 >= end || cr[1] != '\n')
        abort();
    return cr;
}

/* The body behind a head: of so many bytes, or in chunks, or (of no length, to
 * a client of HTTP/1.0) all that follows. */
static const char *skip_body(const char *at, const char *end, long length,
                             bool chunked, bool typed)
{
    unsigned long chunk = (unsigned long)(length > 0 ? length : 0);

    if (length < 0 && !chunked && typed)
        return end;
    for (; chunked; at += chunk + 2) {
        chunk = strtoul(at, NULL, 16);
        at = line_end(at, end) + 2;
        if ((size_t)(end - at) < chunk + 2)
            abort();
        if (!chunk)
            return at + 2;
    }
    if ((size_t)(end - at) < chunk)
        abort();
    return at + chunk;
}

/* One answer; its status goes to out. Answers to HEAD have no body: no handler
 * of ours can tell, so they are asked for on no route that has one. */
static const char *check_answer(const char *at, const char *end,
                                struct buf *out)
{
    const char *stop = line_end(at, end), *colon;
    bool chunked = false, typed = false;
    long length = -1;

    if (stop - at < 13 || memcmp(at, "HTTP/1.1 ", 9))
        abort();
    buf_add(out, at + 9, 3);
    buf_add_char(out, ' ');
    for (at = stop + 2; (stop = line_end(at, end)) != at; at = stop + 2) {
        colon = memchr(at, ':', (size_t)(stop - at));
        if (!colon || colon[1] != ' ')
            abort();
        for (; colon < stop; colon++)
            if ((unsigned char)*colon < ' ')
                abort();
        if (!strncmp(at, "Content-Length: ", 16))
            length = strtol(at + 16, NULL, 10);
        chunked |= !strncmp(at, "Transfer-Encoding: chunked", 26);
        typed |= !strncmp(at, "Content-Type: ", 14);
    }
    return skip_body(at + 2, end, length, chunked, typed);
}

static void check_answers(struct buf *in, struct buf *statuses)
{
    const char *at, *end;

    buf_str(in);
    at = buf_data(in);
    end = at + buf_len(in);
    while (at < end) {
        if (end - at >= 25 && !memcmp(at, "HTTP/1.1 100 Continue\r\n\r\n", 25))
            at += 25;
        else
            at = check_answer(at, end, statuses);
    }
}

/* -- a run ----------------------------------------------------------------- */

/* True if something has come. */
static bool take(struct port_conn *p)
{
    bool any = false;
    ssize_t n;

    while ((n = read(p->fd, buf_reserve(&p->in, 65536), 65536)) > 0) {
        p->in.end += (size_t)n;
        any = true;
    }
    return any;
}

static void feed(struct port_conn *p, const uint8_t *data, size_t size,
                 size_t piece)
{
    size_t n;
    int i;

    for (; size; size -= n, data += n) {
        n = piece < size ? piece : size;
        if (send(p->fd, data, n, MSG_NOSIGNAL) < 0 && errno != EPIPE &&
            errno != ECONNRESET)
            abort();
        port_turn(run->loop);
        take(p);
    }
    for (i = 0; i < QUIET; i++) {
        port_turn(run->loop);
        if (take(p))
            i = 0;
    }
}

/* What handlers saw, and the statuses that were answered. */
static struct buf run_once(const uint8_t *data, size_t size, size_t piece)
{
    static const struct httpd_limits limits = {.header = 512, .waiting = 4};
    struct listen_face listen = {.name = "fuzz", .open = open_http};
    struct run this = {.loop = loop_new(NULL)};
    struct httpd *h = httpd_new(this.loop, &face, NULL);
    struct port_conn p;

    run = &this;
    this.answer.fn = answer_kept;
    listen.handler = *httpd_handler();
    httpd_set_limits(h, &limits);
    port_open(&p, this.loop, &listen, h);
    feed(&p, data, size, piece);
    check_answers(&p.in, &this.handled);
    buf_reset(&p.in, 0);
    close(p.fd);
    p.fd = -1;
    port_close(&p, this.loop);
    if (httpd_waiting(h))
        abort();
    loop_unsettle(this.loop, &this.answer);
    httpd_free(h);
    loop_free(this.loop);
    buf_str(&this.handled); /* so that there is memory to compare */
    return this.handled;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t piece = size ? 1 + (size_t)*data : 1;
    struct buf whole, pieces;

    log_set(MLOG_ERROR, LOG_TEXT);
    if (size > 8192 || memmem(data, size, "HEAD", 4))
        return 0;
    whole = run_once(data + !!size, size - !!size, 8192);
    pieces = run_once(data + !!size, size - !!size, piece);
    if (buf_len(&whole) != buf_len(&pieces) ||
        memcmp(buf_data(&whole), buf_data(&pieces), buf_len(&whole)))
        abort();
    buf_free(&whole);
    buf_free(&pieces);
    return 0;
}
