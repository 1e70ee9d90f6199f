/*
 * The last steps between fork and exec: from a copy of the monitor to the
 * job's own program, with nothing of the worker left in it.
 *
 * Must not know who waits for it.
 */
#ifndef MUSTER_WORKER_CHILD_H
#define MUSTER_WORKER_CHILD_H

#include <pwd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>

/* What to run, as the request asked for it; all of it borrowed. */
struct child_spec {
    char *const *argv;         /* NULL-terminated; [0] is looked up in PATH */
    char *const *env;          /* K=V, NULL-terminated: beside the clean ones */
    const char *cwd;           /* NULL: the user's home, or / */
    const char *user;          /* NULL: the worker's own */
    const struct passwd *self; /* the worker's own; NULL: nobody knows */
    const char *input;         /* for standard input; NULL: /dev/null */
    size_t input_len;
    const char *jid, *host; /* MUSTER_JOB (NULL: it is no job), MUSTER_HOST */
    const char *worker;   /* MUSTER_WORKER: the name of its spool; NULL: none */
    uint64_t fence;       /* MUSTER_FENCE; 0: none */
    struct rlimit nofile; /* soft and hard, as the worker found them */
    bool report;          /* it gets a descriptor 3 to report on */
    bool leaves;          /* what it leaves behind is not ended */
};

/* Which step failed, and with which errno: what the monitor reads. */
struct child_failure {
    char step[16]; /* "user", "cwd", "exec", … */
    int error;
};

/* What can be found out before the fork, in a process that may allocate. */
struct child {
    const struct child_spec *spec;
    const struct passwd *user; /* whose home and name to set; may be NULL */
    gid_t *groups;             /* of spec->user */
    int group_count;
    char **env;
    int in, out, err; /* descriptors to be 0, 1, 2 */
    int report;       /* to be 3, or -1 */
    int failure;      /* pipe for a struct child_failure */
};

/* False: *failure says why it cannot be run. */
bool child_prepare(struct child *c, struct child_failure *failure);
/* Never returns: the program runs, or the failure has been written. */
void child_exec(struct child *c) __attribute__((noreturn));

#endif
