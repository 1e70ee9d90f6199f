/*
 * A program's standard output, all of it or none, within a time and a number
 * of bytes. It is alone in its process group, and ended with the whole of it.
 */
#ifndef MUSTER_FACTS_SPAWN_H
#define MUSTER_FACTS_SPAWN_H

#include <stdint.h>

#include "lib/buf.h"

/* argv[0] is a path. NULL, or why there is no output: to free(). */
char *spawn_read(char *const argv[], uint64_t ms, size_t max, struct buf *out);
/* Monotonic time in milliseconds. */
uint64_t spawn_clock(void);

#endif
