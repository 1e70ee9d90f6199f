#include "plugins/dispatch/exed/access.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/auth/principal.h"
#include "lib/buf.h"
#include "lib/http.h"
#include "lib/log.h"
#include "lib/mem.h"

struct access_log {
    int fd;      /* -1: none */
    bool failed; /* the last line could not be written, and that was told */
};

struct access_log *access_new(void)
{
    struct access_log *a = xcalloc(1, sizeof(*a));

    a->fd = -1;
    return a;
}

static void close_file(struct access_log *a)
{
    if (a->fd >= 0)
        close(a->fd);
    a->fd = -1;
}

void access_open(struct access_log *a, const char *path)
{
    close_file(a);
    a->failed = false;
    if (!path || !*path || strcmp(path, "-") == 0)
        return;
    a->fd =
        open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0640);
    if (a->fd < 0)
        log_error("log.access_log %s: %m: there is no access log", path);
}

void access_free(struct access_log *a)
{
    if (!a)
        return;
    close_file(a);
    free(a);
}

static void add_time(struct buf *line)
{
    time_t now = time(NULL);
    char text[64];
    struct tm tm;

    gmtime_r(&now, &tm);
    strftime(text, sizeof(text), "[%d/%b/%Y:%H:%M:%S +0000]", &tm);
    buf_add_str(line, text);
}

/* The address without its port. */
static void add_peer(struct buf *line, const char *peer)
{
    const char *port = strrchr(peer, ':');

    buf_add(line, peer, port ? (size_t)(port - peer) : strlen(peer));
}

/* No byte of a path ends the line or the quotes; nor is more than it shown. */
static void add_path(struct buf *line, const char *path)
{
    for (; *path && *path != '?'; path++)
        if (*path > ' ' && *path < 0x7f && *path != '"' && *path != '\\')
            buf_add_char(line, *path);
        else
            buf_add_fmt(line, "%%%02X", (unsigned char)*path);
}

void access_write(struct access_log *a, const struct http_request *r,
                  int status, unsigned long long bytes)
{
    const char *method = http_method_text(http_method(r));
    struct buf line = BUF_INIT;
    const struct principal *p = http_principal(r);

    if (a->fd < 0)
        return;
    add_peer(&line, http_peer(r));
    buf_add_fmt(&line, " - %s ", p && !p->anonymous ? p->name : "-");
    add_time(&line);
    buf_add_fmt(&line, " \"%s ", *method ? method : "-");
    add_path(&line, http_path(r));
    buf_add_fmt(&line, "\" %d %llu\n", status, bytes);
    if (write(a->fd, buf_data(&line), buf_len(&line)) !=
        (ssize_t)buf_len(&line)) {
        if (!a->failed)
            log_error("log.access_log: %m: lines are missing");
        a->failed = true;
    } else {
        a->failed = false;
    }
    buf_free(&line);
}
