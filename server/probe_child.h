/*
 * A script's process, begun with as little of musterd in it as can be: a
 * session and process group of its own, no descriptor but its output, a clean
 * environment, no way to gain rights by setuid programs, no core files, a
 * bounded number of descriptors and processes' size, killed with musterd; and,
 * where musterd is root, another user.
 *
 * musterd may hold gigabytes: nothing of it is copied (vfork(2)), and it waits
 * only until the program has been loaded. Must not know checks.
 */
#ifndef MUSTER_SERVER_PROBE_CHILD_H
#define MUSTER_SERVER_PROBE_CHILD_H

#include <sys/types.h>

/*
 * Runs args[0], looked up in the PATH of the environment it gets; out is its
 * standard output and error, borrowed. user NULL, or we are not root: as we
 * are. Returns its pid, or -1 with errno and what failed (static) in *step.
 */
pid_t probe_child(char *const *args, int out, const char *user,
                  const char **step);

#endif
