/*
 * spawn: a child process that is not left behind: it gets a TERM of its own
 * when we die, whatever we die of.
 *
 * It knows fork and exec, not what is run.
 */
#ifndef MUSTER_CLI_SPAWN_H
#define MUSTER_CLI_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/mem.h"

/*
 * Starts argv, with our descriptors and the signals as they were. Returns NULL
 * and *pid, or why it could not be started (free()).
 */
MUST_CHECK char *spawn_start(char *const *argv, pid_t *pid);

/* Whether it has ended; *status is then as a shell has it, 128 + a signal. */
bool spawn_ended(pid_t pid, int *status);

#endif
