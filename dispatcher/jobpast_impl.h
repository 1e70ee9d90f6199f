/*
 * The inside of jobpast.h, for its parts only: jobpast.c brings jobs back,
 * jobpages.c their lives.
 */
#ifndef DISPATCHER_JOBPAST_IMPL_H
#define DISPATCHER_JOBPAST_IMPL_H

#include "dispatcher/jobpast.h"
#include "dispatcher/jobstore.h"
#include "lib/buf.h"
#include "lib/offload.h"

/* An ended job that was read. */
struct past_job {
    struct job *job; /* without its tasks */
    uint64_t bytes;
    struct buf tasks;
};

/* Rows of entries that were read. */
struct past_row {
    uint64_t row, turn;
    bool tail;
    struct buf data;
};

enum reading { READ_ENDED, READ_JOB, READ_ENTRIES };

/* Something to read, and then what was read. */
struct past_item {
    struct offload_item link;
    enum reading what;
    uint64_t number;        /* of the job; of READ_ENDED: they are below it */
    uint64_t behind;        /* the row, of READ_ENTRIES */
    struct jobpages *pages; /* who wants them; NULL: nobody any more */
    struct past_job *jobs;
    struct past_row *rows;
    size_t n, size;
    size_t bytes; /* of rows */
    bool any;     /* there was a row of a job */
    char *error;
    char *wrong; /* with one of the jobs */
};

LIST_HEAD(fetch_list, jobstore_fetch);

struct jobpast {
    struct sqlite_store *store;
    struct offload *thread;
    char *path, *instance;       /* for the thread, constant */
    struct eventlog_bounds logs; /* the same */
    struct sqlite3 *sql;         /* the thread's */
    bool loaded;
    struct job *last; /* that was loaded: others come before it */
    struct fetch_list waiting, holding;
    unsigned reading; /* items of jobs that are under way */
    /* Jobs that went lately: they may still be read, or have been before. */
    uint64_t *gone;
    size_t n_gone, size;
};

/* Gives it to the thread. */
void past_give(struct jobpast *p, struct past_item *item);
/* Entries have been read. */
void jobpages_read(struct past_item *item);

#endif
