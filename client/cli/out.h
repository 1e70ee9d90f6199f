/*
 * out: standard output. Plainly it waits for its reader, as programs do. After
 * out_begin_async() it never waits: what the reader does not take is kept, and
 * above a bound the producer is told to stop until there is room again.
 *
 * A reader that is gone ends the program quietly, by SIGPIPE as everybody
 * expects; on_broken() goes before, to let go of what must not be torn.
 */
#ifndef MUSTER_CLI_OUT_H
#define MUSTER_CLI_OUT_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"
#include "lib/loop.h"

#define OUT_BOUND (256 * 1024) /* bytes kept before the producer must stop */

struct out {
    int fd;
    bool tty;
    bool failed;          /* it could not be written to; told once */
    struct buf buf;       /* not yet written */
    struct loop *loop;    /* when async; else NULL */
    struct loop_fd *room; /* tells when the reader takes more; NULL: a file */
    bool waiting;         /* room is on */
    bool stopped;         /* on_full was called, on_room not yet */
    struct loop_task flush;
    void (*on_full)(void *arg);
    void (*on_room)(void *arg);
    void (*on_broken)(void *arg);
    /* around what is written, to take a status line out of its way */
    void (*before)(void *arg);
    void (*after)(void *arg);
    void *arg;
};

void out_init(struct out *o, int fd);
/* From now on writes happen after each turn of the loop. Set the functions. */
void out_begin_async(struct out *o, struct loop *l);

/* Where to add bytes; call out_flush() or out_push() after. */
struct buf *out_buf(struct out *o);
/* Something was added: written when it is much, or (async) after this turn. */
void out_push(struct out *o);
/* Writes all of it, waiting as long as it takes. */
void out_flush(struct out *o);
void out_end(struct out *o);

#endif
