/*
 * What the tests of stores share: a table of short texts by short keys, kept
 * by a store, and a folder of the test's own.
 */
#ifndef MUSTER_TEST_STORE_UTIL_H
#define MUSTER_TEST_STORE_UTIL_H

#include <stdbool.h>
#include <stdint.h>

#include "server/state/store.h"

#define BOX_RECORDS 64

struct box_record {
    char key[32], value[64]; /* key "": none */
    uint64_t created, changed;
    bool kept;
};

struct box {
    struct store *store;
    struct store_client client;
    struct box_record records[BOX_RECORDS];
    uint64_t others[64]; /* the last revisions that we were told of */
    unsigned other_count;
    unsigned applied, loaded;
};

/* A change of a box; done says how often it ended, and how. */
struct box_txn {
    struct store_txn txn;
    const char *key, *value; /* value NULL: it goes */
    unsigned done;
    enum store_status status;
    uint64_t revision;
};

/* b becomes a client of s, with that table; loads are not told what others
 * there are. */
void box_init(struct box *b, struct store *s, const char *table);
const struct box_record *box_find(const struct box *b, const char *key);

/* Fills t in: a put, or (value NULL) a removal; durable, of any record. */
void box_ask(struct box *b, struct box_txn *t, const char *key,
             const char *value);
/* Asks, commits, and waits until it is done. */
void box_put(struct box *b, struct box_txn *t, const char *key,
             const char *value);
/* Until it is done, ten seconds at most. */
void box_wait(struct box *b, const struct box_txn *t);

/* A folder that is empty, made at the first call; PATH in it, static. */
const char *store_path(const char *name);
/* Removes what is in it. */
void store_clear(void);

#endif
