/*
 * The file that a restore is under way with, beside the database: while it is
 * there a start goes on with it, so that the end of the process leaves all of a
 * restore or nothing.
 *
 *   PATH.snapshot         the file, as it was given; on the disk before the
 *                         first change is asked for, gone after the last
 *   PATH.snapshot.XXXXXX  being written
 *
 * What waits for the disk, all but journal_path() and journal_is_there(): not
 * for the loop's thread, unless nothing is served yet. Must not know what is in
 * the file.
 */
#ifndef MUSTER_SERVER_SNAPSHOT_JOURNAL_H
#define MUSTER_SERVER_SNAPSHOT_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/mem.h"

struct musterd;

/* For free(); NULL: the store keeps nothing, so that nothing outlives it. */
char *journal_path(const struct musterd *m);
bool journal_is_there(const char *path);
/* NULL, or what is wrong (free()). */
MUST_CHECK char *journal_write(const char *path, const char *bytes, size_t len);
/* The bytes (free()) with a NUL behind them; or NULL, and what is wrong. */
MUST_CHECK char *journal_read(const char *path, size_t *len, char **wrong);
/* There need not be one. */
MUST_CHECK char *journal_drop(const char *path);
/* What an end left behind while it was written. */
void journal_tidy(const char *path);

#endif
