/*
 * Waiting tasks: where each waits, and which one a worker is given next. A task
 * that its own job holds back is in none of these lines but with its job (see
 * job.h); whoever finds it at the head of a line puts it back there, so that
 * nothing is looked at again and again for nothing.
 *
 *   of a worker     it has no free slot, or no link
 *   of a host       nobody of that name is there (.wait)
 *   of a kind       any worker that matches will do: tasks that the same
 *                   workers may take are in one line, whosever they are
 *   of a lock       as many as may do hold it
 *
 * Pure: must not know links; time is passed in. Who starts what it names is
 * start.c.
 */
#ifndef DISPATCHER_QUEUE_H
#define DISPATCHER_QUEUE_H

#include <uthash.h>

#include "dispatcher/job.h"
#include "dispatcher/lineup.h"
#include "dispatcher/worker.h"

/* Tasks of one submitter, with one priority, that the same workers may take. */
struct kind {
    struct queue *queue;
    struct kind_row *row;
    TAILQ_ENTRY(kind) in_row;
    char *key; /* what they have in common */
    struct lineup line;
    uint64_t down_ms; /* since when none of these has a link; 0: one has */
    UT_hash_handle hh;
};

TAILQ_HEAD(kind_list, kind);

/* All kinds of one submitter, with one priority: by the age of their oldest, so
 * that for a worker the first that it may take is the one. */
struct kind_row {
    struct submitter *who;
    int priority;
    struct kind_list kinds;
    TAILQ_ENTRY(kind_row) link;
};

TAILQ_HEAD(kind_rows, kind_row);

/* Tasks for a host that is not there. */
struct absent {
    struct queue *queue;
    char *host;
    struct lineup line;
    UT_hash_handle hh;
};

/* A lock of the whole fleet. */
struct lock {
    struct queue *queue;
    char *name;
    unsigned held; /* tasks that have it */
    struct lineup line;
    bool freed; /* on queue->freed: somebody may have it now */
    TAILQ_ENTRY(lock) in_freed;
    UT_hash_handle hh;
};

TAILQ_HEAD(lock_list, lock);

struct queue {
    uint64_t ageing_ms;
    struct submitter *submitters;
    uint64_t turns, ids;
    struct kind *kinds;
    struct kind_rows rows;
    struct absent *absent;
    struct lock *locks;
    struct lock_list freed;
};

void queue_init(struct queue *q);
/* Before it the jobs are freed. */
void queue_free(struct queue *q);

/* The task is WAITING and nowhere else; it is put in that line. */
void queue_for_worker(struct queue *q, struct worker *w, struct task *t);
void queue_for_host(struct queue *q, struct task *t);
struct kind *queue_for_any(struct queue *q, struct task *t);
/* The line that it would wait in, if others do: then it need not be tried. */
struct kind *queue_kind(struct queue *q, const struct task *t);
/* One for that host, or NULL. */
struct task *queue_absent(struct queue *q, const char *host);

/* The task that this worker should be given next, if its job lets it, or
 * NULL. It stays where it is. */
struct task *queue_next(struct queue *q, const struct worker *w, uint64_t now);
/* It is about to be started there: the turn of its submitter is over. */
void queue_served(struct queue *q, struct worker *w, struct task *t);

/* Takes all locks of the task's job, which it has till it is given back; false,
 * and it waits in that line, if one is not free. */
MUST_CHECK bool queue_lock(struct queue *q, struct task *t);
/* The same, free or not: it has them already (after a restart). */
void queue_lock_anyway(struct queue *q, struct task *t);
void queue_unlock(struct queue *q, struct task *t);
/* One that may have its locks now, taken out of the line; or NULL. */
struct task *queue_unlocked(struct queue *q, uint64_t now);

/* The job waits no more, for anything. */
void queue_forget(struct queue *q, struct job *j);

#endif
