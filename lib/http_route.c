#include "lib/http_route.h"

#include <string.h>

#include "lib/mem.h"

/* -- looking up ------------------------------------------------------------ */

/* Takes the piece up to the next slash as a param. */
static const char *take_piece(struct http_match *m, const char *path,
                              const char *end, bool rest)
{
    const char *stop = rest ? NULL : memchr(path, '/', (size_t)(end - path));

    if (!stop)
        stop = end;
    if ((!rest && stop == path) || m->n_params == HTTP_PARAMS_MAX)
        return NULL;
    m->params[m->n_params++] = (struct http_piece){path, (size_t)(stop - path)};
    return stop;
}

static bool fits(const char *pattern, const char *path, size_t len,
                 struct http_match *m)
{
    const char *end = path + len;

    m->n_params = 0;
    while (*pattern) {
        if (*pattern == ':' || *pattern == '*') {
            path = take_piece(m, path, end, *pattern == '*');
            if (!path)
                return false;
            pattern += strcspn(pattern, "/");
        } else if (path == end || *path++ != *pattern++) {
            return false;
        }
    }
    return path == end;
}

void http_route_find(const struct http_table *const *tables, size_t count,
                     unsigned method, const char *path, size_t len,
                     struct http_match *match)
{
    const struct http_route *row;
    struct http_match m = {0};
    unsigned methods;
    size_t t, i;

    *match = (struct http_match){0};
    for (t = 0; t < count; t++)
        for (i = 0; i < tables[t]->count; i++) {
            row = &tables[t]->rows[i];
            if (!fits(row->path, path, len, &m))
                continue;
            methods = row->methods;
            if (methods & HTTP_GET)
                methods |= HTTP_HEAD;
            m.allowed = match->allowed | methods;
            m.route = methods & method ? row : NULL;
            *match = m;
            if (m.route)
                return;
        }
}

int http_route_param(const struct http_route *route, const char *name)
{
    size_t len = strlen(name), n;
    const char *p = route->path;
    int i;

    for (i = 0; (p = strpbrk(p, ":*")); i++) {
        n = strcspn(++p, "/");
        if (n == len && !memcmp(p, name, len))
            return i;
    }
    return -1;
}

/* -- decoding -------------------------------------------------------------- */

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool http_decode(char *text, size_t *len, bool plus)
{
    char *from = text, *to = text, *end = text + *len;
    int high, low;

    for (; from < end; from++, to++) {
        *to = *from == '+' && plus ? ' ' : *from;
        if (*from != '%')
            continue;
        high = end - from > 2 ? hex(from[1]) : -1;
        low = high >= 0 ? hex(from[2]) : -1;
        if (low < 0 || high + low == 0)
            return false;
        *to = (char)(high * 16 + low);
        from += 2;
    }
    *len = (size_t)(to - text);
    *to = '\0';
    return true;
}

static bool query_item(struct http_query *q, char *item)
{
    char *value = strchr(item, '=');
    size_t len;

    if (value)
        *value++ = '\0';
    else
        value = item + strlen(item);
    if (q->count == HTTP_QUERY_MAX)
        return false;
    len = strlen(item);
    if (!http_decode(item, &len, true))
        return false;
    len = strlen(value);
    if (!http_decode(value, &len, true))
        return false;
    q->items[q->count].name = item;
    q->items[q->count++].value = value;
    return true;
}

bool http_query_split(struct http_query *q, char *text)
{
    char *next;

    q->count = 0;
    for (; text; text = next) {
        next = strchr(text, '&');
        if (next)
            *next++ = '\0';
        if (*text && !query_item(q, text))
            return false;
    }
    return true;
}
