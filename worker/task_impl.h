/*
 * The parts of task.h that its files share.
 */
#ifndef MUSTER_WORKER_TASK_IMPL_H
#define MUSTER_WORKER_TASK_IMPL_H

#include "worker/task.h"

struct task {
    struct tasks *tasks;
    char *group; /* name of its cgroup, if there are any */
    const struct task_handler *handler; /* NULL: released */
    void *arg;
    pid_t monitor; /* 0 once it has been waited for */
    int control;   /* -1: closed */
    struct loop_fd *control_event;
    bool over;     /* its last line was told, or that it is lost */
    bool gone;     /* nobody of the tree is left */
    char *adopted; /* the job's name, of one that is; else NULL */
    struct loop_timer
        *retry; /* the next try to reach an adopted one's monitor */
    unsigned tries;
    char *end; /* what it is to be told when it is reached; NULL: nothing */
    bool end_at_once;
    bool orphaned; /* no monitor, and strays may live */
    struct task *prev, *next;
};

void task_control_close(struct task *t);
/* Takes one message of its monitor. */
void task_readable(void *arg);
/* The spool has the rest of its lines: tells so. */
void task_left(struct task *t);
/* Ends what is left of the trees of monitors that were killed; again, until
 * nobody is. arg is a struct tasks. */
void task_strays_round(void *arg);
/* task_adopt.c: the monitor of one that was adopted has closed its socket. */
void task_adopted_closed(struct task *t);

#endif
