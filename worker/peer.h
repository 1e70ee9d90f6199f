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
#include "lib/body.h"
#include "worker/job.h"
#include "worker/op.h"

/* A dispatcher's link. */
struct peer {
    struct peers *peers;
    struct conn *conn;
    char name[JID_INSTANCE_MAX + 1]; /* "": it has not said hello */
    char *front; /* the host behind this worker that it means; NULL: this one */
    struct job *ready; /* those with lines to send, in turn */
    struct loop_task pump;
    struct body body; /* of a request that is coming */
    bool load_owed;   /* it was too slow for the last load line */
    bool ops_owed;    /* its next load line tells of the operations */
    struct peer *prev, *next;
};

/* What all links share; the program fills it and keeps it. */
struct peers {
    struct jobs *jobs;
    struct op_rules rules;
    const char *host;     /* in the answer to hello */
    const char *instance; /* of this process */
    const char *load;     /* as it was last measured: "0.42" */
    uint64_t body_max;    /* longest body of a request, bytes */
    bool draining;        /* no new jobs */
    /* An operator drains it, for seconds (0: until he ends that), or, reason
     * NULL, no more. NULL, or why not (free()). */
    char *(*drain)(void *arg, const char *reason, uint64_t seconds);
    void *arg;
    struct peer *list;
};

/* For listen_add(); its ctx is a struct peers. */
extern const struct listen_face peer_face;

/* It has said who it is; an older link of that name ends. */
void peer_greeted(struct peer *p, const char *name, size_t len);
/* What applies to what it asks for; valid as long as it is. */
struct op_rules peer_rules(const struct peer *p);
/* Sends the job's lines behind seq, here and nowhere else; of one that is
 * already forgotten its last line. False: it never had a line seq. */
MUST_CHECK bool peer_send_from(struct peer *p, struct job *j, uint64_t seq);
/* For jobs->news: sends what a job has to say, in its turn. */
void peer_news(struct job *j);
/* For jobs->begun: answers whoever asked for it, if he is there. */
void peer_begun(struct job *j, const char *why);
/* Once their connections are freed. */
void peers_free(struct peers *ps);
/* A line for every dispatcher: load slots-free N load X; with ops A,B in it
 * when the operations are others than before. */
void peers_tell_load(struct peers *ps);
void peers_tell_ops(struct peers *ps);
/* What a job may use of the slots. */
unsigned peers_slots_free(const struct peers *ps);

#endif
