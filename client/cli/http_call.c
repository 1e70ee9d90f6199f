#include "client/cli/http_call.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/conn.h"
#include "lib/dial.h"
#include "lib/mem.h"

#define DIAL_MS  10000
#define LINE_MAX 65536

/* What of the answer comes next. */
enum part {
    PART_STATUS,
    PART_HEADERS,
    PART_SIZE,  /* of a chunk */
    PART_BYTES, /* so many; then PART_END or the end */
    PART_END,   /* of a chunk */
    PART_TRAILER,
    PART_TOLD /* done() was called, or nobody wants to be told any more */
};

struct http_call {
    struct loop *loop;
    struct dial *dial; /* while dialling */
    struct conn *conn; /* from then on */
    struct buf request;
    size_t max;
    uint64_t quiet_ms;
    bool (*piece)(void *arg, const char *bytes, size_t len);
    void (*done)(void *arg, const struct http_answer *a);
    void *arg;
    enum part part;
    bool chunked;
    uint64_t left; /* PART_BYTES */
    int status;
    uint64_t index;
    struct buf body;
};

static void call_free(struct http_call *k)
{
    buf_free(&k->request);
    buf_free(&k->body);
    free(k);
}

/* -- ends ------------------------------------------------------------------ */

/* Tells the end; without a connection the call is freed, else with it. */
static void tell(struct http_call *k, enum http_call_end end, const char *error)
{
    struct http_answer a = {.end = end,
                            .error = error,
                            .status = k->status,
                            .index = k->index,
                            .body = &k->body};

    if (k->part == PART_TOLD)
        return;
    k->part = PART_TOLD;
    if (k->conn)
        conn_close(k->conn, "%s", error ? error : "answered");
    k->done(k->arg, &a);
    if (!k->conn)
        call_free(k);
}

static void answered(struct http_call *k)
{
    tell(k, HTTP_CALL_ANSWERED, NULL);
}

/* -- the answer ------------------------------------------------------------ */

static void take_header(struct http_call *k, char *line)
{
    char *value = strchr(line, ':');

    if (!value)
        return;
    *value++ = '\0';
    value += strspn(value, " \t");
    if (!strcasecmp(line, "Transfer-Encoding"))
        k->chunked = strcasecmp(value, "chunked") == 0;
    else if (!strcasecmp(line, "Content-Length"))
        k->left = strtoull(value, NULL, 10);
    else if (!strcasecmp(line, "X-Consul-Index"))
        k->index = strtoull(value, NULL, 10);
}

static void take_bytes(struct http_call *k, uint64_t n)
{
    k->left = n;
    k->part = PART_BYTES;
    conn_take_bytes(k->conn, n);
}

static void headers_end(struct http_call *k)
{
    if (k->status / 100 == 1) { /* 100 Continue: the answer follows */
        k->part = PART_STATUS;
    } else if (k->chunked) {
        k->part = PART_SIZE;
    } else if (k->left) {
        take_bytes(k, k->left);
    } else {
        answered(k);
    }
}

static void take_size(struct http_call *k, const char *line)
{
    unsigned long long n;
    char *end;

    errno = 0;
    n = strtoull(line, &end, 16);
    if (end == line || errno)
        tell(k, HTTP_CALL_BROKEN, "its answer is no HTTP");
    else if (n)
        take_bytes(k, n);
    else
        k->part = PART_TRAILER;
}

static void take_status(struct http_call *k, const char *line)
{
    if (strncmp(line, "HTTP/1.", 7) != 0 || strlen(line) < 12) {
        tell(k, HTTP_CALL_BROKEN, "its answer is no HTTP");
        return;
    }
    k->status = atoi(line + 9);
    k->part = PART_HEADERS;
}

static enum conn_verdict call_line(struct conn *c, void *arg, char *line,
                                   size_t len)
{
    struct http_call *k = arg;

    (void)c;
    switch (k->part) {
    case PART_STATUS: take_status(k, line); break;
    case PART_HEADERS:
        if (len)
            take_header(k, line);
        else
            headers_end(k);
        break;
    case PART_SIZE: take_size(k, line); break;
    case PART_END: k->part = PART_SIZE; break;
    case PART_TRAILER:
        if (!len)
            answered(k);
        break;
    default: break;
    }
    return k->part == PART_TOLD ? CONN_WAIT : CONN_NEXT;
}

static void take_body(struct http_call *k, const char *bytes, size_t len)
{
    if (k->piece && k->status / 100 == 2) {
        if (!k->piece(k->arg, bytes, len))
            tell(k, HTTP_CALL_STOPPED, NULL);
    } else if (len > k->max - buf_len(&k->body)) {
        tell(k, HTTP_CALL_BROKEN, "its answer is too long");
    } else {
        buf_add(&k->body, bytes, len);
    }
}

static enum conn_verdict call_bytes(struct conn *c, void *arg,
                                    const char *bytes, size_t len)
{
    struct http_call *k = arg;

    (void)c;
    if (k->part == PART_TOLD)
        return CONN_WAIT;
    take_body(k, bytes, len);
    if (k->part == PART_TOLD)
        return CONN_WAIT;
    k->left -= len;
    if (!k->left && k->chunked)
        k->part = PART_END;
    else if (!k->left)
        answered(k);
    return k->part == PART_TOLD ? CONN_WAIT : CONN_NEXT;
}

static void call_closed(struct conn *c, void *arg, const char *reason)
{
    struct http_call *k = arg;
    bool told = k->part == PART_TOLD;

    (void)c;
    k->conn = NULL;
    if (told)
        call_free(k);
    else
        tell(k, HTTP_CALL_BROKEN, reason);
}

/* -- the request ----------------------------------------------------------- */

static void write_request(struct buf *out, const struct addr *addr,
                          const struct http_ask *ask)
{
    buf_add_fmt(out, "%s %s HTTP/1.1\r\nHost: %s:%u\r\n", ask->method,
                ask->path,
                addr->kind == ADDR_UNIX || strchr(addr->host, ':') ? "localhost"
                                                                   : addr->host,
                addr->port);
    buf_add_str(out, "Connection: close\r\n");
    if (ask->header)
        buf_add_str(out, ask->header);
    if (ask->body)
        buf_add_fmt(out, "Content-Type: %s\r\nContent-Length: %zu\r\n",
                    ask->type, ask->len);
    buf_add_str(out, "\r\n");
    if (ask->body)
        buf_add(out, ask->body, ask->len);
}

static void call_dialled(void *arg, int fd, struct tls_session *tls,
                         const char *error)
{
    static const struct conn_handler handler = {
        .line = call_line, .bytes = call_bytes, .closed = call_closed};
    struct http_call *k = arg;
    struct conn_limits limits = {
        .line = LINE_MAX, .output = LINE_MAX, .idle_ms = k->quiet_ms};

    k->dial = NULL;
    if (fd < 0) {
        tell(k, HTTP_CALL_UNREACHED, error);
        return;
    }
    k->conn = conn_new(k->loop, fd, "http", &limits, &handler, k);
    if (tls)
        conn_start_tls(k->conn, tls, NULL);
    buf_add(conn_out(k->conn), buf_data(&k->request), buf_len(&k->request));
    buf_free(&k->request);
    conn_flush(k->conn);
}

struct http_call *http_call_start(struct loop *l, const struct addr *addr,
                                  struct tls *tls, const struct http_ask *ask)
{
    struct http_call *k = xcalloc(1, sizeof(*k));

    k->loop = l;
    k->max = ask->max;
    k->quiet_ms = ask->quiet_ms;
    k->piece = ask->piece;
    k->done = ask->done;
    k->arg = ask->arg;
    write_request(&k->request, addr, ask);
    k->dial = dial_start(l, addr, tls, DIAL_MS, call_dialled, k);
    return k;
}

void http_call_cancel(struct http_call *k)
{
    if (!k || k->part == PART_TOLD)
        return;
    k->part = PART_TOLD;
    if (k->dial) {
        dial_cancel(k->dial);
        call_free(k);
    } else if (k->conn) {
        conn_abort(k->conn, "not wanted any more");
    }
}
