#include "client/cli/out.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A pipe that polls as writable takes so much without waiting (pipe(7)). */
#define CHUNK 4096
/* Plain output is handed on in pieces of about so much. */
#define PLAIN (32 * 1024)

void out_init(struct out *o, int fd)
{
    *o = (struct out){.fd = fd, .tty = isatty(fd) == 1};
}

struct buf *out_buf(struct out *o)
{
    return &o->buf;
}

static void broken(struct out *o)
{
    if (o->on_broken)
        o->on_broken(o->arg);
    signal(SIGPIPE, SIG_DFL);
    raise(SIGPIPE);
}

/* The disk is full, or the like: the rest is dropped. */
static void fail(struct out *o)
{
    if (errno == EPIPE)
        broken(o);
    if (!o->failed)
        fprintf(stderr, "muster: cannot write output: %s\n", strerror(errno));
    o->failed = true;
    buf_reset(&o->buf, 0);
}

/* At most CHUNK bytes; false when nothing more can be written now. */
static bool write_some(struct out *o)
{
    size_t len = buf_len(&o->buf);
    ssize_t n = write(o->fd, buf_data(&o->buf), len < CHUNK ? len : CHUNK);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (n < 0)
        fail(o);
    else
        buf_consume(&o->buf, (size_t)n);
    return buf_len(&o->buf) > 0;
}

static bool has_room(struct out *o, int timeout)
{
    struct pollfd p = {.fd = o->fd, .events = POLLOUT};

    return poll(&p, 1, timeout) > 0;
}

static void tell_producer(struct out *o)
{
    bool full = buf_len(&o->buf) >= OUT_BOUND;

    if (full && !o->stopped) {
        o->stopped = true;
        o->on_full(o->arg);
    } else if (o->stopped && buf_len(&o->buf) < OUT_BOUND / 2) {
        o->stopped = false;
        o->on_room(o->arg);
    }
}

/* Writes while the reader takes it; then waits for room, on the loop. */
static void flush_async(void *arg)
{
    struct out *o = arg;
    bool more = buf_len(&o->buf) > 0;

    if (more && o->before)
        o->before(o->arg);
    while (more && (!o->room || has_room(o, 0)))
        more = write_some(o);
    if (more && !o->waiting)
        loop_fd_on(o->room);
    if (!more && o->waiting)
        loop_fd_off(o->room);
    o->waiting = more;
    if (!more)
        buf_reset(&o->buf, OUT_BOUND);
    if (o->after)
        o->after(o->arg);
    tell_producer(o);
}

void out_begin_async(struct out *o, struct loop *l)
{
    struct stat st;

    o->loop = l;
    o->flush = (struct loop_task){.fn = flush_async, .arg = o};
    /* what is neither a pipe nor a terminal never keeps us waiting */
    if (o->tty || (fstat(o->fd, &st) == 0 &&
                   (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode))))
        o->room = loop_fd_new(l, o->fd, true, flush_async, o);
}

void out_push(struct out *o)
{
    if (!o->loop) {
        if (buf_len(&o->buf) >= PLAIN)
            out_flush(o);
        return;
    }
    if (buf_len(&o->buf) >= OUT_BOUND && !o->stopped)
        tell_producer(o);
    loop_settle(o->loop, &o->flush);
}

void out_flush(struct out *o)
{
    if (o->before && buf_len(&o->buf) > 0)
        o->before(o->arg);
    while (buf_len(&o->buf) > 0)
        if (has_room(o, -1) || errno != EINTR)
            write_some(o);
    buf_reset(&o->buf, PLAIN);
}

void out_end(struct out *o)
{
    out_flush(o);
    if (o->loop)
        loop_unsettle(o->loop, &o->flush);
    loop_fd_free(o->room);
    buf_free(&o->buf);
    o->room = NULL;
    o->loop = NULL;
}
