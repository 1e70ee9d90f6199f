/*
 * A request for a plugin's operation becomes a process: PLUGIN run, with the
 * job as JSON on standard input, its arguments in the environment, and a
 * descriptor 3 to report on (doc/muster-plugin.7).
 *
 * Must not know how processes are run, nor what a plugin does.
 */
#ifndef MUSTER_WORKER_PLUGIN_RUN_H
#define MUSTER_WORKER_PLUGIN_RUN_H

#include "worker/execute.h"

/* What is longer, or holds a NUL, is in the JSON only. */
#define PLUGIN_ENV_MAX 65536 /* bytes of one argument */

/* For struct op: r->op is that of a struct plugin. */
struct job *plugin_run(struct jobs *js, const char *jid,
                       const struct op_request *r, char **why);

#endif
