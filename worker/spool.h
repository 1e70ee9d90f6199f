/*
 * The worker's spool: a folder in which jobs outlive the worker.
 *
 *   lock       held by the worker whose spool it is
 *   instance   the name of the spool, and so of the worker
 *   journal    run JID, synced before the job is started; kept EXIT-LINE once
 *              the dispatcher has all of it
 *   jobs/JID       what it says: its monitor writes it (spool_file.h)
 *   jobs/JID.sock  where its monitor waits for a worker
 *
 * All disk work is a thread's, in the order it was asked for; ids that come
 * together are synced together. Only opening it, and looking at a file of one
 * job, is done by who asks.
 *
 * Must not know what a job is.
 */
#ifndef MUSTER_WORKER_SPOOL_H
#define MUSTER_WORKER_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/loop.h"
#include "worker/spool_file.h"

#define SPOOL_BOOT_MAX 40

struct spool;

/* What the journal knew, in its order. */
struct spool_names {
    /* Its id was synced: it may have been started, on that boot. */
    void (*run)(void *arg, const char *jid, bool this_boot);
    /* The dispatcher has it; line is its exit line. */
    void (*kept)(void *arg, const char *line);
};

/* Opens it, making what is not there. NULL and *why (free()): it cannot be
 * used, or another worker has it. */
struct spool *spool_open(struct loop *l, const char *path, char **why);
/* Waits until all that was asked for is done. */
void spool_free(struct spool *s);

const char *spool_instance(const struct spool *s);
const char *spool_boot(const struct spool *s);
/* The folder of the jobs' files. */
int spool_jobs(const struct spool *s);
/* Tells all names that the journal has: before anything is asked for. */
void spool_read_names(struct spool *s, const struct spool_names *names,
                      void *arg);
/* Calls fn with every job that has a file. */
void spool_each_file(struct spool *s, void (*fn)(void *arg, const char *jid),
                     void *arg);

/* The journal gets jid, on the disk; then done is called, with 0 or errno. */
typedef void spool_done_fn(void *arg, int error);
void spool_begin(struct spool *s, const char *jid, spool_done_fn *done,
                 void *arg);
/* Whom done was to be called for has gone. */
void spool_forget_caller(struct spool *s, const void *arg);
/* The dispatcher has it: only its exit line is kept. */
void spool_keep(struct spool *s, const char *jid, const char *exit_line);
/* It was never started: nothing is kept. */
void spool_drop(struct spool *s, const char *jid);
/* Appends a line to the job's file, behind the last whole one. */
void spool_append(struct spool *s, const char *jid, const char *line);
/* Has a file's data on the disk. */
void spool_sync(struct spool *s, const char *jid);
/* The journal is written anew, with this text. */
void spool_rewrite(struct spool *s, const char *text, size_t len);
/* Whether it has grown so that this is worth it. */
bool spool_is_long(const struct spool *s);

/* The next whole lines behind line seq: from offset at (0: look for it), about
 * max bytes. lines are valid for the call. */
typedef void spool_read_fn(void *arg, const char *lines, size_t len,
                           uint64_t first, uint64_t at);
void spool_read(struct spool *s, const char *jid, uint64_t seq, uint64_t at,
                size_t max, spool_read_fn *done, void *arg);

/* Looks at a job's file; *alive: its monitor lives. False: there is none. */
bool spool_look(const struct spool *s, const char *jid, struct spool_look *look,
                bool *alive);

/* What the spool has suffered. */
struct spool_counts {
    int failing;     /* errno of the last write or sync; 0: all is well */
    uint64_t synced; /* ids, since the start */
    uint64_t syncs;
    uint64_t errors;
};
void spool_counts(struct spool *s, struct spool_counts *counts);
/* What is wrong with it now, in words; NULL: nothing. Valid until the next
 * call. */
const char *spool_trouble(struct spool *s);

#endif
