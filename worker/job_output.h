/*
 * What a job says, as lines in its journal: output as it comes, and the one
 * line of its end. Keeps the bound on output that no dispatcher has yet.
 *
 * Must not change a job's state.
 */
#ifndef MUSTER_WORKER_JOB_OUTPUT_H
#define MUSTER_WORKER_JOB_OUTPUT_H

#include "worker/job.h"

void job_output_init(struct job *j);
void job_output_free(struct job *j);

/* WORD JID SEQ of the next line: write the rest, then job_output_line_end(). */
struct buf *job_output_line(struct job *j, const char *word);
void job_output_line_end(struct job *j);

/* Bytes of a stream have come. */
void job_output_add(struct job *j, int stream, const char *bytes, size_t len);
/* Pauses the reading when too much waits for the dispatcher, and goes on when
 * there is room. */
void job_output_pace(struct job *j);
/* The job has ended: tells the rest of its output, then its exit line, which
 * it also returns without LF, owned by the caller. */
char *job_output_end(struct job *j);

#endif
