/*
 * Plans: the set of hosts that a request would run on, shown under an id, so
 * that what was looked at is what is run. A run by a plan (.plan ID) has the
 * plan's target, and is refused with the difference if that means other hosts
 * by then.
 *
 * Plans are kept in memory: at most PLANS_MAX, the oldest goes first, and none
 * longer than PLAN_LIFE_MS. A run that was submitted has its hosts with it.
 */
#ifndef DISPATCHER_PLAN_H
#define DISPATCHER_PLAN_H

#include <sys/queue.h>

#include "dispatcher/dispatcher.h"
#include "dispatcher/job.h"

#define PLANS_MAX    1000
#define PLAN_LIFE_MS (60 * 60 * 1000)

struct plan;
TAILQ_HEAD(plan_list, plan);

struct plans {
    struct plan_list list; /* oldest first */
    unsigned count;
};

void plans_init(struct plans *p);
void plans_free(struct plans *p);

/* Gives a request by a plan its target and its hosts. NULL, or why not. */
MUST_CHECK char *plan_apply(struct dispatch *d, struct dispatch_spec *spec);
/* NULL if a job by a plan would run on its hosts now, or how they differ. */
MUST_CHECK char *plan_wrong(struct dispatch *d, const struct job *j);

#endif
