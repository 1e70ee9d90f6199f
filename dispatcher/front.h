/*
 * Hosts that a worker stands in front of (attribute `via`): each has a link of
 * its own to that worker, on which the dispatcher goes by a name of its own,
 * so that one job on several of them is several jobs to the worker.
 *
 *   ABCDEFGH-17  here   <-->   ABCDEFGHxMJ2K7WQ4TZ3A-17  at the worker
 *
 * Pure: must not know links or workers.
 */
#ifndef DISPATCHER_FRONT_H
#define DISPATCHER_FRONT_H

#include "lib/buf.h"
#include "lib/words.h"

/* The dispatcher's name on the link for that host; free(). */
char *front_name(const char *instance, const char *host);
/* Writes a job's id as it is called on a link that goes by name. */
void front_write(struct buf *out, const char *name, const char *jid);
/* Makes a word with such an id the id that it has here. Another one stays. */
void front_read(struct word *id, const char *name, const char *instance);

#endif
