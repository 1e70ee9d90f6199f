/*
 * copy_source: a file that is to be copied, as chunks of one size, each and
 * the whole with its SHA-256.
 *
 * Must not know hosts.
 */
#ifndef MUSTER_CLI_COPY_SOURCE_H
#define MUSTER_CLI_COPY_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/sha256.h"

#define COPY_CHUNK (512UL * 1024)

struct copy_source {
    const char *path;
    int fd;
    unsigned mode; /* its permissions */
    uint64_t size;
    size_t count; /* of chunks */
    char sha256[SHA256_HEX + 1];
    struct buf chunks; /* a line each */
};

/* Opens it and reads it once. NULL, or why not (free()). */
MUST_CHECK char *copy_source_open(struct copy_source *s, const char *path);
void copy_source_close(struct copy_source *s);

/* The SHA-256 of chunk i, not ended by a NUL. */
const char *copy_source_hex(const struct copy_source *s, size_t i);
/* Reads chunk i into out. NULL, or why not (free()): it must be what it was. */
MUST_CHECK char *copy_source_read(const struct copy_source *s, size_t i,
                                  struct buf *out);

#endif
