/*
 * A job's processes as the worker sees them: the monitor, and the socket to
 * it. Everything here is non-blocking; what happens is told by callbacks.
 *
 *   started ─► gone (nobody of the tree is left) ─► last (its lines are told)
 *      └─────► orphaned (the monitor was killed) ─► lost
 *
 * Must not know the wire, nor what a job is.
 */
#ifndef MUSTER_WORKER_TASK_H
#define MUSTER_WORKER_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "lib/loop.h"
#include "worker/monitor.h"

struct task_handler {
    /* Whole lines of its record; last: with the last one of all, after which
     * nothing more is told. */
    void (*lines)(void *arg, const char *lines, size_t len, bool last);
    /* Nobody is left of the tree, and lines are still to come; this, without
     * LF, will be the last. */
    void (*gone)(void *arg, const char *line, size_t len);
    /* Nobody is left of the tree, and nobody knows how it ended: the monitor
     * was killed, and what was left of the tree had to be, too. The last
     * call. */
    void (*lost)(void *arg);
    /* Some do not die (told once). */
    void (*stuck)(void *arg, int processes);
    /* It has found out something about this host. */
    void (*fact)(void *arg, const char *attr, const char *value);
};

struct task;

/* The tasks of a worker. */
struct tasks {
    struct loop *loop;
    struct task *list; /* until its monitor has been waited for */
    struct loop_signal *sigchld;
    struct loop_timer *stray_timer; /* the next round of killing them */
    int groups;                     /* cgroup directory, or -1 */
    const char *instance;           /* of the worker, in names of groups */
    unsigned others;                /* that were no jobs, in names, too */
    int null;                       /* /dev/null */
    char *scratch;                  /* what one message takes */
    pid_t *left;                    /* by jobs on purpose: no strays */
    size_t left_count;
};

/* False, and logged: the worker cannot run tasks. instance names this process;
 * it is kept, not copied. */
bool tasks_init(struct tasks *ts, struct loop *l, const char *instance);
void tasks_free(struct tasks *ts);

/* Starts one; NULL and errno when the system is short of something. setup is
 * borrowed for the call; its descriptors, group and worker are set here. One
 * that is no job has no child.jid, and `-` stands for that in its lines. */
struct task *task_start(struct tasks *ts, const struct monitor_setup *setup,
                        const struct task_handler *handler, void *arg);
/* The dispatcher has all lines before that offset: more may come. */
void task_acked(struct task *t, uint64_t offset);
/* Whether a dispatcher takes its lines now. */
void task_peer(struct task *t, bool present);
/* Ends the tree: TERM, grace, KILL; or KILL at once. */
void task_end(struct task *t, const char *reason, bool at_once);
/* The owner forgets it: no callback comes any more. What still runs is
 * ended. */
void task_release(struct task *t);

#endif
