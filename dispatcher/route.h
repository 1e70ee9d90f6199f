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
/* True if the job's limits let one of its tasks start now; this one, which has
 * its own group of .per. */
bool route_job_may(const struct job *j);
bool route_may_start(const struct job *j, const struct task *t);

/* The pause before the attempt after so many retries: between half of a bound
 * and all of it, which begins with first, doubles, and is never above most. */
uint64_t route_backoff(unsigned n, uint64_t first, uint64_t most,
                       uint32_t chance);

/* NULL if that many matching workers will do, or why not (free()). */
char *route_count_wrong(const struct dispatch_spec *spec, unsigned matching);

/* Whether that host had it before and is not to get it again. */
bool route_has_tried(const struct task *t, const char *host);
/* Whether a job for any worker may go to this one, slot or not. */
bool route_is_candidate(const struct task *t, const struct worker *w);

/* The best of those considered: the smallest share of its slots is taken, then
 * the lower load in whole numbers, then chance: of equal ones that with the
 * highest route_score() under this seed, so that a pick can be repeated. */
struct route_choice {
    uint32_t seed;
    struct worker *best;
    unsigned ties; /* as good as the best, itself too */
};
void route_consider(struct route_choice *c, struct worker *w);
/* False if it is worse than the best: it need not be considered. */
bool route_may_win(const struct route_choice *c, const struct worker *w);
uint64_t route_score(uint32_t seed, const struct worker *w);

#endif
