/*
 * A store for tests that keeps what it is given in memory, as bytes, beyond its
 * own end: opened again it replays that. So what a module writes is what it
 * must be able to read, and nothing else tells it what there was.
 */
#ifndef MUSTER_TEST_STORE_KEPT_H
#define MUSTER_TEST_STORE_KEPT_H

#include "server/state/store.h"

struct kept_row;

/* The disk. All zero: empty. */
struct kept_rows {
    struct kept_row *rows;
    size_t count, size;
    uint64_t revision;
    bool fails; /* whatever is asked for */
};

struct store *store_kept_open(struct kept_rows *disk);
void kept_free(struct kept_rows *disk);
/* The value of a record, or NULL. */
const char *kept_value(const struct kept_rows *disk, const char *kind,
                       const char *key);

#endif
