#include "server/probe_url.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/words.h"

static bool is_clean(const char *text, size_t len)
{
    size_t i;

    for (i = 0; i < len; i++)
        if ((unsigned char)text[i] <= ' ' || text[i] == 0x7f)
            return false;
    return true;
}

/* Past "http://" or "https://"; NULL: neither. */
static const char *scheme_of(struct probe_url *u, const char *text, size_t len)
{
    if (len >= 7 && strncasecmp(text, "http://", 7) == 0) {
        u->tls = false;
        return text + 7;
    }
    if (len < 8 || strncasecmp(text, "https://", 8) != 0)
        return NULL;
    u->tls = true;
    return text + 8;
}

static bool set_port(struct probe_url *u, const char *text, size_t len)
{
    struct word w = {.text = (char *)text, .len = (unsigned)len};
    unsigned long long port = u->tls ? 443 : 80;

    if (len && (!word_to_u64(&w, UINT16_MAX, &port) || !port))
        return false;
    u->port = (uint16_t)port;
    return true;
}

/* HOST, HOST:PORT, [V6], [V6]:PORT */
static bool set_authority(struct probe_url *u, const char *text, size_t len)
{
    const char *end = text + len, *host = text, *host_end, *after;

    u->authority = text;
    u->authority_len = len;
    if (len && *text == '[') {
        host = text + 1;
        host_end = memchr(host, ']', len - 1);
        if (!host_end)
            return false;
        after = host_end + 1;
    } else {
        host_end = memchr(text, ':', len);
        if (!host_end)
            host_end = end;
        after = host_end;
    }
    if (host_end == host || (size_t)(host_end - host) > ADDR_HOST_MAX)
        return false;
    memcpy(u->host, host, (size_t)(host_end - host));
    u->host[host_end - host] = '\0';
    if (after == end)
        return set_port(u, "", 0);
    return *after == ':' && set_port(u, after + 1, (size_t)(end - after - 1));
}

static const char *first_of(const char *from, const char *end, const char *set)
{
    while (from < end && !strchr(set, *from))
        from++;
    return from;
}

const char *probe_url_parse(struct probe_url *u, const char *text, size_t len)
{
    const char *end = text + len, *at, *slash, *user_end;

    *u = (struct probe_url){0};
    if (len > PROBE_URL_MAX)
        return "its URL is longer than 4096 bytes";
    if (!is_clean(text, len))
        return "its URL holds a blank or a control character";
    at = scheme_of(u, text, len);
    if (!at)
        return "its URL begins with neither http:// nor https://";
    slash = first_of(at, end, "/?#");
    user_end = memrchr(at, '@', (size_t)(slash - at));
    if (user_end) {
        u->user = at;
        u->user_len = (size_t)(user_end - at);
        at = user_end + 1;
    }
    if (!set_authority(u, at, (size_t)(slash - at)))
        return "its URL names no host, or a port that is none";
    u->target = slash;
    u->target_len = (size_t)(first_of(slash, end, "#") - slash);
    return NULL;
}

/* The path of base up to its last slash. */
static size_t folder_len(const struct probe_url *base)
{
    size_t len =
        (size_t)(first_of(base->target, base->target + base->target_len, "?") -
                 base->target);

    while (len && base->target[len - 1] != '/')
        len--;
    return len;
}

char *probe_url_join(const struct probe_url *base, const char *location,
                     size_t len)
{
    const char *scheme = base->tls ? "https" : "http";
    struct buf b = BUF_INIT;
    struct probe_url u;
    char *text;

    if (probe_url_parse(&u, location, len) == NULL)
        return xmemdup0(location, len);
    buf_add_fmt(&b, "%s:", scheme);
    if (len < 2 || location[0] != '/' || location[1] != '/')
        buf_add_fmt(&b, "//%.*s", (int)base->authority_len, base->authority);
    if (!len || *location != '/') {
        buf_add_char(&b, '/');
        if (folder_len(base) > 1)
            buf_add(&b, base->target + 1, folder_len(base) - 1);
    }
    buf_add(&b, location, len);
    text = xmemdup0(buf_data(&b), buf_len(&b));
    buf_free(&b);
    if (probe_url_parse(&u, text, strlen(text)) == NULL)
        return text;
    free(text);
    return NULL;
}
