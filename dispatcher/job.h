/*
 * A job and its tasks, one for each host: what was asked, where each stands,
 * what came of it. One function changes the state of a task and one that of a
 * job; they keep the counts, the lists and the arithmetic of the limits true.
 *
 *   WAITING --> SENT --> RUNNING --> ENDED      (task)
 *      ^         |          |
 *      +---------+----------+   not started after all, or .lost rerun
 *
 *   HELD --> MATCHING --> RUNNING --> DONE      (job; few begin HELD)
 *
 * Pure: must not know sockets, clocks, the store, or the wire.
 */
#ifndef DISPATCHER_JOB_H
#define DISPATCHER_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <uthash.h>

#include "dispatcher/dispatcher.h"
#include "dispatcher/due.h"
#include "dispatcher/events.h"
#include "dispatcher/history.h"
#include "lib/attrs.h"
#include "lib/auth/principal.h"
#include "lib/mem.h"
#include "lib/selector.h"

struct worker;
struct kept_job;

#define JID_MAX     40             /* bytes of a job's id, with NUL */
#define WIRE_ID_MAX (JID_MAX + 12) /* the same of an attempt: JID.A */

enum task_state { TASK_WAITING, TASK_SENT, TASK_RUNNING, TASK_ENDED };
#define TASK_STATES 4

/* Why a task ended. */
enum task_reason {
    REASON_EXITED,
    REASON_SIGNAL,
    REASON_TIMEOUT,
    REASON_IDLE,
    REASON_CANCELLED,
    REASON_REFUSED,
    REASON_LOST,
    REASON_UNREACHABLE,
    REASON_NOTSTARTED,
    REASON_DRAINED, /* told as notstarted */
    REASON_OTHER    /* what a worker says and we do not know */
};
#define TASK_REASONS 11

/* Per-host states, as the wire has them. */
enum host_state {
    HOST_OK,
    HOST_SKIPPED,
    HOST_FAILED,
    HOST_UNREACHABLE,
    HOST_CHANGED
};
#define HOST_STATES 5

enum job_state { JOB_HELD, JOB_MATCHING, JOB_RUNNING, JOB_DONE };

/* Where a task that is WAITING does so. */
enum task_place {
    PLACE_NONE,
    PLACE_HELD,  /* in job->held: to be looked at when the job may go on */
    PLACE_GROUP, /* in group->held: as many of .per run as may */
    PLACE_LINE,  /* in a line: for a worker, a host or a lock */
    PLACE_LATER  /* for its time (.retry) */
};

TAILQ_HEAD(task_list, task);

struct task {
    struct job *job;
    unsigned index; /* in job->tasks, and of its output in job->log */
    enum task_state state;
    const char *host;      /* one of job->names; NULL: any, none taken yet */
    struct worker *worker; /* that has it, or in whose line it is */
    int group;             /* in job->groups; -1: no .per, or not known yet */
    enum task_place place;
    TAILQ_ENTRY(task) in_job; /* the list of its place, not a line */
    TAILQ_ENTRY(task)
    in_worker;         /* worker->active while SENT or RUNNING; while
                                  * WAITING, that of its lane */
    struct lane *lane; /* in a line; else NULL */
    struct due due;    /* what its waiting or back-off ends by */
    bool locked;       /* it has the locks of its job */
    uint64_t wait_ms;  /* since when it waits for its worker only; 0: not */
    uint64_t seq;      /* last SEQ that came from the worker */
    uint64_t grant;    /* SEQ that it may forget, not told yet; 0: none */
    TAILQ_ENTRY(task) in_grants; /* while grant */
    bool owed;                   /* a grant waits for the pacing reader */
    unsigned attempt;            /* from 1; grows when the one before may have
                                  * started */
    uint64_t fence;              /* of the last start that has one; 0: none */
    uint32_t seed;               /* of the last choice of any, and between */
    unsigned ties;               /* how many equals it chose */
    unsigned retries;            /* attempts that failed and had another */
    char *retried;               /* owned: what the last of these was told as */
    const char *last_host;       /* of the attempt before, while it is to be
                                  * told what it may forget; or NULL */
    uint64_t last_seq;
    struct task_list *orphans; /* where it is, by in_worker, while it is SENT
                                * or RUNNING and its worker not known (yet) */
    bool unsent;               /* SENT, but the store has yet to keep it */
    bool resuming;         /* its worker is back and asked whether it has it */
    bool absent;           /* its host was not there when it was tried */
    bool was_lost;         /* .lost rerun: with a worker that went away */
    char *tried;           /* hosts that must not get it again, in words */
    time_t started, ended; /* for people */
    enum task_reason reason;
    enum host_state result;
    char *rc;                /* owned; NULL until it ended */
    struct attrs attrs;      /* the pairs of its exit line, reason first */
    struct history *history; /* owned; see history.h */
    enum task_state was;     /* before a restart; while it is made again */
    uint64_t kept;           /* last SEQ that the store has */
    uint64_t tail_seq;       /* of the first event of its tail, at its end */
};

/* The workers that share a value of the .per attribute. */
struct task_group {
    char *value;
    unsigned active;
    struct task_list *held; /* owned: a group may move */
};

struct job {
    char jid[JID_MAX];
    struct dispatch_spec spec;
    struct selector selector; /* of spec.on */
    bool all;                 /* spec.on is the word all */
    enum job_state state;
    uint64_t number; /* order of submission */
    struct task *tasks;
    unsigned n_tasks;
    struct task_list held; /* WAITING ones that wait for nothing but the job */
    struct submitter *who; /* in the queue; NULL: it has not waited yet */
    uint64_t queued_ms;    /* since when it waits to run */
    struct task_group *groups;
    unsigned n_groups;
    char **names; /* of hosts, owned; events and tasks point here */
    unsigned n_names;
    unsigned counts[TASK_STATES];   /* tasks in each state */
    unsigned results[HOST_STATES];  /* ended ones, by what came of them */
    unsigned reasons[TASK_REASONS]; /* ended ones, by why */
    unsigned failures;              /* those that .fail counts */
    bool stopped;                   /* .fail was reached */
    bool cancelled;
    bool sifted;              /* drained hosts have ended */
    bool paused;              /* nothing of it starts */
    struct history *history;  /* of the job itself; owned */
    struct every *every;      /* of a schedule; owned; see held.h */
    int64_t settled_ms;       /* planned times up to here have been seen to */
    int64_t next_ms;          /* the next one; 0: none */
    unsigned runs, missed;    /* that a schedule has made; could not make */
    bool after_over;          /* the job that it waited for has ended */
    struct held_fetch *fetch; /* that one is brought from the store */
    bool begun;               /* it was held, and is not any more */
    uint64_t match_until;     /* while JOB_MATCHING: when it gives up, ms */
    char *error;              /* why it ended without hosts */
    time_t submitted, ended;
    uint64_t ended_ms;
    struct eventlog log;
    size_t cost;           /* bytes beside its output, as the store counts */
    unsigned n_kept;       /* hosts of one whose tasks are not in memory */
    bool light;            /* it has ended, and they are in the store only */
    bool log_away;         /* the same of its log */
    unsigned in_use;       /* by those who read what the store has of it */
    struct kept_job *kept; /* the store's; or NULL */
    TAILQ_ENTRY(job) link; /* in the store, in order */
    TAILQ_ENTRY(job) live; /* in the core, while not JOB_DONE */
    struct principal_holder holder; /* who asked, while it is held */
    bool is_live;
    bool stored; /* the store has it: it may start */
    bool dirty;  /* on the core's list of jobs to look at */
    TAILQ_ENTRY(job) in_dirty;
    UT_hash_handle hh;
};

/* Its id at the worker: the job's, and from the second attempt on .A. */
const char *task_wire_id(const struct task *t, char id[WIRE_ID_MAX]);
/* The job's id and the attempt of such an id; false: it is none. */
MUST_CHECK bool wire_id_split(const char *id, char jid[JID_MAX],
                              unsigned *attempt);

/* Takes over what spec holds. */
struct job *job_new(const char *jid, uint64_t number,
                    struct dispatch_spec *spec,
                    const struct eventlog_bounds *b);
void job_free(struct job *j);

/* Fixes the set of hosts: n tasks, all WAITING, not queued yet. */
void job_set_tasks(struct job *j, unsigned n);
/* A name that lives as long as the job. */
const char *job_intern(struct job *j, const char *name);
/* The group of tasks whose workers have that value (NULL: none). */
int job_group(struct job *j, const char *value);

/* The only ones that change a state; false: the move is not legal, and nothing
 * was done. A task that leaves WAITING leaves the queue. */
MUST_CHECK bool task_set_state(struct task *t, enum task_state to);
MUST_CHECK bool job_set_state(struct job *j, enum job_state to);

/* What a task ends with. */
struct task_end {
    enum task_reason reason;
    enum host_state state;
    const char *rc;            /* NULL: none */
    const struct attrs *attrs; /* pairs beside the reason; or NULL */
    const char *text;          /* reason as text; NULL: that of the enum */
};
/* Records how it ended; the state is changed by task_set_state(). */
void task_set_end(struct task *t, const struct task_end *end);

const char *task_state_text(enum task_state s);
const char *task_reason_text(enum task_reason r);
/* "signal 9" is REASON_SIGNAL. */
enum task_reason task_reason_parse(const char *text);

/* Takes a WAITING task out of where it waits: it waits nowhere. */
void task_release(struct task *t);
/* The same, and puts it with its job, or with its group. */
void task_hold(struct task *t);
void task_hold_group(struct task *t);
/* It does not start now: another one of its group may. */
void task_group_next(struct task *t);
/* Counts how it ended: of a task that task_set_end() was not called for. */
void task_count_end(struct task *t);

/* Takes out of memory what the store has of one that has ended, and nobody
 * reads: its tasks, their output and what is long in its specification. */
void job_lighten(struct job *j);

/* Its hosts, whether their tasks are in memory or not. */
static inline unsigned job_hosts(const struct job *j)
{
    return j->n_tasks ? j->n_tasks : j->n_kept;
}

/* Tasks that are at a worker now. */
static inline unsigned job_active(const struct job *j)
{
    return j->counts[TASK_SENT] + j->counts[TASK_RUNNING];
}

/* True if it does not begin at once. */
static inline bool job_is_held(const struct dispatch_spec *spec)
{
    return spec->at_ms || spec->every || spec->after;
}

/* True if every task has ended. */
static inline bool job_is_over(const struct job *j)
{
    return j->counts[TASK_ENDED] == j->n_tasks;
}

/* About the memory that it takes beside its output. */
size_t job_cost(const struct job *j);

/* 0 if every host is ok, changed or skipped by its worker, else 2. */
int job_result(const struct job *j);

#endif
