/*
 * The archive around a snapshot: what of tar (POSIX, ustar) it takes to write
 * and to find small numbers of plain files. Must not know what is in them.
 */
#ifndef MUSTER_SERVER_SNAPSHOT_TAR_H
#define MUSTER_SERVER_SNAPSHOT_TAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define TAR_BLOCK 512
/* An archive ends with that many bytes of zeroes. */
#define TAR_END ((size_t)2 * TAR_BLOCK)

/* The block before a file's bytes: fills in TAR_BLOCK bytes. The name has 99
 * bytes at most, the file less than 8 GiB. */
void tar_head(char *block, const char *name, uint64_t size, time_t when);

/* Zeroes behind a file of that size. */
size_t tar_padding(uint64_t size);

/* The bytes of the first file of that name, borrowed of the archive; NULL if
 * there is none, or something before it is no tar or is cut short. */
const char *tar_find(const char *archive, size_t len, const char *name,
                     size_t *size);

#endif
