/*
 * What the fuzz targets of ports share: connections to a face inside this
 * process, over socket pairs, with everything that comes back checked to be
 * lines of words.
 */
#ifndef MUSTER_FUZZ_PORT_H
#define MUSTER_FUZZ_PORT_H

#include <stddef.h>
#include <stdint.h>

#include "lib/listen.h"

struct port_conn {
    struct conn *conn; /* NULL once freed */
    int fd;            /* our end; -1 once closed */
    struct buf in;     /* what came and was not yet a line */
};

/* A connection to the face, as if it had been accepted. */
void port_open(struct port_conn *p, struct loop *l,
               const struct listen_face *face, void *ctx);
/* Sends, gives the loop its turns, reads and checks what comes back. */
void port_send(struct port_conn *p, struct loop *l, const void *data,
               size_t len);
/* Sends an input in pieces; its first byte says how long they are. */
void port_feed(struct port_conn *p, struct loop *l, const uint8_t *data,
               size_t size);
/* Reads and checks what has come for this one. */
void port_read(struct port_conn *p);
/* Sends nothing any more, reads the rest, closes. */
void port_close(struct port_conn *p, struct loop *l);
/* Lets the loop run until it has nothing at hand. */
void port_turn(struct loop *l);

#endif
