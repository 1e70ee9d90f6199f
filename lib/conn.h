/*
 * One stream connection, accepted or dialled: lines come in, bytes go out.
 *
 *   open --(eof, close asked)--> closing --(output out, or deadline)--> closed
 *
 * Input is half duplex where the owner wants it: a handler that answers
 * CONN_WAIT stops the reading until conn_resume(). Output is capped by the
 * owner, which looks at conn_queued() and stops producing above its bound
 * (on_drain says when there is room again); reading stops by itself while more
 * than the bound is queued. Writing happens in the settling step. A closed
 * connection is freed there too, never inside a callback.
 *
 * On whose behalf it speaks is its principal: that of listen.h at first; its
 * first line may show a token and make it another (the gate).
 *
 * Where TLS is spoken a handshake comes before everything, and what is said of
 * the socket here holds for what it carries: eof is the peer's close_notify,
 * and a socket that ends without one has failed.
 *
 * Must not know words, services, jobs. Together with loop.c, dial.c and
 * listen.c the only place that knows libevent and sockets.
 */
#ifndef MUSTER_LIB_CONN_H
#define MUSTER_LIB_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/loop.h"
#include "lib/pace.h"
#include "lib/refusal.h"
#include "lib/tls.h"

struct conn;
struct principal;

#define CONN_BATCH 32

enum conn_verdict {
    CONN_NEXT, /* go on with the next line */
    CONN_WAIT  /* no further line until conn_resume() */
};

/* What the owner of a connection is told. Any but line may be NULL. */
struct conn_handler {
    /* The handshake of TLS is done; nothing else comes before that, but
     * closed(). */
    void (*secured)(struct conn *c, void *arg);
    /* A line, NUL-terminated and writable; valid during the call. */
    enum conn_verdict (*line)(struct conn *c, void *arg, char *line,
                              size_t len);
    /* Before lines are handled, and after each CONN_BATCH of them: what is at
     * hand, whole lines and the beginning of one that is still coming. Nothing
     * of it is taken; for owners that prepare for several together. */
    void (*ahead)(struct conn *c, void *arg, const char *bytes, size_t len);
    /* The lines that could be handled now are; they are still valid: for owners
     * that do several together. */
    enum conn_verdict (*batch_end)(struct conn *c, void *arg);
    /* Some of the bytes that conn_take_bytes() asked for; valid during the
     * call. Only for who asks for them. */
    enum conn_verdict (*bytes)(struct conn *c, void *arg, const char *bytes,
                               size_t len);
    /* A line over the bound came (its rest is being drained). NULL: the
     * connection is closed with "line too long". */
    enum conn_verdict (*too_long)(struct conn *c, void *arg);
    /* The peer will send no more. NULL: the connection is closed. */
    void (*eof)(struct conn *c, void *arg);
    /* It was seen while CONN_WAIT holds that the peer will send no more: either
     * it has gone, or it only waits for its answer. eof() comes later. */
    void (*hangup)(struct conn *c, void *arg);
    /* What was queued has fallen to half of the bound or below. */
    void (*drain)(struct conn *c, void *arg);
    /* The first line has not come in time, or nothing for too long. NULL:
     * closed with that reason. */
    void (*timeout)(struct conn *c, void *arg);
    /* It is refused something: says so in its own way. NULL: a line `error:
     * 'message'`. */
    void (*refused)(struct conn *c, void *arg, enum refusal why,
                    const char *text);
    /* Another principal speaks from now on (conn_set_principal()). */
    void (*principal)(struct conn *c, void *arg);
    /* It is closed: the last call for this connection; forget it. reason says
     * why, for the log. */
    void (*closed)(struct conn *c, void *arg, const char *reason);
};

enum conn_gate_verdict {
    CONN_GATE_PASS, /* the line is for the handler as it is */
    CONN_GATE_REST, /* what was put into rest is; nothing, if that is empty */
    CONN_GATE_LATER /* the same, once conn_gate_open() is called */
};

/* Who looks at the first line before the handler does: constant. It may close
 * the connection; then nothing of the line is handled. */
struct conn_gate {
    enum conn_gate_verdict (*line)(struct conn *c, void *arg, const char *line,
                                   size_t len, struct buf *rest);
    /* After CONN_GATE_LATER: it ends before conn_gate_open(). */
    void (*gone)(struct conn *c, void *arg);
};

/* What passes through the connections of one face; counted, never reset. */
struct conn_traffic {
    uint64_t lines, bytes_in, bytes_out;
    struct histogram busy; /* seconds for the lines that came together */
};

/* Bounds of a connection; 0 means none. */
struct conn_limits {
    size_t line;           /* longest line, bytes */
    size_t output;         /* bytes queued before reading stops */
    unsigned lines_a_turn; /* lines handled before others get their turn */
    uint64_t greet_ms;     /* time for the handshake of TLS */
    uint64_t first_ms;     /* time in which the first line must be complete */
    uint64_t idle_ms;      /* time without a line after which it is closed; time
                              of CONN_WAIT or conn_pause() does not count */
    uint64_t stalled_ms;   /* time in which the peer must take what waits for it
                              at its beginning */
    unsigned keepalive_s;  /* time after which a peer is found that vanished
                              without a word; 0: as conn_watch_peer() says */
    unsigned user_timeout_s; /* time in which what was sent must be confirmed;
                                0: the kernel's */
};

/*
 * Takes over fd (non-blocking, connected). id names it in the log ("new#12",
 * copied). The handler must stay valid.
 */
struct conn *conn_new(struct loop *l, int fd, const char *id,
                      const struct conn_limits *limits,
                      const struct conn_handler *handler, void *arg);

/* By how much this thread has fewer connections than it had at most since the
 * last call: what they took is free, but not yet given back to the system. */
size_t conn_fallen(void);

/* On whose behalf it speaks; who may do everything unless that was set. */
struct principal *conn_principal(const struct conn *c);
/* From now on it speaks for p, which is held; the handler is told. Revoked, p
 * takes the connection with it. */
void conn_set_principal(struct conn *c, struct principal *p);
/* Before its first line. */
void conn_set_gate(struct conn *c, const struct conn_gate *gate, void *arg);
void conn_gate_open(struct conn *c);

/*
 * TLS from here on: right after conn_new(), before anything came or went. Takes
 * over s; a handshake that was not made yet is made by the connection, as fast
 * as pace allows (NULL: at once). A fault of it is logged, and closes.
 */
void conn_start_tls(struct conn *c, struct tls_session *s, struct pace *pace);
/* True once TLS protects what is said; false for plain text. */
bool conn_is_secure(const struct conn *c);
/* The names in the peer's verified certificate, from 0; NULL: there are no
 * more. */
const char *conn_peer_name(const struct conn *c, unsigned i);
/* In the handshake, and it is the peer's turn. */
bool conn_greets_idly(const struct conn *c);

/* A peer that vanishes without a word is found in two minutes; from here on
 * within so many seconds. Nothing on a unix socket. */
void conn_watch_peer(struct conn *c, unsigned seconds);

/* Changes the handler, as when a connection turns out to be another kind. */
void conn_set_handler(struct conn *c, const struct conn_handler *handler,
                      void *arg);
/* A handler's line() where nothing that comes is of any use. */
enum conn_verdict conn_drop_line(struct conn *c, void *arg, char *line,
                                 size_t len);
/* Its owner has given it up, and closes it: what still comes is dropped, and
 * nobody is told anything. */
void conn_disown(struct conn *c);
/* Another bound on quiet time (0: none), as when a connection has become one
 * that only listens. */
void conn_set_idle(struct conn *c, uint64_t idle_ms);
/* Another one on the time until the first line. */
void conn_set_first(struct conn *c, uint64_t first_ms);
void *conn_arg(const struct conn *c);
const char *conn_id(const struct conn *c);
/* The peer as text: "127.0.0.1:40123" or "unix". */
const char *conn_peer(const struct conn *c);
struct loop *conn_loop(const struct conn *c);

/* The output buffer to write to; call conn_flush() afterwards. */
struct buf *conn_out(struct conn *c);
/* Asks for the output to be written in the settling step. */
void conn_flush(struct conn *c);
/* Bytes that wait to be written; over its bound or not. */
size_t conn_queued(const struct conn *c);
bool conn_is_full(const struct conn *c);

/* Another bound on what is queued, and a call of drain() also as soon as
 * nothing is queued any more: for owners that add only when all has been read.
 */
void conn_set_output(struct conn *c, size_t bytes);
void conn_drain_when_empty(struct conn *c);

/* The next n bytes are no lines: they go to bytes(), as they come. From within
 * line() or bytes(), while CONN_WAIT holds, or before anything has come: then
 * the first of them stand for the first line, and no gate looks at them. */
void conn_take_bytes(struct conn *c, uint64_t n);

/* Goes on reading after CONN_WAIT. */
void conn_resume(struct conn *c);
/* Stops and starts reading, on top of the half duplex (flow control). */
void conn_pause(struct conn *c);
void conn_unpause(struct conn *c);

/* Counts what is refused from now on, and where it has to wait. */
void conn_set_refusals(struct conn *c, struct refusals *counts);
/* Counts what passes through from now on. */
void conn_set_traffic(struct conn *c, struct conn_traffic *traffic);
/* Writes one line `error: 'message'` (or what handler.refused() makes of it),
 * and counts it. */
void conn_refuse(struct conn *c, enum refusal why, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* A refusal that the peer cannot be told in such a line, or is told in another
 * way: it is counted, logged and audited like the others. */
void conn_refused(struct conn *c, enum refusal why, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Writes such a line where nothing was refused: what the peer had is over. */
void conn_notice(struct conn *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* The same for a request that is wrong in itself (REFUSED_REQUEST). */
void conn_error(struct conn *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Freed by itself after closed(), or with its loop (closed() is not called
 * then: the loop is the last thing a program frees).
 *
 * Ends it: what is queued is still written, as long as the peer takes some of
 * it every CONN_LINGER_MS; closed() is called from the settling step.
 * Idempotent: the first reason stands. No line is handled after it.
 */
void conn_close(struct conn *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* The same, but nothing that is queued is written. */
void conn_abort(struct conn *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* The same, but what the socket takes at once is written. Not from its own
 * handler. */
void conn_drop(struct conn *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Ends it without telling anybody: what the socket takes at once is written.
 * Only when its owner is freed as well, and never from its own handler. */
void conn_free_now(struct conn *c);
bool conn_is_closing(const struct conn *c);
/* True if the peer has closed its side. */
bool conn_is_eof(const struct conn *c);

/* fn is called when the socket is closed and c freed (closed() came before):
 * for the listener host's accounts. */
void conn_on_free(struct conn *c, void (*fn)(void *arg), void *arg);
/* The same when its first whole line has come; arg is that of on_free. */
void conn_on_first_line(struct conn *c, void (*fn)(void *arg));

#define CONN_LINGER_MS 5000

#endif
