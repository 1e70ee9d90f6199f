/*
 * The parts of the monitor that its files share.
 */
#ifndef MUSTER_WORKER_MONITOR_IMPL_H
#define MUSTER_WORKER_MONITOR_IMPL_H

#include "worker/channel.h"
#include "worker/ending.h"
#include "worker/exit_line.h"
#include "worker/monitor.h"
#include "worker/output.h"
#include "worker/record.h"

#define REASON_MAX 31 /* bytes of a word for why a job was ended */

struct monitor {
    const struct monitor_setup *setup;
    int control; /* to the worker; -1: it is gone */
    int listen;  /* for the next worker; -1: not yet */
    bool silent; /* that has not said yet which lines it wants */
    int signals; /* signalfd: SIGCHLD, and SIGTERM as the worker's death */
    int failure; /* pipe from the child: a struct child_failure or the end */
    bool unsent; /* the socket is full */
    bool stuck_told;
    struct ending ending;
    struct record record;
    struct output output;
    uint64_t started_us;
    uint64_t timeout_ms; /* when it has run long enough; 0: never */
    uint64_t
        absent_ms; /* since when nobody takes its lines; 0: somebody does */
    char reason[REASON_MAX + 1]; /* of the end; "": nobody asked for it */
    struct job_end end;
    struct buf last; /* the last line, once it is known */
    bool gone_told;
    uint64_t listen_ms; /* when it is tried to listen; 0: never */
};

/* Does what the worker asks. */
void monitor_obey(struct monitor *m, const struct channel_message *order);

static inline bool monitor_has_spool(const struct monitor *m)
{
    return m->setup->spool >= 0;
}

/* monitor_become.c: of a copy of the worker a process of its own. */
void monitor_become(struct monitor *m);

/* -- monitor_spool.c ------------------------------------------------------- */

/* Makes the job's file, and waits for the start. Returns only if it comes. */
void monitor_file_begin(struct monitor *m);
/* The next worker finds it; tried again when the folder is full. */
void monitor_listen(struct monitor *m, uint64_t now);
void monitor_listen_end(const struct monitor *m);
/* A worker has come: the latest one counts. */
void monitor_welcome(struct monitor *m);

#endif
