/*
 * A job's processes as the worker sees them: the monitor, the control socket
 * to it, and the pipes with the job's output. Everything here is
 * non-blocking; what happens is told by callbacks.
 *
 *   started ─► ended (nobody of the tree is left) ─► emptied (pipes read out)
 *      └─────► orphaned (the monitor was killed) ─ strays.c ─┘
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

/* The first TASK_OUTPUTS are text, the last is what a plugin reports. */
enum { TASK_STDOUT, TASK_STDERR, TASK_REPORT, TASK_STREAMS };
#define TASK_OUTPUTS 2

struct task_handler {
    void (*output)(void *arg, int stream, const char *bytes, size_t len);
    /* Nobody is left of the tree. report NULL: nobody knows how it ended, the
     * monitor was killed and what was left of the tree had to be, too. */
    void (*ended)(void *arg, const struct monitor_report *report);
    /* Some do not die (told once). */
    void (*stuck)(void *arg, int processes);
    /* All output has been told; the last call. */
    void (*emptied)(void *arg);
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
    char *scratch;                  /* what one read of a pipe takes */
};

/* False, and logged: the worker cannot run tasks. instance names this process;
 * it is kept, not copied. */
bool tasks_init(struct tasks *ts, struct loop *l, const char *instance);
void tasks_free(struct tasks *ts);

/* Starts one; NULL and errno when the system is short of something. spec is
 * borrowed for the call. */
struct task *task_start(struct tasks *ts, const struct child_spec *spec,
                        uint64_t grace_ms, const struct task_handler *handler,
                        void *arg);
/* Reads no more of its output, or goes on. */
void task_pause(struct task *t, bool pause);
/* Ends the tree: TERM, grace, KILL; or KILL at once. */
void task_end(struct task *t, bool at_once);
/* The owner forgets it: no callback comes any more. What still runs is
 * killed. */
void task_release(struct task *t);

#endif
