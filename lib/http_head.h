/*
 * The head of an HTTP/1.1 request, line by line (RFC 9112), pure. It is strict
 * where leniency is how requests get smuggled: what two readers could take for
 * two different requests is refused, never guessed at. One Host, at most one
 * Content-Length of digits only and never beside a Transfer-Encoding, no blank
 * before a colon, no folded lines, no control characters anywhere.
 *
 *   request line -> header lines -> an empty line: done, the framing is known
 *
 * Must not know sockets, routes, nor what the headers ask for beyond framing.
 */
#ifndef MUSTER_LIB_HTTP_HEAD_H
#define MUSTER_LIB_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"

#define HTTP_HEADERS_MAX 100

enum http_method {
    HTTP_GET = 1,
    HTTP_HEAD = 2,
    HTTP_POST = 4,
    HTTP_PUT = 8,
    HTTP_DELETE = 16,
    HTTP_PATCH = 32,
    HTTP_OPTIONS = 64
};
#define HTTP_METHODS 7

struct http_header {
    uint32_t name, value; /* places in text */
};

struct http_head {
    struct buf text; /* owned: what is kept of each line, ended by a NUL */
    size_t max;      /* bytes that all lines may have */
    size_t seen;     /* bytes of the lines so far */
    unsigned method; /* one enum http_method; 0: one that we do not know */
    unsigned minor;  /* HTTP/1.minor, 0 or 1 */
    uint32_t target; /* place of the path in text; begins with / or is * */
    uint32_t host;   /* place of the authority asked for; 0: none */
    unsigned n_headers;
    struct http_header headers[HTTP_HEADERS_MAX];

    /* the framing */
    uint64_t length; /* of the body; 0 when it comes in chunks */
    bool has_length, chunked;
    bool keep;    /* the connection may serve another request */
    bool expects; /* 100-continue: the body comes only when asked for */
};

#define HTTP_HEAD_MORE 0
#define HTTP_HEAD_DONE 1

void http_head_init(struct http_head *h, size_t max);
void http_head_free(struct http_head *h);

/* The first line: HTTP_HEAD_MORE, or the status to refuse it with and why
 * (static). The line may be written into. */
int http_head_first(struct http_head *h, char *line, size_t len,
                    const char **why);
/* A further line: HTTP_HEAD_MORE, HTTP_HEAD_DONE, or a status. */
int http_head_line(struct http_head *h, char *line, size_t len,
                   const char **why);

/* The value of the first header of that name, any case; NULL if there is none.
 */
const char *http_head_get(const struct http_head *h, const char *name);
/* How many there are of that name. */
unsigned http_head_count(const struct http_head *h, const char *name);

static inline const char *http_head_text(const struct http_head *h,
                                         uint32_t place)
{
    return h->text.data + place;
}

/* "GET"; "" for a mask of none or several. */
const char *http_method_text(unsigned method);

#endif
