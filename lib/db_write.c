#include "lib/db_write.h"

#include <sqlite3.h>

#define FOLD_PAGES 2000 /* of the log: then it is folded in */

static int count_pages(void *arg, sqlite3 *sql, const char *name, int pages)
{
    struct db_writer *w = arg;

    (void)sql;
    (void)name;
    w->log_pages = pages;
    return SQLITE_OK;
}

void db_writer_init(struct db_writer *w, struct db *db)
{
    *w = (struct db_writer){.db = db};
    sqlite3_wal_hook(db->sql, count_pages, w);
}

void db_writer_end(struct db_writer *w)
{
    sqlite3_finalize(w->begin);
    sqlite3_finalize(w->commit);
    sqlite3_finalize(w->rollback);
    sqlite3_finalize(w->number);
    sqlite3_wal_hook(w->db->sql, NULL, NULL);
}

/* -- statements ------------------------------------------------------------ */

struct sqlite3_stmt *db_statement(struct db_writer *w, struct sqlite3_stmt **s,
                                  const char *text)
{
    if (!*s)
        sqlite3_prepare_v3(w->db->sql, text, -1, SQLITE_PREPARE_PERSISTENT, s,
                           NULL);
    return *s;
}

int db_run(struct sqlite3_stmt *s)
{
    int rc;

    if (!s)
        return SQLITE_NOMEM;
    rc = sqlite3_step(s);
    sqlite3_reset(s);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int db_write_number(struct db_writer *w, const char *name, uint64_t value)
{
    sqlite3_stmt *s = db_statement(
        w, &w->number, "INSERT OR REPLACE INTO meta(name, value) VALUES(?, ?)");

    sqlite3_bind_text(s, 1, name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 2, (sqlite3_int64)value);
    return db_run(s);
}

/* Fowler, Noll and Vo's 1a: it is damage that is looked for, not malice. */
uint32_t db_sum(uint32_t sum, const void *bytes, size_t len)
{
    const unsigned char *p = bytes;

    while (len--)
        sum = (sum ^ *p++) * 16777619u;
    return sum;
}

/* -- transactions ---------------------------------------------------------- */

const char *db_why(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_OK: return NULL;
    case SQLITE_FULL: return "not kept: the disk is full";
    case SQLITE_IOERR: return "not kept: the disk failed";
    case SQLITE_READONLY: return "not kept: the disk is read-only";
    case SQLITE_BUSY: return "not kept: another process locks the database";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return "not kept: the database is damaged";
    default: return "not kept: the database failed";
    }
}

int db_begin(struct db_writer *w)
{
    return db_run(db_statement(w, &w->begin, "BEGIN IMMEDIATE"));
}

int db_end(struct db_writer *w, int rc)
{
    if (rc == SQLITE_OK)
        rc = db_run(db_statement(w, &w->commit, "COMMIT"));
    if (rc != SQLITE_OK && !sqlite3_get_autocommit(w->db->sql))
        db_run(db_statement(w, &w->rollback, "ROLLBACK"));
    return rc;
}

const char *db_heal(struct db_writer *w)
{
    int rc;

    /* what is in the database need not be in the log: that may be room */
    sqlite3_wal_checkpoint_v2(w->db->sql, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL,
                              NULL);
    rc = db_begin(w);
    if (rc == SQLITE_OK)
        rc = db_end(w, db_write_number(w, "failures", ++w->healed));
    return db_why(rc);
}

void db_fold(struct db_writer *w)
{
    int rc, pages, folded;

    if (w->log_pages < FOLD_PAGES)
        return;
    rc = sqlite3_wal_checkpoint_v2(w->db->sql, NULL, SQLITE_CHECKPOINT_PASSIVE,
                                   &pages, &folded);
    if (rc == SQLITE_OK)
        w->checkpoints++;
    /* all of it: the next transaction begins the log anew. Else somebody is
     * reading: tried again as much later */
    w->log_pages = 0;
}

static uint64_t size_of(struct db_writer *w, int which)
{
    sqlite3_file *f = NULL;
    sqlite3_int64 size = 0;

    sqlite3_file_control(w->db->sql, "main", which, &f);
    if (f && f->pMethods && f->pMethods->xFileSize(f, &size) == SQLITE_OK)
        return (uint64_t)size;
    return 0;
}

void db_sizes(struct db_writer *w, uint64_t *file, uint64_t *log)
{
    *file = size_of(w, SQLITE_FCNTL_FILE_POINTER);
    *log = size_of(w, SQLITE_FCNTL_JOURNAL_POINTER);
}
