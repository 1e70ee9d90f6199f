/*
 * An SQLite database of ours: opened so that what is committed is on the disk,
 * by one process at a time, and only if it is what it should be. Whatever is
 * wrong with it is said in one sentence, with what to do; a file that is
 * damaged, newer than we are or another program's is never written to.
 *
 *   PATH        the database, in WAL mode, synchronous
 *   PATH-wal    its log: what was committed and is not yet in PATH
 *   PATH.lock   held while it is open; holds the process' id
 *   PATH.snapshot  what its owner was in the middle of making it, and goes on
 *                  with: it belongs to that database, and no other
 *
 * Every one has a table meta(name, value) of numbers. Must not know what else
 * is in there, nor who asks.
 */
#ifndef MUSTER_LIB_DB_H
#define MUSTER_LIB_DB_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/mem.h"

struct sqlite3;

/* What a file must be; constant. */
struct db_kind {
    const char *what;        /* "registry": for errors */
    const char *setting;     /* that names the file: "registry.store" */
    uint32_t application_id; /* in its header */
    int version;             /* of its schema; newer ones are refused */
    const char *schema;      /* SQL that makes it */
    const char *counter;     /* the number in meta that never goes back */
    bool large;              /* too much to read all of it at every start */
};

struct db {
    struct sqlite3 *sql;
    char *path;      /* owned */
    char *lock_path; /* owned */
    int lock;        /* descriptor, or -1 */
};

/* Opens or makes it; NULL, or an error text (free()) that names the file. d is
 * to be closed in either case. */
MUST_CHECK char *db_open(struct db *d, const struct db_kind *kind,
                         const char *path);
/* Folds the log into the database and lets go of it. */
void db_close(struct db *d);

#define DB_SNAPSHOT ".snapshot"

/* The folder of a path; free(). */
char *db_folder(const char *path);
/* Makes a name that is new or gone in the path's folder stay so. */
bool db_sync_folder(const char *path);

/* A number in meta; 0 if it is not there. False: the disk failed. */
bool db_get(struct db *d, const char *name, uint64_t *value);
bool db_set(struct db *d, const char *name, uint64_t value);

/*
 * A consistent copy of the database at `from`, which may be open and in use,
 * here or elsewhere, into the new file `to` (0600, on the disk when this
 * returns). Takes as long as it takes: not for a loop's thread. NULL, or an
 * error text (free()); then there is no `to`.
 */
MUST_CHECK char *db_copy(const char *from, const char *to);

/* Whether that file is a whole database of that kind: NULL, or an error text
 * (free()). */
MUST_CHECK char *db_check_copy(const struct db_kind *kind, const char *path);

/* What a restore did. */
struct db_restored {
    uint64_t counter; /* as it is now */
    bool replaced;    /* there was one, which is kept as PATH.replaced */
};

/*
 * Puts a copy of the backup `from` in the place of the database at `to`, which
 * nobody may have open. Its counter is set above both, far enough that nobody
 * has seen it. NULL, or an error text (free()); then `to` is as it was.
 */
MUST_CHECK char *db_restore(const struct db_kind *kind, const char *from,
                            const char *to, struct db_restored *r);

/* The database of the registry. In it, ids of records are a revision times
 * this, and a place below it. */
#define DB_PLACES 1024
const struct db_kind *db_registry(void);
/* The database of a dispatcher. */
const struct db_kind *db_jobs(void);

#endif
