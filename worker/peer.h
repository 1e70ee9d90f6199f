/*
 * The face that dispatchers dial: one line per request, the lines of their
 * jobs in answer. A dispatcher is known by the name it says hello with, which
 * is what its jobs' names begin with; it sees and touches only those, and has
 * one link: the latest.
 *
 * Must not know how jobs are run.
 */
#ifndef MUSTER_WORKER_PEER_H
#define MUSTER_WORKER_PEER_H

#include <stdbool.h>

#include "lib/listen.h"
#include "worker/job.h"
#include "worker/op.h"

struct peer;

/* What all links share; the program fills it and keeps it. */
struct peers {
    struct jobs *jobs;
    struct op_rules rules;
    const char *host;     /* in the answer to hello */
    const char *instance; /* of this process */
    const char *load;     /* as it was last measured: "0.42" */
    bool draining;        /* no new jobs */
    struct peer *list;
};

/* For listen_add(); its ctx is a struct peers. */
extern const struct listen_face peer_face;

/* For jobs->news: sends what a job has to say, in its turn. */
void peer_news(struct job *j);
/* Once their connections are freed. */
void peers_free(struct peers *ps);
/* A line for every dispatcher: load slots-free N load X. */
void peers_tell_load(struct peers *ps);
/* What a job may use of the slots. */
unsigned peers_slots_free(const struct peers *ps);

#endif
