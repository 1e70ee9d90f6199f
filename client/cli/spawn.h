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

struct spawn {
    const char *const *argv; /* ends with NULL; [0] is looked up in PATH */
    int keep;                /* a descriptor it gets under its number, or -1 */
    int err;                 /* what becomes its stderr, or -1: ours */
};

/*
 * Starts it, with our standard descriptors otherwise and no signal ignored.
 * Returns NULL and *pid, or why it could not be started (free()).
 */
MUST_CHECK char *spawn_start(const struct spawn *s, pid_t *pid);

/* Whether it has ended; *how is then as waitpid(2) has it. */
bool spawn_ended(pid_t pid, int *how);
/* As a shell has it: 128 + a signal. */
int spawn_status(int how);

#endif
