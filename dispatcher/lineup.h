/*
 * A line of tasks that wait for the same thing: a slot of a worker, a host that
 * is away, any worker of a kind, a lock.
 *
 *   line: levels, one for each priority that is there
 *   level: lanes, one for each submitter, in rotation
 *   lane: tasks in order of submission
 *
 * Who is next: the level with the highest rank, which is its priority and one
 * more for each so long that the oldest of its tasks has waited; in it the
 * submitter whose turn it is; of his the oldest. So none can take the line for
 * himself by asking often, and none waits for ever behind what is urgent.
 *
 * Pure: must not know workers, locks or the clock: time is passed in.
 */
#ifndef DISPATCHER_LINEUP_H
#define DISPATCHER_LINEUP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <uthash.h>

#include "dispatcher/job.h"
#include "lib/mem.h"

/* Whoever has jobs; the same for all of his. */
struct submitter {
    char *name;
    uint64_t id;   /* from 1, of all that ever were */
    uint64_t turn; /* when he was served last, as a count of turns */
    unsigned jobs; /* that point here */
    UT_hash_handle hh;
};

TAILQ_HEAD(level_list, level);

struct lineup {
    struct level_list levels;             /* highest priority first */
    unsigned n;                           /* tasks */
    void (*emptied)(struct lineup *line); /* the last has left; may be NULL */
};

void lineup_init(struct lineup *l, void (*emptied)(struct lineup *line));
/* A WAITING task that is nowhere else; its job has a submitter. */
void lineup_add(struct lineup *l, struct task *t);
/* Takes it out of whichever line it is in. */
void lineup_remove(struct task *t);
/* Its submitter had his turn in that line: others come before him. */
void lineup_served(struct task *t);

/* The line that it is in. */
struct lineup *lineup_of(const struct task *t);

/* The head of a line. */
struct lineup_head {
    struct task *task;
    long long rank;
    uint64_t since; /* when the oldest of its level was submitted, ms */
};

/* ageing_ms: what is worth one of priority; 0: nothing is. False: empty. */
MUST_CHECK bool lineup_peek(const struct lineup *l, uint64_t now,
                            uint64_t ageing_ms, struct lineup_head *out);
/* Any of its tasks, or NULL. */
struct task *lineup_any(const struct lineup *l);
/* All of them, as a list to be freed. */
struct task **lineup_list(const struct lineup *l, unsigned *n);

#endif
