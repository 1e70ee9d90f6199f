/*
 * A worker as the dispatcher sees it: what it registered with, what its link
 * said last, and the tasks that it has or that wait for it.
 *
 * Pure: must not know sockets or the registry; workers.c keeps these true.
 */
#ifndef DISPATCHER_WORKER_H
#define DISPATCHER_WORKER_H

#include <stdbool.h>
#include <stdint.h>
#include <uthash.h>

#include "dispatcher/job.h"
#include "dispatcher/lineup.h"
#include "lib/attrs.h"
#include "lib/selector.h"

struct wire;
TAILQ_HEAD(dispatch_asks, dispatch_ask);
struct dispatch;

struct worker {
    struct dispatch *core; /* whose it is: for calls from its link */
    char *name;            /* of its service: where it is dialled */
    char *host;            /* its attribute host, or the name */
    struct attrs attrs;
    uint64_t came_ms;        /* when it was heard of first */
    struct worker_age *ages; /* of what has changed since then */
    size_t n_ages;
    bool registered;      /* the registry has it now */
    bool shadowed;        /* another one has that host: never chosen */
    uint64_t grace_until; /* not registered since the registry was away, but
                           * usable until then, ms; 0: no */
    struct wire *wire;
    /* valid while up */
    bool up;
    char *instance; /* stays when the link breaks: who may have our tasks */
    char *ops;      /* a,b,c; NULL: it has not said */
    unsigned slots;
    /* what it said last of itself, as texts; empty: nothing yet */
    char slots_free[16], load[32];
    bool full; /* it refused for want of a slot: wait until it says otherwise */
    unsigned n_active;
    uint64_t down_ms;      /* since when the link is down; 0: it is up */
    struct lineup waiting; /* bound to it, for a free slot or its link */
    struct lineup light;   /* the same, of those that need no slot */
    uint64_t last_who;     /* the id of the submitter whose task it got last */
    const char *drained;   /* in attrs: why it is to get no more; or NULL */
    uint64_t hash;         /* of host: ties between workers */
    struct dispatch_asks asks; /* that it has not answered */
    struct task_list active;   /* SENT or RUNNING */
    bool dirty;                /* on the core's list of workers to look at */
    TAILQ_ENTRY(worker) in_dirty;
    UT_hash_handle by_name;
    UT_hash_handle by_host; /* unless shadowed */
};

struct worker *worker_new(const char *name);
/* Before it is in any table. */
void worker_set_host(struct worker *w, const char *host);
void worker_free(struct worker *w);
/* Takes its attributes over, at that time; changes host only before it is in
 * any table. */
void worker_set_attrs(struct worker *w, const struct attrs *attrs, uint64_t ms);
/* Since when an attribute that it registered has been known to have its value;
 * false: it has none. */
bool worker_since(const struct worker *w, const char *attr, uint64_t *ms);

/* Only task_set_state() calls these. */
void worker_add_active(struct worker *w, struct task *t);
void worker_remove_active(struct worker *w, struct task *t);

/* It is in the registry, or was until the registry went away. */
bool worker_is_known(const struct worker *w);
/* Free slots: what it has, less what we gave it; and what it says. */
unsigned worker_free_slots(const struct worker *w);
/* A ping needs none. */
bool worker_needs_slot(const struct dispatch_spec *spec);
/* True if it can be given such a job now. */
bool worker_takes(const struct worker *w, const struct dispatch_spec *spec);
/* True unless it said which operations it has, and this is none. */
bool worker_has_op(const struct worker *w, const char *op);

/* For selector_match() on struct worker: load and slots_free are live. */
const char *worker_lookup(const void *record, const char *attr, size_t attr_len,
                          size_t *value_len);
/* True if who asks may run something there. */
bool worker_is_allowed(const struct worker *w,
                       const struct dispatch_spec *spec);
/* True if the job's target names it, and who asks may. */
bool worker_matches(const struct worker *w, const struct job *j);

#endif
