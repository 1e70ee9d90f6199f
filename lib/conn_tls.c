#include <ctype.h>
#include <errno.h>
#include <event2/event.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/conn_impl.h"
#include "lib/log.h"

/* Said to those who speak plain text to us; they can read it. */
#define PLAIN_TEXT "error: 'this port speaks TLS: dial it as tls!HOST!PORT'\n"

/* -- the handshake --------------------------------------------------------- */

void conn_start_tls(struct conn *c, struct tls_session *s, struct pace *pace)
{
    c->tls = s;
    c->pace = pace;
    c->greeting = !tls_is_open(s);
    conn_arm_timer(c);
    conn_update_reading(c);
}

bool conn_is_secure(const struct conn *c)
{
    return c->tls && !c->greeting;
}

const char *conn_peer_name(const struct conn *c, unsigned i)
{
    return c->tls ? tls_peer_name(c->tls, i) : NULL;
}

bool conn_greets_idly(const struct conn *c)
{
    return c->greeting && !c->greet_due;
}

/* Nobody has heard of this connection yet: there is one line in the log. */
static void greet_failed(struct conn *c, const char *why)
{
    conn_refused(c, REFUSED_HANDSHAKE, "%s (from %s)", why, c->peer);
    c->tls_failed = true;
    buf_reset(&c->out, 0);
    conn_close(c, "%s", why);
}

void conn_greet_timeout(struct conn *c)
{
    conn_refused(c, REFUSED_HANDSHAKE, "no handshake of TLS in time (from %s)",
                 c->peer);
    conn_abort(c, "no handshake of TLS in time");
}

/* Somebody types, or a client was told of the wrong port. */
static bool plain_text_came(struct conn *c)
{
    unsigned char first;

    if (c->looked_at || recv(c->fd, &first, 1, MSG_PEEK) != 1)
        return false;
    c->looked_at = true;
    if (!isprint(first) && !isspace(first))
        return false;
    if (send(c->fd, PLAIN_TEXT, strlen(PLAIN_TEXT),
             MSG_NOSIGNAL | MSG_DONTWAIT) > 0)
        greet_failed(c, "plain text came to a port of TLS; it was told so");
    else
        greet_failed(c, "plain text came to a port of TLS");
    return true;
}

static void greeted(struct conn *c)
{
    const char *name = tls_peer_name(c->tls, 0);

    c->greeting = false;
    c->heard_ms = loop_now(c->loop);
    conn_arm_timer(c); /* now it is the first line that counts */
    log_id_debug(c->id, "%s with %s%s%s", tls_version(c->tls), c->peer,
                 name ? ", who is " : "", name ? name : "");
    if (c->handler->secured)
        c->handler->secured(c, c->arg);
    conn_flush(c);
    conn_update_reading(c);
}

void conn_greet(struct conn *c)
{
    c->greet_due = false;
    if (c->closing || plain_text_came(c))
        return;
    if (c->pace && !pace_take(c->pace)) {
        c->greet_due = true;
        loop_later(c->loop, &c->later);
        return;
    }
    switch (tls_handshake(c->tls)) {
    case TLS_DONE: greeted(c); break;
    case TLS_WANT_READ: break;
    case TLS_WANT_WRITE: event_add(&c->write_event, NULL); break;
    case TLS_EOF:
    case TLS_FAILED: greet_failed(c, tls_error(c->tls)); break;
    }
}

/* -- reading and writing --------------------------------------------------- */

ssize_t conn_tls_read(struct conn *c, char *to, size_t room)
{
    enum tls_result result;
    size_t n = 0;

    result = tls_read(c->tls, to, room, &n);
    if (tls_holds_output(c->tls)) /* new keys were agreed on */
        event_add(&c->write_event, NULL);
    switch (result) {
    case TLS_DONE: return (ssize_t)n;
    case TLS_EOF: return 0;
    case TLS_WANT_WRITE:
        c->read_wants_write = true;
        conn_update_reading(c);
        break;
    case TLS_WANT_READ: break;
    case TLS_FAILED:
        c->tls_failed = true;
        errno = EPROTO;
        return -1;
    }
    errno = EAGAIN;
    return -1;
}

ssize_t conn_tls_write(struct conn *c)
{
    size_t n = 0;

    switch (tls_write(c->tls, buf_data(&c->out), buf_len(&c->out), &n)) {
    case TLS_DONE: return (ssize_t)n;
    case TLS_WANT_WRITE: errno = EAGAIN; return -1;
    case TLS_WANT_READ: /* only ever in a handshake */
    case TLS_EOF:
    case TLS_FAILED: break;
    }
    c->tls_failed = true;
    errno = EPROTO;
    return -1;
}

bool conn_tls_close(struct conn *c)
{
    if (c->greeting || c->tls_failed || tls_close(c->tls) != TLS_WANT_WRITE)
        return true;
    event_add(&c->write_event, NULL);
    return false;
}
