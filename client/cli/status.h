/*
 * status: one line at the bottom of the terminal that says how a job stands,
 * drawn in place on stderr. It stays away from jobs that end at once, and out
 * of the way of what is printed.
 *
 * It knows how to draw, not what a job is: the owner hands it the text.
 */
#ifndef MUSTER_CLI_STATUS_H
#define MUSTER_CLI_STATUS_H

#include <stdbool.h>

#include "lib/buf.h"
#include "lib/loop.h"

struct status {
    struct loop_timer *timer; /* NULL: off */
    bool due;                 /* the first wait is over */
    bool held;                /* something else has the line */
    bool drawn;               /* it stands on the terminal */
    void (*text)(void *arg, struct buf *out);
    void *arg;
};

void status_begin(struct status *s, struct loop *l,
                  void (*text)(void *arg, struct buf *out), void *arg);
/* Takes it off the terminal, and puts it there again. */
void status_hide(struct status *s);
void status_show(struct status *s);
/* Hidden until let go: a question is being asked. */
void status_hold(struct status *s, bool held);
void status_end(struct status *s);

#endif
