#include "lib/db.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/db_impl.h"

#define DB_MAGIC   "SQLite format 3" /* and a NUL */
#define DB_BUSY_MS 5000 /* for a sqlite3(1) that looks at it meanwhile */

bool db_exec(struct sqlite3 *sql, const char *text)
{
    return sqlite3_exec(sql, text, NULL, NULL, NULL) == SQLITE_OK;
}

int64_t db_number(struct sqlite3 *sql, const char *text)
{
    sqlite3_stmt *s = NULL;
    int64_t n = -1;

    if (sqlite3_prepare_v2(sql, text, -1, &s, NULL) == SQLITE_OK &&
        sqlite3_step(s) == SQLITE_ROW)
        n = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return n;
}

/* -- is it what it should be ----------------------------------------------- */

static char *not_one(const struct db_kind *kind, const char *path)
{
    return xasprintf("%s is no database of a %s, and is left alone: move it "
                     "away, or name another file",
                     path, kind->what);
}

static char *damaged(const char *path, const char *how)
{
    return xasprintf("%s is damaged (%s), and is left alone: move it away, "
                     "with %s-wal if there is one, and restore a backup with "
                     "'muster restore'",
                     path, how, path);
}

char *db_look(const struct db_kind *kind, const char *path)
{
    char head[sizeof(DB_MAGIC)] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n;

    if (fd < 0)
        return xasprintf("cannot read %s: %s", path, strerror(errno));
    n = read(fd, head, sizeof(head));
    close(fd);
    if (n < 0)
        return xasprintf("cannot read %s: %s", path, strerror(errno));
    if (n &&
        ((size_t)n < sizeof(head) || memcmp(head, DB_MAGIC, sizeof(head)) != 0))
        return not_one(kind, path);
    return NULL;
}

static char *sql_error(struct sqlite3 *sql, const char *path)
{
    int rc = sqlite3_errcode(sql);

    if (rc == SQLITE_CORRUPT || rc == SQLITE_NOTADB)
        return damaged(path, sqlite3_errmsg(sql));
    if (rc == SQLITE_BUSY || rc == SQLITE_LOCKED)
        return xasprintf("%s: another process keeps it locked: a sqlite3 that "
                         "has it open?",
                         path);
    return xasprintf("%s: %s", path, sqlite3_errmsg(sql));
}

static char *check_whole(struct sqlite3 *sql, const char *path)
{
    sqlite3_stmt *s = NULL;
    char *error = NULL;

    if (sqlite3_prepare_v2(sql, "PRAGMA quick_check(1)", -1, &s, NULL) !=
            SQLITE_OK ||
        sqlite3_step(s) != SQLITE_ROW)
        error = sql_error(sql, path);
    else if (strcmp((const char *)sqlite3_column_text(s, 0), "ok") != 0)
        error = damaged(path, (const char *)sqlite3_column_text(s, 0));
    sqlite3_finalize(s);
    return error;
}

char *db_check(struct sqlite3 *sql, const struct db_kind *kind,
               const char *path, bool *empty)
{
    int64_t id = db_number(sql, "PRAGMA application_id"), version, things;

    if (id < 0)
        return sql_error(sql, path);
    things = db_number(sql, "SELECT count(*) FROM sqlite_schema");
    if (things < 0)
        return sql_error(sql, path);
    *empty = !id && !things;
    if (*empty)
        return NULL;
    if ((uint32_t)id != kind->application_id)
        return not_one(kind, path);
    version = db_number(sql, "PRAGMA user_version");
    if (version > kind->version)
        return xasprintf("%s was written by a newer muster (schema %d, this "
                         "one knows up to %d), and is left alone: run the "
                         "newer one, or restore a backup of before",
                         path, (int)version, kind->version);
    return kind->large ? NULL : check_whole(sql, path);
}

/* -- opening --------------------------------------------------------------- */

/* Made by us, so that its mode is ours; SQLite gives its log the same. */
static char *make_file(struct db *d)
{
    int fd = open(d->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    struct stat st;
    char *error = NULL;

    if (fd < 0)
        return xasprintf("cannot open %s: %s", d->path, strerror(errno));
    if (fstat(fd, &st) || !S_ISREG(st.st_mode))
        error = xasprintf("%s is no file", d->path);
    close(fd);
    return error;
}

static bool db_prepare(struct sqlite3 *sql)
{
    sqlite3_busy_timeout(sql, DB_BUSY_MS);
    sqlite3_extended_result_codes(sql, 0);
    /* What is read and written again and again is little, and the system has
     * the rest at hand: 512 KiB of pages are kept, not 2 MiB. What is changed
     * by one transaction may still take SQLite's default, 500 pages. */
    return db_exec(sql, "PRAGMA trusted_schema=OFF;"
                        "PRAGMA cell_size_check=ON;"
                        "PRAGMA temp_store=MEMORY;"
                        "PRAGMA cache_size=-512;"
                        "PRAGMA cache_spill=500");
}

/* SQLite does without where it cannot, and does not call that an error. */
static bool has_log(struct sqlite3 *sql)
{
    sqlite3_stmt *s = NULL;
    bool is = false;

    if (sqlite3_prepare_v2(sql, "PRAGMA journal_mode", -1, &s, NULL) ==
            SQLITE_OK &&
        sqlite3_step(s) == SQLITE_ROW)
        is = !strcmp((const char *)sqlite3_column_text(s, 0), "wal");
    sqlite3_finalize(s);
    return is;
}

/* From here on it is written to. */
static char *db_make_ready(struct db *d, const struct db_kind *kind, bool empty)
{
    char *text;
    bool ok;

    if (!db_exec(d->sql, "PRAGMA journal_mode=WAL;"
                         "PRAGMA synchronous=FULL;"
                         "PRAGMA wal_autocheckpoint=0"))
        return sql_error(d->sql, d->path);
    if (!has_log(d->sql))
        return xasprintf("%s: its file system is one on which SQLite can keep "
                         "no log (WAL): name a file on a local disk",
                         d->path);
    if (!empty) {
        /* what a crash has left in the log; if it cannot be now, later */
        db_exec(d->sql, "PRAGMA wal_checkpoint(PASSIVE)");
        return NULL;
    }
    text = xasprintf("BEGIN IMMEDIATE;"
                     "PRAGMA application_id=%" PRIu32 ";"
                     "PRAGMA user_version=%d;"
                     "CREATE TABLE meta(name TEXT PRIMARY KEY, value INTEGER "
                     "NOT NULL) WITHOUT ROWID;"
                     "%s;COMMIT",
                     kind->application_id, kind->version, kind->schema);
    ok = db_exec(d->sql, text);
    free(text);
    if (!ok || !db_sync_folder(d->path))
        return sql_error(d->sql, d->path);
    return NULL;
}

char *db_open(struct db *d, const struct db_kind *kind, const char *path)
{
    bool empty;
    char *error;

    *d = (struct db){.path = xstrdup(path),
                     .lock_path = xasprintf("%s.lock", path),
                     .lock = -1};
    error = db_lock(d, kind);
    if (!error)
        error = make_file(d);
    if (!error)
        error = db_look(kind, path);
    if (error)
        return error;
    if (sqlite3_open_v2(path, &d->sql,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK ||
        !db_prepare(d->sql))
        return sql_error(d->sql, path);
    error = db_check(d->sql, kind, path, &empty);
    return error ? error : db_make_ready(d, kind, empty);
}

void db_close(struct db *d)
{
    if (!d->path)
        return;
    sqlite3_close_v2(d->sql);
    db_unlock(d);
    free(d->path);
    free(d->lock_path);
    *d = (struct db){.lock = -1};
}

/* -- numbers --------------------------------------------------------------- */

bool db_get(struct db *d, const char *name, uint64_t *value)
{
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(d->sql, "SELECT value FROM meta WHERE name=?",
                                -1, &s, NULL);

    *value = 0;
    if (rc == SQLITE_OK) {
        sqlite3_bind_text(s, 1, name, -1, SQLITE_STATIC);
        rc = sqlite3_step(s);
        if (rc == SQLITE_ROW)
            *value = (uint64_t)sqlite3_column_int64(s, 0);
    }
    sqlite3_finalize(s);
    return rc == SQLITE_ROW || rc == SQLITE_DONE;
}

bool db_set(struct db *d, const char *name, uint64_t value)
{
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(
        d->sql, "INSERT OR REPLACE INTO meta(name, value) VALUES(?, ?)", -1, &s,
        NULL);

    if (rc == SQLITE_OK) {
        sqlite3_bind_text(s, 1, name, -1, SQLITE_STATIC);
        sqlite3_bind_int64(s, 2, (sqlite3_int64)value);
        rc = sqlite3_step(s);
    }
    sqlite3_finalize(s);
    return rc == SQLITE_DONE;
}
