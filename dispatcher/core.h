/*
 * The inside of the dispatcher: what its own modules share and nobody else
 * knows. Each of them has one subject:
 *
 *   dispatch.c  making, settings, time, going down
 *   workers.c   the registry's view of the workers, and their links
 *   quarantine.c  those that say to be a host that another one is
 *   submit.c    from a request to a job with a fixed set of hosts
 *   exclusive.c jobs that must have their hosts for themselves
 *   hosts.c     which hosts there are, for faces
 *   held.c      jobs that do not begin yet; schedules
 *   key.c       one job for a request that is sent twice
 *   start.c     starting tasks; those that wait for it
 *   plan.c      showing where a request would run, and holding it to that
 *   explain.c   which terms of a selector hold for a host
 *   run.c       ending tasks and jobs; taking tasks back
 *   retry.c     attempts after a failed one
 *   control.c   pausing and resuming; again where it failed
 *   drain.c     asking workers to be drained
 *   said.c      what workers say about their tasks; credit for output
 *   lost.c      workers that go away and come back
 *   reader.c    reading a job's life, pacing it
 *   storing.c   the store and the loop; jobs of before a restart
 *   record.c    jobs and hosts in pairs; cancel and delete
 *   why.c       what happened to a task
 *
 * Whatever changes says which job or worker has to be looked at again
 * (dispatch_touch_*); that happens once, in the settling step.
 */
#ifndef DISPATCHER_CORE_H
#define DISPATCHER_CORE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "client/muster.h"
#include "dispatcher/dispatcher.h"
#include "dispatcher/job.h"
#include "dispatcher/held.h"
#include "dispatcher/jobstore.h"
#include "dispatcher/wire.h"
#include "dispatcher/plan.h"
#include "dispatcher/queue.h"
#include "dispatcher/dispatch.h"
#include "dispatcher/worker.h"
#include "lib/auth/secret.h"
#include "lib/loop.h"

#define INSTANCE_LEN 8

LIST_HEAD(dispatch_readers, dispatch_reader);
TAILQ_HEAD(live_jobs, job);
TAILQ_HEAD(dirty_jobs, job);
TAILQ_HEAD(dirty_workers, worker);

struct dispatch {
    struct loop *loop;
    struct dispatch_settings settings;
    struct tls *tls;                 /* for workers; borrowed, may be NULL */
    struct auth *auth;               /* who may; borrowed, may be NULL */
    char token[TOKEN_MAX + 1];       /* for workers; "": none */
    char instance[INSTANCE_LEN + 1]; /* of this process; prefix of its jobs */
    uint64_t jobs_made;
    struct jobstore *store;
    struct queue queue;
    struct due_heap due;   /* tasks that wait, for a worker or for their time */
    uint64_t kinds_ms;     /* when to look who could take any's; 0: never */
    bool paused;           /* nothing starts */
    struct live_jobs live; /* not DONE, in order of submission */
    unsigned n_live;
    struct held held;
    struct plans plans;
    unsigned n_matching; /* of these, those that are MATCHING */
    struct dirty_jobs dirty_jobs;
    struct dirty_workers dirty_workers;
    struct task_list orphans; /* SENT or RUNNING before a restart, and their
                               * workers are not known yet */
    uint64_t orphans_ms; /* since when all that are there are; 0: not yet */
    struct loop_fd *store_past;    /* what was read, too */
    struct loop_fd *store_done;    /* what is on the disk can be collected */
    struct loop_timer *store_tick; /* for what nobody waits for */
    struct loop_task store_onward; /* what waits is handed over */
    struct task_list grants; /* whose worker is to be told what it may forget */
    struct loop_task settle;
    struct loop_timer *timer; /* the next deadline */
    uint64_t timer_ms;        /* when; 0: off */
    struct loop_timer *tidy;
    struct dispatch_readers readers;
    char *closing; /* going down: what clients are told */

    /* workers.c */
    struct worker *by_name, *by_host;
    struct muster_monitor *monitor;
    struct worker *quarantined; /* by name; quarantine.c */
    struct muster_monitor *quarantine;
    bool synced;   /* all workers of the registry are known */
    bool view_old; /* the registry is away; what it told stands */
};

/* dispatch.c */
uint64_t dispatch_now(struct dispatch *d);
void dispatch_touch_job(struct dispatch *d, struct job *j);
void dispatch_touch_worker(struct dispatch *d, struct worker *w);
/* Those jobs that wait for workers to match and that this one matches; NULL:
 * each of them. */
void dispatch_touch_matching(struct dispatch *d, const struct worker *w);
/* Looks at every deadline at that time. */
void dispatch_wake_at(struct dispatch *d, uint64_t ms);

#define WORKER_CONNECT_MS 5000 /* for dialling and greeting a worker */

/* workers.c */
bool workers_start(struct dispatch *d, struct muster *m);
void workers_free(struct dispatch *d);
struct worker *workers_by_host(const struct dispatch *d, const char *host);
/* Frees it if nothing needs it any more: not known, no tasks. */
void workers_let_go(struct dispatch *d, struct worker *w);
/* Takes those off whose grace is over; the next time for it, or 0. */
uint64_t workers_sweep(struct dispatch *d, uint64_t now);

/* storing.c */
/* The file that the setting names, or NULL: memory. */
const char *storing_path(const char *setting);
/* False, and why not (free()). */
bool storing_open(struct dispatch *d, char **error);
void storing_close(struct dispatch *d);
/* By the settings. */
void storing_bounds(struct dispatch *d);
struct eventlog_bounds storing_logs(const struct dispatch_settings *s);
/* A worker is known: what it may have of before a restart is its own again. */
void storing_adopt(struct dispatch *d, struct worker *w);
/* It has said who it is. */
void storing_greeted(struct dispatch *d, const struct worker *w);
/* All workers that there are are known. */
void storing_synced(struct dispatch *d);
uint64_t storing_sweep(struct dispatch *d, uint64_t now);

/* quarantine.c */
bool quarantine_start(struct dispatch *d, struct muster *m);
void quarantine_free(struct dispatch *d);

/* submit.c */
#define SUBMIT_FIRST_MS 3000 /* for the registry's first answer */
/* Its .on as a selector; NULL, or an error text (free()). */
MUST_CHECK char *submit_selector(struct job *j);
void submit_added(void *arg, struct job *j, const char *error);
/* A job of a request that nothing is wrong with as far as is known; takes over
 * what spec holds. The store does not know it, and nothing counts it. */
struct job *submit_try(struct dispatch *d, struct dispatch_spec *spec,
                       char **error);
/* Sets until when it waits for workers to match. */
void submit_patience(struct dispatch *d, struct job *j);
/* Tries to fix the hosts of a MATCHING job; gives up at its deadline. */
void submit_match(struct dispatch *d, struct job *j);

/* exclusive.c */
/* True if a job with the operation of j has, or will have, a task that has not
 * ended on one of the hosts that j wants. */
bool exclusive_taken(const struct dispatch *d, const struct job *j);

/* run.c */
/* Looks at a job: stops it, starts what may start, ends it. */
void run_job(struct dispatch *d, struct job *j);
/* Ends a task. */
void run_finish(struct dispatch *d, struct task *t, const struct task_end *end);
/* Ends a task for a reason of ours; text more of it, or NULL. */
void run_end(struct dispatch *d, struct task *t, enum task_reason reason,
             const char *why);
/* Ends it as its worker says. */
void run_exited(struct dispatch *d, struct task *t, const struct wire_exit *e,
                const char *reason);
/* Takes it back from its worker, to wait again: for another one (of a job for
 * any), or for the same. */
void run_requeue(struct dispatch *d, struct task *t, bool other);
/* The same for the same worker, not before so many ms have passed. */
void run_requeue_later(struct dispatch *d, struct task *t, uint64_t ms);
/* Ends it without hosts. */
void run_fail_job(struct dispatch *d, struct job *j, const char *error);
/* A schedule has had its last run. */
void run_finish_schedule(struct dispatch *d, struct job *j);
void run_cancel(struct dispatch *d, struct job *j);
/* What its attempt before has said is not needed any more: its worker may
 * forget it. */
void run_forget(struct dispatch *d, struct task *t);
/* All deadlines of jobs and tasks; the next one, or 0. */
uint64_t run_sweep(struct dispatch *d, uint64_t now);

/* start.c */
/* Tries a task that its job has; afterwards it waits somewhere else, has
 * started, or has ended. Held back by its job it stays with it. */
void start_try(struct dispatch *d, struct task *t);
/* True if its host is there but drained, and a selector found it; then it has
 * ended. w may be NULL. */
bool start_is_drained(struct dispatch *d, struct task *t,
                      const struct worker *w);
/* Gives a worker's free slots to those in its line. */
void start_worker(struct dispatch *d, struct worker *w);
/* Tries those that may have their locks now. */
void start_unlocked(struct dispatch *d);
/* The store has kept whose it is, or has not: now its worker is told. */
void start_assigned(void *arg, struct task *t, uint64_t fence,
                    const char *error);
/* When its waiting is to be looked at. */
void start_due(struct dispatch *d, struct task *t, uint64_t ms);
/* Who could take a task for any worker has changed: a worker is away. */
void start_look_at_kinds(struct dispatch *d);
/* The deadlines of waiting tasks; the next one, or 0. */
uint64_t start_sweep(struct dispatch *d, uint64_t now);

/* retry.c */
/* True if it failed as its worker says and is to be tried again: it waits for
 * that now. */
bool retry_exited(struct dispatch *d, struct task *t, const struct wire_exit *e,
                  const char *reason);
/* It ends as its last attempt did. */
void retry_give_up(struct dispatch *d, struct task *t);

/* drain.c */
void drain_answered(void *arg, const char *error);
/* Its link is down: what it was asked has no answer. */
void drain_lost(struct worker *w);

/* said.c */
const struct wire_handler *said_wire_handler(void);
/* The task that the worker has under that id, or NULL. */
struct task *said_find(const struct worker *w, const char *id);
/* The store has it: the worker may send on, unless the reader is behind. */
void said_stored(void *arg, struct task *t, uint64_t seq);
/* Lets the worker send more; it is told in the settling step. */
void said_grant(struct dispatch *d, struct task *t);
void said_grants(struct dispatch *d);

/* lost.c */
const char *lost_up(void *arg, const char *host, const char *instance,
                    unsigned slots, const char *ops);
void lost_down(void *arg, const char *why);
void lost_have(void *arg, const char *jid, uint64_t last_seq, bool exited);
void lost_list_end(void *arg);
/* The worker will not answer for it any more. */
void lost_task(struct dispatch *d, struct task *t, const char *why);
void lost_all(struct worker *w, const char *why);
/* It waits for its worker however long that takes. */
bool lost_waits_for_ever(const struct task *t);
/* A word about a task that is not the worker's any more. */
void lost_output(struct worker *w, const struct wire_output *o);
void lost_exit(struct worker *w, const struct wire_exit *e);
uint64_t lost_sweep(struct dispatch *d, uint64_t now);

/* reader.c */
struct dispatch_reader *reader_new(struct dispatch *d, struct job *j,
                                   bool pacer, dispatch_ready_fn *ready,
                                   void *arg);
/* Reads a job that was there before: it says so first. */
struct dispatch_reader *reader_merged(struct dispatch *d, struct job *j,
                                      dispatch_ready_fn *ready, void *arg);
const char *reader_jid(const struct dispatch_reader *r);
/* The job is about to be freed: its readers end. */
void reader_drop_job(struct dispatch *d, const struct job *j);
void reader_wake_all(struct dispatch *d);
/* Its readers may tell what they have. */
void reader_wake_job(struct dispatch *d, struct job *j);

#endif
