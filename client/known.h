/*
 * What a monitor knows: the services it has told, by name. A pass goes over
 * everything that the registry has and finds what is not there any more.
 *
 * Pure; must not know the registry, nor whom to tell.
 */
#ifndef MUSTER_CLIENT_KNOWN_H
#define MUSTER_CLIENT_KNOWN_H

#include <stdbool.h>
#include <stddef.h>

#include "client/muster.h"

struct known_entry;

/* Begin with all zero. */
struct known {
    struct known_entry *entries; /* owned; by name */
    size_t count;
    unsigned pass; /* number of the latest */
};

enum known_news { KNOWN_SAME, KNOWN_ADDED, KNOWN_CHANGED };

void known_free(struct known *k);

/* Takes a copy of s in. With KNOWN_CHANGED *old is what was known before, the
 * caller's to free(). */
enum known_news known_put(struct known *k, const struct muster_service *s,
                          struct muster_service **old);
/* Takes out what is known by that name, the caller's to free(); or NULL. */
struct muster_service *known_take(struct known *k, const char *name);

/* A pass: from here on every service that is there is put. */
void known_pass_begin(struct known *k);
/* Takes out what was not put since, and hands each to fn (freed after it);
 * stops when that returns false. */
void known_pass_end(struct known *k,
                    bool (*fn)(void *arg, const struct muster_service *s),
                    void *arg);

#endif
