/*
 * The rules of routing: whether a task may start now, which worker is the
 * better one for a job that takes any, when a job stops.
 *
 *   .parallel  at most so many tasks of the job are at workers
 *   .per       at most so many at workers that share the attribute's value;
 *              workers that lack it share "no value"
 *   .fail      no new task starts once failures > the limit
 *
 * A percentage is of the whole set of hosts, rounded down; a .parallel that
 * comes to 0 is 1.
 *
 * Pure arithmetic over jobs and workers; chance is passed in.
 */
#ifndef DISPATCHER_ROUTE_H
#define DISPATCHER_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "dispatcher/job.h"
#include "dispatcher/worker.h"

/* The amount in hosts, of n; UINT_MAX if it is not set. */
unsigned route_amount(const struct dispatch_amount *a, unsigned n);

/* True once more have failed than .fail allows. */
bool route_is_stopped(const struct job *j);
/* True if the job's limits let this task start now. */
bool route_may_start(const struct job *j, const struct task *t);

/* NULL if that many matching workers will do, or why not (free()). */
char *route_count_wrong(const struct dispatch_spec *spec, unsigned matching);

/* Whether a job for any worker may go to this one, slot or not. */
bool route_is_candidate(const struct task *t, const struct worker *w);

/* The best of those considered: the smallest share of its slots is taken, then
 * the lower load in whole numbers, then chance. Begin with all zero. */
struct route_choice {
    struct worker *best;
    unsigned ties;
};
void route_consider(struct route_choice *c, struct worker *w, uint32_t chance);

#endif
