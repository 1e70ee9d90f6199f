/*
 * What the load on a job queue knows of the queue's protocol: how a submitter
 * submits a job that does nothing, how a worker takes and ends one. One entry
 * for each kind of server; queue.c has the sockets and the clock.
 */
#ifndef MUSTER_BENCH_QUEUE_H
#define MUSTER_BENCH_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"

struct queue_peer {
    int fd;
    bool worker;
    struct buf in, out;
};

/* What the server has said to it. */
enum queue_said {
    QUEUE_MORE,    /* the rest has not come yet */
    QUEUE_NOTHING, /* nothing that counts */
    QUEUE_TAKEN,   /* the job that it submitted is taken */
    QUEUE_DONE,    /* a job of this worker is done */
    QUEUE_WRONG    /* what cannot be */
};

struct queue_protocol {
    const char *name;
    /* A worker says once that it is one, and asks for a job. */
    void (*work)(struct queue_peer *p);
    void (*submit)(struct queue_peer *p);
    /* Reads one message off p->in and answers it. */
    enum queue_said (*take)(struct queue_peer *p);
};

extern const struct queue_protocol queue_gearman, queue_beanstalk;

#endif
