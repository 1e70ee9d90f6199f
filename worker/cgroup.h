/*
 * Control groups (v2) as one more means to end a tree: a job is born into a
 * group of its own, and the kernel kills the group whole, however fast it
 * forks. Used where the worker may make groups; never needed.
 *
 * Must not know jobs beyond their names.
 */
#ifndef MUSTER_WORKER_CGROUP_H
#define MUSTER_WORKER_CGROUP_H

#include <stdbool.h>
#include <sys/types.h>

/* The group this process runs in, open, if it may make groups in there; or -1
 * with why. */
int cgroup_open(char *why, unsigned why_size);

/* Makes the group of a job in there; returns it open, or -1. */
int cgroup_make(int dir, const char *name);
void cgroup_remove(int dir, const char *name);
/* fork(), into an open group if it is not -1. */
pid_t cgroup_fork(int group);
/* Kills everybody in the group of that name in there, if there is one. */
void cgroup_kill_named(int dir, const char *name);
/* Kills everybody in it. False: this kernel cannot (before 5.14). */
bool cgroup_kill(int group);

#endif
