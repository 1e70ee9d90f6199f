/*
 * Jobs that do not begin yet: at a time (.at), after another job (.after), or
 * again and again (.every). The last is a schedule: it stays held, and each of
 * its planned times makes one run, a job of its own that says whose it is and
 * by which planned time; no planned time has two runs.
 *
 * Planned times are those of the wall clock. A timer of that clock, which tells
 * when it is set, wakes us; what is due is worked out anew each time, from the
 * planned time that was settled last, which the store keeps.
 */
#ifndef DISPATCHER_HELD_H
#define DISPATCHER_HELD_H

#include <stdbool.h>
#include <stdint.h>

#include "dispatcher/job.h"

struct dispatch;
struct loop_fd;

/* So late a planned time may be kept without having been missed. */
#define HELD_LATE_MS 60000

struct held {
    unsigned count;  /* jobs that are HELD */
    uint64_t missed; /* planned times, in all */
    int64_t next;    /* when the clock wakes us; 0: not */
    int fd;          /* the timer */
    struct loop_fd *readable;
};

/* What is wrong with a request to begin later, or NULL. */
MUST_CHECK char *held_wrong(struct dispatch *d,
                            const struct dispatch_spec *spec);
/* A new or recovered one; also says when it begins, for its record. */
void held_prepare(struct dispatch *d, struct job *j);
/* Begins it, or a run of it, if it is time. */
void held_look(struct dispatch *d, struct job *j);
/* The clock may have been set: looks at all of them. */
void held_look_all(struct dispatch *d);
/* That job has ended: what waits for it is looked at. */
void held_ended(struct dispatch *d, const struct job *j);

/* A job cannot be kept; of a schedule that is a planned time missed. */
void held_not_stored(struct dispatch *d, const struct job *run,
                     const char *error);
/* It begins, or has ended. */
void held_let_go(struct dispatch *d, struct job *j);

void held_start(struct dispatch *d);
/* While the jobs are still there. */
void held_stop(struct dispatch *d);

#endif
