/*
 * One pipe with a job's output: bytes as they come, until its end or, once
 * nobody of the job is left, until what it holds has been read.
 *
 * Must not know whose it is, nor what the bytes mean.
 */
#ifndef MUSTER_WORKER_STREAM_H
#define MUSTER_WORKER_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/loop.h"

struct stream;

struct stream_handler {
    void (*bytes)(struct stream *s, const char *bytes, size_t len);
    /* It is closed; not called from stream_close(). */
    void (*end)(struct stream *s);
};

/* Embedded in its owner; fd is -1 while it is closed. */
struct stream {
    int fd; /* owned */
    struct loop_fd *event;
    const struct stream_handler *handler;
    void *owner;
    char *scratch; /* borrowed: STREAM_READ bytes, shared by all */
    long left;     /* bytes still to be read; -1: till the end */
};

#define STREAM_READ 16384 /* bytes of one turn */

/* Takes over fd, which is non-blocking. */
void stream_open(struct stream *s, struct loop *l, int fd, char *scratch,
                 const struct stream_handler *handler, void *owner);
void stream_close(struct stream *s);
void stream_pause(struct stream *s, bool pause);
/* Nobody of the job writes any more: what is there now is the rest. An outsider
 * may hold the other end open, so its close is not waited for. */
void stream_rest(struct stream *s);

#endif
