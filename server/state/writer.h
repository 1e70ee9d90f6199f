/*
 * The thread that writes to the disk for store_sqlite: it takes all that waits,
 * writes it as one transaction, and hands it back with what came of it.
 *
 *   loop's thread                     writer
 *     writer_give(changes)  --queue-->  one transaction, one sync
 *     writer_take()         <--done---  batch after batch; fd is readable
 *
 * How many share a sync: while one is on its way others gather. When it is done
 * those that waited for it are likely to ask again, and so the next one is not
 * begun before as many have come as were under way, or the time that a sync
 * takes has passed (a millisecond at least: the clients need theirs).
 *
 * What failed is written nowhere: a transaction whose sync failed could still
 * be found in the log after a crash, and so another one is written over it.
 *
 * Must not know what is in the records, nor who asked for them. The database is
 * the thread's from writer_start() on.
 */
#ifndef MUSTER_STATE_WRITER_H
#define MUSTER_STATE_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/db.h"

struct store_txn;
struct writer;

/* A record, as it is to be from now on. */
struct kept {
    struct kept *next; /* others that are committed with it */
    const char *kind;  /* static */
    bool put;          /* else it goes */
    bool fresh;        /* it is created by this change */
    unsigned place;    /* ... in the order of those that are */
    uint64_t created, changed;
    size_t key_len, value_len;
    char bytes[]; /* the key, then the value */
};

/* A sum over what is kept of a record, and stands beside it. */
uint32_t kept_sum(const char *kind, uint64_t created, uint64_t changed,
                  const char *key, size_t key_len, const char *value,
                  size_t value_len);

/* A change on its way. */
struct entry {
    struct entry *next;
    struct store_txn *txn;
    uint64_t revision; /* 0: a silent one */
    struct kept *kept; /* owned; NULL: it needs no disk, and waits its turn */
    size_t bytes;      /* it takes, with what it keeps */
    const char *error; /* static; NULL: it is kept */
};

struct entries {
    struct entry *first, *last;
    unsigned count;
    unsigned kept; /* of them */
};

void entries_add(struct entries *l, struct entry *e);
/* Moves all of `from` behind those in l. */
void entries_append(struct entries *l, struct entries *from);
struct entry *entries_shift(struct entries *l); /* NULL: there is none */
void entry_free(struct entry *e);

/* A group of changes that went to the disk together, or a sign of life. */
struct batch {
    struct batch *next;
    struct entries entries;
    const char *error; /* static; NULL: it is on the disk */
    double seconds;    /* it took */
    uint64_t reserved; /* revisions below this one may be used */
    uint64_t file_bytes, log_bytes, checkpoints;
};

/* reserved: what the database says now. Never fails but for want of memory. */
struct writer *writer_start(struct db *db, uint64_t reserved);
/* Readable: there is something to take. */
int writer_fd(const struct writer *w);
/* Takes over the entries; revisions below `reserve` are to be reserved with the
 * next transaction (0: as it is). */
void writer_give(struct writer *w, struct entries *e, uint64_t reserve);
/* The oldest that is done, or NULL; batch_free(). */
struct batch *writer_take(struct writer *w);
void batch_free(struct batch *b);
/* Waits until all that was given is done. */
void writer_wait(struct writer *w);
/* Ends the thread, after all that was given; the next start is told to begin
 * with that revision. What is done can be taken no more. */
void writer_stop(struct writer *w, uint64_t next);

#endif
