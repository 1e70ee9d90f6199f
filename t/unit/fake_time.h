/*
 * Time for tests of what runs on the loop: it stands still until the test says
 * that some has passed, and then the timers fire that are due. A program that
 * uses it is linked with WRAP_TIME (Makefile.am): calls of clock_gettime() and
 * event_add(), event_del(), event_pending() in our code come here. What
 * libevent does by itself (the resolver) has its own time.
 */
#ifndef MUSTER_TEST_FAKE_TIME_H
#define MUSTER_TEST_FAKE_TIME_H

#include <stdint.h>

#include "lib/loop.h"

/* Lets the loop run until nothing is left to do at this moment. */
void turns(struct loop *l);
/* Time passes; timers fire in their order, each followed by turns(). */
void time_passes(struct loop *l, uint64_t ms);
/* Somebody sets the wall clock: whole seconds, in ms. */
void wall_steps(int64_t ms);
/* Timers that are set. */
unsigned timers_set(void);
/* How many have fired. */
unsigned timers_fired(void);

#endif
