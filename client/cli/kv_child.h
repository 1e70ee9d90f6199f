/*
 * The command that runs while a lock is held. It sees CONSUL_LOCK_HELD=true,
 * as under Consul's own command.
 *
 * Must not know locks.
 */
#ifndef MUSTER_CLI_KV_CHILD_H
#define MUSTER_CLI_KV_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/mem.h"

/* Why it cannot be started (free()), or NULL. argv ends with NULL. */
MUST_CHECK char *kv_child_start(char *const *argv, pid_t *pid);
/* Whether it has ended; its status then as a shell has it. */
bool kv_child_ended(pid_t pid, int *status);
/* Ends it: TERM, and KILL if it is there still KV_CHILD_GRACE_MS later; waits
 * for its end. pid 0: there is none. */
void kv_child_end(pid_t pid);

#define KV_CHILD_GRACE_MS 5000

#endif
