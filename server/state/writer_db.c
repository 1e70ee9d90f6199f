#include "server/state/writer_db.h"

#include <sqlite3.h>
#include <stddef.h>
#include <string.h>

static const char *const texts[WRITER_STATEMENTS] = {
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
};

void writer_db_init(struct writer_db *d, struct db *db, uint64_t reserved)
{
    *d = (struct writer_db){.reserved = reserved};
    db_writer_init(&d->base, db);
}

uint32_t kept_sum(const char *kind, uint64_t created, uint64_t changed,
                  const char *key, size_t key_len, const char *value,
                  size_t value_len)
{
    uint64_t numbers[] = {created, changed, key_len, value_len};
    uint32_t sum = db_sum(DB_SUM, numbers, sizeof(numbers));

    sum = db_sum(sum, kind, strlen(kind));
    sum = db_sum(sum, key, key_len);
    return db_sum(sum, value, value_len);
}

static int run_kept(struct writer_db *d, enum writer_statement which,
                    const struct kept *k)
{
    sqlite3_stmt *s =
        db_statement(&d->base, &d->statements[which], texts[which]);
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
    return db_run(s);
}

static int write_kept(struct writer_db *d, const struct kept *k)
{
    int rc;

    if (!k->put)
        return run_kept(d, WRITER_DELETE, k);
    if (k->fresh)
        return run_kept(d, WRITER_ADD, k);
    rc = run_kept(d, WRITER_CHANGE, k);
    if (rc == SQLITE_OK && !sqlite3_changes(d->base.db->sql))
        rc = run_kept(d, WRITER_PROMOTE, k); /* it was not kept until now */
    return rc;
}

/* -- transactions ---------------------------------------------------------- */

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
        rc = db_write_number(&d->base, "revision", reserve);
    return rc;
}

/* A transaction that failed is written over in any case. */
static int try_all(struct writer_db *d, const struct entries *l,
                   uint64_t reserve, bool *healed)
{
    int rc = db_begin(&d->base);

    *healed = false;
    if (rc == SQLITE_OK) {
        rc = db_end(&d->base, write_all(d, l, reserve));
        if (rc != SQLITE_OK)
            *healed = !db_heal(&d->base);
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
    return db_why(rc);
}

void writer_db_sizes(struct writer_db *d, struct batch *b)
{
    db_sizes(&d->base, &b->file_bytes, &b->log_bytes);
    b->checkpoints = d->base.checkpoints;
}

void writer_db_end(struct writer_db *d, uint64_t next)
{
    unsigned i;

    if (next && db_begin(&d->base) == SQLITE_OK)
        db_end(&d->base, db_write_number(&d->base, "revision", next));
    for (i = 0; i < WRITER_STATEMENTS; i++)
        sqlite3_finalize(d->statements[i]);
    db_writer_end(&d->base);
}
