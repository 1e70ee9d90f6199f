#include "lib/conn.h"

#include <event2/event.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/conn_impl.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/refused.h"

/* -- how many -------------------------------------------------------------- */

static _Thread_local size_t conn_count, conn_most;

size_t conn_fallen(void)
{
    size_t fallen = conn_most - conn_count;

    conn_most = conn_count;
    return fallen;
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
    principal_release(&c->holder);
    tls_session_free(c->tls);
    close(c->fd);
    buf_free(&c->rest);
    line_free(&c->in);
    buf_free(&c->out);
    free(c->reason);
    free(c);
    conn_count--;
}

/* Nobody waits for the gate any more. */
static void conn_gate_end(struct conn *c)
{
    if (c->asking)
        c->gate->gone(c, c->gate_arg);
    c->asking = c->rest_due = false;
    c->gate = NULL;
}

/* Tells the owner once; the rest is between this module and the peer. */
static void conn_tell_closed(struct conn *c)
{
    struct timeval linger = {.tv_sec = CONN_LINGER_MS / 1000};

    c->told = true;
    log_id_debug(c->id, "closed after %.1f s: %s",
                 (double)(loop_now(c->loop) - c->opened_ms) / 1000, c->reason);
    conn_gate_end(c);
    if (c->handler->closed)
        c->handler->closed(c, c->arg, c->reason);
    c->arg = NULL;
    c->linger_left = buf_len(&c->out);
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
        if (c->tls && !conn_tls_close(c))
            return;
        c->shut = true;
        shutdown(c->fd, SHUT_WR);
        line_free(&c->in);
        conn_update_reading(c);
    }
    if (c->broken || (c->shut && c->eof))
        conn_free(c);
}

void conn_free_now(struct conn *c)
{
    conn_gate_end(c);
    conn_write(c);
    if (c->tls && !c->broken && !buf_len(&c->out))
        conn_tls_close(c);
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
    if (c->greeting)
        buf_reset(&c->out, 0); /* it never goes out */
    if (!c->closing) {
        c->closing = true;
        if (vasprintf(&c->reason, fmt, args) < 0)
            c->reason = xstrdup("no memory for the reason");
        conn_update_reading(c);
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

void conn_drop(struct conn *c, const char *fmt, ...)
{
    va_list args;

    conn_write(c);
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

/* -- refusing -------------------------------------------------------------- */

void conn_set_refusals(struct conn *c, struct refusals *counts)
{
    c->refusals = counts;
}

void conn_set_traffic(struct conn *c, struct conn_traffic *traffic)
{
    c->traffic = traffic;
}

void conn_hold(struct conn *c, enum refusal_held what)
{
    if (what == HELD_OUTPUT) {
        if (c->was_full)
            return;
        c->was_full = true;
    }
    if (c->refusals)
        c->refusals->held[what]++;
}

static void refused_text(struct conn *c, enum refusal why, const char *text)
{
    if (c->refusals)
        c->refusals->refused[why]++;
    refused_tell(c->loop, &(struct refused){.id = c->id,
                                            .who = conn_principal(c)->name,
                                            .from = c->peer,
                                            .code = refusal_name(why),
                                            .text = text});
}

void conn_refused(struct conn *c, enum refusal why, const char *fmt, ...)
{
    va_list args;
    char *text;

    va_start(args, fmt);
    text = xvasprintf(fmt, args);
    va_end(args);
    refused_text(c, why, text);
    free(text);
}

/* The line of an error: two words, the text always quoted; or what the face
 * makes of it. */
static void error_line(struct conn *c, enum refusal why, const char *text)
{
    if (c->handler->refused) {
        c->handler->refused(c, c->arg, why, text);
    } else {
        buf_add_str(&c->out, "error:");
        if (buf_word_quotes(text, strlen(text)))
            buf_add_word(&c->out, text, strlen(text));
        else
            buf_add_fmt(&c->out, " '%s'", text);
        buf_add_char(&c->out, '\n');
    }
    conn_flush(c);
}

static void __attribute__((format(printf, 3, 0)))
conn_tell_refusal(struct conn *c, enum refusal why, const char *fmt,
                  va_list args)
{
    char *text = xvasprintf(fmt, args);

    refused_text(c, why, text);
    error_line(c, why, text);
    free(text);
}

void conn_notice(struct conn *c, const char *fmt, ...)
{
    va_list args;
    char *text;

    va_start(args, fmt);
    text = xvasprintf(fmt, args);
    va_end(args);
    log_id_debug(c->id, "told: %s", text);
    error_line(c, REFUSED_REQUEST, text);
    free(text);
}

void conn_refuse(struct conn *c, enum refusal why, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    conn_tell_refusal(c, why, fmt, args);
    va_end(args);
}

void conn_error(struct conn *c, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    conn_tell_refusal(c, REFUSED_REQUEST, fmt, args);
    va_end(args);
}

/* -- on whose behalf ------------------------------------------------------- */

static void conn_revoked(struct principal_holder *h, const char *why)
{
    struct conn *c = container_of(h, struct conn, holder);

    if (!c->closing)
        conn_refuse(c, REFUSED_TOKEN, "%s", why);
    conn_close(c, "%s", why);
}

struct principal *conn_principal(const struct conn *c)
{
    return c->holder.principal;
}

void conn_set_principal(struct conn *c, struct principal *p)
{
    if (p == c->holder.principal)
        return;
    principal_release(&c->holder);
    principal_hold(p, &c->holder);
    if (c->handler->principal && c->arg && !c->closing)
        c->handler->principal(c, c->arg);
}

void conn_set_gate(struct conn *c, const struct conn_gate *gate, void *arg)
{
    c->gate = gate;
    c->gate_arg = arg;
}

void conn_gate_open(struct conn *c)
{
    c->asking = false;
    c->gate = NULL;
    c->rest_due = true;
    if (!c->closing)
        loop_later(c->loop, &c->later);
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
    c->holder.revoked = conn_revoked;
    principal_hold(principal_all(), &c->holder);
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
    sock_tune(fd);
    sock_keepalive(fd, limits->keepalive_s, limits->user_timeout_s);
    sock_peer(fd, c->peer, sizeof(c->peer));
    conn_arm_timer(c);
    conn_update_reading(c);
    if (++conn_count > conn_most)
        conn_most = conn_count;
    return c;
}

void conn_set_handler(struct conn *c, const struct conn_handler *handler,
                      void *arg)
{
    c->handler = handler;
    c->arg = arg;
}

enum conn_verdict conn_drop_line(struct conn *c, void *arg, char *line,
                                 size_t len)
{
    (void)c;
    (void)arg;
    (void)line;
    (void)len;
    return CONN_NEXT;
}

void conn_disown(struct conn *c)
{
    static const struct conn_handler nobody = {.line = conn_drop_line};

    conn_set_handler(c, &nobody, NULL);
}

void conn_set_idle(struct conn *c, uint64_t idle_ms)
{
    c->limits.idle_ms = idle_ms;
    conn_arm_timer(c);
}

void conn_set_first(struct conn *c, uint64_t first_ms)
{
    c->limits.first_ms = first_ms;
    conn_arm_timer(c);
}

void conn_watch_peer(struct conn *c, unsigned seconds)
{
    sock_watch_peer(c->fd, seconds);
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
        conn_hold(c, HELD_OUTPUT);
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

void conn_take_bytes(struct conn *c, uint64_t n)
{
    c->raw = n;
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
    conn_update_reading(c);
}

void conn_unpause(struct conn *c)
{
    c->paused = false;
    c->heard_ms = loop_now(c->loop);
    if (!c->closing)
        loop_later(c->loop, &c->later);
}

void conn_on_free(struct conn *c, void (*fn)(void *arg), void *arg)
{
    c->on_free = fn;
    c->on_free_arg = arg;
}

void conn_on_first_line(struct conn *c, void (*fn)(void *arg))
{
    c->on_first_line = fn;
}
