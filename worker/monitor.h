/*
 * The monitor: a small process between the worker and each job. It forks the
 * job, is its subreaper, so that every orphan of the tree comes to it, waits
 * for all of them, and sees to it that nobody is left before it reports.
 *
 *   running --(main process ended)--> settling --(some left)--> termed
 *      |                                 |                        |
 *      +--(asked to end, worker died)--------------------------> termed
 *                                        |                        | grace
 *   whenever wait() says that nobody is left: reported, gone    killing
 *
 * It is a fork of the worker without an exec, and has nothing of it but the
 * descriptors named in its setup. It writes no log. When the worker dies, by
 * whatever cause, it ends the tree.
 */
#ifndef MUSTER_WORKER_MONITOR_H
#define MUSTER_WORKER_MONITOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "worker/child.h"

/* What the worker may say on the control socket: one byte. */
#define MONITOR_END  'e' /* TERM, grace, KILL */
#define MONITOR_KILL 'k' /* KILL at once */

struct monitor_setup {
    struct child_spec child;
    int control;       /* ours of the socket to the worker */
    int out, err;      /* the job's ends of its pipes */
    int report;        /* and of the one that is its 3; or -1 */
    int null;          /* /dev/null, open for reading and writing */
    int groups;        /* the worker's cgroup directory, or -1 */
    const char *group; /* the job's name in there */
    uint64_t grace_ms; /* from TERM to KILL */
    pid_t worker;
};

enum monitor_word {
    MONITOR_GONE, /* nobody of the tree is left: the last word */
    MONITOR_STUCK /* some live on after KILL (told once) */
};

/* What the monitor says, as one message. */
struct monitor_report {
    enum monitor_word word;
    struct child_failure failure; /* step not empty: it was never started */
    int status;                   /* of the main process, as wait(2) has it */
    bool by_itself;    /* it ended before anybody asked for the end */
    int left;          /* GONE: how many it left behind; STUCK: how many live */
    uint64_t run_usec; /* from its start to its end */
};

void monitor_run(const struct monitor_setup *setup) __attribute__((noreturn));

#endif
