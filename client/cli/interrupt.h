/*
 * interrupt: Ctrl-C and TERM while a job is followed. On a terminal the first
 * Ctrl-C asks what to do about the job, with its output held back:
 *
 *   following --Ctrl-C--> asking --o--> following
 *                           |---d--> detached
 *                           '---c or Ctrl-C--> cancelling --Ctrl-C--> detached
 *
 * Elsewhere it cancels at once. TERM and HUP always detach.
 */
#ifndef MUSTER_CLI_INTERRUPT_H
#define MUSTER_CLI_INTERRUPT_H

#include <stdbool.h>
#include <termios.h>

#include "lib/loop.h"

struct life;

struct interrupt {
    struct life *life;
    struct loop_signal *sigint, *sigterm, *sighup;
    int tty;             /* the terminal, or -1 */
    struct loop_fd *key; /* while asking */
    struct termios was;  /* the terminal's mode, to be put back */
    bool asking;
    bool cancelling;
};

void interrupt_begin(struct interrupt *i, struct life *life, struct loop *l);
void interrupt_end(struct interrupt *i);

#endif
