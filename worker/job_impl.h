/*
 * The parts of job.h that its files share.
 */
#ifndef MUSTER_WORKER_JOB_IMPL_H
#define MUSTER_WORKER_JOB_IMPL_H

#include "worker/exit_line.h"
#include "worker/job.h"

enum job_event {
    BEGUN,     /* its id is safe, and its monitor has been let go */
    END_ASKED, /* by a dispatcher, a deadline, the drain */
    TREE_GONE, /* nobody of its tree is left */
    EMPTIED,   /* all its lines are in the journal, or in the spool */
    FETCHED,   /* the dispatcher has its exit line, or it is dropped */
    JOB_EVENTS
};

extern const struct task_handler job_task_handler;

struct job *job_new(struct jobs *js, const char *jid);
void job_free(struct job *j);
void job_step(struct job *j, enum job_event event);
/* Puts it among those that are kept: a name and a last line. */
void job_put_kept(struct job *j);
/* The number in WORD JID SEQ …, which is well-formed. */
uint64_t job_line_number(const char *line);

/* -- job_spool.c: what becomes of a job with a spool ----------------------- */

/* Asks for what a job needs before it may start. */
void job_begin(struct job *j);
/* What its task tells: see struct task_handler. */
void job_on_ready(void *arg, int error);
void job_on_left(void *arg);
void job_on_hello(void *arg, uint64_t last);
/* Its monitor is gone, and its tree: finds out how it ended. */
void job_spool_lost(struct job *j);
/* It is kept: its file is not. */
void job_spool_keep(struct job *j);

#endif
