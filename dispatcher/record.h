/*
 * Jobs and their hosts in attribute/value pairs, as the wire tells them and as
 * selectors over jobs see them.
 */
#ifndef DISPATCHER_RECORD_H
#define DISPATCHER_RECORD_H

#include "dispatcher/job.h"
#include "lib/attrs.h"

/* How many hosts ended how: what the done line says. */
void record_summary(const struct job *j, struct attrs *out);
/* The job; if not whole, long texts are cut. */
void record_job(const struct job *j, bool whole, struct attrs *out);
/* One of its hosts. */
void record_task(const struct task *t, struct attrs *out);

/* When it begins, and again. */
void record_held(const struct job *j, struct attrs *out);

#endif
