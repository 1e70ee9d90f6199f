/*
 * life: the life of a job, followed to its end and told to people (host |
 * line, or folded) or to programs (--json). What exec and follow share.
 *
 *   life_begin() --> muster_exec() with life_callbacks() --> life_run()
 *
 * Ctrl-C and TERM are looked after here: interrupt.c. How it is printed:
 * life_print.c.
 */
#ifndef MUSTER_CLI_LIFE_H
#define MUSTER_CLI_LIFE_H

#include <stdbool.h>
#include <stdint.h>

#include "client/cli/cli.h"
#include "client/cli/fold.h"
#include "client/cli/roster.h"
#include "client/cli/interrupt.h"
#include "client/cli/status.h"

struct life {
    struct cli *cli;
    struct muster_exec *exec; /* NULL before and after */
    char *jid;                /* owned; NULL: not submitted yet */
    const char *verb;         /* "exec", "follow" */
    bool detach;              /* --detach: only the jid is wanted */
    struct fold *fold;        /* --group, else NULL */
    struct roster roster;
    struct status status;
    struct interrupt interrupt;
    uint64_t began; /* loop clock */
    /* A line that is open: a part was written, its rest may come. */
    const struct roster_host *open;
    enum muster_stream open_stream;
};

void life_begin(struct life *l, struct cli *cli, const char *verb);
const struct muster_exec_callbacks *life_callbacks(void);
/* Runs until the job's end, or until it was let go: the exit status. exec is
 * what was made with life_callbacks(). */
int life_run(struct life *l, struct muster_exec *exec);
void life_end(struct life *l);

/* Lets go of the job, which goes on: says how to follow it again. */
void life_detach(struct life *l, int status);

#endif
