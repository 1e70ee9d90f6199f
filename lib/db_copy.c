#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/db_impl.h"

#define DB_AHEAD ((uint64_t)1 << 32) /* of what anybody can have seen */
/* ... and when what was there cannot be asked */
#define DB_FAR_AHEAD ((uint64_t)1 << 40)

static char *copy_error(const char *to, const char *why)
{
    unlink(to);
    return xasprintf("cannot write %s: %s", to, why);
}

static bool file_sync(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool ok = fd >= 0 && !fsync(fd);

    if (fd >= 0)
        close(fd);
    return ok && db_sync_folder(path);
}

/* A name in an SQL statement: bound, for it may be anything. */
static int vacuum_into(sqlite3 *sql, const char *to)
{
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(sql, "VACUUM INTO ?", -1, &s, NULL);

    if (rc == SQLITE_OK) {
        sqlite3_bind_text(s, 1, to, -1, SQLITE_STATIC);
        rc = sqlite3_step(s);
    }
    sqlite3_finalize(s);
    return rc;
}

char *db_copy(const char *from, const char *to)
{
    int fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    sqlite3 *sql = NULL;
    char *error = NULL;

    if (fd < 0)
        return xasprintf("cannot make %s: %s", to, strerror(errno));
    close(fd);
    if (sqlite3_open_v2(from, &sql, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK ||
        vacuum_into(sql, to) != SQLITE_DONE)
        error = copy_error(to, sqlite3_errmsg(sql));
    else if (!file_sync(to))
        error = copy_error(to, strerror(errno));
    sqlite3_close_v2(sql);
    return error;
}

/* -- restoring ------------------------------------------------------------- */

char *db_check_copy(const struct db_kind *kind, const char *path)
{
    char *error = db_look(kind, path);
    sqlite3 *sql = NULL;
    bool empty = true;

    if (error)
        return error;
    if (sqlite3_open_v2(path, &sql, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK)
        error = xasprintf("%s: %s", path, sqlite3_errmsg(sql));
    else
        error = db_check(sql, kind, path, &empty);
    if (!error && empty)
        error = xasprintf("%s is empty: it is no backup", path);
    sqlite3_close_v2(sql);
    return error;
}

/* The counter of what is there now: opened and closed, so that nothing of it
 * is left in its log. */
static uint64_t counter_now(const struct db_kind *kind, const char *path)
{
    sqlite3 *sql = NULL;
    struct db d = {0};
    uint64_t n = 0;
    bool ok = access(path, F_OK) == 0, empty = true;
    char *error;

    if (!ok)
        return 0;
    error = db_look(kind, path);
    ok = !error &&
         sqlite3_open_v2(path, &sql, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK;
    free(error);
    error = ok ? db_check(sql, kind, path, &empty) : NULL;
    d.sql = sql;
    ok = ok && !error && (empty || db_get(&d, kind->counter, &n)) &&
         db_exec(sql, "PRAGMA wal_checkpoint(TRUNCATE)");
    free(error);
    sqlite3_close_v2(sql);
    return ok ? n : DB_FAR_AHEAD;
}

static char *set_counter(const struct db_kind *kind, const char *path,
                         uint64_t at_least, uint64_t *counter)
{
    struct db d = {.lock = -1};
    char *error = NULL;

    if (sqlite3_open_v2(path, &d.sql, SQLITE_OPEN_READWRITE, NULL) !=
            SQLITE_OK ||
        !db_get(&d, kind->counter, counter)) {
        error = xasprintf("%s: %s", path, sqlite3_errmsg(d.sql));
    } else {
        *counter = (*counter > at_least ? *counter : at_least) + DB_AHEAD;
        if (!db_set(&d, kind->counter, *counter))
            error = xasprintf("%s: %s", path, sqlite3_errmsg(d.sql));
    }
    sqlite3_close_v2(d.sql);
    return error;
}

/* What is there gets another name, and with it its log and what it was in the
 * middle of: they must not meet a database that is not their own. */
static bool set_aside(const char *path, bool *replaced)
{
    static const char *const parts[] = {"", "-wal", DB_SNAPSHOT};
    bool ok = true;
    size_t i;

    for (i = 0; i < ARRAY_LEN(parts); i++) {
        char *from = xasprintf("%s%s", path, parts[i]);
        char *to = xasprintf("%s.replaced%s", path, parts[i]);

        unlink(to);
        if (!link(from, to))
            *replaced = true;
        else
            ok &= errno == ENOENT;
        if (i)
            unlink(from);
        free(from);
        free(to);
    }
    return ok;
}

static char *restore_locked(const struct db_kind *kind, const char *from,
                            const char *to, struct db_restored *r)
{
    char *beside = xasprintf("%s.restoring", to);
    uint64_t now = counter_now(kind, to);
    char *error;

    unlink(beside); /* of one that was interrupted */
    error = db_copy(from, beside);
    if (!error)
        error = set_counter(kind, beside, now, &r->counter);
    if (!error && !file_sync(beside))
        error = copy_error(beside, strerror(errno));
    if (!error && !(set_aside(to, &r->replaced) && !rename(beside, to) &&
                    db_sync_folder(to)))
        error =
            xasprintf("cannot put %s into its place: %s", to, strerror(errno));
    if (error)
        unlink(beside);
    free(beside);
    return error;
}

char *db_restore(const struct db_kind *kind, const char *from, const char *to,
                 struct db_restored *r)
{
    struct db d = {
        .path = xstrdup(to), .lock_path = xasprintf("%s.lock", to), .lock = -1};
    char *error = db_check_copy(kind, from);

    *r = (struct db_restored){0};
    if (!error)
        error = db_lock(&d, kind);
    if (!error)
        error = restore_locked(kind, from, to, r);
    db_close(&d);
    return error;
}
