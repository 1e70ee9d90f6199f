/*
 * The parts of spool.h that its two files share: what is asked for on the
 * loop, and the thread that does it.
 */
#ifndef MUSTER_WORKER_SPOOL_IMPL_H
#define MUSTER_WORKER_SPOOL_IMPL_H

#include <pthread.h>

#include "lib/buf.h"
#include "worker/spool.h"

enum spool_what {
    SPOOL_BEGIN,
    SPOOL_KEEP,
    SPOOL_DROP,
    SPOOL_APPEND,
    SPOOL_SYNC,
    SPOOL_REWRITE,
    SPOOL_READ
};

/* Asked for by the loop, done by the thread, told by the loop. */
struct spool_op {
    enum spool_what what;
    char *jid;
    struct buf text; /* a line; lines that were read */
    uint64_t seq, at;
    size_t max;
    int error;
    spool_done_fn *done;
    spool_read_fn *read;
    void *arg; /* NULL: its owner has gone */
    struct spool_op *prev, *next;
};

struct spool {
    struct loop_fd *done_fd;
    int event; /* eventfd: the thread has done something */
    int dir, jobs, lock, journal;
    char instance[9];
    char boot[SPOOL_BOOT_MAX];
    char trouble[128];
    struct spool_op *asked; /* in order; the loop's until they are told */

    pthread_t thread;
    pthread_mutex_t lock_ops;
    pthread_cond_t work;
    /* under the lock */
    struct spool_op *todo, *did;
    bool stop;
    struct spool_counts counts;
    uint64_t length; /* of the journal */

    /* the thread's */
    uint64_t end; /* where the journal is written */
};

/* The thread. */
void *spool_thread(void *arg);

#endif
