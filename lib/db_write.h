/*
 * What a thread that writes to a database of ours needs for it: transactions,
 * what failed in words that a client may be told, and the log folded in now
 * and then, after a commit and not within it.
 *
 * What failed is written nowhere: a transaction whose sync failed could still
 * be found in the log after a crash, and so another one is written over it.
 *
 * Must not know what is written. For one thread at a time.
 */
#ifndef MUSTER_LIB_DB_WRITE_H
#define MUSTER_LIB_DB_WRITE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/db.h"

struct sqlite3_stmt;

struct db_writer {
    struct db *db; /* borrowed */
    struct sqlite3_stmt *begin, *commit, *rollback, *number;
    uint64_t healed; /* times something was written over a failure */
    int log_pages;   /* in the log */
    uint64_t checkpoints;
};

void db_writer_init(struct db_writer *w, struct db *db);
void db_writer_end(struct db_writer *w);

/* The statement, prepared at first use into *s; NULL if that cannot be. */
struct sqlite3_stmt *db_statement(struct db_writer *w, struct sqlite3_stmt **s,
                                  const char *text);
/* Runs one that answers nothing, and makes it ready for the next time; an
 * SQLite result, SQLITE_OK if it is done. */
int db_run(struct sqlite3_stmt *s);

int db_begin(struct db_writer *w);
/* Commits if rc is SQLITE_OK, else takes all of it back; what came of it. */
int db_end(struct db_writer *w, int rc);
/* A number in meta, within a transaction. */
int db_write_number(struct db_writer *w, const char *name, uint64_t value);

/* A sum over what is kept, which stands beside it: of what came before, or
 * DB_SUM, and of these bytes. */
#define DB_SUM 2166136261u
uint32_t db_sum(uint32_t sum, const void *bytes, size_t len);

/* What SQLite says: static; NULL: nothing is wrong. */
const char *db_why(int rc);
/* Tries whether it can be written to, which is written over what failed: NULL,
 * or why not (static). */
const char *db_heal(struct db_writer *w);
/* Folds the log in, if it is long. */
void db_fold(struct db_writer *w);
/* Of the database and its log. */
void db_sizes(struct db_writer *w, uint64_t *file, uint64_t *log);

#endif
