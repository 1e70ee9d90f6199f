/*
 * The inside of a connection, for its parts only: conn.c is its life (open,
 * close), conn_io.c its reading and writing, conn_time.c its deadlines.
 */
#ifndef MUSTER_LIB_CONN_IMPL_H
#define MUSTER_LIB_CONN_IMPL_H

#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/auth/principal.h"
#include "lib/conn.h"
#include "lib/line.h"
#include "lib/sock.h"

#define CONN_ID_MAX 32

struct conn {
    struct loop *loop;
    int fd;
    const struct conn_handler *handler;
    void *arg;
    struct conn_limits limits;
    struct line_reader in;
    struct buf out;
    struct event read_event, write_event, timer;
    struct loop_task settle;        /* flush, close, free */
    struct loop_task later;         /* go on with lines, tell of room */
    struct loop_task at_free;       /* the loop ends first */
    struct principal_holder holder; /* on whose behalf it speaks */
    const struct conn_gate *gate;   /* NULL: none, or it has had its line */
    void *gate_arg;
    struct buf rest;                  /* what the gate left of the first line */
    void (*on_free)(void *arg);       /* for the listener host; may be NULL */
    void (*on_first_line)(void *arg); /* the same */
    void *on_free_arg;
    struct refusals *refusals;    /* of its face; NULL: not counted */
    struct conn_traffic *traffic; /* the same */
    uint64_t opened_ms;
    uint64_t heard_ms;  /* last whole line; opened_ms before the first */
    uint64_t raw;       /* bytes to come that are no lines */
    uint64_t stall_ms;  /* since then stall_left is to be taken; 0: nothing */
    size_t stall_left;  /* bytes of out */
    size_t linger_left; /* bytes of out when told, or last looked at then */
    size_t discarded;   /* bytes thrown away while closing */
    char *reason;       /* why it is closed; set once */
    char id[CONN_ID_MAX];
    char peer[SOCK_PEER_MAX];
    struct tls_session *tls; /* NULL: plain text */
    struct pace *pace;       /* of handshakes; borrowed, may be NULL */
    bool greeting;           /* the handshake of TLS is not done */
    bool greet_due;          /* a step of it waits for its turn */
    bool looked_at;          /* something came, and was looked at */
    bool tls_failed;         /* nothing more can be said in TLS */
    bool read_wants_write;   /* reading waits until the socket can be written */
    bool reading;            /* read_event is added */
    bool waiting;            /* the handler said CONN_WAIT */
    bool paused;
    bool asking;   /* the gate said CONN_GATE_LATER ... */
    bool rest_due; /* ... and has opened: rest is the next line */
    bool eof;      /* the peer has closed its side */
    bool eof_told;
    bool hangup_told;
    bool had_line;
    bool want_empty; /* drain() is owed when nothing is queued */
    bool was_full;   /* drain() is owed */
    bool handling;   /* lines are being handled now */
    bool closing;    /* conn_close() or conn_abort() was called */
    bool told;       /* closed() was called */
    bool shut;       /* our side is shut down, the peer's rest discarded */
    bool broken;     /* the socket failed, or nothing more is written */
};

/* conn.c */

/* Makes it wait for room, or for its next turn. */
void conn_hold(struct conn *c, enum refusal_held what);

/* conn_time.c */

/* The timer looks at the next of its deadlines: quiet for too long, nothing
 * taken for too long, a half-closed peer that may be gone. */
void conn_arm_timer(struct conn *c);
/* libevent's callback. */
void conn_timer(evutil_socket_t fd, short what, void *arg);

/* conn_tls.c */

/* A step of the handshake. */
void conn_greet(struct conn *c);
void conn_greet_timeout(struct conn *c);
/* As read(2) and send(2) of what is queued; EPROTO: tls_error() says why. */
ssize_t conn_tls_read(struct conn *c, char *to, size_t room);
ssize_t conn_tls_write(struct conn *c);
/* Says that no more comes. False: again when the socket can be written. */
bool conn_tls_close(struct conn *c);

/* conn_io.c */

/* libevent's callbacks. */
void conn_readable(evutil_socket_t fd, short what, void *arg);
void conn_writable(evutil_socket_t fd, short what, void *arg);
/* In a turn of its own: there is room again, or lines were left over. */
void conn_go_on(void *arg);
/* Writes what the socket takes. */
void conn_write(struct conn *c);
/* Reads on or not, as everything that speaks for or against it says now. */
void conn_update_reading(struct conn *c);

#endif
