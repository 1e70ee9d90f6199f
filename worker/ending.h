/*
 * How a job's tree is ended, so that nobody is left of it:
 *
 *   running --(main process ended)--> settling --(some left)--> termed
 *      |                                 |                        |
 *      +--(asked to end, orphaned)------------------------------> termed
 *                                        |                        | grace
 *   whenever wait() says that nobody is left: over             killing
 *
 * A tree that leaves others behind is over once it has settled, unless its end
 * was asked for.
 *
 * The process that calls this is the tree's subreaper and waits for all of it.
 *
 * Must not know why it is ended, nor who asks.
 */
#ifndef MUSTER_WORKER_ENDING_H
#define MUSTER_WORKER_ENDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "worker/tree.h"

enum ending_phase {
    ENDING_NOT, /* the main process runs, nobody asked */
    ENDING_SETTLING,
    ENDING_TERMED,
    ENDING_KILLING
};

struct ending {
    enum ending_phase phase;
    pid_t main;        /* the main process; 0 once it has been waited for */
    int group;         /* the job's cgroup, or -1 */
    uint64_t grace_ms; /* from TERM to KILL */
    bool leaves;       /* whom the main process leaves behind is not ended */
    bool over;         /* … and that is so now */
    bool asked;        /* somebody wanted the end before it came by itself */
    bool stuck;        /* they have been killed for long, and live */
    int left;          /* how many the main process left behind */
    int alive;         /* how many the last look found */
    uint64_t at_ms;    /* when ending_step() is due; 0: never */
    uint64_t killing_ms;
    uint64_t pause_ms; /* after the next round of killing */
    struct tree tree;
};

/* The main process has been waited for. */
void ending_main_ended(struct ending *e, uint64_t now);
/* TERM to all, or KILL at once. */
void ending_ask(struct ending *e, uint64_t now, bool at_once);
/* No more grace than a second. */
void ending_hurry(struct ending *e, uint64_t now);
/* What is due is done. */
void ending_step(struct ending *e, uint64_t now);
/* The children of this process that are left, into pids: how many; at most
 * max. */
size_t ending_children(pid_t *pids, size_t max);

#endif
