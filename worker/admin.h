/*
 * What the worker shows on its admin face (lib/admin.h): its jobs, in numbers.
 */
#ifndef MUSTER_WORKER_ADMIN_H
#define MUSTER_WORKER_ADMIN_H

#include "worker/worker.h"

/* Makes w->admin. */
void worker_admin(struct worker *w);

#endif
