/*
 * The inside of a restore, for its parts only: snapshot_restore.c goes through
 * the records, snapshot_journal.c keeps the file meanwhile, snapshot_apply.c
 * makes one record so, snapshot_remove.c takes away what is not in the file,
 * snapshot_keys.c does both for keys.
 */
#ifndef MUSTER_SERVER_SNAPSHOT_IMPL_H
#define MUSTER_SERVER_SNAPSHOT_IMPL_H

#include <uthash.h>

#include "lib/loop.h"
#include "lib/offload.h"
#include "server/snapshot.h"
#include "server/state/catalog.h"
#include "server/state/kv.h"

#define RESTORE_UNDER_WAY 64 /* changes that are with the store, at most */

/* That the file has something of that name. */
struct snapshot_name {
    UT_hash_handle hh;
    char *key; /* owned: its kind, then the name */
};

struct restore {
    struct offload_item item; /* for the thread, and back */
    struct musterd *m;
    char *bytes; /* owned: the file */
    size_t len;
    struct snapshot snapshot;
    struct snapshot_name *names; /* owned; of all but keys */
    char *wrong;                 /* owned; with the file, or on the way */
    enum snapshot_end end;       /* as far as it is known */
    char *journal;  /* owned: its file beside the database; NULL: none is */
    bool journaled; /* it is there, and to go at the end */
    bool resumed;   /* it was there before the start */
    bool closing;   /* for the thread: it is to go */
    bool looked;    /* the thread has read the file */
    struct offload *thread;
    struct loop_fd *ready;
    struct loop_task step;
    enum snapshot_kind kind; /* that is being seen to */
    bool removed;            /* what is not in the file of it is gone */
    size_t at;               /* the row that is next */
    char *after;             /* owned: where a walk stands, by name */
    size_t after_len;
    uint64_t after_seq;         /* ... by order of registration */
    struct catalog_owner owner; /* of services, as they come */
    unsigned under_way;
    bool stopping; /* the daemon ends: the loop will not go on with it */
    struct snapshot_counts counts;
    snapshot_done_fn *done;
    void *arg;
};

/* One change more is asked for; its outcome: text NULL is success (copied). */
void restore_begin(struct restore *r);
void restore_end(struct restore *r, const char *text);

/* In the thread: the names of the rows. */
void restore_names(struct restore *r);
void restore_forget_names(struct restore *r);
bool restore_has(const struct restore *r, enum snapshot_kind kind,
                 const char *name, size_t len);
/* A check's name there: owned. */
char *restore_check_name(const char *node, const char *id, size_t *len);

/* snapshot_apply.c: what the row says is asked for, unless it is so. */
void restore_row(struct restore *r, const struct snapshot_row *row);
/* snapshot_remove.c: some of what is there of r->kind and not in the file is
 * removed. True: that was all. */
bool restore_remove(struct restore *r, unsigned *budget);
/* snapshot_keys.c: a request of keys from r->at on. True: that was all. */
bool restore_keys(struct restore *r, unsigned *budget);

#endif
