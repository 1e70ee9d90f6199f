#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/conn.h"
#include "lib/httpd_impl.h"
#include "lib/mem.h"
#include "lib/utf8.h"

#define JSON_TYPE "application/json"

static const struct {
    int status;
    const char *text;
} texts[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {423, "Locked"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
};

const char *http_status_text(int status)
{
    size_t i;

    for (i = 0; i < ARRAY_LEN(texts); i++)
        if (texts[i].status == status)
            return texts[i].text;
    return "Unknown";
}

/* -- the head -------------------------------------------------------------- */

/* Made anew once a second. */
static const char *date_text(struct httpd *h)
{
    uint64_t second = loop_now(h->loop) / 1000 + 1;
    time_t now;
    struct tm tm;

    if (h->date_s != second) {
        h->date_s = second;
        now = time(NULL);
        gmtime_r(&now, &tm);
        strftime(h->date, sizeof(h->date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
    }
    return h->date;
}

void http_add_header(struct http_request *r, const char *name,
                     const char *value)
{
    const char *p;

    buf_add_str(&r->headers, name);
    buf_add_str(&r->headers, ": ");
    for (p = value; *p; p++)
        buf_add_char(&r->headers,
                     (unsigned char)*p < ' ' || *p == 0x7f ? ' ' : *p);
    buf_add_str(&r->headers, "\r\n");
}

void http_add_lines(struct http_request *r, const char *lines, size_t len)
{
    buf_add(&r->headers, lines, len);
}

/* All but the length and the empty line. */
static struct buf *begin(struct http_request *r, int status, const char *type)
{
    const struct httpd_face *face = r->h->face;
    struct buf *out = conn_out(r->hc->c);

    r->status = status;
    buf_add_str(out, "HTTP/1.1 ");
    buf_add_u64(out, (uint64_t)status);
    buf_add_char(out, ' ');
    buf_add_str(out, http_status_text(status));
    buf_add_str(out, "\r\nDate: ");
    buf_add_str(out, date_text(r->h));
    buf_add_str(out, "\r\n");
    if (type) {
        buf_add_str(out, "Content-Type: ");
        buf_add_str(out, type);
        buf_add_str(out, "\r\n");
    }
    if (face->headers)
        buf_add_str(out, face->headers);
    if (buf_len(&r->headers))
        buf_add(out, buf_data(&r->headers), buf_len(&r->headers));
    if (!r->keep)
        buf_add_str(out, "Connection: close\r\n");
    else if (!r->head.minor)
        buf_add_str(out, "Connection: keep-alive\r\n");
    return out;
}

/* -- whole answers --------------------------------------------------------- */

void http_reply(struct http_request *r, int status, const char *type,
                const void *body, size_t len)
{
    struct buf *out;

    if (r->over || r->streaming)
        return;
    r->over = true;
    if (r->hc) {
        out = begin(r, status, type);
        if (status != 204 && status != 304) {
            buf_add_str(out, "Content-Length: ");
            buf_add_u64(out, len);
            buf_add_str(out, "\r\n");
        }
        buf_add_str(out, "\r\n");
        if (len && r->head.method != HTTP_HEAD) {
            buf_add(out, body, len);
            r->sent = len;
        }
        conn_flush(r->hc->c);
    }
    httpd_settle(r);
}

void http_reply_json(struct http_request *r, int status, json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(15));
    size_t len;

    json_decref(json);
    if (!text)
        mem_exhausted();
    len = strlen(text);
    text[len] = '\n'; /* a line for who reads it in a terminal */
    http_reply(r, status, JSON_TYPE, text, len + 1);
    free(text);
}

void http_reply_error(struct http_request *r, int status, const char *fmt, ...)
{
    char *text, clean[512];
    va_list args;

    va_start(args, fmt);
    text = xvasprintf(fmt, args);
    va_end(args);
    utf8_clean(clean, sizeof(clean), text);
    free(text);
    if (r->h->face->error)
        r->h->face->error(r, status, clean);
    else
        http_reply_json(
            r, status,
            json_pack("{s:i, s:s}", "status", status, "error", clean));
}

void http_refused(struct http_request *r, const char *why)
{
    r->h->counts.refused[HTTPD_RIGHT]++;
    if (r->hc)
        conn_refused(r->hc->c, REFUSED_RIGHT, "%s", why);
}

void httpd_answer_text(char *text, size_t size, int status, const char *why)
{
    char clean[128], *body;
    json_t *json;

    utf8_clean(clean, sizeof(clean), why);
    json = json_pack("{s:i, s:s}", "status", status, "error", clean);
    body = json_dumps(json, JSON_COMPACT);
    if (!body)
        mem_exhausted();
    snprintf(text, size,
             "HTTP/1.1 %d %s\r\nContent-Type: " JSON_TYPE
             "\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s\n",
             status, http_status_text(status), strlen(body) + 1, body);
    free(body);
    json_decref(json);
}

void httpd_refusal(char *text, size_t size, const char *why)
{
    httpd_answer_text(text, size, 503, why);
}

/* -- streams --------------------------------------------------------------- */

void http_stream(struct http_request *r, int status, const char *type)
{
    struct buf *out;

    if (r->over || r->streaming || !r->hc)
        return;
    r->streaming = true;
    r->chunked = r->head.minor > 0;
    r->keep = r->keep && r->chunked;
    out = begin(r, status, type);
    if (r->chunked)
        buf_add_str(out, "Transfer-Encoding: chunked\r\n");
    buf_add_str(out, "\r\n");
    conn_flush(r->hc->c);
}

bool http_stream_has_room(const struct http_request *r)
{
    return !r->over && r->hc && !conn_is_full(r->hc->c);
}

bool http_stream_add(struct http_request *r, const void *bytes, size_t len)
{
    struct buf *out;

    if (r->over || !r->streaming || !r->hc)
        return false;
    if (!len || r->head.method == HTTP_HEAD)
        return true;
    out = conn_out(r->hc->c);
    if (r->chunked)
        buf_add_fmt(out, "%zx\r\n", len);
    buf_add(out, bytes, len);
    if (r->chunked)
        buf_add_str(out, "\r\n");
    r->sent += len;
    conn_flush(r->hc->c);
    return !conn_is_full(r->hc->c);
}

void http_stream_end(struct http_request *r)
{
    if (r->over || !r->streaming)
        return;
    r->over = true;
    if (r->hc && r->chunked && r->head.method != HTTP_HEAD) {
        buf_add_str(conn_out(r->hc->c), "0\r\n\r\n");
        conn_flush(r->hc->c);
    }
    httpd_settle(r);
}

void http_stream_fail(struct http_request *r, const char *why)
{
    if (r->over || !r->streaming)
        return;
    r->over = true;
    r->keep = false;
    if (r->hc)
        conn_close(r->hc->c, "%s", why); /* no last chunk: it is cut off */
    httpd_settle(r);
}
