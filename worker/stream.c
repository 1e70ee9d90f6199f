#include "worker/stream.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <unistd.h>

static void stream_ended(struct stream *s)
{
    stream_close(s);
    s->handler->end(s);
}

static void stream_readable(void *arg)
{
    struct stream *s = arg;
    size_t want =
        s->left >= 0 && s->left < STREAM_READ ? (size_t)s->left : STREAM_READ;
    ssize_t n = read(s->fd, s->scratch, want);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        stream_ended(s);
        return;
    }
    if (s->left > 0)
        s->left -= n;
    s->handler->bytes(s, s->scratch, (size_t)n);
    if (s->left == 0 && s->fd >= 0)
        stream_ended(s);
}

void stream_open(struct stream *s, struct loop *l, int fd, char *scratch,
                 const struct stream_handler *handler, void *owner)
{
    s->fd = fd;
    s->left = -1;
    s->scratch = scratch;
    s->handler = handler;
    s->owner = owner;
    s->event = loop_fd_new(l, fd, false, stream_readable, s);
    loop_fd_on(s->event);
}

void stream_close(struct stream *s)
{
    loop_fd_free(s->event);
    s->event = NULL;
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
}

void stream_pause(struct stream *s, bool pause)
{
    if (s->fd < 0)
        return;
    if (pause)
        loop_fd_off(s->event);
    else
        loop_fd_on(s->event);
}

void stream_rest(struct stream *s)
{
    int held;

    if (s->fd < 0)
        return;
    s->left = ioctl(s->fd, FIONREAD, &held) == 0 ? held : 0;
    if (!s->left)
        stream_ended(s);
}
