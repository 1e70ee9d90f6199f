/*
 * A job's processes as the worker sees them: the monitor, and the socket to
 * it. Everything here is non-blocking; what happens is told by callbacks.
 *
 *   started ─► gone (nobody of the tree is left) ─► last (its lines are told)
 *      │                                     └──────► left (the spool has them)
 *      └─────► orphaned (the monitor was killed) ──► lost
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
#include "worker/spool.h"

struct task_handler {
    /* With a spool: its file is there, task_go() starts it; or, with errno, it
     * can never start: the last call. NULL is fine without one. */
    void (*ready)(void *arg, int error);
    /* Whole lines of its record; last: with the last one of all, after which
     * nothing more is told. */
    void (*lines)(void *arg, const char *lines, size_t len, bool last);
    /* Nobody is left of the tree, and lines are still to come; this, without
     * LF, will be the last. */
    void (*gone)(void *arg, const char *line, size_t len);
    /* The monitor has gone well: the spool has the rest. The last call. */
    void (*left)(void *arg);
    /* Nobody is left of the tree, and nobody knows how it ended: the monitor
     * was killed, and what was left of the tree had to be, too. The last
     * call. */
    void (*lost)(void *arg);
    /* Some do not die (told once). */
    void (*stuck)(void *arg, int processes);
    /* It has found out something about this host. */
    void (*fact)(void *arg, const char *attr, const char *value);
    /* Of one that was adopted: its monitor is there, and so many lines. */
    void (*hello)(void *arg, uint64_t last);
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
    struct spool *spool; /* borrowed; NULL: tasks die with the worker */
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
/* The monitor of a job that an earlier worker started. */
struct task *task_adopt(struct tasks *ts, const char *jid,
                        const struct task_handler *handler, void *arg);
/* Its id is safe: it may start. */
void task_go(struct task *t);
/* Of one that was adopted: it tells the lines behind that number. */
void task_from(struct task *t, uint64_t seq);
/* The dispatcher has all lines before that offset: more may come. */
void task_acked(struct task *t, uint64_t offset);
/* Whether a dispatcher takes its lines now. */
void task_peer(struct task *t, bool present);
/* Ends the tree: TERM, grace, KILL; or KILL at once. */
void task_end(struct task *t, const char *reason, bool at_once);
/* The owner forgets it: no callback comes any more. What still runs is
 * ended, but with a spool. */
void task_release(struct task *t);

#endif
