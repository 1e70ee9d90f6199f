/*
 * .key: a request that is sent twice, for its answer was lost or two were
 * quick, is one job. The key is the submitter's (its token's), and holds as
 * long as the job is kept: it is part of what the store has of it.
 */
#ifndef DISPATCHER_KEY_H
#define DISPATCHER_KEY_H

#include "dispatcher/job.h"

struct dispatch;

/* The job that this request is, or NULL; *error (free()) if its key stands for
 * another request. */
struct job *key_find(struct dispatch *d, const struct dispatch_spec *spec,
                     char **error);

#endif
