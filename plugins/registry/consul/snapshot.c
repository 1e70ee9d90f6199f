/*
 * /v1/snapshot: all that is kept as one file, and such a file taken back.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/log.h"
#include "plugins/registry/consul/asking.h"
#include "plugins/registry/consul/call.h"
#include "plugins/registry/consul/families.h"
#include "server/musterd.h"
#include "server/snapshot.h"

#define PIECE 65536 /* bytes handed on at once */

/* -- saving ---------------------------------------------------------------- */

/* A file on its way from the child to the client. */
struct saving {
    struct call *call;
    struct asker asker;
    struct snapshot_save *save;
    struct loop_fd *readable;
    int fd;
};

/* True if the file was whole. */
static bool saving_end(struct saving *s, bool ended)
{
    bool whole = s->save && snapshot_save_end(s->save, ended);

    s->save = NULL;
    loop_fd_free(s->readable);
    s->readable = NULL;
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
    return whole;
}

static void saving_free(void *data)
{
    saving_end(data, false);
    free(data);
}

static void hand_on(void *arg)
{
    struct saving *s = arg;
    struct call *c = s->call;
    struct http_request *r = c->r;
    char piece[PIECE];
    ssize_t n = read(s->fd, piece, sizeof(piece));

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n > 0) {
        if (!http_stream_add(r, piece, (size_t)n))
            loop_fd_off(s->readable);
        return;
    }
    if (saving_end(s, n == 0)) {
        server_audit_change(&s->asker, "snapshot save", "", NULL);
        call_stream_close(c);
        http_stream_end(r);
        return;
    }
    call_stream_close(c);
    http_stream_fail(r, "the snapshot could not be written");
}

static void has_room(struct http_request *r, void *arg)
{
    struct saving *s = arg;

    (void)r;
    if (s->readable)
        loop_fd_on(s->readable);
}

static enum http_verdict get_snapshot(struct http_request *r, void *ctx)
{
    struct call *c = call_begin(r, ctx);
    struct saving *s;

    if (!c || !call_demand(c, ACL_ACL, "", 0, ACL_WRITE))
        return HTTP_DONE;
    if (c->m->restoring)
        return call_error(c, 500,
                          "a snapshot is being restored: try again later");
    s = xcalloc(1, sizeof(*s));
    s->call = c;
    call_asker(c, &s->asker);
    s->fd = -1;
    s->save = snapshot_save_begin(c->m, &s->fd);
    c->data = s;
    c->free_data = saving_free;
    if (!s->save)
        return call_error(c, 500, "a snapshot cannot be begun: %s",
                          errno == EBUSY ? "as many are being made as may be, "
                                           "try again later"
                                         : strerror(errno));
    call_index(c, c->m->store->revision);
    call_stream_open(c, "application/x-gzip");
    http_on_room(r, has_room, s);
    s->readable = loop_fd_new(c->m->loop, s->fd, false, hand_on, s);
    loop_fd_on(s->readable);
    return HTTP_LATER;
}

/* -- restoring ------------------------------------------------------------- */

static void restored(void *arg, enum snapshot_end end, const char *wrong,
                     const struct snapshot_counts *n)
{
    struct call *c = arg;

    server_audit_change(c->data, "snapshot restore", "", wrong);
    if (wrong)
        log_warn("consul: a snapshot was not restored: %s", wrong);
    else
        log_info("consul: a snapshot was restored: %zu changed, %zu removed, "
                 "%zu as they were",
                 n->changed, n->removed, n->same);
    if (!call_release(c))
        return;
    if (end == SNAPSHOT_DONE)
        call_empty(c, 200);
    else if (end == SNAPSHOT_LATER)
        call_error(c, 500,
                   "failed to restore the snapshot: %s: %zu records were "
                   "changed and %zu removed; the next start does the rest",
                   wrong, n->changed, n->removed);
    else if (end == SNAPSHOT_REFUSED)
        call_error(c, 400,
                   "failed to restore the snapshot: %s: nothing has "
                   "changed",
                   wrong);
    else
        call_error(c, 500,
                   "failed to restore the snapshot: %s: %zu records were "
                   "changed and %zu removed before; restore it again when "
                   "that is cured",
                   wrong, n->changed, n->removed);
}

static enum http_verdict put_snapshot(struct http_request *r, void *ctx)
{
    struct call *c = call_begin(r, ctx);
    const char *body;
    size_t len;
    char *copy;

    if (!c || !call_demand(c, ACL_ACL, "", 0, ACL_WRITE) || call_audit_full(c))
        return HTTP_DONE;
    body = http_body(r, &len);
    if (!len)
        return call_error(c, 400,
                          "failed to restore the snapshot: the body is "
                          "empty");
    copy = xmemdup0(body, len);
    c->data = xcalloc(1, sizeof(struct asker));
    c->free_data = free;
    call_asker(c, c->data);
    call_hold(c);
    if (snapshot_restore(c->m, copy, len, restored, c))
        return HTTP_LATER;
    free(copy);
    call_release(c);
    return call_error(c, 500,
                      "another snapshot is being restored: try again "
                      "later");
}

static const struct http_route rows[] = {
    {.methods = HTTP_GET,
     .path = "/v1/snapshot",
     .handler = get_snapshot,
     .body = CALL_BODY,
     .help = "All that is kept, as a file."},
    {.methods = HTTP_PUT,
     .path = "/v1/snapshot",
     .handler = put_snapshot,
     .body = SNAPSHOT_FILE_MAX,
     .help = "Makes all that is kept what a file says."},
};

const struct http_table consul_snapshot = {rows, ARRAY_LEN(rows)};
