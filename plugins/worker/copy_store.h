/*
 * Chunks of files that are being copied to this host, each named by its
 * SHA-256: a folder that survives whoever fills it, and is bounded.
 *
 * Must not know files that are made of them, nor jobs.
 */
#ifndef MUSTER_PLUGINS_COPY_STORE_H
#define MUSTER_PLUGINS_COPY_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/sha256.h"

struct store {
    char *dir;    /* owned */
    uint64_t max; /* bytes in all */
};

/* Makes DIR; false, and *why (free()) says why it cannot be. */
bool store_open(struct store *s, const char *dir, uint64_t max, char **why);
void store_close(struct store *s);

/* Reads a chunk of exactly len bytes into bytes. False when it is not there;
 * one that is not what its name says is removed, and not there either. */
bool store_get(const struct store *s, const char *hex, void *bytes, size_t len);
/* Puts one there whose bytes are what its name says. NULL, or why not
 * (free()). */
char *store_put(const struct store *s, const char *hex, const void *bytes,
                size_t len);
void store_drop(const struct store *s, const char *hex);
/* Makes room for so many bytes more: chunks that nobody has asked for since a
 * day go, the oldest first. NULL, or why there is none (free()). */
char *store_room(const struct store *s, uint64_t bytes);

#endif
