/*
 * The listener host: it accepts connections for the faces that plug into it,
 * within bounds, and pauses with back-off when descriptors run short.
 *
 * Where TLS is spoken a face hears of a connection once the handshake is done.
 * Handshakes cost, so they are bounded apart: in number, by the oldest giving
 * way whose peer keeps it waiting; and in a turn of the loop, the others taking
 * theirs in the next ones.
 *
 * Must not know what a face speaks.
 */
#ifndef MUSTER_LIB_LISTEN_H
#define MUSTER_LIB_LISTEN_H

#include <stddef.h>

#include "lib/addr.h"
#include "lib/conn.h"
#include "lib/loop.h"
#include "lib/mem.h"

/* What a face gives the host: constant. */
struct listen_face {
    const char *name; /* "new": in the log, in ready words, as setting */
    struct conn_handler handler;
    /* A connection has come; returns the arg of its handler calls. */
    void *(*open)(struct conn *c, void *ctx);
    /* Writes all that a connection is told which is not taken. NULL: a line
     * `error: 'message'`. */
    void (*refusal)(char *text, size_t size, const char *why);
    /* It is bound to that address: what has to be there beside it (datagrams
     * on the same port) is made now. False, and errno: it cannot be; where the
     * kernel chose the port it chooses another. NULL: there is nothing. */
    bool (*beside)(const struct addr *bound, void *ctx);
};

/* Bounds shared by all listeners of a daemon; 0 means none. */
struct listen_limits {
    struct conn_limits conn;
    unsigned handshakes;              /* of TLS, under way at once */
    unsigned handshakes_per_turn;     /* steps of them in a turn of the loop */
    unsigned connections;             /* in all */
    unsigned connections_per_address; /* from one peer address */
};

/* Who says on whose behalf a connection speaks: constant. */
struct listen_auth {
    /* Until it has shown a token; local: its peer is on this machine. */
    struct principal *(*anonymous)(void *arg, bool local);
    /* Who has shown a certificate with that name; NULL: nobody. */
    struct principal *(*certified)(void *arg, const char *name);
    struct conn_gate gate;
};

struct listen_host;

struct listen_host *listen_host_new(struct loop *l,
                                    const struct listen_limits *limits);
/* For connections to come; without it everybody may do everything. */
void listen_host_auth(struct listen_host *h, const struct listen_auth *auth,
                      void *arg);
/* What addresses of TLS speak it with; borrowed. Before the first of them. */
void listen_host_tls(struct listen_host *h, struct tls *tls);
/* New bounds for connections to come (reload). */
void listen_host_limits(struct listen_host *h,
                        const struct listen_limits *limits);
/*
 * Listens on addr for face; ctx goes to its open(). Port 0 asks the kernel.
 * "*" listens on every address. Returns NULL or an error text (free()): what
 * could not be bound, why, what to do.
 */
MUST_CHECK char *listen_add(struct listen_host *h,
                            const struct listen_face *face,
                            const struct addr *addr, void *ctx);
/* The words for ready_fd: "new 127.0.0.1:40123 find …" appended to out. */
void listen_ready_words(struct listen_host *h, struct buf *out);
/* The address face listens on (first one), or NULL. */
const struct addr *listen_face_addr(struct listen_host *h, const char *face);
/* Stops accepting; connections stay. */
void listen_host_stop(struct listen_host *h);
/* Closes every connection with that reason; its face is told in the settling
 * step, what is queued is still written. */
void listen_host_close_all(struct listen_host *h, const char *reason);
/* Frees all; what is still open is closed, and its face not told. NULL is
 * fine. */
void listen_host_free(struct listen_host *h);
unsigned listen_host_count(const struct listen_host *h);
/* Connections there may be at once. */
unsigned listen_host_most(const struct listen_host *h);
/* NULL, or why nobody is accepted at the moment (static). */
const char *listen_host_paused(const struct listen_host *h);

#endif
