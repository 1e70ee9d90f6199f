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

/* Makes the worker's directory under the group it runs in; returns it open, or
 * -1 with why. name is the directory's. */
int cgroup_open(const char *name, char *why, unsigned why_size);
/* Removes it again. */
void cgroup_close(int dir, const char *name);

/* Makes the group of a job in the worker's; returns it open, or -1. */
int cgroup_make(int dir, const char *job);
void cgroup_remove(int dir, const char *job);
/* Kills everybody in it. False: this kernel cannot (before 5.14). */
bool cgroup_kill(int group);

#endif
