#include "client/cli/copy_hosts.h"

#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"

struct copy_host *copy_hosts_get(struct copy_hosts *h, const char *name)
{
    struct copy_host *host;

    HASH_FIND_STR(h->by_name, name, host);
    if (host)
        return host;
    host = xcalloc(1, sizeof(*host));
    host->name = xstrdup(name);
    HASH_ADD_KEYPTR(hh, h->by_name, host->name, strlen(host->name), host);
    return host;
}

/* A number below the bound; false if there is none at *text. */
static bool number(const char **text, size_t below, size_t *out)
{
    char *end;

    if (**text < '0' || **text > '9')
        return false;
    *out = strtoul(*text, &end, 10);
    *text = end;
    return *out < below;
}

bool copy_host_misses(struct copy_hosts *h, struct copy_host *host,
                      const char *ranges)
{
    size_t from, to;

    free(host->misses);
    host->misses = xcalloc(h->chunks + 1, sizeof(*host->misses));
    while (*ranges) {
        if (!number(&ranges, h->chunks, &from))
            return false;
        to = from;
        if (*ranges == '-') {
            ranges++;
            if (!number(&ranges, h->chunks, &to))
                return false;
        }
        for (; from <= to; from++)
            host->misses[from] = true;
        if (*ranges == ',')
            ranges++;
        else if (*ranges)
            return false;
    }
    return true;
}

static void add_name(struct buf *out, const char *name)
{
    if (buf_len(out) > 0)
        buf_add_char(out, ',');
    buf_add_str(out, name);
}

size_t copy_hosts_next(const struct copy_hosts *h, size_t i, struct buf *out)
{
    const struct copy_host *host;

    for (; i < h->chunks; i++) {
        for (host = h->by_name; host; host = host->hh.next)
            if (!host->done && host->misses && host->misses[i])
                add_name(out, host->name);
        if (buf_len(out) > 0)
            return i;
    }
    return h->chunks;
}

size_t copy_hosts_left(const struct copy_hosts *h, struct buf *out)
{
    const struct copy_host *host;
    size_t n = 0;

    for (host = h->by_name; host; host = host->hh.next) {
        if (host->done)
            continue;
        add_name(out, host->name);
        n++;
    }
    return n;
}

void copy_hosts_free(struct copy_hosts *h)
{
    struct copy_host *host, *next;

    HASH_ITER (hh, h->by_name, host, next) {
        HASH_DEL(h->by_name, host);
        free(host->name);
        free(host->why);
        free(host->misses);
        free(host);
    }
}
