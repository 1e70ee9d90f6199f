/*
 * A file that holds the process id of a daemon, for scripts that want to signal
 * it. It is no lock: two daemons are told apart by the ports they listen on.
 */
#ifndef MUSTER_LIB_PIDFILE_H
#define MUSTER_LIB_PIDFILE_H

#include <stdbool.h>

/* False, and logged, if it could not be written. */
__attribute__((warn_unused_result)) bool pidfile_write(const char *path);
/* If it is still ours. */
void pidfile_remove(const char *path);

#endif
