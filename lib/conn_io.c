#include <errno.h>
#include <event2/event.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/conn_impl.h"

#define CONN_READ     16384 /* bytes asked for by one read */
#define CONN_AHEAD    65536 /* held beyond the longest line: whole ones */
#define CONN_SHARERS  64    /* so many have all of their lines in one turn */
#define CONN_OUT_KEEP 4096  /* an idle connection's output keeps no more */
/* Bytes of a closed one's input thrown away: more than a body that is refused
 * for its length has where its sender does not know better. */
#define CONN_DISCARD 4194304

static void conn_lines(struct conn *c);

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

/* Whether to read on: not while enough is held that nobody takes, nor when
 * lines come faster than their turns. */
void conn_update_reading(struct conn *c)
{
    bool stuck = c->waiting || c->paused || c->asking || c->was_full ||
                 line_pending(&c->in) > c->in.max + CONN_AHEAD;

    reading_set(
        c, !c->eof && !c->broken && !c->read_wants_write &&
               (c->shut || (!c->closing && !(stuck && line_pending(&c->in)))));
    if (c->tls && c->reading && tls_holds_more(c->tls))
        loop_later(c->loop, &c->later); /* the socket tells nothing of that */
}

/* The socket failed: nothing can be told to the peer any more. */
static void conn_failed(struct conn *c, int error)
{
    c->broken = true;
    buf_reset(&c->out, 0);
    conn_close(c, "%s",
               error == EPROTO && c->tls ? tls_error(c->tls)
               : error == ECONNRESET || error == EPIPE
                   ? "the peer closed the connection"
                   : strerror(error));
    loop_settle(c->loop, &c->settle);
}

/* After our last byte: what the peer still sends is thrown away, so that the
 * kernel does not reset the connection before that byte is read. */
static void conn_discard(struct conn *c)
{
    char trash[16384];
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

/* False: nothing came. */
static bool conn_read(struct conn *c)
{
    size_t room;
    char *at = line_room(&c->in, CONN_READ, &room);
    ssize_t n = c->tls ? conn_tls_read(c, at, room) : read(c->fd, at, room);

    if (n < 0) {
        if (errno != EAGAIN && errno != EINTR)
            conn_failed(c, errno);
        return false;
    }
    if (n == 0)
        c->eof = true;
    if (c->traffic)
        c->traffic->bytes_in += (size_t)n;
    line_fed(&c->in, (size_t)n);
    if (c->later.queued)
        conn_update_reading(c); /* it has had its turn, and has the next one */
    else
        conn_lines(c);
    return true;
}

void conn_readable(evutil_socket_t fd, short what, void *arg)
{
    struct conn *c = arg;

    (void)fd;
    (void)what;
    loop_refresh(c->loop);
    if (c->shut)
        conn_discard(c);
    else if (!c->greeting)
        conn_read(c);
    else if (!c->greet_due)
        conn_greet(c);
}

/* The line is the handler's, or what the gate leaves of it is. */
static enum conn_verdict hand_over(struct conn *c, char *line, size_t len)
{
    const struct conn_gate *gate = c->gate;
    enum conn_gate_verdict v;

    if (gate == NULL)
        return c->handler->line(c, c->arg, line, len);
    v = gate->line(c, c->gate_arg, line, len, &c->rest);
    if (v == CONN_GATE_LATER) {
        c->asking = true;
        return CONN_NEXT;
    }
    c->gate = NULL;
    if (c->closing)
        return CONN_NEXT;
    if (v == CONN_GATE_PASS)
        return c->handler->line(c, c->arg, line, len);
    c->rest_due = true;
    return CONN_NEXT;
}

/* The gate is open, and this is what it left of the first line; it stays as it
 * is until the batch ends. */
static void handle_rest(struct conn *c)
{
    size_t len = buf_len(&c->rest);

    c->rest_due = false;
    if (!len)
        return;
    buf_add_char(&c->rest, '\0');
    if (c->handler->line(c, c->arg, buf_data(&c->rest), len) == CONN_WAIT)
        c->waiting = true;
}

/* Something has come that is handled. */
static void heard(struct conn *c)
{
    c->heard_ms = loop_now(c->loop);
    if (c->had_line)
        return;
    c->had_line = true;
    conn_arm_timer(c); /* now it is the idle time that counts */
    if (c->on_first_line)
        c->on_first_line(c->on_free_arg);
}

static void handle(struct conn *c, enum line_result got, char *line, size_t len)
{
    enum conn_verdict v = CONN_NEXT;

    if (c->traffic)
        c->traffic->lines++;
    heard(c);
    if (got == LINE_GOT)
        v = hand_over(c, line, len);
    else if (c->handler->too_long)
        v = c->handler->too_long(c, c->arg);
    else {
        conn_refuse(c, REFUSED_LINE, "line too long: at most %zu bytes",
                    c->limits.line);
        conn_close(c, "line too long");
    }
    if (v == CONN_WAIT)
        c->waiting = true;
}

static bool conn_may_handle(const struct conn *c)
{
    return !c->waiting && !c->paused && !c->asking && !c->closing &&
           !c->was_full;
}

/* The next piece of what is no line. */
static enum line_result handle_bytes(struct conn *c)
{
    size_t len;
    char *bytes =
        line_bytes(&c->in, c->raw < SIZE_MAX ? (size_t)c->raw : SIZE_MAX, &len);

    if (!len)
        return LINE_NONE;
    c->raw -= len;
    heard(c);
    if (c->handler->bytes(c, c->arg, bytes, len) == CONN_WAIT)
        c->waiting = true;
    return LINE_GOT;
}

/* The next line, or piece of other bytes; LINE_NONE if there is none. */
static enum line_result handle_next(struct conn *c)
{
    enum line_result got;
    char *line = NULL;
    size_t len = 0;

    if (c->rest_due) {
        handle_rest(c);
        return LINE_GOT;
    }
    if (c->raw)
        return handle_bytes(c);
    got = line_next(&c->in, c->eof, &line, &len);
    if (got != LINE_NONE)
        handle(c, got, line, len);
    return got;
}

/* The owner may look ahead at the lines at hand, a batch of them at a time. */
static void look_ahead(struct conn *c)
{
    const char *bytes;
    size_t len;

    if (c->gate || c->rest_due || c->raw)
        return;
    bytes = line_peek(&c->in, &len);
    if (len)
        c->handler->ahead(c, c->arg, bytes, len);
}

/* The peer sends no more. */
static void tell_eof(struct conn *c)
{
    if (c->waiting) {
        if (!c->hangup_told && c->handler->hangup) {
            c->hangup_told = true;
            c->handler->hangup(c, c->arg);
        }
    } else if (conn_may_handle(c)) {
        c->eof_told = true;
        if (c->handler->eof)
            c->handler->eof(c, c->arg);
        else
            conn_close(c, "the peer closed the connection");
    }
}

/* conn_is_full(), for each line. */
static inline bool is_full(const struct conn *c)
{
    return c->limits.output && buf_len(&c->out) >= c->limits.output;
}

/* So many lines it may have handled in this turn: fewer where many have much,
 * so that a turn is not as long as all of theirs together. */
static unsigned lines_now(const struct conn *c)
{
    unsigned most = c->limits.lines_a_turn, crowd = loop_crowd(c->loop);

    if (!most)
        return ~0u;
    if (crowd <= CONN_SHARERS || most <= CONN_BATCH)
        return most;
    most = most * CONN_SHARERS / crowd;
    return most > CONN_BATCH ? most : CONN_BATCH;
}

/* Handles the lines at hand, as many as one turn allows. */
static void conn_lines(struct conn *c)
{
    unsigned most = lines_now(c), n;
    enum line_result got = LINE_NONE;
    bool any = false;

    if (c->handling)
        return;
    c->handling = true;
    for (n = 0; conn_may_handle(c) && n < most; n++) {
        if (n % CONN_BATCH == 0 && c->handler->ahead)
            look_ahead(c);
        got = handle_next(c);
        if (got == LINE_NONE)
            break;
        any = true;
        if (is_full(c))
            conn_hold(c, HELD_OUTPUT);
    }
    if (c->handler->batch_end && !c->closing &&
        c->handler->batch_end(c, c->arg) == CONN_WAIT)
        c->waiting = true;
    if (is_full(c))
        conn_hold(c, HELD_OUTPUT);
    c->handling = false;
    if (n >= CONN_BATCH)
        loop_was_busy(c->loop);
    if (c->traffic && any)
        histogram_add(&c->traffic->busy, loop_elapsed(c->loop));
    if (!c->rest_due && !c->asking && c->rest.data)
        buf_free(&c->rest);
    if (conn_may_handle(c) && got != LINE_NONE) {
        conn_hold(c, HELD_TURN);
        loop_later(c->loop, &c->later);
    } else if (c->eof && !c->eof_told && !c->closing) {
        tell_eof(c);
        conn_arm_timer(c); /* it looks whether that one is still there */
    }
    line_settle(&c->in);
    conn_update_reading(c);
}

/* -- writing --------------------------------------------------------------- */

static bool conn_owes_drain(const struct conn *c)
{
    return (c->was_full && buf_len(&c->out) <= c->limits.output / 2) ||
           (c->want_empty && !buf_len(&c->out));
}

/* What waits now is to be taken in time: however it is read, a byte now and
 * then or not at all, a queue is held for no longer than that. */
static void conn_must_take(struct conn *c)
{
    if (c->stall_ms || !c->limits.stalled_ms)
        return;
    c->stall_ms = loop_now(c->loop);
    c->stall_left = buf_len(&c->out);
    conn_arm_timer(c);
}

static void conn_took(struct conn *c, size_t len)
{
    if (c->stall_left > len) {
        c->stall_left -= len;
        return;
    }
    c->stall_ms = buf_len(&c->out) ? loop_now(c->loop) : 0;
    c->stall_left = buf_len(&c->out);
}

/* TLS may hold some of what went out of the buffer, or a word of its own. */
static bool conn_has_output(const struct conn *c)
{
    return buf_len(&c->out) || (c->tls && tls_holds_output(c->tls));
}

void conn_write(struct conn *c)
{
    ssize_t n;

    while (conn_has_output(c) && !c->broken && !c->greeting) {
        n = c->tls ? conn_tls_write(c)
                   : send(c->fd, buf_data(&c->out), buf_len(&c->out),
                          MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN) {
            event_add(&c->write_event, NULL);
            conn_must_take(c);
            break;
        }
        if (n < 0) {
            conn_failed(c, errno);
            return;
        }
        buf_consume(&c->out, (size_t)n);
        if (c->traffic)
            c->traffic->bytes_out += (size_t)n;
        if (c->stall_ms)
            conn_took(c, (size_t)n);
    }
    if (!buf_len(&c->out))
        buf_reset(&c->out, CONN_OUT_KEEP);
    if (conn_owes_drain(c))
        loop_later(c->loop, &c->later);
}

void conn_writable(evutil_socket_t fd, short what, void *arg)
{
    struct conn *c = arg;

    (void)fd;
    (void)what;
    loop_refresh(c->loop);
    if (c->greeting && !c->greet_due)
        conn_greet(c);
    if (c->read_wants_write) {
        c->read_wants_write = false;
        conn_update_reading(c);
        if (c->reading)
            conn_readable(c->fd, EV_READ, c);
    }
    conn_write(c);
    if (c->closing)
        loop_settle(c->loop, &c->settle);
}

void conn_go_on(void *arg)
{
    struct conn *c = arg;

    if (c->closing)
        return;
    loop_refresh(c->loop);
    if (c->greet_due) {
        conn_greet(c);
        return;
    }
    if (conn_owes_drain(c)) {
        c->was_full = c->want_empty = false;
        if (c->handler->drain)
            c->handler->drain(c, c->arg);
        if (conn_is_full(c))
            conn_hold(c, HELD_OUTPUT);
    }
    /* where TLS holds nothing to read it is the turn of what is held here */
    if (!c->tls || !c->reading || !tls_holds_more(c->tls) || c->shut ||
        c->greeting || !conn_read(c))
        conn_lines(c);
}
