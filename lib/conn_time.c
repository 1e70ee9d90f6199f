#include <event2/event.h>

#include "lib/conn_impl.h"

#define CONN_LOOK_MS 5000 /* a half-closed peer is looked at so often */

/* The time from the last line after which it is too quiet; 0: never. */
static uint64_t conn_patience(const struct conn *c)
{
    if (c->greeting)
        return c->limits.greet_ms;
    return c->had_line ? c->limits.idle_ms : c->limits.first_ms;
}

static uint64_t sooner(uint64_t a, uint64_t since, uint64_t patience)
{
    return patience && since + patience < a ? since + patience : a;
}

void conn_arm_timer(struct conn *c)
{
    uint64_t now = loop_now(c->loop), at = UINT64_MAX, left;
    struct timeval tv;

    if (c->told)
        return; /* it is the time it may linger that counts */
    at = sooner(at, c->heard_ms, conn_patience(c));
    if (c->stall_ms)
        at = sooner(at, c->stall_ms, c->limits.stalled_ms);
    if (c->eof)
        at = sooner(at, now, CONN_LOOK_MS);
    if (at == UINT64_MAX) {
        event_del(&c->timer);
        return;
    }
    left = at > now ? at - now : 1;
    tv.tv_sec = (time_t)(left / 1000);
    tv.tv_usec = (suseconds_t)(left % 1000) * 1000;
    event_add(&c->timer, &tv);
}

static void conn_timed_out(struct conn *c)
{
    if (c->greeting) {
        conn_greet_timeout(c);
        return;
    }
    if (c->handler->timeout) {
        c->heard_ms = loop_now(c->loop);
        c->handler->timeout(c, c->arg);
        return;
    }
    if (c->had_line)
        conn_refuse(c, REFUSED_IDLE, "nothing came for %llu s",
                    (unsigned long long)conn_patience(c) / 1000);
    else
        conn_refuse(c, REFUSED_FIRST_LINE, "no whole line came within %llu s",
                    (unsigned long long)conn_patience(c) / 1000);
    conn_close(c, c->had_line ? "idle for too long" : "no first line in time");
}

/* What the peer does not take cannot tell it why. */
static bool conn_stalled(struct conn *c)
{
    uint64_t patience = c->limits.stalled_ms;

    if (!c->stall_ms || !patience || loop_now(c->loop) < c->stall_ms + patience)
        return false;
    conn_refused(c, REFUSED_STALLED, "%zu bytes were not taken in %llu s",
                 c->stall_left, (unsigned long long)patience / 1000);
    conn_abort(c, "it did not take what waited for it");
    return true;
}

/* A peer that has closed its side may have gone since: only the error that its
 * kernel answers a keepalive probe with tells, and that ends no wait. */
static bool conn_peer_gone(struct conn *c)
{
    if (!c->eof || !sock_is_dead(c->fd))
        return false;
    conn_abort(c, "the peer closed the connection");
    return true;
}

/* Part of what is still written was taken since it was last looked: it may
 * well be we who were not scheduled for so long. */
static bool conn_lingers(struct conn *c)
{
    static const struct timeval linger = {.tv_sec = CONN_LINGER_MS / 1000};

    if (!buf_len(&c->out) || c->broken || conn_stalled(c))
        return false;
    conn_write(c);
    if (c->broken || buf_len(&c->out) >= c->linger_left)
        return false;
    c->linger_left = buf_len(&c->out);
    event_add(&c->timer, &linger);
    loop_settle(c->loop, &c->settle);
    return true;
}

/* Deadlines are kept lazily: lines only note the time, the timer looks. */
void conn_timer(evutil_socket_t fd, short what, void *arg)
{
    struct conn *c = arg;
    uint64_t patience;

    (void)fd;
    (void)what;
    loop_refresh(c->loop);
    if (c->closing && conn_lingers(c))
        return;
    if (c->closing) {
        c->broken = true; /* lingered long enough */
        loop_settle(c->loop, &c->settle);
        return;
    }
    if (conn_stalled(c) || conn_peer_gone(c))
        return;
    patience = conn_patience(c);
    if (c->waiting || c->paused || c->asking || c->eof)
        c->heard_ms = loop_now(c->loop); /* it may well be quiet */
    else if (patience && loop_now(c->loop) >= c->heard_ms + patience)
        conn_timed_out(c);
    if (!c->closing)
        conn_arm_timer(c);
}
