#include "lib/http_guard.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

/* -- Host ------------------------------------------------------------------ */

static bool is_address(const char *name)
{
    struct in_addr v4;

    return inet_pton(AF_INET, name, &v4) == 1;
}

/* An IPv6 address in brackets, and perhaps a port. */
static bool is_v6(const char *host)
{
    const char *end = strchr(host, ']');
    struct in6_addr v6;
    char text[INET6_ADDRSTRLEN];
    size_t len = end ? (size_t)(end - host) - 1 : 0;

    if (!end || !len || len >= sizeof(text) ||
        (end[1] && (end[1] != ':' || end[2 + strspn(end + 2, "0123456789")])))
        return false;
    memcpy(text, host + 1, len);
    text[len] = '\0';
    return inet_pton(AF_INET6, text, &v6) == 1;
}

static bool is_localhost(const char *name, size_t len)
{
    static const char local[] = "localhost";
    size_t n = sizeof(local) - 1;

    return len >= n && !strcasecmp(name + len - n, local) &&
           (len == n || name[len - n - 1] == '.');
}

bool http_host_ok(const char *host, const char *const *names, size_t count)
{
    char name[256];
    size_t len, i;

    if (host[0] == '[')
        return is_v6(host);
    len = strcspn(host, ":");
    if (!len || len >= sizeof(name) ||
        (host[len] && host[len + 1 + strspn(host + len + 1, "0123456789")]))
        return false;
    if (host[len - 1] == '.')
        len--; /* a name may be written with its root */
    memcpy(name, host, len);
    name[len] = '\0';
    if (is_address(name) || is_localhost(name, len))
        return true;
    for (i = 0; i < count; i++)
        if (!strcasecmp(name, names[i]))
            return true;
    return false;
}

/* -- the site -------------------------------------------------------------- */

/* Origin is SCHEME://AUTHORITY: the same authority as ours. */
static bool origin_is_ours(const struct http_head *h, const char *origin)
{
    const char *authority = strstr(origin, "://");

    return authority && h->host &&
           !strcasecmp(authority + 3, http_head_text(h, h->host));
}

bool http_same_site(const struct http_head *h)
{
    const char *site = http_head_get(h, "sec-fetch-site");
    const char *origin = http_head_get(h, "origin");

    if (http_head_count(h, "sec-fetch-site") > 1 ||
        http_head_count(h, "origin") > 1)
        return false;
    if (site && strcasecmp(site, "same-origin") && strcasecmp(site, "none"))
        return false;
    return !origin || origin_is_ours(h, origin);
}

/* -- the rest -------------------------------------------------------------- */

bool http_type_is(const struct http_head *h, const char *type)
{
    const char *value = http_head_get(h, "content-type");
    size_t len = strlen(type);

    return value && http_head_count(h, "content-type") == 1 &&
           !strncasecmp(value, type, len) &&
           (!value[len] || strchr("; \t", value[len]));
}

static bool holds_token(const char *name)
{
    return !strcasecmp(name, "authorization") ||
           !strcasecmp(name, "x-consul-token");
}

void http_line_forget(char *line, size_t len)
{
    const char *colon = memchr(line, ':', len);
    char name[16] = "";

    if (!colon || (size_t)(colon - line) >= sizeof(name))
        return;
    memcpy(name, line, (size_t)(colon - line));
    if (holds_token(name))
        explicit_bzero(line, len);
}

void http_token_forget(struct http_head *h)
{
    for (unsigned i = 0; i < h->n_headers; i++) {
        char *value = h->text.data + h->headers[i].value;

        if (holds_token(http_head_text(h, h->headers[i].name)))
            explicit_bzero(value, strlen(value));
    }
}

bool http_token_find(const struct http_head *h, const char **token)
{
    const char *bearer = http_head_get(h, "authorization");
    const char *consul = http_head_get(h, "x-consul-token");

    *token = NULL;
    if (http_head_count(h, "authorization") > 1 ||
        http_head_count(h, "x-consul-token") > 1)
        return false;
    if (bearer) {
        if (strncasecmp(bearer, "bearer ", 7))
            return false;
        bearer += 7 + strspn(bearer + 7, " ");
    }
    if (consul && !*consul)
        consul = NULL; /* as Consul's own clients send it when they have none */
    if (bearer && (!*bearer || (consul && strcmp(bearer, consul))))
        return false;
    *token = bearer ? bearer : consul;
    return true;
}
