/*
 * The inside of the durable job store, for its parts only: jobstore_sqlite.c
 * keeps, jobstore_disk.c writes, jobstore_load.c brings back what was kept.
 */
#ifndef DISPATCHER_JOBSTORE_IMPL_H
#define DISPATCHER_JOBSTORE_IMPL_H

#include "dispatcher/jobdb.h"
#include "dispatcher/jobkept.h"
#include "dispatcher/jobpast.h"
#include "dispatcher/jobstore.h"
#include "dispatcher/jobtable.h"
#include "lib/attrs.h"
#include "lib/db.h"
#include "lib/offload.h"

struct sqlite_store {
    struct jobstore base;
    struct db db;
    struct jobdb_writer writer; /* the thread's while busy */
    struct offload *thread;     /* from the recovery on */
    bool busy;
    bool asked; /* to be handed over in this turn */
    struct jobtable table;
    size_t output; /* in memory, of all jobs; bytes */
    struct keeper keep;
    struct acks flying;          /* of the transaction under way */
    struct offload_items failed; /* to be tried again */
    struct attrs settings;
    uint64_t fence;
    struct jobpast *past;              /* from the recovery on */
    LIST_HEAD(, jobstore_fetch) syncs; /* number: after so many commits */
};

static inline struct sqlite_store *sqlite_of(struct jobstore *s)
{
    return container_of(s, struct sqlite_store, base);
}

/* jobstore_sqlite.c: puts a job in the table. */
void sqlite_enter(struct sqlite_store *q, struct job *j, struct job *below);

/* jobstore_disk.c: there may be something to hand over. */
void disk_ask(struct sqlite_store *q);
/* Takes what nobody reads of an ended job out of memory. */
void disk_let_go(struct sqlite_store *q, struct job *j);
/* All that waits is the next transaction, now. */
void disk_give(struct sqlite_store *q);
void disk_hand_over(struct jobstore *s);
void disk_collect(struct jobstore *s);
void disk_tick(struct jobstore *s);
bool disk_sync(struct jobstore *s, struct jobstore_fetch *f);

/* jobstore_load.c: reads what must be known; NULL, or why not (free()). */
MUST_CHECK char *sqlite_load(struct sqlite_store *q);
void sqlite_recover(struct jobstore *s);
/* A job as its row says, of that dispatcher; NULL, and why not (free()). For
 * any thread. */
struct job *job_of_row(const char *instance, const struct eventlog_bounds *logs,
                       const struct jobdb_row *row, char **error);
/* Puts it in the table, of which it is not fresh. */
struct kept_job *sqlite_enter_row(struct sqlite_store *q, struct job *j,
                                  uint64_t bytes, struct job *below);

#endif
