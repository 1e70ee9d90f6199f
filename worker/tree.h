/*
 * The processes below one of ours, found by walking /proc, and signals to
 * them that cannot hit a stranger: each goes through a pidfd, and only after
 * the process behind it has been seen again as the one the walk found.
 *
 * Must not know jobs, nor why somebody is to be ended.
 */
#ifndef MUSTER_WORKER_TREE_H
#define MUSTER_WORKER_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct tree_process {
    pid_t pid, parent;
    unsigned long long start; /* clock ticks from boot: with pid, who it is */
    char state;               /* as proc(5) has it: Z is a zombie */
    bool inside;              /* below the root */
};

struct tree {
    struct tree_process *list; /* owned; every process, by pid */
    size_t count, size;
    pid_t root;
};

/* One line of /proc/PID/stat; false if it is none. Pure. */
bool tree_parse_stat(struct tree_process *p, const char *text, size_t len);

/*
 * Reads who is below root now, leaving out whom skip names and what is below
 * them (skip may be NULL). Returns how many live there, zombies apart, or -1
 * when /proc cannot be read. The snapshot is not atomic: walk again until
 * nobody is left to wait for.
 */
int tree_walk(struct tree *t, pid_t root, bool (*skip)(void *arg, pid_t pid),
              void *arg);
/* Signals everybody the walk found, parents first; returns how many got it. */
int tree_signal(const struct tree *t, int signo);
/* Lets all go on, children first: whose parent ended while he was stopped would
 * be hung up on by the kernel. */
void tree_continue(const struct tree *t);
/* The same, but only those whom an earlier walk had not found. */
int tree_signal_new(const struct tree *t, const struct tree *before, int signo);
/* Walks and kills; returns how many there were, 0: surely nobody. */
int tree_kill(pid_t root, bool (*skip)(void *arg, pid_t pid), void *arg);
void tree_free(struct tree *t);

#endif
