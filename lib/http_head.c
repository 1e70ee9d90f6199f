#include "lib/http_head.h"

#include <string.h>
#include <strings.h>

#include "lib/mem.h"

static const char *const methods[HTTP_METHODS] = {
    "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"};

void http_head_init(struct http_head *h, size_t max)
{
    memset(h, 0, offsetof(struct http_head, headers));
    h->length = 0;
    h->has_length = h->chunked = h->keep = h->expects = false;
    h->max = max;
    buf_add_char(&h->text, '\0'); /* so that no place is 0 */
}

void http_head_free(struct http_head *h)
{
    buf_free(&h->text);
}

const char *http_method_text(unsigned method)
{
    unsigned i;

    for (i = 0; i < HTTP_METHODS; i++)
        if (method == 1u << i)
            return methods[i];
    return "";
}

/* A character of a token: of a method, of a header's name. */
static bool is_token(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
           (c >= 'a' && c <= 'z') || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static uint32_t keep_text(struct http_head *h, const char *text, size_t len)
{
    size_t place = h->text.end;

    buf_add(&h->text, text, len);
    buf_add_char(&h->text, '\0');
    return (uint32_t)place;
}

/* -- the first line -------------------------------------------------------- */

static bool take_method(struct http_head *h, const char *text, size_t len)
{
    unsigned i;

    if (!len || len > 32)
        return false;
    for (i = 0; i < len; i++)
        if (!is_token((unsigned char)text[i]))
            return false;
    for (i = 0; i < HTTP_METHODS; i++)
        if (strlen(methods[i]) == len && !memcmp(methods[i], text, len))
            h->method = 1u << i;
    return true;
}

static int take_version(struct http_head *h, const char *text, size_t len,
                        const char **why)
{
    *why = "the first line is not METHOD PATH HTTP/1.1";
    if (len != 8 || memcmp(text, "HTTP/", 5) || text[6] != '.' ||
        text[5] < '0' || text[5] > '9' || text[7] < '0' || text[7] > '9')
        return 400;
    *why = "only HTTP/1.0 and HTTP/1.1 are spoken here";
    if (text[5] != '1')
        return 505;
    h->minor = text[7] != '0';
    h->keep = h->minor == 1;
    return HTTP_HEAD_MORE;
}

/* The path alone; or what a proxy is asked, whose authority counts then. */
static bool take_target(struct http_head *h, const char *text, size_t len)
{
    const char *path, *authority;
    size_t i;

    for (i = 0; i < len; i++)
        if ((unsigned char)text[i] <= ' ' || text[i] == 0x7f || text[i] == '#')
            return false;
    if (len > 7 && !strncasecmp(text, "http://", 7)) {
        authority = text + 7;
        path = memchr(authority, '/', len - 7);
        i = path ? (size_t)(path - authority) : len - 7;
        if (!i || memchr(authority, '?', i))
            return false;
        h->host = keep_text(h, authority, i);
        len -= 7 + i;
        text = len ? path : "/";
        len = len ? len : 1;
    }
    if (!len || (text[0] != '/' &&
                 !(len == 1 && text[0] == '*' && h->method == HTTP_OPTIONS)))
        return false;
    h->target = keep_text(h, text, len);
    return true;
}

/* One more line, within the bound on all of them. */
static int count_line(struct http_head *h, size_t len, int status,
                      const char **why)
{
    h->seen += len + 2;
    if (h->seen <= h->max)
        return HTTP_HEAD_MORE;
    *why = status == 414 ? "the path is too long" : "the header is too long";
    return status;
}

int http_head_first(struct http_head *h, char *line, size_t len,
                    const char **why)
{
    char *end = line + len, *one, *two;
    int status = count_line(h, len, 414, why);

    if (status)
        return status;
    one = memchr(line, ' ', len);
    two = one ? memchr(one + 1, ' ', (size_t)(end - one - 1)) : NULL;
    *why = "the first line is not METHOD PATH HTTP/1.1";
    if (!two)
        return 400;
    if (!take_method(h, line, (size_t)(one - line))) {
        *why = "the method is no word";
        return 400;
    }
    status = take_version(h, two + 1, (size_t)(end - two - 1), why);
    if (status)
        return status;
    if (take_target(h, one + 1, (size_t)(two - one - 1)))
        return HTTP_HEAD_MORE;
    *why = "the path is not one";
    return 400;
}

/* -- headers --------------------------------------------------------------- */

const char *http_head_get(const struct http_head *h, const char *name)
{
    unsigned i;

    for (i = 0; i < h->n_headers; i++)
        if (!strcasecmp(http_head_text(h, h->headers[i].name), name))
            return http_head_text(h, h->headers[i].value);
    return NULL;
}

unsigned http_head_count(const struct http_head *h, const char *name)
{
    unsigned i, n = 0;

    for (i = 0; i < h->n_headers; i++)
        n += !strcasecmp(http_head_text(h, h->headers[i].name), name);
    return n;
}

/* True if the list in that header has that word. */
static bool list_has(const char *list, const char *word)
{
    size_t len = strlen(word), n;

    while (*list) {
        list += strspn(list, ", \t");
        n = strcspn(list, ", \t");
        if (n == len && !strncasecmp(list, word, len))
            return true;
        list += n;
    }
    return false;
}

static int take_length(struct http_head *h, const char *text, const char **why)
{
    const char *p;
    uint64_t n = 0;

    *why = "more than one Content-Length";
    if (h->has_length)
        return 400;
    h->has_length = true;
    *why = "Content-Length is not a number";
    for (p = text; *p; p++) {
        if (*p < '0' || *p > '9' || p - text > 18)
            return 400;
        n = 10 * n + (uint64_t)(*p - '0');
    }
    h->length = n;
    return p > text ? HTTP_HEAD_MORE : 400;
}

static int take_encoding(struct http_head *h, const char *text,
                         const char **why)
{
    *why = "more than one Transfer-Encoding";
    if (h->chunked)
        return 400;
    *why = "HTTP/1.0 has no Transfer-Encoding";
    if (!h->minor)
        return 400;
    *why = "the only Transfer-Encoding taken is chunked";
    if (strcasecmp(text, "chunked"))
        return 501;
    h->chunked = true;
    return HTTP_HEAD_MORE;
}

/* What a header means for the framing, and for the connection. */
static int take_meaning(struct http_head *h, const char *name,
                        const char *value, const char **why)
{
    if (!strcasecmp(name, "content-length"))
        return take_length(h, value, why);
    if (!strcasecmp(name, "transfer-encoding"))
        return take_encoding(h, value, why);
    if (!strcasecmp(name, "connection")) {
        if (list_has(value, "close"))
            h->keep = false;
        else if (!h->minor && list_has(value, "keep-alive"))
            h->keep = true;
    }
    if (!strcasecmp(name, "expect")) {
        *why = "the only Expect taken is 100-continue";
        if (strcasecmp(value, "100-continue"))
            return 417;
        h->expects = h->minor == 1;
    }
    return HTTP_HEAD_MORE;
}

/* The empty line has come. */
static int finish(struct http_head *h, const char **why)
{
    const char *host = http_head_get(h, "host");

    *why = "more than one Host";
    if (http_head_count(h, "host") > 1)
        return 400;
    *why = "no Host";
    if (!host && h->minor)
        return 400;
    *why = "both Content-Length and Transfer-Encoding";
    if (h->has_length && h->chunked)
        return 400;
    if (host && !h->host)
        h->host = (uint32_t)(host - h->text.data);
    return HTTP_HEAD_DONE;
}

static bool value_ok(const char *text, size_t len)
{
    size_t i;

    for (i = 0; i < len; i++)
        if (((unsigned char)text[i] < ' ' && text[i] != '\t') ||
            text[i] == 0x7f)
            return false;
    return true;
}

int http_head_line(struct http_head *h, char *line, size_t len,
                   const char **why)
{
    int status = count_line(h, len, 431, why);
    struct http_header *at;
    size_t name = 0, from;

    if (status)
        return status;
    if (!len)
        return finish(h, why);
    while (name < len && is_token((unsigned char)line[name]))
        name++;
    *why = "a header is not NAME: VALUE";
    if (!name || name == len || line[name] != ':')
        return 400;
    *why = "a control character in a header";
    if (!value_ok(line + name, len - name))
        return 400;
    *why = "too many headers";
    if (h->n_headers == HTTP_HEADERS_MAX)
        return 431;
    from = name + 1;
    while (from < len && (line[from] == ' ' || line[from] == '\t'))
        from++;
    while (len > from && (line[len - 1] == ' ' || line[len - 1] == '\t'))
        len--;
    at = &h->headers[h->n_headers++];
    at->name = keep_text(h, line, name);
    at->value = keep_text(h, line + from, len - from);
    return take_meaning(h, http_head_text(h, at->name),
                        http_head_text(h, at->value), why);
}
