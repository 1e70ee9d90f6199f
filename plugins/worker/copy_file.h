/*
 * A file that is put together of chunks beside its place, verified as a whole,
 * and renamed there: whoever opens it has the old one or the new one.
 *
 * Must not know jobs.
 */
#ifndef MUSTER_PLUGINS_COPY_FILE_H
#define MUSTER_PLUGINS_COPY_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "plugins/worker/copy_store.h"

#define COPY_CHUNK_MAX (1024 * 1024)

/* What is to be there. */
struct copy_file {
    const char *to;     /* absolute, without . and .. */
    const char *sha256; /* of the whole */
    uint64_t size;
    size_t chunk;       /* bytes of each but the last */
    const char *chunks; /* their SHA-256s, a line each */
    size_t count;
    bool has_mode;
    mode_t mode;
    uid_t uid; /* (uid_t)-1: as it comes */
    gid_t gid;
};

/* NULL, or why the list of chunks cannot be that of the file (free()). */
char *copy_file_chunks(struct copy_file *f, const char *text);
const char *copy_file_hex(const struct copy_file *f, size_t i);
size_t copy_file_len(const struct copy_file *f, size_t i);

/* True if what is there has the same content. */
bool copy_file_is_there(const struct copy_file *f);
/* Puts it there; NULL and whether anything has changed, or why not (free()). */
char *copy_file_make(const struct copy_file *f, const struct store *s,
                     bool *changed);

#endif
