/*
 * What writer.c does to the database: transactions of records, and
 * reserved revisions. For the writer's thread only.
 */
#ifndef MUSTER_STATE_WRITER_DB_H
#define MUSTER_STATE_WRITER_DB_H

#include "lib/db_write.h"
#include "server/state/writer.h"

enum writer_statement {
    WRITER_ADD,
    WRITER_CHANGE,
    WRITER_PROMOTE,
    WRITER_DELETE,
    WRITER_STATEMENTS
};

struct writer_db {
    struct db_writer base;
    struct sqlite3_stmt *statements[WRITER_STATEMENTS];
    uint64_t reserved; /* on the disk: revisions below it may be used */
};

void writer_db_init(struct writer_db *d, struct db *db, uint64_t reserved);
/* All of the entries, and the reservation (0: none), or nothing of it: NULL, or
 * why not (static). */
const char *writer_db_write(struct writer_db *d, const struct entries *l,
                            uint64_t reserve);
void writer_db_sizes(struct writer_db *d, struct batch *b);
/* The next start begins with that revision, if this can still be written. */
void writer_db_end(struct writer_db *d, uint64_t next);

#endif
