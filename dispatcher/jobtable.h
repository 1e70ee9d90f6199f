/*
 * The jobs of a store that are in memory: found by id, in order of submission,
 * and the oldest ended ones let go when there are too many. Both stores have
 * one.
 *
 * Pure: must not know where else they are kept; time is passed in.
 */
#ifndef DISPATCHER_JOBTABLE_H
#define DISPATCHER_JOBTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dispatcher/job.h"

TAILQ_HEAD(job_list, job);

struct jobtable {
    struct job *by_jid;
    struct job_list jobs; /* in order of submission */
    unsigned n_ended;
    size_t size; /* of all jobs and their output, bytes of memory */
    /* Before one that was evicted or is too old is freed; or NULL. */
    void (*forget)(void *arg, struct job *j);
    void *arg;
};

void jobtable_init(struct jobtable *t);
/* Frees all of them. */
void jobtable_clear(struct jobtable *t);
/* Takes it over, in its order; below: it comes before that one, or NULL. */
void jobtable_add(struct jobtable *t, struct job *j, struct job *below);
/* Frees it. */
void jobtable_drop(struct jobtable *t, struct job *j);
/* What it takes of memory has changed. */
void jobtable_recount(struct jobtable *t, struct job *j);
struct job *jobtable_find(const struct jobtable *t, const char *jid);

/* Nobody reads it and it has ended: it may be let go. */
bool jobtable_may_go(const struct job *j);
/* Lets the oldest ended job go; false: there is none that may. */
bool jobtable_evict(struct jobtable *t, const char *why);
/* Lets all go that ended so long ago. */
void jobtable_age(struct jobtable *t, uint64_t now_ms, uint64_t age_ms);

#endif
