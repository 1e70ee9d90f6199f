/*
 * The inside of lib/db, for its parts only: db.c opens, db_lock.c holds the
 * lock, db_copy.c copies and restores.
 */
#ifndef MUSTER_LIB_DB_IMPL_H
#define MUSTER_LIB_DB_IMPL_H

#include "lib/db.h"

/* db_lock.c: takes PATH.lock; NULL, or an error text (free()). */
MUST_CHECK char *db_lock(struct db *d, const struct db_kind *kind);
void db_unlock(struct db *d);

/* db.c: looks at the header of a file that is there, and has content. */
MUST_CHECK char *db_look(const struct db_kind *kind, const char *path);
/* Looks at an open one: whose it is, which version, whether it is whole. */
MUST_CHECK char *db_check(struct sqlite3 *sql, const struct db_kind *kind,
                          const char *path, bool *empty);
/* Runs SQL that answers nothing; false: see sqlite3_errmsg(). */
bool db_exec(struct sqlite3 *sql, const char *text);
/* The first column of the first row, or -1. */
int64_t db_number(struct sqlite3 *sql, const char *text);

#endif
