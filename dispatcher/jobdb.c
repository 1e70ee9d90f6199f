#include "dispatcher/jobdb.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SUM_BYTES 4

static const char *const texts[JOBDB_STATEMENTS] = {
    [JOBDB_S_ADD] = "INSERT INTO jobs(number, ended, bytes, spec, state, "
                    "tasks, log) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [JOBDB_S_SET] = "UPDATE jobs SET ended=?2, bytes=?3, "
                    "spec=coalesce(?4, spec), state=coalesce(?5, state), "
                    "tasks=coalesce(?6, tasks), log=coalesce(?7, log) "
                    "WHERE number=?1",
    [JOBDB_S_LOG] = "INSERT INTO log(id, job, turn, task, data) "
                    "VALUES(?1, ?2, ?3, ?4, ?5)",
    [JOBDB_S_CUT] = "DELETE FROM log WHERE id=?1",
    [JOBDB_S_FORGET] = "DELETE FROM jobs WHERE number=?1",
    [JOBDB_S_FORGET_LOG] = "DELETE FROM log WHERE job=?1",
    [JOBDB_S_SETTING] = "INSERT OR REPLACE INTO settings(name, value) "
                        "VALUES(?1, ?2)",
    [JOBDB_S_UNSET] = "DELETE FROM settings WHERE name=?1",
};

/* -- items ----------------------------------------------------------------- */

struct jobdb_item *jobdb_item_new(enum jobdb_what what, uint64_t number)
{
    struct jobdb_item *item = xcalloc(1, sizeof(*item));

    item->what = what;
    item->number = number;
    item->task = -1;
    return item;
}

void jobdb_item_free(struct jobdb_item *item)
{
    free(item->spec.data);
    free(item->state.data);
    free(item->tasks.data);
    free(item->log.data);
    free(item);
}

struct jobdb_blob jobdb_blob_take(struct buf *b)
{
    struct jobdb_blob blob = {.len = buf_len(b)};

    blob.data = xmalloc(blob.len + SUM_BYTES);
    if (blob.len)
        memcpy(blob.data, buf_data(b), blob.len);
    buf_reset(b, 0);
    return blob;
}

/* -- a transaction --------------------------------------------------------- */

static void put_sum(char *at, uint32_t sum)
{
    for (unsigned i = 0; i < SUM_BYTES; i++, sum >>= 8)
        at[i] = (char)(sum & 255);
}

static void bind_blob(sqlite3_stmt *s, int place, const struct jobdb_blob *b)
{
    if (!b->data) {
        sqlite3_bind_null(s, place);
        return;
    }
    put_sum(b->data + b->len, db_sum(DB_SUM, b->data, b->len));
    sqlite3_bind_blob64(s, place, b->data, b->len + SUM_BYTES, SQLITE_STATIC);
}

static sqlite3_stmt *statement(struct jobdb_writer *w,
                               enum jobdb_statement which)
{
    return db_statement(&w->base, &w->statements[which], texts[which]);
}

static int write_job(struct jobdb_writer *w, enum jobdb_statement which,
                     const struct jobdb_item *item)
{
    sqlite3_stmt *s = statement(w, which);

    sqlite3_bind_int64(s, 1, (sqlite3_int64)item->number);
    if (item->ended_ms)
        sqlite3_bind_int64(s, 2, item->ended_ms);
    else
        sqlite3_bind_null(s, 2);
    sqlite3_bind_int64(s, 3, (sqlite3_int64)item->bytes);
    bind_blob(s, 4, &item->spec);
    bind_blob(s, 5, &item->state);
    bind_blob(s, 6, &item->tasks);
    bind_blob(s, 7, &item->log);
    return db_run(s);
}

static int write_log(struct jobdb_writer *w, const struct jobdb_item *item)
{
    sqlite3_stmt *s = statement(w, JOBDB_S_LOG);

    sqlite3_bind_int64(s, 1, (sqlite3_int64)item->row);
    sqlite3_bind_int64(s, 2, (sqlite3_int64)item->number);
    sqlite3_bind_int64(s, 3, (sqlite3_int64)item->turn);
    sqlite3_bind_int64(s, 4, item->task);
    bind_blob(s, 5, &item->log);
    return db_run(s);
}

static int write_one(struct jobdb_writer *w, enum jobdb_statement which,
                     uint64_t n)
{
    sqlite3_stmt *s = statement(w, which);

    sqlite3_bind_int64(s, 1, (sqlite3_int64)n);
    return db_run(s);
}

static int write_setting(struct jobdb_writer *w, const struct jobdb_item *item)
{
    bool set = item->state.data != NULL;
    sqlite3_stmt *s = statement(w, set ? JOBDB_S_SETTING : JOBDB_S_UNSET);

    sqlite3_bind_text64(s, 1, item->spec.data, item->spec.len, SQLITE_STATIC,
                        SQLITE_UTF8);
    if (set)
        sqlite3_bind_text64(s, 2, item->state.data, item->state.len,
                            SQLITE_STATIC, SQLITE_UTF8);
    return db_run(s);
}

static int write_item(struct jobdb_writer *w, const struct jobdb_item *item)
{
    int rc = SQLITE_OK;

    switch (item->what) {
    case JOBDB_ADD: return write_job(w, JOBDB_S_ADD, item);
    case JOBDB_SET: return write_job(w, JOBDB_S_SET, item);
    case JOBDB_LOG: return write_log(w, item);
    case JOBDB_CUT: return write_one(w, JOBDB_S_CUT, item->row);
    case JOBDB_FORGET:
        rc = write_one(w, JOBDB_S_FORGET, item->number);
        return rc == SQLITE_OK ? write_one(w, JOBDB_S_FORGET_LOG, item->number)
                               : rc;
    case JOBDB_PROBE:
        return db_write_number(&w->base, "failures", ++w->base.healed);
    case JOBDB_SETTING: return write_setting(w, item);
    }
    return rc;
}

static int write_numbers(struct jobdb_writer *w)
{
    int rc = SQLITE_OK;

    if (w->jobs != w->jobs_kept)
        rc = db_write_number(&w->base, "jobs", w->jobs);
    if (rc == SQLITE_OK && w->fence != w->fence_kept)
        rc = db_write_number(&w->base, "fence", w->fence);
    return rc;
}

static int write_all(struct jobdb_writer *w, const struct offload_items *items)
{
    int rc = write_numbers(w);

    for (struct offload_item *i = items->first; i && rc == SQLITE_OK;
         i = i->next)
        rc = write_item(w, container_of(i, struct jobdb_item, link));
    return rc;
}

/* A transaction that failed is written over in any case. */
static int try_all(struct jobdb_writer *w, const struct offload_items *items,
                   bool *healed)
{
    int rc = db_begin(&w->base);

    *healed = false;
    if (rc == SQLITE_OK) {
        rc = db_end(&w->base, write_all(w, items));
        if (rc != SQLITE_OK)
            *healed = !db_heal(&w->base);
    }
    return rc;
}

static double seconds_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void jobdb_write(void *writer, struct offload_items *items)
{
    struct jobdb_writer *w = writer;
    double begin = seconds_now();
    bool healed;
    int rc = try_all(w, items, &healed);

    if (healed) /* it was the log that took the room, or bad luck */
        rc = try_all(w, items, &healed);
    w->error = db_why(rc);
    w->seconds = seconds_now() - begin;
    if (!w->error) {
        w->jobs_kept = w->jobs;
        w->fence_kept = w->fence;
        db_fold(&w->base);
    }
    db_sizes(&w->base, &w->file_bytes, &w->log_bytes);
}

void jobdb_writer_init(struct jobdb_writer *w, struct db *db)
{
    *w = (struct jobdb_writer){0};
    db_writer_init(&w->base, db);
    /* secrets of jobs that have ended are to be gone from the file, too */
    sqlite3_exec(db->sql, "PRAGMA secure_delete=ON", NULL, NULL, NULL);
}

void jobdb_writer_end(struct jobdb_writer *w)
{
    for (unsigned i = 0; i < JOBDB_STATEMENTS; i++)
        sqlite3_finalize(w->statements[i]);
    db_writer_end(&w->base);
}
