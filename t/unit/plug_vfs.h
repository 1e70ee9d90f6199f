/*
 * A disk for SQLite that can fail and whose plug can be pulled: it remembers
 * what each file held when it was last synced, in FILE.synced.
 */
#ifndef MUSTER_TEST_PLUG_VFS_H
#define MUSTER_TEST_PLUG_VFS_H

#include <stdbool.h>
#include <stdint.h>

/* From now on SQLite opens files on it. */
void plug_use(void);
/* The next n syncs, or writes, fail (UINT32_MAX: all); after so many that do
 * not. */
void plug_fail_syncs(uint32_t after, uint32_t n);
void plug_fail_writes(uint32_t after, uint32_t n);

/* The plug was pulled while that database was open, by a process that is dead:
 * of what was written and not synced each block is on the disk, or is not. */
void plug_pull(const char *database, uint64_t *random);

/* A copy of the database `from`, as its files are now, in the place of `to`. */
void plug_copy(const char *from, const char *to);

#endif
