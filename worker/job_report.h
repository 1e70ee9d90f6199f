/*
 * What a job's plugin reports, as lines in its journal: results at once,
 * progress the latest now and then, facts to whoever keeps them; and the state
 * that the job ends with.
 *
 * Must not change a job's state.
 */
#ifndef MUSTER_WORKER_JOB_REPORT_H
#define MUSTER_WORKER_JOB_REPORT_H

#include "worker/job.h"

void job_report_init(struct job *j);
void job_report_free(struct job *j);

/* Bytes of descriptor 3 have come. */
void job_report_add(struct job *j, const char *bytes, size_t len);
/* There is progress that has not been told. */
bool job_report_holds(const struct job *j);
void job_report_flush(struct job *j);
/* Nothing more will come. */
void job_report_end(struct job *j);
/* What a process that exited with rc ends with, as the wire has it. */
int job_report_state(const struct job *j, int rc);

#endif
