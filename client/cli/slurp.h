/*
 * slurp: all of a file, or of standard input, into memory.
 */
#ifndef MUSTER_CLI_SLURP_H
#define MUSTER_CLI_SLURP_H

#include <stddef.h>

#include "lib/buf.h"
#include "lib/mem.h"

/* file NULL: standard input. NULL, or what is wrong (free()): it cannot be
 * read, or has more than max bytes. */
MUST_CHECK char *slurp_bytes(const char *file, size_t max, struct buf *out);

#endif
