/*
 * What a plugin reports on its descriptor 3 (report.h) becomes lines of the
 * job's record, facts about the host, and the state that the job ends with. Of
 * progress only the latest is told.
 *
 * Must not know pipes.
 */
#ifndef MUSTER_WORKER_OUTPUT_REPORT_H
#define MUSTER_WORKER_OUTPUT_REPORT_H

#include "worker/output.h"

/* Bytes of descriptor 3 have come. */
void output_report_add(struct output *o, const char *bytes, size_t len);
/* There is progress that has not been told. */
bool output_report_holds(const struct output *o);
void output_report_flush(struct output *o);
/* Nothing more will come. */
void output_report_end(struct output *o);
/* What a process that exited with rc ends with, as the wire has it. */
int output_report_state(const struct output *o, int rc);

#endif
