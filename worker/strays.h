/*
 * Processes of a job whose monitor is gone, known by what stands in the
 * environment they were started with: MUSTER_JOB and MUSTER_WORKER. The only
 * way to find them when nobody was there to become their parent.
 *
 * Must not know jobs beyond their names.
 */
#ifndef MUSTER_WORKER_STRAYS_H
#define MUSTER_WORKER_STRAYS_H

#include <stdbool.h>
#include <stddef.h>

/* Kills those of jobs that match says yes to; returns how many there were. A
 * process that could not be looked at is left alone. */
int strays_kill(const char *worker, bool (*match)(void *arg, const char *jid),
                void *arg);

/* The value of NAME in an environment, or NULL. Pure. */
const char *strays_value(const char *block, size_t len, const char *name);

#endif
