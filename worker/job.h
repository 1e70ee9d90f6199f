/*
 * A job from its acceptance to the day it is forgotten. Its state changes in
 * one place, by a table of states and events:
 *
 *   BEGINNING ──(its id is safe)──► RUNNING        (with a spool)
 *
 *   RUNNING ──(cancel, timeout, idle, drain)──► ENDING
 *      │                                          │
 *      └────────(nobody of its tree is left)──────┤
 *                                                 ▼
 *   KEPT ◄──(dispatcher has it)── EXITED ◄──── EMPTYING (rest of its output)
 *
 * A job holds a slot until it is EMPTYING. An EXITED one waits for a
 * dispatcher to fetch the result; a KEPT one is a name and a last line, so that
 * a request that comes twice is not run twice.
 *
 * Must not know dispatchers: whoever sends a job's lines is told by jobs->news.
 */
#ifndef MUSTER_WORKER_JOB_H
#define MUSTER_WORKER_JOB_H

#include <stdbool.h>
#include <stdint.h>
#include <uthash.h>

#include "lib/auth/principal.h"
#include "lib/loop.h"
#include "lib/mask.h"
#include "worker/journal.h"
#include "worker/task.h"

#define JID_INSTANCE_MAX 32 /* bytes of the name of a dispatcher */
#define JID_MAX          (JID_INSTANCE_MAX + 1 + 20 + 1 + 20)

enum job_state {
    JOB_BEGINNING,
    JOB_RUNNING,
    JOB_ENDING,
    JOB_EMPTYING,
    JOB_EXITED,
    JOB_KEPT,
    JOB_STATES
};

struct job;
struct peer;
struct peers;

/* Settings that jobs go by; the program refreshes them. */
struct job_limits {
    unsigned slots;
    size_t window;       /* bytes of output kept for the dispatcher */
    unsigned results;    /* finished jobs nobody has fetched */
    uint64_t grace_ms;   /* from TERM to KILL */
    uint64_t longest_ms; /* no job runs longer; 0: any time */
    uint64_t abandon_ms; /* how long one waits for a lost dispatcher */
    size_t part;         /* longest text of one line of output, bytes */
};

struct jobs {
    struct loop *loop;
    struct tasks tasks;
    struct job_limits limits;
    const char *host;     /* MUSTER_HOST */
    char **settings;      /* NAME=VALUE, for plugins; owned by plugin_env.c */
    struct rlimit nofile; /* for jobs */
    const struct passwd *self; /* whom jobs run as unless they ask */
    struct job *by_jid;
    struct job *finished; /* EMPTYING and EXITED, oldest first */
    struct job *kept;     /* oldest first */
    unsigned active;      /* RUNNING and ENDING */
    unsigned finished_count, kept_count;
    /* A job has lines to send, or none any more. */
    void (*news)(struct job *j);
    /* active or finished_count has changed. */
    void (*changed)(void *arg);
    /* A plugin has found out something about this host. */
    void (*fact)(void *arg, const struct job *j, const char *attr,
                 const char *value);
    /* A job that was JOB_BEGINNING has begun; or, why, it never will: it is
     * freed after the call. */
    void (*begun)(struct job *j, const char *why);
    void *arg;
    struct peers *asked_by; /* for peer_begun() */
    struct spool *spool;    /* borrowed; NULL: jobs do not outlive the worker */
    size_t spool_size;      /* bytes that one job's file may hold */
    const char *by;         /* for whom the next one is started */
    bool rewriting;         /* the spool's journal is being written anew */
};

struct job {
    struct jobs *jobs;
    char jid[JID_MAX + 1];
    size_t instance_len; /* of the dispatcher's name in front of jid */
    char by[PRINCIPAL_NAME_MAX + 1]; /* for whom that dispatcher speaks */
    enum job_state state;
    struct journal journal;
    char *last_line; /* KEPT: the exit line, without LF */

    char *op;          /* which operation it is */
    struct task *task; /* NULL: none, or no longer */
    uint64_t received; /* bytes of lines that the task has told */
    uint64_t acked;    /* the task knows that the dispatcher has those before */
    bool alone;        /* the task knows that no dispatcher takes them */

    /* with a spool */
    bool spooled;       /* it has a file there */
    bool ready;         /* BEGINNING: its monitor waits for the start */
    bool synced;        /* BEGINNING: its id is on the disk */
    bool this_boot;     /* recovering: it began since the machine was started */
    bool greeted;       /* its adopted monitor is there */
    bool unasked;       /* nobody has asked yet for the lines of before */
    bool from_file;     /* the rest of its lines is read from there */
    bool reading;       /* some are on their way */
    bool renumber;      /* lines of it are lost: the last one follows any */
    uint64_t file_at;   /* where the next ones stand; 0: not known */
    uint64_t last;      /* number of the newest line in there, if known */
    const char *ending; /* BEGINNING: it is to be ended; static text */

    struct peer *peer; /* who takes its lines; NULL: nobody for now */
    bool in_turn;      /* on its list */
    struct job *ready_prev, *ready_next;
    struct job *prev, *next; /* finished or kept */
    UT_hash_handle hh;       /* by jid */
};

/* A job's process, as the operation asked for it. */
struct job_process {
    const char *op; /* which operation it is */
    struct child_spec child;
    const struct mask *mask;      /* of its secrets; NULL: it has none */
    uint64_t timeout_ms, idle_ms; /* 0: none */
    uint64_t output;              /* bytes of text; 0: any number */
};

/* instance: see tasks_init(). */
bool jobs_init(struct jobs *js, struct loop *l, const char *instance);
/* Kills whatever still runs and forgets every job. */
void jobs_free(struct jobs *js);

/* What a dispatcher's name is made of: letters and digits. */
bool jid_instance_char(char c);
/* Whether jid is INSTANCE-N or, of a later attempt, INSTANCE-N.A;
 * *instance_len is set. */
bool jid_is_valid(const char *jid, size_t len, size_t *instance_len);
struct job *job_find(struct jobs *js, const char *jid);
/* Whether a job of that operation is active. */
bool job_op_is_active(const struct jobs *js, const char *op);

/* Starts a job. NULL and *why when the system cannot. */
struct job *job_start(struct jobs *js, const char *jid,
                      const struct job_process *process, char **why);
/* A job that is done at once, without a process. */
struct job *job_done(struct jobs *js, const char *jid);

/* Ends it for a reason ("cancelled"); nothing if it has ended. */
void job_end(struct job *j, const char *reason);
/* The same without grace. */
void job_kill(struct job *j, const char *reason);
/* The dispatcher has stored everything up to seq. False: nobody said that. */
MUST_CHECK bool job_ack(struct job *j, uint64_t seq);
/* Its lines go to peer (NULL: to nobody) from now on. */
void job_attach(struct job *j, struct peer *peer);

/* Its lines behind seq are wanted: loads them if they are in the spool. False:
 * it never had a line seq. */
MUST_CHECK bool job_seek(struct job *j, uint64_t seq);
/* Loads more of them, if there is room. */
void job_feed(struct job *j);
/* What the spool has from workers before: jobs that go on, results, names. */
void jobs_recover(struct jobs *js);

static inline bool job_is_active(const struct job *j)
{
    return j->state <= JOB_ENDING;
}

/* The number of its newest line, as far as it is known. */
static inline uint64_t job_last(const struct job *j)
{
    return j->last > j->journal.last ? j->last : j->journal.last;
}

#endif
