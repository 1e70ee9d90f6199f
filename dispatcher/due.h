/*
 * What has a deadline, earliest first: a binary heap whose entries know their
 * place, so that any of them can be moved or taken out. An entry is a field of
 * the struct that it is about.
 *
 * Pure: must not know the clock: times are given.
 */
#ifndef DISPATCHER_DUE_H
#define DISPATCHER_DUE_H

#include <stdbool.h>
#include <stdint.h>

struct due {
    uint64_t ms;
    uint32_t at; /* its place, from 1; 0: in no heap */
};

struct due_heap {
    struct due **list; /* owned */
    uint32_t count, size;
};

void due_free(struct due_heap *h);
/* Puts it where ms belongs: in, or to another place. */
void due_set(struct due_heap *h, struct due *d, uint64_t ms);
/* Takes it out, if it is in. */
void due_remove(struct due_heap *h, struct due *d);
/* The one that comes first, or NULL. */
struct due *due_first(const struct due_heap *h);
/* The first that is due at that time, taken out; or NULL. */
struct due *due_next(struct due_heap *h, uint64_t now);

#endif
