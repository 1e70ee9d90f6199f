/*
 * What writer.c does to the database: transactions of records, reserved
 * revisions, folding the log in. For the writer's thread only.
 */
#ifndef MUSTER_STATE_WRITER_DB_H
#define MUSTER_STATE_WRITER_DB_H

#include "server/state/writer.h"

enum writer_statement {
    WRITER_BEGIN,
    WRITER_COMMIT,
    WRITER_ROLLBACK,
    WRITER_ADD,
    WRITER_CHANGE,
    WRITER_PROMOTE,
    WRITER_DELETE,
    WRITER_NUMBER,
    WRITER_STATEMENTS
};

struct writer_db {
    struct db *db; /* borrowed */
    struct sqlite3_stmt *statements[WRITER_STATEMENTS];
    uint64_t reserved; /* on the disk: revisions below it may be used */
    uint64_t healed;   /* times something was written over a failure */
    int log_pages;     /* in the log */
    uint64_t checkpoints;
};

void writer_db_init(struct writer_db *d, struct db *db, uint64_t reserved);
/* All of the entries, and the reservation (0: none), or nothing of it: NULL, or
 * why not (static). */
const char *writer_db_write(struct writer_db *d, const struct entries *l,
                            uint64_t reserve);
/* Tries whether it can be written to: NULL, or why not (static). */
const char *writer_db_heal(struct writer_db *d);
/* Folds the log in, if it is long. */
void writer_db_fold(struct writer_db *d);
void writer_db_sizes(struct writer_db *d, struct batch *b);
/* The next start begins with that revision, if this can still be written. */
void writer_db_end(struct writer_db *d, uint64_t next);

#endif
