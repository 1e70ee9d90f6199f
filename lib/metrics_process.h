/*
 * What every process can tell of itself: memory, descriptors, processor time,
 * age, version; under the names that Prometheus gives them everywhere. Read
 * from /proc when somebody asks.
 */
#ifndef MUSTER_LIB_METRICS_PROCESS_H
#define MUSTER_LIB_METRICS_PROCESS_H

/* program is constant text. metrics_forget(owner) ends it. */
void process_metrics(const char *program, const void *owner);
/* "0.1.0" */
const char *process_version(void);

#endif
