#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "dispatcher/jobdb.h"

#define SUM_BYTES 4
#define BUSY_MS   5000

struct query {
    sqlite3_stmt *s;
    char *error;
};

/* -- columns --------------------------------------------------------------- */

static uint32_t get_sum(const unsigned char *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
           (uint32_t)at[3] << 24;
}

/* A blob without its sum; false: it is damaged. NULL is none. */
static bool column_blob(sqlite3_stmt *s, int place, const char **data,
                        size_t *len)
{
    const char *blob = sqlite3_column_blob(s, place);
    size_t size = (size_t)sqlite3_column_bytes(s, place);

    *data = NULL;
    *len = 0;
    if (sqlite3_column_type(s, place) == SQLITE_NULL)
        return true;
    if (size < SUM_BYTES)
        return false;
    *data = blob;
    *len = size - SUM_BYTES;
    return get_sum((const unsigned char *)blob + *len) ==
           db_sum(DB_SUM, blob, *len);
}

static char *damaged(uint64_t number)
{
    return xasprintf("what is kept of job number %llu is damaged",
                     (unsigned long long)number);
}

/* -- queries --------------------------------------------------------------- */

static struct query query_new(struct sqlite3 *sql, const char *text)
{
    struct query q = {0};

    if (sqlite3_prepare_v2(sql, text, -1, &q.s, NULL) != SQLITE_OK)
        q.error = xstrdup(sqlite3_errmsg(sql));
    return q;
}

/* True if there is another row. */
static bool query_next(struct query *q)
{
    int rc;

    if (q->error)
        return false;
    rc = sqlite3_step(q->s);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        q->error = xstrdup(sqlite3_errmsg(sqlite3_db_handle(q->s)));
    return rc == SQLITE_ROW;
}

static char *query_end(struct query *q)
{
    sqlite3_finalize(q->s);
    return q->error;
}

/* number, ended, bytes, spec, state, tasks */
static char *take_row(sqlite3_stmt *s, jobdb_row_fn *fn, void *arg)
{
    struct jobdb_row row = {.number = (uint64_t)sqlite3_column_int64(s, 0),
                            .ended_ms = sqlite3_column_int64(s, 1),
                            .bytes = (uint64_t)sqlite3_column_int64(s, 2)};
    char *error;

    if (!column_blob(s, 3, &row.spec, &row.spec_len) ||
        !column_blob(s, 4, &row.state, &row.state_len) ||
        !column_blob(s, 5, &row.tasks, &row.tasks_len))
        return damaged(row.number);
    error = fn(arg, &row);
    return error; /* cppcheck-suppress returnDanglingLifetime */
}

static char *read_rows(struct query *q, jobdb_row_fn *fn, void *arg)
{
    while (query_next(q))
        q->error = take_row(q->s, fn, arg);
    return query_end(q);
}

char *jobdb_read_live(struct sqlite3 *sql, jobdb_row_fn *fn, void *arg)
{
    struct query q =
        query_new(sql, "SELECT number, ended, bytes, spec, state, NULL "
                       "FROM jobs WHERE ended IS NULL ORDER BY number");

    return read_rows(&q, fn, arg);
}

char *jobdb_read_ended(struct sqlite3 *sql, uint64_t below, unsigned limit,
                       jobdb_row_fn *fn, void *arg)
{
    struct query q =
        query_new(sql, "SELECT number, ended, bytes, spec, state, NULL "
                       "FROM jobs WHERE number<? AND ended IS NOT NULL "
                       "ORDER BY number DESC LIMIT ?");

    sqlite3_bind_int64(q.s, 1, (sqlite3_int64)below);
    sqlite3_bind_int64(q.s, 2, limit);
    return read_rows(&q, fn, arg);
}

char *jobdb_read_job(struct sqlite3 *sql, uint64_t number, jobdb_row_fn *fn,
                     void *arg)
{
    struct query q =
        query_new(sql, "SELECT number, ended, bytes, spec, state, tasks "
                       "FROM jobs WHERE number=?");

    sqlite3_bind_int64(q.s, 1, (sqlite3_int64)number);
    return read_rows(&q, fn, arg);
}

/* -- entries --------------------------------------------------------------- */

static char *take_entries(sqlite3_stmt *s, uint64_t number,
                          jobdb_entries_fn *fn, void *arg)
{
    struct jobdb_entries e = {.row = (uint64_t)sqlite3_column_int64(s, 0),
                              .turn = (uint64_t)sqlite3_column_int64(s, 1),
                              .task = sqlite3_column_int64(s, 2)};
    char *error;

    if (!column_blob(s, 3, &e.data, &e.len))
        return damaged(number);
    error = fn(arg, &e);
    return error; /* cppcheck-suppress returnDanglingLifetime */
}

static char *read_entries(struct query *q, uint64_t number,
                          jobdb_entries_fn *fn, void *arg)
{
    while (query_next(q))
        q->error = take_entries(q->s, number, fn, arg);
    return query_end(q);
}

char *jobdb_read_entries(struct sqlite3 *sql, uint64_t number, uint64_t behind,
                         jobdb_entries_fn *fn, void *arg)
{
    struct query first = {0}, more;
    char *error = NULL;

    if (!behind) {
        first = query_new(sql, "SELECT 0, 0, -1, log FROM jobs WHERE number=?");
        sqlite3_bind_int64(first.s, 1, (sqlite3_int64)number);
        error = read_entries(&first, number, fn, arg);
    }
    if (error)
        return error;
    more = query_new(sql, "SELECT id, turn, task, data FROM log "
                          "WHERE job=? AND id>? ORDER BY id");
    sqlite3_bind_int64(more.s, 1, (sqlite3_int64)number);
    sqlite3_bind_int64(more.s, 2, (sqlite3_int64)behind);
    return read_entries(&more, number, fn, arg);
}

/* -- the rest -------------------------------------------------------------- */

char *jobdb_read_settings(struct sqlite3 *sql, jobdb_setting_fn *fn, void *arg)
{
    struct query q = query_new(sql, "SELECT name, value FROM settings");

    while (query_next(&q))
        fn(arg, (const char *)sqlite3_column_text(q.s, 0),
           (const char *)sqlite3_column_text(q.s, 1));
    return query_end(&q);
}

char *jobdb_read_last(struct sqlite3 *sql, uint64_t *job, uint64_t *row)
{
    struct query q = query_new(sql, "SELECT (SELECT max(number) FROM jobs), "
                                    "(SELECT max(id) FROM log)");

    if (query_next(&q)) {
        *job = (uint64_t)sqlite3_column_int64(q.s, 0);
        *row = (uint64_t)sqlite3_column_int64(q.s, 1);
    }
    return query_end(&q);
}

struct sqlite3 *jobdb_open(const char *path, char **error)
{
    struct sqlite3 *sql = NULL;

    *error = NULL;
    if (sqlite3_open_v2(path, &sql, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK) {
        *error = xasprintf("%s: %s", path, sqlite3_errmsg(sql));
        jobdb_close(sql);
        return NULL;
    }
    sqlite3_busy_timeout(sql, BUSY_MS);
    return sql;
}

void jobdb_close(struct sqlite3 *sql)
{
    sqlite3_close_v2(sql);
}
