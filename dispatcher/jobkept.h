/*
 * The durable job store's side of the loop (jobstore_sqlite.c): for each job
 * that is kept, what of it is not on the disk yet and how that becomes rows.
 *
 *   event, output, changed --> main, tails --flush--> items --> the writer
 *
 * The first entries of a job's life are in its own row (most jobs have no
 * more); when they are too many they go to rows of their own. Output of a host
 * whose tail is being cut has rows for itself, so that they can go again.
 *
 * What waits for the disk is told by acks: each is carried out when the
 * transaction is on the disk that has what it is about.
 *
 * Must not know the database's thread, nor workers.
 */
#ifndef DISPATCHER_JOBKEPT_H
#define DISPATCHER_JOBKEPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dispatcher/job.h"
#include "dispatcher/jobdb.h"
#include "dispatcher/joblog.h"
#include "lib/buf.h"
#include "lib/offload.h"

enum ack_kind { ACK_ADDED, ACK_ASSIGNED, ACK_STORED, ACK_ENDED };

struct kept_job;

struct ack {
    enum ack_kind kind;
    struct kept_job *kept;
    unsigned index, attempt; /* of the task */
    uint64_t n;              /* SEQ, or fence */
};

struct acks {
    struct ack *list;
    size_t count, size;
    uint64_t generation; /* of the transaction that they wait for */
};

/* A row of a tail. */
struct tail_row {
    uint64_t row, last_seq;
    size_t bytes;
};

struct kept_task {
    struct buf tail;         /* output not made a row yet */
    uint64_t tail_seq;       /* of the last event in it */
    struct tail_row *rows;   /* on the disk, or on the way */
    size_t n_rows, size;     /* of rows */
    uint64_t ack_generation; /* there is an ack of it in these ... */
    size_t ack_at;           /* ... at that place */
    bool changed;            /* its fields are to be written */
};

TAILQ_HEAD(kept_list, kept_job);

struct kept_job {
    struct job *job; /* NULL: it is gone */
    unsigned refs;   /* acks, and the job */
    bool fresh;      /* it has no row yet */
    bool refused;    /* it never had one ... */
    bool told;       /* ... and its submitter was told */
    bool spilled;    /* it has rows of entries */
    bool state_changed, ended, end_kept;
    bool dirty;
    TAILQ_ENTRY(kept_job) in_dirty;
    struct buf first; /* entries in its own row */
    struct buf main;  /* entries not written yet */
    uint64_t turn;
    uint64_t state_sum;      /* of the state that was written */
    uint64_t bytes;          /* in the store */
    struct kept_task *tasks; /* as many as the job has; NULL: not yet */
    unsigned n_tasks;
};

/* What all of them share. */
struct keeper {
    struct offload_items items; /* to be written next */
    struct acks acks;           /* ... and who waits for it */
    struct kept_list dirty;
    bool eager;     /* of these one wants to be written now */
    uint64_t rows;  /* the last number of a row */
    uint64_t bytes; /* in the store, of all jobs */
};

void keeper_init(struct keeper *q);
void keeper_clear(struct keeper *q);

/* The job's; fresh: it has no row yet. */
struct kept_job *kept_new(struct keeper *q, struct job *j, bool fresh);
/* The job is about to be freed; its rows go, if it has any and they shall. */
void kept_drop(struct keeper *q, struct kept_job *k, bool forget);
/* Its tasks leave the memory; all of it is on the disk. */
void kept_lighten(struct kept_job *k);
void kept_unref(struct kept_job *k);
struct kept_task *kept_task(struct kept_job *k, unsigned index);

/* A row of a tail that was kept before a restart. */
void kept_old_tail(struct kept_job *k, unsigned index, uint64_t row,
                   const char *data, size_t len);

/* There is something to write; eager: somebody waits for it. */
void kept_touch(struct keeper *q, struct kept_job *k, bool eager);
/* An event that is not output; it is in the job's log by now. */
void kept_event(struct keeper *q, struct kept_job *k,
                const struct joblog_entry *e);
void kept_output(struct keeper *q, struct kept_job *k,
                 const struct joblog_entry *e);

void acks_add(struct acks *a, enum ack_kind kind, struct kept_job *k,
              unsigned index, unsigned attempt, uint64_t n);
void acks_stored(struct acks *a, struct kept_job *k, const struct task *t,
                 uint64_t seq);

/* All of them, for the transaction that is begun. */
void acks_move(struct acks *to, struct acks *from);

/* Makes items of all that is dirty. */
void keeper_flush(struct keeper *q);

#endif
