#include "fuzz/port.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/mem.h"
#include "lib/words.h"

#define WORDS_MAX 4096

static void port_freed(void *arg)
{
    struct port_conn *p = arg;

    p->conn = NULL;
}

void port_turn(struct loop *l)
{
    int i;

    for (i = 0; i < 4; i++)
        event_base_loop(loop_base(l), EVLOOP_NONBLOCK);
}

void port_open(struct port_conn *p, struct loop *l,
               const struct listen_face *face, void *ctx)
{
    static const struct conn_limits limits = {
        .line = 1024, .output = 16384, .lines_a_turn = 16};
    int pair[2];

    *p = (struct port_conn){.fd = -1};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
                   pair) < 0)
        abort();
    p->fd = pair[0];
    p->conn = conn_new(l, pair[1], face->name, &limits, &face->handler, NULL);
    conn_on_free(p->conn, port_freed, p);
    conn_set_handler(p->conn, &face->handler, face->open(p->conn, ctx));
}

/* A line that a daemon wrote: words, and of an error exactly two. */
static void check_line(char *line, size_t len)
{
    static struct word words[WORDS_MAX];
    int n;

    if (memchr(line, '\0', len))
        abort();
    n = words_split(line, len, words, WORDS_MAX);
    if (n < 0 || (n && word_is(&words[0], "error:") && n != 2))
        abort();
}

void port_read(struct port_conn *p)
{
    char *line, *end;
    ssize_t n;

    while (p->fd >= 0) {
        n = read(p->fd, buf_reserve(&p->in, 65536), 65536);
        if (n <= 0)
            break;
        p->in.end += (size_t)n;
        while ((end = memchr(buf_data(&p->in), '\n', buf_len(&p->in)))) {
            line = buf_data(&p->in);
            check_line(line, (size_t)(end - line));
            buf_consume(&p->in, (size_t)(end - line) + 1);
        }
    }
}

void port_send(struct port_conn *p, struct loop *l, const void *data,
               size_t len)
{
    if (p->fd >= 0 && len && send(p->fd, data, len, MSG_NOSIGNAL) < 0 &&
        errno != EAGAIN && errno != EPIPE && errno != ECONNRESET)
        abort();
    port_turn(l);
    port_read(p);
}

void port_feed(struct port_conn *p, struct loop *l, const uint8_t *data,
               size_t size)
{
    size_t piece = size ? 1 + 4 * (size_t)*data++ : 1, n;

    for (size -= !!size; size; size -= n, data += n) {
        n = piece < size ? piece : size;
        port_send(p, l, data, n);
    }
}

void port_close(struct port_conn *p, struct loop *l)
{
    if (p->fd >= 0) {
        shutdown(p->fd, SHUT_WR);
        port_turn(l);
        port_read(p);
        close(p->fd);
        p->fd = -1;
    }
    port_turn(l);
    if (p->conn)
        conn_abort(p->conn, "the end");
    loop_settle_all(l);
    if (p->conn)
        abort();
    buf_free(&p->in);
}
