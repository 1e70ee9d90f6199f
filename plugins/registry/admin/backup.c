#include "plugins/registry/admin/backup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/admin.h"
#include "lib/http.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "server/musterd.h"

#define BACKUP_PIECE 65536

struct backup {
    struct http_request *r; /* NULL: nobody waits for it any more */
    int fd;                 /* of the copy; -1: it is being made */
};

static void backup_free(struct backup *b)
{
    if (b->fd >= 0)
        close(b->fd);
    free(b);
}

static void backup_gone(struct http_request *r, void *arg)
{
    struct backup *b = arg;

    (void)r;
    b->r = NULL;
    if (b->fd >= 0)
        backup_free(b);
    /* else it is freed when the copy is made */
}

/* Sends as much as there is room for. (The file was written a moment ago: it
 * is in memory.) */
static void backup_send(struct http_request *r, void *arg)
{
    char piece[BACKUP_PIECE];
    struct backup *b = arg;
    ssize_t n = 1;

    while (http_stream_has_room(r)) {
        n = read(b->fd, piece, sizeof(piece));
        if (n <= 0)
            break;
        http_stream_add(r, piece, (size_t)n);
    }
    if (n > 0)
        return;
    if (n < 0)
        http_stream_fail(r, strerror(errno));
    else
        http_stream_end(r);
    backup_free(b);
}

static void backup_made(void *arg, int fd, const char *error)
{
    struct backup *b = arg;

    b->fd = fd;
    if (!b->r) {
        backup_free(b);
    } else if (error) {
        log_warn("a backup failed: %s", error);
        http_reply_error(b->r, 500, "the backup failed: %s", error);
        backup_free(b);
    } else {
        log_info("a backup goes to %s", http_peer(b->r));
        http_stream(b->r, 200, "application/vnd.sqlite3");
        http_on_room(b->r, backup_send, b);
        backup_send(b->r, b);
    }
}

static enum http_verdict backup_get(struct http_request *r, void *ctx)
{
    struct musterd *m = admin_arg(ctx);
    struct backup *b;

    if (!m->store->ops->backup) {
        http_reply_error(r, 409,
                         "registry.store is %s: nothing is kept that could be "
                         "backed up",
                         m->store->ops->name);
        return HTTP_DONE;
    }
    if (m->restoring) {
        http_reply_error(r, 409,
                         "a snapshot is being restored: try again later");
        return HTTP_DONE;
    }
    b = xcalloc(1, sizeof(*b));
    b->r = r;
    b->fd = -1;
    http_on_gone(r, backup_gone, b);
    m->store->ops->backup(m->store, backup_made, b);
    return HTTP_LATER;
}

static const struct http_route rows[] = {
    {.methods = HTTP_GET,
     .path = "/v1/backup",
     .handler = backup_get,
     .help = "A consistent copy of the store, an SQLite database."},
};

const struct http_table admin_backup = {rows, ARRAY_LEN(rows)};
