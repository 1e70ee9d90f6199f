/*
 * What a face of the dispatcher may ask of it, and all it may know: submit a
 * job, read the life of one, list, show, cancel and delete jobs. A face
 * translates between its wire and these calls.
 *
 * Nothing here says how jobs are stored or how workers are reached. All of it
 * is for the loop's thread; an error text (char *) is the caller's to free().
 */
#ifndef DISPATCHER_DISPATCHER_H
#define DISPATCHER_DISPATCHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/attrs.h"
#include "lib/mem.h"
#include "lib/selector.h"

struct dispatch;
struct principal;
struct dispatch_reader;
struct scope;

/* The error of a job that found nobody begins so: clients tell it by this. */
#define DISPATCH_NOBODY "no worker matches"

/* The error of an exclusive job, of which the same operation is being done on
 * one of its hosts. */
#define DISPATCH_CONFLICT                                                      \
    "operate conflict, job already running on some host(s)"

/* The error of a job whose key stands for another request begins so. */
#define DISPATCH_KEY_TAKEN "the key "

/* What becomes of a task whose worker goes away. */
enum dispatch_lost {
    DISPATCH_LOST_FAIL,
    DISPATCH_LOST_WAIT, /* until the worker is back or the job is cancelled */
    DISPATCH_LOST_RERUN /* with .any: on another worker */
};

/* What becomes of a planned time at which nothing could be started. */
enum dispatch_missed {
    DISPATCH_MISSED_DEFAULT, /* with .every skip, else once */
    DISPATCH_MISSED_SKIP,
    DISPATCH_MISSED_ONCE /* one run as soon as it can be, for all of them */
};

/* A number of hosts, or a share of them in percent, rounded down. */
struct dispatch_amount {
    bool set;
    bool percent;
    unsigned n;
};

/* An argument of an operation, for its worker to judge: a name may come again,
 * and a value may hold any byte but LF. */
struct dispatch_arg {
    char *name;
    char *value; /* len bytes and a NUL */
    size_t len;
};

/* A lock of the whole fleet: at most n tasks that name it run at once. */
struct dispatch_lock {
    char *name;
    unsigned n;
};

/* A job as it is asked for; all pointers are owned. spec.h has its words. */
struct dispatch_spec {
    uint64_t given; /* a bit for each directive that was set */
    char *op;
    struct dispatch_arg *args;
    size_t n_args;
    char *on;     /* selector as text, "all", or NULL: hosts are named */
    char **hosts; /* without doubles */
    size_t n_hosts;
    char *per_attr; /* NULL: no such limit */
    unsigned per_n;
    struct dispatch_amount parallel, fail;
    unsigned min, expect; /* 0: not asked for */
    bool any;
    bool has_wait;
    uint64_t wait_ms;
    uint64_t timeout_ms, idle_ms; /* 0: none */
    enum dispatch_lost lost;
    bool exclusive; /* on none of its hosts while the same op is being done */
    char **secrets; /* names of arguments that nobody is shown: secrets.h */
    size_t n_secrets;
    int64_t at_ms; /* begin then, ms since 1970; 0: at once */
    char *every;   /* again and again: see when.h; NULL: once */
    enum dispatch_missed missed;
    bool overlap;      /* .every: begin one while the one before runs */
    int64_t until_ms;  /* .every: none after that; 0: for ever */
    unsigned times;    /* .every: so many; 0: no end */
    char *after;       /* a job: begin when it has ended ... */
    bool after_any;    /* ... however that was */
    char *plan;        /* run on its hosts, or not at all */
    char **plan_hosts; /* which those are, in order */
    size_t n_plan_hosts;
    char *key;          /* submitting twice under it is one job */
    char *parent;       /* the schedule that made it */
    int64_t planned_ms; /* by which it was to begin then */
    char *wrong;        /* of the directive set last: more than a word */
    unsigned retry;     /* attempts after a failed one */
    int priority;
    struct dispatch_lock *locks;
    size_t n_locks;
    char *rerun_of;        /* jid whose hosts these are; NULL: none */
    char *by;              /* the token that asks; NULL: nobody's */
    struct principal *who; /* … while it is known; a reference, or NULL */
    char *from;    /* the peer's address, without its port; may be NULL */
    bool narrowed; /* it may run on these only: */
    struct selector only;
};

void dispatch_spec_free(struct dispatch_spec *spec);
/* Copies both; the name must be that of an attribute. */
void dispatch_spec_add_arg(struct dispatch_spec *spec, const char *name,
                           const char *value, size_t len);

enum dispatch_event_kind {
    DISPATCH_SUBMIT, /* jid, hosts */
    DISPATCH_MERGED, /* jid: that job was submitted before, under its key */
    DISPATCH_HELD,   /* jid, attrs: it does not begin yet */
    DISPATCH_ACK,    /* host */
    DISPATCH_OUTPUT, /* host, stream, text, len, whole */
    DISPATCH_CUT,    /* host, stream, bytes: not kept, and missing here */
    DISPATCH_EXIT,   /* host, rc, state, attrs */
    DISPATCH_DONE,   /* jid, state, attrs */
    DISPATCH_RETRY,  /* host, text: in words, which attempt follows, and why */
    DISPATCH_ERROR,  /* text: the job ended without a set of hosts */
    /* host, text, len, whole: JSON that its plugin gave as a result, or a piece
     * of it; whole: the last one */
    DISPATCH_RESULT,
    DISPATCH_PROGRESS /* host, percent, text, len */
};

/* What a host tells, each counted in bytes by itself; the job store and the
 * wire have these numbers. */
enum dispatch_stream {
    DISPATCH_STDOUT,
    DISPATCH_STDERR,
    DISPATCH_RESULTS,
    DISPATCH_PROGRESSES /* each a text "PERCENT TEXT" */
};

/* One thing that happened to a job; valid until the next call. */
struct dispatch_event {
    enum dispatch_event_kind kind;
    uint64_t seq; /* its number in the job's life; of a cut: that of what comes
                   * next */
    uint64_t offset; /* of output and cuts: in that stream of its host, bytes */
    int64_t ms;      /* when, by the wall clock since 1970; 0: it has no time */
    const char *jid;
    unsigned hosts;
    const char *host; /* "-": a job for any worker that none has taken */
    enum dispatch_stream stream;
    const char *text;
    size_t len;
    bool whole; /* a line; else output that ended without LF */
    unsigned percent;
    uint64_t bytes;
    const char *rc; /* "-": none */
    int state;
    const struct attrs *attrs; /* what else the line says, in its order */
};

enum dispatch_read { DISPATCH_GOT, DISPATCH_WAIT, DISPATCH_END };

/* There is something to read again; comes in the settling step. */
typedef void dispatch_ready_fn(void *arg);

/*
 * Submits a job and reads its life; takes over what spec holds, whatever
 * happens. NULL and *error if it cannot be: then nothing was done. The
 * reader paces the job: the workers wait for it, so that it misses nothing.
 */
MUST_CHECK struct dispatch_reader *dispatch_submit(struct dispatch *d,
                                                   struct dispatch_spec *spec,
                                                   dispatch_ready_fn *ready,
                                                   void *arg, char **error);

/* Reads a job from its start, without slowing it down; NULL: no such job. */
struct dispatch_reader *dispatch_follow(struct dispatch *d, const char *jid,
                                        dispatch_ready_fn *ready, void *arg);

enum dispatch_read dispatch_read(struct dispatch_reader *r,
                                 struct dispatch_event *ev);
/* The job goes on; NULL is fine. */
void dispatch_reader_free(struct dispatch_reader *r);

/*
 * Jobs that ended may be in the store only, as a whole or but for their record
 * in lists. Brings a job (NULL: the records of all) into memory, for the calls
 * that name it: NULL if it is there, or is not at all. Else ready comes once,
 * in the settling step; the job stays there until the handle is freed.
 */
struct dispatch_fetch;
MUST_CHECK struct dispatch_fetch *dispatch_fetch(struct dispatch *d,
                                                 const char *jid,
                                                 dispatch_ready_fn *ready,
                                                 void *arg);
void dispatch_fetch_free(struct dispatch_fetch *f); /* NULL is fine */
/* All that was done so far is kept, and survives: NULL. Else ready comes when
 * it is, or cannot be. */
MUST_CHECK struct dispatch_fetch *
dispatch_kept(struct dispatch *d, dispatch_ready_fn *ready, void *arg);

/* Whose that job is: a token's name, "" for nobody's; NULL: no such job. */
const char *dispatch_job_by(const struct dispatch *d, const char *jid);

/* NULL, or why not. */
MUST_CHECK char *dispatch_cancel(struct dispatch *d, const char *jid);
MUST_CHECK char *dispatch_delete(struct dispatch *d, const char *jid);

/* Nothing of that job (NULL: of any) starts until it is resumed; what runs goes
 * on. NULL, or why not. */
MUST_CHECK char *dispatch_pause(struct dispatch *d, const char *jid,
                                bool pause);
bool dispatch_is_paused(const struct dispatch *d);

/* Fills an empty spec: that of a job that has ended, again, on those of its
 * hosts that ended as one of the words of where says (NULL: not well). Whose it
 * is, and what that one may, is left out. NULL, or why not. */
MUST_CHECK char *dispatch_again(const struct dispatch *d, const char *jid,
                                const char *where, struct dispatch_spec *spec);

/* Asks the worker of that host to be drained, for so long (0: until it is told
 * otherwise), or, with reason NULL, not to be any more. fn is called once, with
 * error NULL when it is done; before it there may be no more of it by
 * dispatch_ask_forget(). NULL and *error: it cannot be asked. */
struct dispatch_ask;
typedef void dispatch_answer_fn(void *arg, const char *error);
MUST_CHECK struct dispatch_ask *
dispatch_drain(struct dispatch *d, const char *host, const char *reason,
               uint64_t ms, dispatch_answer_fn *fn, void *arg, char **error);
void dispatch_ask_forget(struct dispatch_ask *ask); /* NULL is fine */

/* True if a registered worker has that operation. */
bool dispatch_knows_op(const struct dispatch *d, const char *op);

/* The hosts that are known now, in no order: those that match s (NULL: all)
 * and that are in the scope of who asks. */
typedef void dispatch_host_fn(void *arg, const char *host,
                              const struct attrs *attrs);
void dispatch_hosts(const struct dispatch *d, const struct selector *s,
                    const struct scope *scope, dispatch_host_fn *fn, void *arg);
bool dispatch_knows_host(const struct dispatch *d, const char *host,
                         const struct scope *scope);
/* False until a registry has told which hosts there are. */
bool dispatch_is_synced(const struct dispatch *d);
/* No further job is taken at the moment: so many are there. */
bool dispatch_is_full(const struct dispatch *d);
/* Why the store can keep no further job at the moment, or NULL. */
const char *dispatch_degraded(const struct dispatch *d);

/* The record of a job, in pairs; fn is called for each, oldest first. */
typedef void dispatch_record_fn(void *arg, const char *name,
                                const struct attrs *pairs);
void dispatch_jobs(struct dispatch *d, dispatch_record_fn *fn, void *arg);
/* The record of one job for job(), then that of each of its hosts for host().
 * False: no such job. */
bool dispatch_job(struct dispatch *d, const char *jid, dispatch_record_fn *job,
                  dispatch_record_fn *host, void *arg);

#define DISPATCH_PLAN_ID 9 /* bytes of a plan's id, with NUL */

/* Where a request would run, in order of the hosts' names. */
struct dispatch_plan {
    char id[DISPATCH_PLAN_ID];
    struct dispatch_plan_host {
        char *host;
        char *why; /* it would not run there; NULL: it would */
    } * hosts;
    size_t n_hosts, n_run;
};

/* Runs nothing: shows the set, under an id for .plan. Takes over what spec
 * holds. Valid until the next plan; NULL and *error. */
MUST_CHECK const struct dispatch_plan *
dispatch_plan(struct dispatch *d, struct dispatch_spec *spec, char **error);

/* A term of a selector, and what a host has for it. */
struct dispatch_term {
    const char *term;
    bool holds;
    const char *value; /* NULL: it has none */
    int64_t age_ms;    /* so long it has been known to be so; -1: not known */
};
struct dispatch_explained {
    bool matches; /* all of them hold */
    bool up;      /* it is connected */
    const char *drained;
};
typedef void dispatch_term_fn(void *arg, const struct dispatch_term *t);
struct scope;

/* Tells of each term of a selector whether it holds for that host. NULL, or
 * why not: it is none, or nobody that scope sees. */
MUST_CHECK char *dispatch_explain(struct dispatch *d, const char *host,
                                  const char *on, const struct scope *scope,
                                  dispatch_term_fn *fn, void *arg,
                                  struct dispatch_explained *out);

/* Something that happened to a task or to its job. */
struct dispatch_life {
    int64_t ms;       /* since 1970, by the wall clock */
    const char *kind; /* a word: submitted, sent, ended, ... */
    const char *text; /* more of it, or "" */
    unsigned gone;    /* so many that stood before it are not kept */
};
typedef void dispatch_life_fn(void *arg, const struct dispatch_life *l);

/* Tells the life of a job's task on that host (NULL: of the job only), oldest
 * first. NULL, or why not. */
MUST_CHECK char *dispatch_why(struct dispatch *d, const char *jid,
                              const char *host, dispatch_life_fn *fn,
                              void *arg);

/* The values of limits that faces keep, as bytes. */
size_t dispatch_line_max(const struct dispatch *d);
uint64_t dispatch_body_max(const struct dispatch *d);
/* Why no job is taken any more and readers end, or NULL. */
const char *dispatch_closing(const struct dispatch *d);

#endif
