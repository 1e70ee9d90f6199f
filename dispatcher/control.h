/*
 * What may be done to jobs beside ending them: pausing and resuming, of one or
 * of all, and running one again where it did not end well. Faces know the
 * calls of dispatcher.h; this is for the core.
 */
#ifndef DISPATCHER_CONTROL_H
#define DISPATCHER_CONTROL_H

struct dispatch;

/* Paused as the store knows: after a restart. */
void control_recover(struct dispatch *d);

#endif
