/*
 * A line about a host of a job, as a call to whoever follows it: what was told
 * before, on a connection that broke, is not told again.
 *
 * Must not know the connection, nor the job.
 */
#ifndef MUSTER_CLIENT_EXEC_TOLD_H
#define MUSTER_CLIENT_EXEC_TOLD_H

#include "client/muster.h"
#include "client/reply.h"

struct host;

/* r is one of those that name a host; h is that one. */
void told_host(const struct muster_exec_callbacks *cb, void *arg,
               struct host *h, const struct reply *r);

#endif
