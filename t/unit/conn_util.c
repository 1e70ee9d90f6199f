#include "t/unit/conn_util.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* -- the owner ------------------------------------------------------------- */

static void note(struct owner *o, const char *what)
{
    if (buf_len(&o->log))
        buf_add_char(&o->log, ' ');
    buf_add_str(&o->log, what);
}

/* A call in which it may be ended. */
static void called(struct owner *o, const char *what)
{
    note(o, what);
    if (!o->kill || strcmp(o->kill, what) != 0)
        return;
    if (o->abort)
        conn_abort(o->conn, "aborted in %s", what);
    else
        conn_close(o->conn, "closed in %s", what);
}

/* "echo …": answers; "wait": CONN_WAIT; "flood N": N bytes of output; "bytes
 * N": the next N are no lines; others are only written down. */
static enum conn_verdict owner_line(struct conn *c, void *arg, char *line,
                                    size_t len)
{
    struct owner *o = arg;
    unsigned long n;

    assert_ptr_equal(c, o->conn);
    assert_int_equal(line[len], '\0');
    note(o, "[");
    buf_add(&o->log, line, len);
    buf_add_char(&o->log, ']');
    if (o->kill && !strcmp(o->kill, "line"))
        (o->abort ? conn_abort : conn_close)(c, "in line");
    if (!strncmp(line, "echo ", 5)) {
        buf_add(conn_out(c), line + 5, len - 5);
        buf_add_char(conn_out(c), '\n');
        conn_flush(c);
    } else if (!strncmp(line, "flood ", 6)) {
        for (n = strtoul(line + 6, NULL, 10); n--;)
            buf_add_char(conn_out(c), 'x');
        conn_flush(c);
    } else if (!strncmp(line, "bytes ", 6)) {
        conn_take_bytes(c, strtoul(line + 6, NULL, 10));
    }
    return strcmp(line, "wait") ? CONN_NEXT : CONN_WAIT;
}

/* "w" in them: CONN_WAIT. */
static enum conn_verdict owner_bytes(struct conn *c, void *arg,
                                     const char *bytes, size_t len)
{
    struct owner *o = arg;

    (void)c;
    note(o, "{");
    buf_add(&o->log, bytes, len);
    buf_add_char(&o->log, '}');
    return memchr(bytes, 'w', len) ? CONN_WAIT : CONN_NEXT;
}

static enum conn_verdict owner_batch_end(struct conn *c, void *arg)
{
    struct owner *o = arg;
    bool waits = o->batch_waits;

    (void)c;
    o->batch_waits = false;
    called(o, "batch");
    return waits ? CONN_WAIT : CONN_NEXT;
}

static enum conn_verdict owner_too_long(struct conn *c, void *arg)
{
    (void)c;
    called(arg, "too_long");
    return CONN_NEXT;
}

static void owner_eof(struct conn *c, void *arg)
{
    assert_true(conn_is_eof(c));
    called(arg, "eof");
}

static void owner_hangup(struct conn *c, void *arg)
{
    assert_true(conn_is_eof(c));
    called(arg, "hangup");
}

static void owner_drain(struct conn *c, void *arg)
{
    (void)c;
    called(arg, "drain");
}

static void owner_timeout(struct conn *c, void *arg)
{
    (void)c;
    called(arg, "timeout");
}

static void owner_secured(struct conn *c, void *arg)
{
    (void)c;
    called(arg, "secured");
}

static void owner_closed(struct conn *c, void *arg, const char *reason)
{
    struct owner *o = arg;

    assert_ptr_equal(c, o->conn);
    assert_true(conn_is_closing(c));
    note(o, "closed: ");
    buf_add_str(&o->log, reason);
    o->conn = NULL;
}

static void owner_ahead(struct conn *c, void *arg, const char *bytes,
                        size_t len)
{
    struct owner *o = arg;

    assert_ptr_equal(c, o->conn);
    note(o, "<");
    buf_add(&o->log, bytes, len < 10 ? len : 10);
    buf_add_char(&o->log, '>');
}

const struct conn_handler owner_looks = {
    .line = owner_line,
    .ahead = owner_ahead,
    .too_long = owner_too_long,
    .closed = owner_closed,
};

const struct conn_handler owner_full = {
    .secured = owner_secured,
    .line = owner_line,
    .batch_end = owner_batch_end,
    .too_long = owner_too_long,
    .eof = owner_eof,
    .drain = owner_drain,
    .timeout = owner_timeout,
    .closed = owner_closed,
};

const struct conn_handler owner_http = {
    .line = owner_line,
    .bytes = owner_bytes,
    .eof = owner_eof,
    .hangup = owner_hangup,
    .closed = owner_closed,
};

const struct conn_handler owner_plain = {
    .secured = owner_secured,
    .line = owner_line,
    .closed = owner_closed,
};

static void owner_freed(void *arg)
{
    struct owner *o = arg;

    o->freed = true;
}

/* -- both ends ------------------------------------------------------------- */

void owner_open(struct owner *o, const struct conn_handler *handler,
                const struct conn_limits *limits)
{
    static const struct conn_limits usual = {.line = 100};
    int fds[2];

    *o = (struct owner){.loop = loop_new(NULL)};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds),
                     0);
    o->peer = fds[1];
    o->conn = conn_new(o->loop, fds[0], "test#1", limits ? limits : &usual,
                       handler, o);
    conn_on_free(o->conn, owner_freed, o);
}

void owner_end(struct owner *o)
{
    loop_free(o->loop);
    assert_true(o->freed);
    if (o->peer >= 0)
        close(o->peer);
    assert_int_equal(timers_set(), 0);
    buf_free(&o->log);
}

void peer_send(struct owner *o, const char *text)
{
    size_t len = strlen(text);

    assert_int_equal(send(o->peer, text, len, MSG_NOSIGNAL), len);
    turns(o->loop);
}

void peer_half_close(struct owner *o)
{
    shutdown(o->peer, SHUT_WR);
    turns(o->loop);
}

void peer_close(struct owner *o)
{
    close(o->peer);
    o->peer = -1;
    turns(o->loop);
}

const char *peer_read(struct owner *o)
{
    static char text[1 << 17];
    size_t len = 0;
    ssize_t n;

    turns(o->loop);
    while ((n = read(o->peer, text + len, sizeof(text) - 5 - len)) > 0)
        len += (size_t)n;
    assert_true(len < sizeof(text) - 5);
    memcpy(text + len, n == 0 ? " EOF" : "", n == 0 ? 5 : 1);
    turns(o->loop);
    return text;
}

void assert_log(struct owner *o, const char *text)
{
    assert_string_equal(buf_str(&o->log), text);
    buf_reset(&o->log, 1000);
}
