/*
 * The rows of the durable job store (lib/db.h has the schema): what is to be
 * written, as one transaction, by a thread of its own; and what is read, at the
 * start or by another thread.
 *
 * Every blob is followed by its sum: SQLite does not see damage in there.
 * Must not know jobs in memory, nor who waits.
 */
#ifndef DISPATCHER_JOBDB_H
#define DISPATCHER_JOBDB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/db.h"
#include "lib/db_write.h"
#include "lib/mem.h"
#include "lib/offload.h"

/* -- writing --------------------------------------------------------------- */

enum jobdb_what {
    JOBDB_ADD,    /* a job */
    JOBDB_SET,    /* what is given of a job: the rest stays */
    JOBDB_LOG,    /* entries of a job */
    JOBDB_CUT,    /* that row of entries goes */
    JOBDB_FORGET, /* the job goes, with its entries */
    JOBDB_PROBE,  /* nothing: whether it can be written to */
    JOBDB_SETTING /* spec: the name; state: its value, or it goes */
};

/* Owned bytes; data NULL: none. */
struct jobdb_blob {
    char *data; /* len bytes, and room for the sum */
    size_t len;
};

struct jobdb_item {
    struct offload_item link;
    enum jobdb_what what;
    uint64_t number; /* of the job */
    uint64_t row;    /* of entries */
    uint64_t turn;
    int64_t task;     /* whose output they are only, or -1 */
    int64_t ended_ms; /* since 1970; 0: it lives */
    uint64_t bytes;   /* of all that is kept of the job */
    struct jobdb_blob spec, state, tasks, log;
};

struct jobdb_item *jobdb_item_new(enum jobdb_what what, uint64_t number);
void jobdb_item_free(struct jobdb_item *item);
/* Takes the content of b over, which is empty then. */
struct jobdb_blob jobdb_blob_take(struct buf *b);

enum jobdb_statement {
    JOBDB_S_ADD,
    JOBDB_S_SET,
    JOBDB_S_LOG,
    JOBDB_S_CUT,
    JOBDB_S_FORGET,
    JOBDB_S_FORGET_LOG,
    JOBDB_S_SETTING,
    JOBDB_S_UNSET,
    JOBDB_STATEMENTS
};

/* One transaction at a time; the thread's while items are given to it. */
struct jobdb_writer {
    struct db_writer base;
    struct sqlite3_stmt *statements[JOBDB_STATEMENTS];
    uint64_t jobs, fence; /* to be kept with the next transaction */
    uint64_t jobs_kept, fence_kept;
    /* what came of the last one */
    const char *error; /* static; NULL: it is on the disk */
    double seconds;
    uint64_t file_bytes, log_bytes;
};

void jobdb_writer_init(struct jobdb_writer *w, struct db *db);
void jobdb_writer_end(struct jobdb_writer *w);
/* All of the items or nothing of them: an offload_work_fn on the writer. */
void jobdb_write(void *writer, struct offload_items *items);

/* -- reading --------------------------------------------------------------- */

/* A job as it was read; valid within the call. */
struct jobdb_row {
    uint64_t number;
    int64_t ended_ms; /* 0: it lives */
    uint64_t bytes;
    const char *spec, *state, *tasks; /* tasks only where they were asked for */
    size_t spec_len, state_len, tasks_len;
};

/* Entries as they were read. */
struct jobdb_entries {
    uint64_t row, turn;
    int64_t task;
    const char *data;
    size_t len;
};

/* NULL: go on; else the reading ends with that error (free()). */
typedef char *jobdb_row_fn(void *arg, const struct jobdb_row *row);
typedef char *jobdb_entries_fn(void *arg, const struct jobdb_entries *e);

/* Each NULL, or an error text (free()). */
MUST_CHECK char *jobdb_read_live(struct sqlite3 *sql, jobdb_row_fn *fn,
                                 void *arg);
/* Ended ones below that number, the newest first. */
MUST_CHECK char *jobdb_read_ended(struct sqlite3 *sql, uint64_t below,
                                  unsigned limit, jobdb_row_fn *fn, void *arg);
/* That job, with its tasks, if it is there. */
MUST_CHECK char *jobdb_read_job(struct sqlite3 *sql, uint64_t number,
                                jobdb_row_fn *fn, void *arg);
/* Its entries behind that row; row 0: from the first, which are in the job. */
MUST_CHECK char *jobdb_read_entries(struct sqlite3 *sql, uint64_t number,
                                    uint64_t behind, jobdb_entries_fn *fn,
                                    void *arg);
typedef void jobdb_setting_fn(void *arg, const char *name, const char *value);
MUST_CHECK char *jobdb_read_settings(struct sqlite3 *sql, jobdb_setting_fn *fn,
                                     void *arg);
/* The highest number of a job and of a row, whichever are there. */
MUST_CHECK char *jobdb_read_last(struct sqlite3 *sql, uint64_t *job,
                                 uint64_t *row);

/* For reading only, beside the one that writes; NULL: *error (free()). */
struct sqlite3 *jobdb_open(const char *path, char **error);
void jobdb_close(struct sqlite3 *sql);

#endif
