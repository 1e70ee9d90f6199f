/*
 * The monitor: a small process between the worker and each job. It forks the
 * job, is its subreaper, so that every orphan of the tree comes to it, waits
 * for all of them, and sees to it that nobody is left before it reports
 * (ending.h). It reads what the job writes (output.h), keeps it (record.h) and
 * tells the worker (channel.h); it knows the job's deadlines, which are those
 * of the monotonic clock.
 *
 * It is a fork of the worker without an exec, and has nothing of it but the
 * descriptors named in its setup. It writes no log. When the worker dies, by
 * whatever cause, it ends the tree; with a spool it goes on instead, and waits
 * for another worker at JID.sock in there. As long as it lives it holds a lock
 * on the job's file: nothing else tells whether it does.
 */
#ifndef MUSTER_WORKER_MONITOR_H
#define MUSTER_WORKER_MONITOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "worker/child.h"

struct monitor_setup {
    struct child_spec child;
    int control;             /* ours of the socket to the worker */
    int null;                /* /dev/null, open for reading and writing */
    int groups;              /* the worker's cgroup directory, or -1 */
    const char *group;       /* the job's name in there */
    const struct mask *mask; /* of its secrets; NULL: it has none */
    size_t part;             /* longest text of one line, bytes */
    uint64_t most;           /* bytes of text that it may write; 0: any */
    size_t window;           /* bytes of lines that wait for the dispatcher */
    /* ms; of the last three 0 is for ever */
    uint64_t grace_ms;   /* from TERM to KILL */
    uint64_t timeout_ms; /* it runs so long */
    uint64_t idle_ms;    /* it says nothing for so long */
    uint64_t abandon_ms; /* it waits for a dispatcher to come back */
    pid_t worker;
    /* with a spool */
    int spool;      /* the folder of the jobs' files; -1: there is none */
    const char *op; /* what is written of the job there, and … */
    const char *by;
    const char *boot;
    size_t spool_size; /* … bytes that the file may hold */
};

void monitor_run(const struct monitor_setup *setup) __attribute__((noreturn));

#endif
