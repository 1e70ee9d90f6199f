/*
 * Files that others must not write, or even read: what decides who may do
 * what, and secrets. They are read whole, and not at all when their mode says
 * that they are not private.
 *
 * Must not know what is in them.
 */
#ifndef MUSTER_LIB_AUTH_PRIVATE_FILE_H
#define MUSTER_LIB_AUTH_PRIVATE_FILE_H

#include <stddef.h>

#include "lib/mem.h"

/*
 * The content with a NUL behind it (free()), at most max bytes; or NULL and
 * *why, a text to free(): what is wrong with the file and what to do. A file
 * is private when nobody but its owner (root, or who runs this program) and
 * its group may read it, and nobody but the owner may write it.
 */
MUST_CHECK char *private_read(const char *path, size_t max, size_t *len,
                              char **why);

/*
 * Puts the content in the place of the file, all or nothing: a file beside it,
 * with mode 0600 or that of the one it replaces, is written, synced and
 * renamed. NULL, or a text to free().
 */
MUST_CHECK char *private_write(const char *path, const char *text, size_t len);

#endif
