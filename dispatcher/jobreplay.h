/*
 * Jobs made again from what is kept of them: one that has ended from its row,
 * one that lives from its entries too, which are brought in order first.
 *
 * Pure: must not know the database.
 */
#ifndef DISPATCHER_JOBREPLAY_H
#define DISPATCHER_JOBREPLAY_H

#include <stddef.h>
#include <stdint.h>

#include "dispatcher/job.h"
#include "dispatcher/joblog.h"
#include "lib/buf.h"
#include "lib/mem.h"

/* -- entries in order ------------------------------------------------------ */

/* Rows of one turn are side by side in time: their events are merged by their
 * numbers. */
typedef void jobreplay_fn(void *arg, const struct joblog_entry *e);

struct jobreplay_row {
    struct buf data;
    bool tail; /* of one host */
};

struct jobreplay_turn {
    uint64_t turn;
    struct jobreplay_row *rows; /* owned */
    size_t n_rows, size;
    jobreplay_fn *fn;
    void *arg;
};

/* A row, in the order in which they were kept; copied. What is complete by it
 * is told. False: a row before is damaged. */
MUST_CHECK bool jobreplay_row(struct jobreplay_turn *t, uint64_t turn,
                              bool tail, const char *data, size_t len);
/* Tells the rest, and frees what is held. */
MUST_CHECK bool jobreplay_end(struct jobreplay_turn *t);

/* -- live jobs ------------------------------------------------------------- */

/* Carries out an entry on a job that was made from its specification and
 * state: a jobreplay_fn on it. Tasks have their fields, events are in the log;
 * what state a task is in by them is told by jobreplay_settle(). */
void jobreplay_entry(void *job, const struct joblog_entry *e);
/* After the last one: moves the job and its tasks where they were. */
void jobreplay_settle(struct job *j);

/* -- ended jobs ------------------------------------------------------------ */

/* The tasks and histories of a job that has ended. */
void jobreplay_write_ended(const struct job *j, struct buf *out);
/* Gives a light job its tasks; false: that is none of it, and j is as it was
 * before. */
MUST_CHECK bool jobreplay_read_ended(struct job *j, const char *data,
                                     size_t len);

#endif
