/*
 * A connection over a socket pair, whose owner writes down all that it is told,
 * and the peer's end in the hands of the test.
 */
#ifndef MUSTER_TEST_CONN_UTIL_H
#define MUSTER_TEST_CONN_UTIL_H

#include <stdbool.h>

#include "lib/buf.h"
#include "lib/conn.h"
#include "t/unit/fake_time.h"

/* What the owner does with a line, by its first letter: see conn_util.c. */
struct owner {
    struct loop *loop;
    struct conn *conn; /* NULL once closed */
    int peer;          /* the other end; -1 once closed */
    struct buf log;    /* "[line]", "eof", "drain", "closed: reason" … */
    bool freed;        /* the socket is closed and the memory gone */
    const char *kill;  /* the call in which the connection is ended */
    bool abort;        /* ... without writing what is queued */
    bool batch_waits;  /* batch_end() says CONN_WAIT, once */
};

extern const struct conn_handler owner_full;  /* has every call but ... */
extern const struct conn_handler owner_http;  /* ... bytes() and hangup() */
extern const struct conn_handler owner_plain; /* only line and closed */
extern const struct conn_handler owner_looks; /* ... and ahead, too_long */

/* limits NULL: none but a line of 100 bytes. */
void owner_open(struct owner *o, const struct conn_handler *handler,
                const struct conn_limits *limits);
/* Frees everything; the connection too, if it is still there. */
void owner_end(struct owner *o);

void peer_send(struct owner *o, const char *text);
/* Closes its sending side, or all of it. */
void peer_half_close(struct owner *o);
void peer_close(struct owner *o);
/* What has come since, and " EOF" if that has; of the test until the next. */
const char *peer_read(struct owner *o);

/* The log since the last call. */
void assert_log(struct owner *o, const char *text);

#endif
