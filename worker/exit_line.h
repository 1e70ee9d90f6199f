/*
 * The last line of a job: how it ended.
 *
 *   exit JID SEQ RC state N reason R [attr value]…
 *
 * Pure. Must not know how that was found out.
 */
#ifndef MUSTER_WORKER_EXIT_LINE_H
#define MUSTER_WORKER_EXIT_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/buf.h"
#include "worker/child.h"

struct job_end {
    struct child_failure failure; /* step not empty: it was never started */
    int status;                   /* of the main process, as wait(2) has it */
    int state;          /* what that is for the dispatcher; -1: as usual */
    const char *reason; /* who ended it ("cancelled"); NULL: by itself */
    const char *why;    /* more about it; NULL: nothing */
    bool lost;          /* nobody knows how it ended: why says why */
    bool adopted;       /* it outlived the worker that started it */
    uint64_t cut;       /* bytes of its output that no disk could take */
    int left;           /* how many processes it left behind */
    uint64_t run_usec;  /* from its start to its end */
};

/* Writes it, without its LF. */
void exit_line_write(struct buf *out, const char *jid, uint64_t seq,
                     const struct job_end *e);

#endif
