/*
 * What the durable store has and memory has not: jobs that ended long ago, the
 * tasks and the output of those that ended. A thread of its own reads it, with
 * a connection of its own to the database; the loop's thread makes it into jobs
 * and events.
 *
 *   jobpast_load()   every ended job, the newest first, without its tasks
 *   fetch            a job with its tasks, for as long as it is held
 *   pages            its life, some of it at a time
 *
 * Must not know workers or faces.
 */
#ifndef DISPATCHER_JOBPAST_H
#define DISPATCHER_JOBPAST_H

#include <stdbool.h>
#include <stdint.h>

#include "dispatcher/job.h"
#include "lib/mem.h"

struct sqlite_store;
struct jobpast;
struct jobpages;
struct jobstore_fetch;

struct jobpast *jobpast_new(struct sqlite_store *q);
/* Nobody may have anything of it any more. */
void jobpast_free(struct jobpast *p);
int jobpast_fd(const struct jobpast *p);
void jobpast_collect(struct jobpast *p);
/* Begins to; jobpast_is_loaded() once all of them are in memory. */
void jobpast_load(struct jobpast *p);
bool jobpast_is_loaded(const struct jobpast *p);

MUST_CHECK bool jobpast_fetch(struct jobpast *p, struct jobstore_fetch *f,
                              const char *jid);
/* The job is about to be freed: who fetched it has it no more. */
void jobpast_forget(struct jobpast *p, const struct job *j);
void jobpast_unfetch(struct jobpast *p, struct jobstore_fetch *f);

struct jobpages *jobpast_pages(struct jobpast *p, struct job *j);
#endif
