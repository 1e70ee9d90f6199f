/*
 * ca_files: a certificate and its key into files that are there whole or not at
 * all, the key's for its owner only; and from them.
 *
 * Must not know what is in them.
 */
#ifndef MUSTER_CLI_CA_FILES_H
#define MUSTER_CLI_CA_FILES_H

#include <stdbool.h>
#include <stddef.h>

#define CA_FILE_MAX (256 * 1024) /* bytes of one that is read */

/* The whole of a file, owned; NULL and *error (free()). */
char *ca_file_read(const char *path, char **error);
/* Makes a folder and those above it, 0755. NULL or an error text (free()). */
char *ca_folder_make(const char *path);
/* Writes both; what is there is an error, unless it is to be replaced. On an
 * error, told as a text (free()), nothing of the new is left. */
char *ca_pair_write(const char *cert_path, const char *cert,
                    const char *key_path, const char *key, bool replace);

#endif
