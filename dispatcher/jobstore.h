/*
 * Where jobs, their results and their output are kept. Every implementation
 * holds the jobs themselves in memory (that is what find and each give) and
 * answers what has to be kept in callbacks, which may come before the call
 * returns or any time later:
 *
 *   added()     the job is kept; only now may it start
 *   stored()    output of a task is kept up to that SEQ; only now may the
 *               worker forget it; never of an attempt before the present one
 *   assigned()  which worker a task was given to is kept, by which attempt and
 *               fence; only now is that worker told
 *
 * No callback comes about a job that was removed.
 *
 * It must not know workers or faces; time is passed in.
 */
#ifndef DISPATCHER_JOBSTORE_H
#define DISPATCHER_JOBSTORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dispatcher/events.h"
#include "dispatcher/job.h"
#include "lib/mem.h"
#include "lib/metrics.h"

struct jobstore;

struct jobstore_handler {
    /* error NULL: it is kept; else it must end with that error */
    void (*added)(void *arg, struct job *j, const char *error);
    void (*stored)(void *arg, struct task *t, uint64_t seq);
    /* fence: which choice it is about; error NULL: it is kept */
    void (*assigned)(void *arg, struct task *t, uint64_t fence,
                     const char *error);
    /* At the start: a job that had not ended, in order of submission; events,
     * fields and states are those of before. It is in the store. */
    void (*recovered)(void *arg, struct job *j);
    /* There is something to hand over, and nobody has been asked yet. */
    void (*pending)(void *arg);
    /* Nothing can be kept, and why; NULL: it can again. */
    void (*degraded)(void *arg, const char *why);
};

struct jobstore_bounds {
    unsigned jobs;   /* ended jobs */
    uint64_t age_ms; /* of an ended job */
    size_t size;     /* of all jobs and their output, bytes */
    size_t memory;   /* of output in memory, where that is not all the store */
};

/* What a store counts of itself. */
struct jobstore_counts {
    uint64_t commits;               /* groups of changes put on the disk */
    uint64_t items;                 /* rows in them */
    uint64_t failures;              /* groups that could not be */
    uint64_t bytes;                 /* of jobs and output in the store */
    uint64_t jobs;                  /* that it has */
    uint64_t file_bytes, log_bytes; /* of the database */
    uint64_t checkpoints;
    uint64_t degraded;        /* 1: nothing can be kept */
    struct histogram seconds; /* of the commits */
};

/*
 * A job that may not be in memory, or not with its tasks, or all of those that
 * ended: brought there, and a job held there, until jobstore_unfetch().
 */
struct jobstore_fetch {
    /* It is there, or there is no such job (job is NULL): in
     * jobstore_collect(). */
    void (*done)(struct jobstore_fetch *f);
    struct job *job;
    /* the store's */
    uint64_t number;
    bool waits;
    LIST_ENTRY(jobstore_fetch) link;
};

struct jobpages;

/* What an implementation is. */
struct jobstore_ops {
    void (*free)(struct jobstore *s);
    void (*add)(struct jobstore *s, struct job *j);
    void (*event)(struct jobstore *s, struct job *j, enum event_kind kind,
                  const struct task *t);
    void (*output)(struct jobstore *s, struct task *t, bool whole,
                   unsigned stream, const char *text, size_t len, uint64_t seq);
    void (*changed)(struct jobstore *s, struct job *j);
    void (*task)(struct jobstore *s, struct task *t);
    void (*assign)(struct jobstore *s, struct task *t);
    uint64_t (*fence)(struct jobstore *s);
    void (*setting)(struct jobstore *s, const char *name, const char *value);
    const char *(*setting_get)(struct jobstore *s, const char *name);
    void (*ended)(struct jobstore *s, struct job *j);
    void (*remove)(struct jobstore *s, struct job *j);
    void (*unread)(struct jobstore *s, struct job *j);
    struct job *(*find)(struct jobstore *s, const char *jid);
    struct job *(*next)(struct jobstore *s, struct job *after);
    void (*tidy)(struct jobstore *s, uint64_t now_ms);
    /* NULL where nothing ever waits */
    void (*hand_over)(struct jobstore *s);
    void (*collect)(struct jobstore *s);
    void (*tick)(struct jobstore *s);
    void (*recover)(struct jobstore *s);
    bool (*fetch)(struct jobstore *s, struct jobstore_fetch *f,
                  const char *jid);
    void (*unfetch)(struct jobstore *s, struct jobstore_fetch *f);
    bool (*sync)(struct jobstore *s, struct jobstore_fetch *f);
    struct jobpages *(*pages)(struct jobstore *s, struct job *j);
};

struct jobstore {
    const struct jobstore_ops *ops;
    struct jobstore_handler handler;
    void *arg;
    struct jobstore_bounds bounds;
    struct eventlog_bounds logs; /* of the jobs that it makes again */
    int fd, past_fd;             /* readable: collect; or -1 */
    const char *degraded;        /* static: why nothing can be kept; or NULL */
    uint64_t last;               /* the highest number that a job ever had */
    struct jobstore_counts counts;
};

struct jobstore *jobstore_memory_new(const struct jobstore_bounds *b,
                                     const struct jobstore_handler *handler,
                                     void *arg);

/* A file; logs: bounds of the jobs that it makes again. NULL, and why not
 * (free()). */
struct jobstore *jobstore_sqlite_new(const char *path,
                                     const struct jobstore_bounds *b,
                                     const struct eventlog_bounds *logs,
                                     const struct jobstore_handler *handler,
                                     void *arg, char **error);

/* The store owns j from here on. */
static inline void jobstore_add(struct jobstore *s, struct job *j)
{
    s->ops->add(s, j);
}

/* The text of an event of that kind. */
static inline const char *
jobstore_text(const struct job *j, enum event_kind kind, const struct task *t)
{
    if (kind == EVENT_RETRY)
        return t->retried;
    return kind == EVENT_ERROR ? j->error : "";
}

/* Appends to the job's life; t is whom it is about, or NULL. */
static inline void jobstore_event(struct jobstore *s, struct job *j,
                                  enum event_kind kind, const struct task *t)
{
    s->ops->event(s, j, kind, t);
}

static inline void jobstore_output(struct jobstore *s, struct task *t,
                                   bool whole, unsigned stream,
                                   const char *text, size_t len, uint64_t seq)
{
    s->ops->output(s, t, whole, stream, text, len, seq);
}

/* The record of the job or of one of its tasks has changed. */
static inline void jobstore_changed(struct jobstore *s, struct job *j)
{
    s->ops->changed(s, j);
}

/* Fields of that task have changed that are kept (keep.h). */
static inline void jobstore_task(struct jobstore *s, struct task *t)
{
    s->ops->task(s, t);
}

/* Keeps the host, attempt and fence of a task: assigned() follows. */
static inline void jobstore_assign(struct jobstore *s, struct task *t)
{
    s->ops->assign(s, t);
}

/* A number higher than any that was given before, whenever that was. */
static inline uint64_t jobstore_fence(struct jobstore *s)
{
    return s->ops->fence(s);
}

/* A word of the dispatcher's own, kept over restarts; value NULL: none. */
static inline void jobstore_setting(struct jobstore *s, const char *name,
                                    const char *value)
{
    s->ops->setting(s, name, value);
}

/* It, or NULL; valid until it is set again. */
static inline const char *jobstore_setting_get(struct jobstore *s,
                                               const char *name)
{
    return s->ops->setting_get(s, name);
}

/* It is DONE: it may be forgotten when there is need, which may be now. */
static inline void jobstore_ended(struct jobstore *s, struct job *j)
{
    s->ops->ended(s, j);
}

/* Frees it; only a job that is DONE. */
static inline void jobstore_remove(struct jobstore *s, struct job *j)
{
    s->ops->remove(s, j);
}

/* Nobody reads it any more, from memory. */
static inline void jobstore_unread(struct jobstore *s, struct job *j)
{
    s->ops->unread(s, j);
}

static inline struct job *jobstore_find(struct jobstore *s, const char *jid)
{
    return s->ops->find(s, jid);
}

/* The jobs in order of submission; after NULL: the first. */
static inline struct job *jobstore_next(struct jobstore *s, struct job *after)
{
    return s->ops->next(s, after);
}

/* Now and then: lets ended jobs go that are too old, or, by new bounds, too
 * many or too big together. */
static inline void jobstore_tidy(struct jobstore *s, uint64_t now_ms)
{
    s->ops->tidy(s, now_ms);
}

/* Once, when the handler's owner is ready: tells every job that had not ended,
 * and begins to keep. */
static inline void jobstore_recover(struct jobstore *s)
{
    if (s->ops->recover)
        s->ops->recover(s);
}

/* Brings that job (NULL: the record of every one) into memory. False: that is
 * done, or there is none; nothing is to be waited for or undone. */
MUST_CHECK static inline bool
jobstore_fetch(struct jobstore *s, struct jobstore_fetch *f, const char *jid)
{
    return s->ops->fetch && s->ops->fetch(s, f, jid);
}

static inline void jobstore_unfetch(struct jobstore *s,
                                    struct jobstore_fetch *f)
{
    s->ops->unfetch(s, f);
}

/* f is done when all that was told so far is kept, or cannot be. False: it is
 * already. */
MUST_CHECK static inline bool jobstore_sync(struct jobstore *s,
                                            struct jobstore_fetch *f)
{
    return s->ops->sync && s->ops->sync(s, f);
}

/* The life of a job whose log is not in memory: events come into a log of its
 * own as they are asked for. The job stays for as long. */
static inline struct jobpages *jobstore_pages(struct jobstore *s, struct job *j)
{
    return s->ops->pages(s, j);
}
struct eventlog *jobpages_log(struct jobpages *g);
/* All that is in the log has been read: asks for more. False: that is all,
 * and the log is closed. */
MUST_CHECK bool jobpages_more(struct jobpages *g);
void jobpages_free(struct jobpages *g);

/* In the settling step after pending(): what waits goes to the disk. */
static inline void jobstore_hand_over(struct jobstore *s)
{
    if (s->ops->hand_over)
        s->ops->hand_over(s);
}

/* fd is readable: callbacks come from in here. */
static inline void jobstore_collect(struct jobstore *s)
{
    if (s->ops->collect)
        s->ops->collect(s);
}

/* Every second or so: what nobody waits for, and what failed. */
static inline void jobstore_tick(struct jobstore *s)
{
    if (s->ops->tick)
        s->ops->tick(s);
}

/* After all that waits is on the disk, or has failed. */
static inline void jobstore_free(struct jobstore *s)
{
    s->ops->free(s);
}

#endif
