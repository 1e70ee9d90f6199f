/*
 * Waiting tasks: each stands in the line of its worker, in the line of those
 * that any worker may take, or in that of those whose host is not there yet.
 * A line is in order of submission, so that a worker whose slots many jobs want
 * gives each its turn; a task that its own job's limits hold back is passed by.
 *
 * Pure: must not know links or time; who starts what it names is run.c.
 */
#ifndef DISPATCHER_QUEUE_H
#define DISPATCHER_QUEUE_H

#include "dispatcher/job.h"
#include "dispatcher/worker.h"

struct queue {
    struct task_list any;    /* for any worker */
    struct task_list absent; /* the host is not there (.wait) */
};

void queue_init(struct queue *q);
/* Puts a WAITING task in its line, by its worker and job. */
void queue_add(struct queue *q, struct task *t);
/* Takes it out of its line; the task stays WAITING. */
void queue_remove(struct task *t);
/* The task that this worker should be given next, or NULL. */
struct task *queue_next(struct queue *q, const struct worker *w);

#endif
