/*
 * watchdog: tells systemd that the loop turns (WatchdogSec=). It is told by a
 * timer of that loop and by nothing else: a loop that hangs tells nothing, and
 * the daemon is ended and started again.
 *
 * It must not know what the loop is for.
 */
#ifndef MUSTER_LIB_WATCHDOG_H
#define MUSTER_LIB_WATCHDOG_H

#include "lib/loop.h"

struct watchdog;

/* At once, and then twice in the time that systemd waits. NULL if it does not
 * wait. After notify_begin(). */
struct watchdog *watchdog_new(struct loop *l);
void watchdog_free(struct watchdog *w); /* NULL is fine */

#endif
