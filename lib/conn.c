#include "lib/conn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/line.h"
#include "lib/log.h"
#include "lib/mem.h"

#define CONN_READ     16384  /* bytes asked for by one read */
#define CONN_OUT_KEEP 4096   /* an idle connection's output keeps no more */
#define CONN_DISCARD  262144 /* bytes of a closed one's input thrown away */
#define CONN_ID_MAX   32

struct conn {
    struct loop *loop;
    int fd;
    const struct conn_handler *handler;
    void *arg;
    struct conn_limits limits;
    struct line_reader in;
    struct buf out;
    struct event read_event, write_event, timer;
    struct loop_task settle;    /* flush, close, free */
    struct loop_task later;     /* go on with lines, tell of room */
    struct loop_task at_free;   /* the loop ends first */
    void (*on_free)(void *arg); /* for the listener host; may be NULL */
    void *on_free_arg;
    uint64_t opened_ms;
    uint64_t heard_ms; /* last whole line; opened_ms before the first */
    size_t discarded;  /* bytes thrown away while closing */
    char *reason;      /* why it is closed; set once */
    char id[CONN_ID_MAX];
    char peer[64];
    bool reading; /* read_event is added */
    bool waiting; /* the handler said CONN_WAIT */
    bool paused;
    bool eof; /* the peer has closed its side */
    bool eof_told;
    bool had_line;
    bool want_empty; /* drain() is owed when nothing is queued */
    bool was_full;   /* drain() is owed */
    bool handling;   /* lines are being handled now */
    bool closing;    /* conn_close() or conn_abort() was called */
    bool told;       /* closed() was called */
    bool shut;       /* our side is shut down, the peer's rest discarded */
    bool broken;     /* the socket failed, or nothing more is written */
};

static void conn_lines(struct conn *c);

/* -- the peer -------------------------------------------------------------- */

static void peer_write(struct conn *c)
{
    struct sockaddr_storage ss;
    socklen_t len = sizeof(ss);
    char host[INET6_ADDRSTRLEN] = "?";

    if (getpeername(c->fd, (struct sockaddr *)&ss, &len) < 0)
        ss.ss_family = AF_UNSPEC;
    if (ss.ss_family == AF_INET) {
        struct sockaddr_in *sin = (struct sockaddr_in *)&ss;

        inet_ntop(AF_INET, &sin->sin_addr, host, sizeof(host));
        snprintf(c->peer, sizeof(c->peer), "%s:%u", host, ntohs(sin->sin_port));
    } else if (ss.ss_family == AF_INET6) {
        struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)&ss;

        inet_ntop(AF_INET6, &sin6->sin6_addr, host, sizeof(host));
        snprintf(c->peer, sizeof(c->peer), "[%s]:%u", host,
                 ntohs(sin6->sin6_port));
    } else {
        snprintf(c->peer, sizeof(c->peer), "%s",
                 ss.ss_family == AF_UNIX ? "unix" : "unknown");
    }
}

/* A peer that vanishes without a word is found in about two minutes. Fails
 * harmlessly on a unix socket. */
static void socket_tune(int fd)
{
    int on = 1, idle = 60, interval = 15, count = 4;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
}

void conn_watch_peer(struct conn *c, unsigned seconds)
{
    int idle = (int)(seconds + 1) / 2, interval = (int)(seconds + 5) / 6;
    unsigned ms = seconds * 1000;

    setsockopt(c->fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
    setsockopt(c->fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
    /* also what was written and is never acknowledged (tcp(7)) */
    setsockopt(c->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms));
}

/* -- reading --------------------------------------------------------------- */

static void reading_set(struct conn *c, bool on)
{
    if (on == c->reading)
        return;
    c->reading = on;
    if (on)
        event_add(&c->read_event, NULL);
    else
        event_del(&c->read_event);
}

/* Whether to read on: not while enough is held that nobody takes. */
static void reading_update(struct conn *c)
{
    bool stuck = c->waiting || c->paused || c->was_full;

    reading_set(
        c, !c->eof && !c->broken &&
               (c->shut || (!c->closing && !(stuck && line_pending(&c->in)))));
}

/* The socket failed: nothing can be told to the peer any more. */
static void conn_failed(struct conn *c, int error)
{
    c->broken = true;
    buf_reset(&c->out, 0);
    conn_close(c, "%s",
               error == ECONNRESET || error == EPIPE
                   ? "the peer closed the connection"
                   : strerror(error));
    loop_settle(c->loop, &c->settle);
}

/* After our last byte: what the peer still sends is thrown away, so that the
 * kernel does not reset the connection before that byte is read. */
static void conn_discard(struct conn *c)
{
    char trash[4096];
    ssize_t n = read(c->fd, trash, sizeof(trash));

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n > 0)
        c->discarded += (size_t)n;
    if (n <= 0 || c->discarded > CONN_DISCARD) {
        c->eof = c->broken = true;
        loop_settle(c->loop, &c->settle);
    }
}

static void conn_readable(evutil_socket_t fd, short what, void *arg)
{
    struct conn *c = arg;
    size_t room;
    char *at;
    ssize_t n;

    (void)what;
    loop_refresh(c->loop);
    if (c->shut) {
        conn_discard(c);
        return;
    }
    at = line_room(&c->in, CONN_READ, &room);
    n = read(fd, at, room);
    if (n < 0) {
        if (errno != EAGAIN && errno != EINTR)
            conn_failed(c, errno);
        return;
    }
    if (n == 0)
        c->eof = true;
    line_fed(&c->in, (size_t)n);
    conn_lines(c);
}

static void handle(struct conn *c, enum line_result got, char *line, size_t len)
{
    enum conn_verdict v = CONN_NEXT;

    c->had_line = true;
    c->heard_ms = loop_now(c->loop);
    if (got == LINE_GOT)
        v = c->handler->line(c, c->arg, line, len);
    else if (c->handler->too_long)
        v = c->handler->too_long(c, c->arg);
    else {
        conn_error(c, "line too long: at most %zu bytes", c->limits.line);
        conn_close(c, "line too long");
    }
    if (v == CONN_WAIT)
        c->waiting = true;
}

static bool conn_may_handle(const struct conn *c)
{
    return !c->waiting && !c->paused && !c->closing && !c->was_full;
}

/* Handles the lines at hand, as many as one turn allows. */
static void conn_lines(struct conn *c)
{
    unsigned left = c->limits.lines_a_turn ? c->limits.lines_a_turn : ~0u;
    enum line_result got = LINE_NONE;
    char *line = NULL;
    size_t len = 0;

    if (c->handling)
        return;
    c->handling = true;
    while (conn_may_handle(c) && left--) {
        got = line_next(&c->in, c->eof, &line, &len);
        if (got == LINE_NONE)
            break;
        handle(c, got, line, len);
        if (conn_is_full(c))
            c->was_full = true;
    }
    if (c->handler->batch_end && !c->closing &&
        c->handler->batch_end(c, c->arg) == CONN_WAIT)
        c->waiting = true;
    if (conn_is_full(c))
        c->was_full = true;
    c->handling = false;
    if (conn_may_handle(c) && got != LINE_NONE) {
        loop_later(c->loop, &c->later);
    } else if (conn_may_handle(c) && c->eof && !c->eof_told) {
        c->eof_told = true;
        if (c->handler->eof)
            c->handler->eof(c, c->arg);
        else
            conn_close(c, "the peer closed the connection");
    }
    line_settle(&c->in);
    reading_update(c);
}

/* -- writing --------------------------------------------------------------- */

static bool conn_owes_drain(const struct conn *c)
{
    return (c->was_full && buf_len(&c->out) <= c->limits.output / 2) ||
           (c->want_empty && !buf_len(&c->out));
}

static void conn_write(struct conn *c)
{
    ssize_t n;

    while (buf_len(&c->out) && !c->broken) {
        n = send(c->fd, buf_data(&c->out), buf_len(&c->out), MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN) {
            event_add(&c->write_event, NULL);
            break;
        }
        if (n < 0) {
            conn_failed(c, errno);
            return;
        }
        buf_consume(&c->out, (size_t)n);
    }
    if (!buf_len(&c->out))
        buf_reset(&c->out, CONN_OUT_KEEP);
    if (conn_owes_drain(c))
        loop_later(c->loop, &c->later);
}

static void conn_writable(evutil_socket_t fd, short what, void *arg)
{
    struct conn *c = arg;

    (void)fd;
    (void)what;
    loop_refresh(c->loop);
    conn_write(c);
    if (c->closing)
        loop_settle(c->loop, &c->settle);
}

/* In a turn of its own: there is room again, or lines were left over. */
static void conn_go_on(void *arg)
{
    struct conn *c = arg;

    if (c->closing)
        return;
    if (conn_owes_drain(c)) {
        c->was_full = c->want_empty = false;
        if (c->handler->drain)
            c->handler->drain(c, c->arg);
        if (conn_is_full(c))
            c->was_full = true;
    }
    conn_lines(c);
}

/* -- closing --------------------------------------------------------------- */

static void conn_free(struct conn *c)
{
    event_del(&c->read_event);
    event_del(&c->write_event);
    event_del(&c->timer);
    loop_unsettle(c->loop, &c->settle);
    loop_unsettle(c->loop, &c->later);
    loop_not_at_free(c->loop, &c->at_free);
    if (c->on_free)
        c->on_free(c->on_free_arg);
    close(c->fd);
    line_free(&c->in);
    buf_free(&c->out);
    free(c->reason);
    free(c);
}

/* Tells the owner once; the rest is between this module and the peer. */
static void conn_tell_closed(struct conn *c)
{
    struct timeval linger = {.tv_sec = CONN_LINGER_MS / 1000};

    c->told = true;
    log_id_debug(c->id, "closed after %.1f s: %s",
                 (double)(loop_now(c->loop) - c->opened_ms) / 1000, c->reason);
    if (c->handler->closed)
        c->handler->closed(c, c->arg, c->reason);
    c->arg = NULL;
    event_add(&c->timer, &linger);
}

static void conn_settle(void *arg)
{
    struct conn *c = arg;

    if (c->closing && !c->told)
        conn_tell_closed(c);
    if (!event_pending(&c->write_event, EV_WRITE, NULL))
        conn_write(c);
    if (!c->told)
        return; /* open; or it failed just now and is settled again */
    if (!buf_len(&c->out) && !c->broken && !c->shut) {
        c->shut = true;
        shutdown(c->fd, SHUT_WR);
        line_free(&c->in);
        reading_update(c);
    }
    if (c->broken || (c->shut && c->eof))
        conn_free(c);
}

void conn_free_now(struct conn *c)
{
    conn_write(c);
    conn_free(c);
}

static void conn_loop_ends(void *arg)
{
    conn_free_now(arg);
}

static void __attribute__((format(printf, 3, 0)))
conn_end(struct conn *c, bool at_once, const char *fmt, va_list args)
{
    if (at_once) {
        c->broken = true;
        buf_reset(&c->out, 0);
    }
    if (!c->closing) {
        c->closing = true;
        if (vasprintf(&c->reason, fmt, args) < 0)
            c->reason = xstrdup("no memory for the reason");
        reading_update(c);
    }
    if (!c->told || at_once)
        loop_settle(c->loop, &c->settle);
}

void conn_close(struct conn *c, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    conn_end(c, false, fmt, args);
    va_end(args);
}

void conn_abort(struct conn *c, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    conn_end(c, true, fmt, args);
    va_end(args);
}

bool conn_is_closing(const struct conn *c)
{
    return c->closing;
}

bool conn_is_eof(const struct conn *c)
{
    return c->eof;
}

/* -- time ------------------------------------------------------------------ */

/* The time from the last line after which it is too quiet; 0: never. */
static uint64_t conn_patience(const struct conn *c)
{
    return c->had_line ? c->limits.idle_ms : c->limits.first_ms;
}

static void timer_arm(struct conn *c)
{
    uint64_t patience = conn_patience(c), now = loop_now(c->loop);
    uint64_t left = c->heard_ms + patience;
    struct timeval tv;

    if (!patience)
        return;
    left = left > now ? left - now : 1;
    tv.tv_sec = (time_t)(left / 1000);
    tv.tv_usec = (suseconds_t)(left % 1000) * 1000;
    event_add(&c->timer, &tv);
}

static void conn_timed_out(struct conn *c)
{
    if (c->handler->timeout) {
        c->heard_ms = loop_now(c->loop);
        c->handler->timeout(c, c->arg);
        return;
    }
    conn_error(c,
               c->had_line ? "nothing came for %llu s"
                           : "no whole line came within %llu s",
               (unsigned long long)conn_patience(c) / 1000);
    conn_close(c, c->had_line ? "idle for too long" : "no first line in time");
}

/* Deadlines are kept lazily: lines only note the time, the timer looks. */
static void conn_timer(evutil_socket_t fd, short what, void *arg)
{
    struct conn *c = arg;
    uint64_t patience;

    (void)fd;
    (void)what;
    loop_refresh(c->loop);
    if (c->closing) {
        c->broken = true; /* lingered long enough */
        loop_settle(c->loop, &c->settle);
        return;
    }
    patience = conn_patience(c);
    if (patience && !c->waiting && loop_now(c->loop) >= c->heard_ms + patience)
        conn_timed_out(c);
    if (!c->closing)
        timer_arm(c);
}

/* -- the rest of the interface --------------------------------------------- */

struct conn *conn_new(struct loop *l, int fd, const char *id,
                      const struct conn_limits *limits,
                      const struct conn_handler *handler, void *arg)
{
    struct conn *c = xcalloc(1, sizeof(*c));
    struct event_base *base = loop_base(l);

    c->loop = l;
    c->fd = fd;
    c->handler = handler;
    c->arg = arg;
    c->limits = *limits;
    c->opened_ms = c->heard_ms = loop_now(l);
    c->settle = (struct loop_task){.fn = conn_settle, .arg = c};
    c->later = (struct loop_task){.fn = conn_go_on, .arg = c};
    c->at_free = (struct loop_task){.fn = conn_loop_ends, .arg = c};
    loop_at_free(l, &c->at_free);
    snprintf(c->id, sizeof(c->id), "%s", id);
    line_init(&c->in, limits->line ? limits->line : (size_t)1 << 31);
    event_assign(&c->read_event, base, fd, EV_READ | EV_PERSIST, conn_readable,
                 c);
    event_assign(&c->write_event, base, fd, EV_WRITE, conn_writable, c);
    event_assign(&c->timer, base, -1, 0, conn_timer, c);
    socket_tune(fd);
    peer_write(c);
    timer_arm(c);
    reading_update(c);
    return c;
}

void conn_set_handler(struct conn *c, const struct conn_handler *handler,
                      void *arg)
{
    c->handler = handler;
    c->arg = arg;
}

void conn_set_idle(struct conn *c, uint64_t idle_ms)
{
    c->limits.idle_ms = idle_ms;
    event_del(&c->timer);
    timer_arm(c);
}

void *conn_arg(const struct conn *c)
{
    return c->arg;
}

const char *conn_id(const struct conn *c)
{
    return c->id;
}

const char *conn_peer(const struct conn *c)
{
    return c->peer;
}

struct loop *conn_loop(const struct conn *c)
{
    return c->loop;
}

struct buf *conn_out(struct conn *c)
{
    return &c->out;
}

void conn_flush(struct conn *c)
{
    if (c->broken) {
        buf_reset(&c->out, 0);
        return;
    }
    if (conn_is_full(c))
        c->was_full = true;
    loop_settle(c->loop, &c->settle);
}

size_t conn_queued(const struct conn *c)
{
    return buf_len(&c->out);
}

bool conn_is_full(const struct conn *c)
{
    return c->limits.output && buf_len(&c->out) >= c->limits.output;
}

void conn_set_output(struct conn *c, size_t bytes)
{
    c->limits.output = bytes;
}

void conn_drain_when_empty(struct conn *c)
{
    c->want_empty = true;
    conn_flush(c);
}

void conn_resume(struct conn *c)
{
    c->waiting = false;
    c->heard_ms = loop_now(c->loop);
    if (!c->closing)
        loop_later(c->loop, &c->later);
}

void conn_pause(struct conn *c)
{
    c->paused = true;
    reading_update(c);
}

void conn_unpause(struct conn *c)
{
    c->paused = false;
    if (!c->closing)
        loop_later(c->loop, &c->later);
}

void conn_on_free(struct conn *c, void (*fn)(void *arg), void *arg)
{
    c->on_free = fn;
    c->on_free_arg = arg;
}

void conn_error(struct conn *c, const char *fmt, ...)
{
    va_list args;
    char *text;

    va_start(args, fmt);
    if (vasprintf(&text, fmt, args) < 0)
        text = xstrdup("out of memory");
    va_end(args);
    log_id_info(c->id, "refused: %s", text);
    buf_add_str(&c->out, "error:");
    if (buf_word_quotes(text, strlen(text)))
        buf_add_word(&c->out, text, strlen(text));
    else
        buf_add_fmt(&c->out, " '%s'", text); /* it is always quoted */
    buf_add_char(&c->out, '\n');
    free(text);
    conn_flush(c);
}
