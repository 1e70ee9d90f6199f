#include "server/state/writer_db.h"

#include <sqlite3.h>
#include <stddef.h>
#include <string.h>

#define FOLD_PAGES 2000 /* of the log: then it is folded in */

static const char *const texts[WRITER_STATEMENTS] = {
    [WRITER_BEGIN] = "BEGIN IMMEDIATE",
    [WRITER_COMMIT] = "COMMIT",
    [WRITER_ROLLBACK] = "ROLLBACK",
    [WRITER_ADD] = "INSERT INTO records(id, kind, key, changed, value, sum) "
                   "VALUES(?1, ?3, ?4, ?5, ?6, ?7)",
    [WRITER_CHANGE] = "UPDATE records SET changed=?5, value=?6, sum=?7 "
                      "WHERE id BETWEEN ?1 AND ?2 AND kind=?3 AND key=?4",
    [WRITER_PROMOTE] =
        "INSERT INTO records(id, kind, key, changed, value, sum) "
        "SELECT coalesce(max(id) + 1, ?1), ?3, ?4, ?5, ?6, ?7 "
        "FROM records WHERE id BETWEEN ?1 AND ?2",
    [WRITER_DELETE] = "DELETE FROM records "
                      "WHERE id BETWEEN ?1 AND ?2 AND kind=?3 AND key=?4",
    [WRITER_NUMBER] = "INSERT OR REPLACE INTO meta(name, value) VALUES(?, ?)",
};

/* -- statements ------------------------------------------------------------ */

static int count_pages(void *arg, sqlite3 *sql, const char *name, int pages)
{
    struct writer_db *d = arg;

    (void)sql;
    (void)name;
    d->log_pages = pages;
    return SQLITE_OK;
}

void writer_db_init(struct writer_db *d, struct db *db, uint64_t reserved)
{
    *d = (struct writer_db){.db = db, .reserved = reserved};
    sqlite3_wal_hook(db->sql, count_pages, d);
}

static sqlite3_stmt *statement(struct writer_db *d, enum writer_statement which)
{
    sqlite3_stmt **s = &d->statements[which];

    if (!*s)
        sqlite3_prepare_v3(d->db->sql, texts[which], -1,
                           SQLITE_PREPARE_PERSISTENT, s, NULL);
    return *s;
}

/* Runs one that answers nothing; its values are bound. */
static int run(sqlite3_stmt *s)
{
    int rc;

    if (!s)
        return SQLITE_NOMEM;
    rc = sqlite3_step(s);
    sqlite3_reset(s);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int run_plain(struct writer_db *d, enum writer_statement which)
{
    return run(statement(d, which));
}

static int write_number(struct writer_db *d, const char *name, uint64_t value)
{
    sqlite3_stmt *s = statement(d, WRITER_NUMBER);

    sqlite3_bind_text(s, 1, name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 2, (sqlite3_int64)value);
    return run(s);
}

/* Fowler, Noll and Vo's 1a: it is damage that is looked for, not malice. */
static uint32_t sum_add(uint32_t sum, const void *bytes, size_t len)
{
    const unsigned char *p = bytes;

    while (len--)
        sum = (sum ^ *p++) * 16777619u;
    return sum;
}

uint32_t kept_sum(const char *kind, uint64_t created, uint64_t changed,
                  const char *key, size_t key_len, const char *value,
                  size_t value_len)
{
    uint64_t numbers[] = {created, changed, key_len, value_len};
    uint32_t sum = sum_add(2166136261u, numbers, sizeof(numbers));

    sum = sum_add(sum, kind, strlen(kind));
    sum = sum_add(sum, key, key_len);
    return sum_add(sum, value, value_len);
}

static int run_kept(struct writer_db *d, enum writer_statement which,
                    const struct kept *k)
{
    sqlite3_stmt *s = statement(d, which);
    sqlite3_int64 first = (sqlite3_int64)(k->created * DB_PLACES);

    if (which == WRITER_ADD)
        first += k->place;
    sqlite3_bind_int64(s, 1, first);
    sqlite3_bind_int64(s, 2, first + DB_PLACES - 1);
    sqlite3_bind_text(s, 3, k->kind, -1, SQLITE_STATIC);
    sqlite3_bind_blob64(s, 4, k->bytes, k->key_len, SQLITE_STATIC);
    sqlite3_bind_int64(s, 5, (sqlite3_int64)k->changed);
    sqlite3_bind_blob64(s, 6, k->bytes + k->key_len, k->value_len,
                        SQLITE_STATIC);
    sqlite3_bind_int64(s, 7,
                       kept_sum(k->kind, k->created, k->changed, k->bytes,
                                k->key_len, k->bytes + k->key_len,
                                k->value_len));
    return run(s);
}

static int write_kept(struct writer_db *d, const struct kept *k)
{
    int rc;

    if (!k->put)
        return run_kept(d, WRITER_DELETE, k);
    if (k->fresh)
        return run_kept(d, WRITER_ADD, k);
    rc = run_kept(d, WRITER_CHANGE, k);
    if (rc == SQLITE_OK && !sqlite3_changes(d->db->sql))
        rc = run_kept(d, WRITER_PROMOTE, k); /* it was not kept until now */
    return rc;
}

/* -- transactions ---------------------------------------------------------- */

/* What SQLite says, in words that a client may be told: static. */
static const char *why(int rc)
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

static int write_all(struct writer_db *d, const struct entries *l,
                     uint64_t reserve)
{
    const struct entry *e;
    const struct kept *k;
    int rc = SQLITE_OK;

    for (e = l->first; e; e = e->next)
        for (k = e->kept; k && rc == SQLITE_OK; k = k->next)
            rc = write_kept(d, k);
    if (rc == SQLITE_OK && reserve)
        rc = write_number(d, "revision", reserve);
    return rc;
}

static int end_transaction(struct writer_db *d, int rc)
{
    if (rc == SQLITE_OK)
        rc = run_plain(d, WRITER_COMMIT);
    if (rc != SQLITE_OK && !sqlite3_get_autocommit(d->db->sql))
        run_plain(d, WRITER_ROLLBACK);
    return rc;
}

const char *writer_db_heal(struct writer_db *d)
{
    int rc;

    /* what is in the database need not be in the log: that may be room */
    sqlite3_wal_checkpoint_v2(d->db->sql, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL,
                              NULL);
    rc = run_plain(d, WRITER_BEGIN);
    if (rc == SQLITE_OK)
        rc = end_transaction(d, write_number(d, "failures", ++d->healed));
    return why(rc);
}

/* A transaction that failed is written over in any case. */
static int try_all(struct writer_db *d, const struct entries *l,
                   uint64_t reserve, bool *healed)
{
    int rc = run_plain(d, WRITER_BEGIN);

    *healed = false;
    if (rc == SQLITE_OK) {
        rc = end_transaction(d, write_all(d, l, reserve));
        if (rc != SQLITE_OK)
            *healed = !writer_db_heal(d);
    }
    return rc;
}

const char *writer_db_write(struct writer_db *d, const struct entries *l,
                            uint64_t reserve)
{
    bool healed;
    int rc = try_all(d, l, reserve, &healed);

    if (healed) /* it was the log that took the room, or bad luck */
        rc = try_all(d, l, reserve, &healed);
    if (rc == SQLITE_OK && reserve)
        d->reserved = reserve;
    return why(rc);
}

void writer_db_fold(struct writer_db *d)
{
    int rc, pages, folded;

    if (d->log_pages < FOLD_PAGES)
        return;
    rc = sqlite3_wal_checkpoint_v2(d->db->sql, NULL, SQLITE_CHECKPOINT_PASSIVE,
                                   &pages, &folded);
    if (rc == SQLITE_OK)
        d->checkpoints++;
    /* all of it: the next transaction begins the log anew. Else a backup is
     * reading: tried again as much later */
    d->log_pages = 0;
}

void writer_db_sizes(struct writer_db *d, struct batch *b)
{
    sqlite3_file *f = NULL;
    sqlite3_int64 size = 0;

    sqlite3_file_control(d->db->sql, "main", SQLITE_FCNTL_FILE_POINTER, &f);
    if (f && f->pMethods && f->pMethods->xFileSize(f, &size) == SQLITE_OK)
        b->file_bytes = (uint64_t)size;
    f = NULL;
    sqlite3_file_control(d->db->sql, "main", SQLITE_FCNTL_JOURNAL_POINTER, &f);
    if (f && f->pMethods && f->pMethods->xFileSize(f, &size) == SQLITE_OK)
        b->log_bytes = (uint64_t)size;
    b->checkpoints = d->checkpoints;
}

void writer_db_end(struct writer_db *d, uint64_t next)
{
    unsigned i;

    if (next && run_plain(d, WRITER_BEGIN) == SQLITE_OK)
        end_transaction(d, write_number(d, "revision", next));
    for (i = 0; i < WRITER_STATEMENTS; i++)
        sqlite3_finalize(d->statements[i]);
    sqlite3_wal_hook(d->db->sql, NULL, NULL);
}
