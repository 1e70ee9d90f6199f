#include <stdlib.h>
#include <string.h>

#include "lib/httpd_impl.h"
#include "lib/mem.h"

#define HTML_TYPE "text/html; charset=utf-8"

/* "GET, HEAD, OPTIONS"; or "OPTIONS,GET" */
static void add_allow(struct http_request *r, unsigned methods)
{
    bool as_go = r->h->face->ways & HTTPD_GO_ALLOW;
    struct buf list = BUF_INIT;
    unsigned i;

    if (as_go)
        buf_add_str(&list, "OPTIONS");
    else
        methods |= HTTP_OPTIONS;
    for (i = 0; i < HTTP_METHODS; i++) {
        if (!(methods & 1u << i))
            continue;
        if (buf_len(&list))
            buf_add_str(&list, as_go ? "," : ", ");
        buf_add_str(&list, http_method_text(1u << i));
    }
    http_add_header(r, "Allow", buf_str(&list));
    buf_free(&list);
}

/* The decoded params go behind the head's text, the query is split in it. */
static bool decode(struct http_request *r, char *query)
{
    struct buf *text = &r->head.text;
    size_t at_query = query ? (size_t)(query - text->data) : 0, len;
    size_t from[HTTP_PARAMS_MAX];
    unsigned i, n = r->match.n_params;

    for (i = 0; i < n; i++)
        from[i] = (size_t)(r->match.params[i].at - text->data);
    for (i = 0; i < n; i++) {
        len = r->match.params[i].len;
        r->params[i] = (uint32_t)text->end;
        buf_reserve(text, len + 1);
        memcpy(text->data + text->end, text->data + from[i], len);
        if (!http_decode(text->data + text->end, &len, false))
            return false;
        text->end += len + 1;
    }
    if (!query)
        return true;
    r->query = xcalloc(1, sizeof(*r->query));
    return http_query_split(r->query, text->data + at_query);
}

/* -- paths as Go has them -------------------------------------------------- */

/* No piece of it is "." or "..", nor "" but the last one. */
static bool is_clean(const char *path)
{
    const char *p;
    size_t n;

    for (p = path; *p; p += n) {
        n = strcspn(++p, "/");
        if ((!n && *p) || (n == 1 && p[0] == '.') ||
            (n == 2 && p[0] == '.' && p[1] == '.'))
            return false;
    }
    return true;
}

/* Without what is not clean, in place. */
static void clean(char *path)
{
    char *to = path, *from = path;
    size_t n;

    for (; *from; from += n) {
        n = strcspn(++from, "/");
        if (n == 2 && from[0] == '.' && from[1] == '.') {
            while (to > path && *--to != '/')
                ;
        } else if (n && !(n == 1 && from[0] == '.')) {
            *to++ = '/';
            memmove(to, from, n);
            to += n;
        }
    }
    if (to == path || from[-1] == '/')
        *to++ = '/';
    *to = '\0';
}

/* It is there by another path. */
static int move_to(struct http_request *r, const char *path, const char *query)
{
    char *where =
        xasprintf("%s%s%s", path, query ? "?" : "", query ? query : "");

    http_add_header(r, "Location", where);
    free(where);
    return 301;
}

static int move_to_clean(struct http_request *r, const char *path,
                         const char *query)
{
    char *copy = xstrdup(path);

    clean(copy);
    move_to(r, copy, query);
    free(copy);
    return 301;
}

/* Perhaps only the slash at its end is missing. */
static bool lacks_slash(const struct http_request *r, const char *path)
{
    const struct httpd_face *face = r->h->face;
    struct http_match match;
    char *copy = xasprintf("%s/", path);

    http_route_find(face->tables, face->n_tables, HTTP_GET, copy, strlen(copy),
                    &match);
    free(copy);
    return match.allowed != 0;
}

static int move_to_slash(struct http_request *r, const char *path,
                         const char *query)
{
    char *copy = xasprintf("%s/", path);

    move_to(r, copy, query);
    free(copy);
    return 301;
}

/* -- where it leads -------------------------------------------------------- */

static void look_up(struct http_request *r, const char *path)
{
    const struct httpd_face *face = r->h->face;
    bool no_head = face->ways & HTTPD_NO_HEAD;
    unsigned method = r->head.method;

    if (no_head && method == HTTP_HEAD)
        method = 0;
    http_route_find(face->tables, face->n_tables, method, path, strlen(path),
                    &r->match);
    if (no_head)
        r->match.allowed &= ~(unsigned)HTTP_HEAD;
}

int httpd_find_route(struct http_request *r, const char **why)
{
    bool as_go = r->h->face->ways & HTTPD_CLEAN_PATHS;
    char *path = r->head.text.data + r->head.target;
    char *query = strchr(path, '?');

    *why = "nobody knows that method here";
    if (!r->head.method)
        return 501;
    if (query)
        *query++ = '\0';
    if (as_go && path[0] == '/' && !is_clean(path))
        return move_to_clean(r, path, query);
    look_up(r, path);
    *why = "there is nothing under this path";
    if (!r->match.allowed && path[0] != '*')
        return as_go && lacks_slash(r, path) ? move_to_slash(r, path, query)
                                             : 404;
    if (r->match.route) {
        *why = "a wrong % in the path or behind the ?, or too much there";
        return decode(r, query) ? 0 : 400;
    }
    add_allow(r, r->match.allowed);
    *why = "this path does not take that method";
    return r->head.method == HTTP_OPTIONS ? 204 : 405;
}

/* A page of one link. It is the peer's text: nothing of it is markup. */
static void answer_moved(struct http_request *r, const char *where, size_t len)
{
    struct buf page = BUF_INIT;

    buf_add_str(&page, "<a href=\"");
    for (; len--; where++) {
        if (strchr("<>&\"'", *where))
            buf_add_fmt(&page, "&#%d;", *where);
        else
            buf_add_char(&page, *where);
    }
    buf_add_str(&page, "\">Moved Permanently</a>.\n\n");
    http_reply(r, 301, HTML_TYPE, buf_data(&page), buf_len(&page));
    buf_free(&page);
}

void httpd_path_answer(struct http_request *r, int status)
{
    bool as_go = r->h->face->ways & HTTPD_GO_ALLOW;
    const char *where, *lines = r->h->face->options;

    if (status != 301) {
        if (lines)
            http_add_lines(r, lines, strlen(lines));
        http_reply(r, as_go ? 200 : 204, NULL, NULL, 0);
    } else if (r->head.method == HTTP_GET || r->head.method == HTTP_HEAD) {
        where = buf_str(&r->headers) + strlen("Location: ");
        answer_moved(r, where, strcspn(where, "\r"));
    } else {
        http_reply(r, 301, NULL, NULL, 0);
    }
}
