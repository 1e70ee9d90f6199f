/*
 * What the endpoints of one job share: they are rows of jobs.c's table.
 */
#ifndef PLUGINS_DISPATCH_EXED_JOBS_H
#define PLUGINS_DISPATCH_EXED_JOBS_H

#include "plugins/dispatch/exed/endpoint.h"

/* follow.c: the job and its results as they come; it is his who asks. */
enum http_verdict follow_begin(struct exed_call *c, const char *jid);
/* outputs.c: the job with the results there are. */
enum http_verdict outputs_begin(struct exed_call *c, const char *jid);
/* list.c: jobs in full, a piece of the answer at a time; takes over jids. */
enum http_verdict list_begin(struct exed_call *c, json_t *jids);
/* stream.c: the handler of /jobs/:jid/events. */
enum http_verdict stream_events(struct exed_call *c);

#endif
