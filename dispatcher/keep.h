/*
 * What of a job and of its tasks is kept over a restart, beside the job's
 * specification (spec.h), its output, and how it went on: the fields of a
 * constant table, written as pairs and read back. A field that is not set is
 * not written; a pair that nobody knows is left out when it is read.
 *
 * A new field that must survive is a row in keep.c; who changes it says so to
 * the store (jobstore_changed(), jobstore_task()).
 *
 * Pure: must not know where it is kept.
 */
#ifndef DISPATCHER_KEEP_H
#define DISPATCHER_KEEP_H

#include <stddef.h>
#include <stdint.h>

#include "dispatcher/job.h"
#include "lib/buf.h"

void keep_write_job(const struct job *j, struct buf *out);
void keep_read_job(struct job *j, const char *text, size_t len);
/* Changes when what would be written does, but for the counts of results. */
uint64_t keep_job_sum(const struct job *j);

/* With how it ended, if it has. */
void keep_write_task(const struct task *t, struct buf *out);
/* Sets the fields only; its state, if the text has one, is returned, for
 * task_set_state(); else that of now. */
enum task_state keep_read_task(struct task *t, const char *text, size_t len);

#endif
