/*
 * The end of a worker, in order: no new jobs; running ones may end by
 * themselves; then they are ended; their results may be fetched; gone. A second
 * signal skips what is left of the waiting, but never leaves a tree behind.
 *
 * Must not know how jobs are ended.
 */
#ifndef MUSTER_WORKER_DRAIN_H
#define MUSTER_WORKER_DRAIN_H

struct worker;

/* SIGTERM: the first time no new jobs, the second the end of all. arg is the
 * struct worker. */
void drain_signal(void *arg);
/* SIGUSR1: gone at once; with a spool jobs go on, and the next worker finds
 * them. arg is the struct worker. */
void drain_leave(void *arg);
/* Jobs have come or gone: what it waits for may have happened. */
void drain_check(struct worker *w);

#endif
