#include "dispatcher/jobstore.h"

#include <stdlib.h>
#include <string.h>

#include "lib/attrs.h"
#include "lib/log.h"
#include "lib/mem.h"

TAILQ_HEAD(job_list, job);

struct memory {
    struct jobstore base;
    struct job *by_jid;
    struct job_list jobs; /* in order of submission */
    unsigned n_ended;
    size_t size; /* of all jobs and their output */
    uint64_t fence;
    struct attrs settings;
};

static struct memory *memory_of(struct jobstore *s)
{
    return container_of(s, struct memory, base);
}

static void memory_drop(struct memory *m, struct job *j)
{
    HASH_DEL(m->by_jid, j);
    TAILQ_REMOVE(&m->jobs, j, link);
    if (j->state == JOB_DONE)
        m->n_ended--;
    m->size -= j->cost;
    job_free(j);
}

static void memory_free(struct jobstore *s)
{
    struct memory *m = memory_of(s);

    while (!TAILQ_EMPTY(&m->jobs))
        memory_drop(m, TAILQ_FIRST(&m->jobs));
    attrs_free(&m->settings);
    free(m);
}

static void memory_recount(struct memory *m, struct job *j)
{
    m->size -= j->cost;
    j->cost = job_cost(j);
    m->size += j->cost;
}

static void memory_event(struct jobstore *s, struct job *j,
                         enum event_kind kind, const struct task *t)
{
    const char *text = jobstore_text(j, kind, t);

    if (kind == EVENT_SUBMIT)
        memory_recount(memory_of(s), j); /* its hosts are known now */
    eventlog_add(&j->log, kind, t ? t->index : 0, t ? t->host : NULL, text,
                 strlen(text));
    if (kind == EVENT_DONE || kind == EVENT_ERROR)
        eventlog_close(&j->log);
}

/* The oldest ended job makes room. */
static bool memory_evict(struct memory *m, const char *why)
{
    struct job *j;

    TAILQ_FOREACH (j, &m->jobs, link) {
        if (j->state != JOB_DONE || !LIST_EMPTY(&j->log.cursors))
            continue;
        log_id_debug(j->jid, "forgotten: %s", why);
        memory_drop(m, j);
        return true;
    }
    return false;
}

/* Makes room by forgetting; false: what is left has not ended. */
static bool memory_fits(struct memory *m)
{
    while (m->size > m->base.bounds.size) {
        if (!memory_evict(m, "no room"))
            return false;
    }
    return true;
}

static void memory_add(struct jobstore *s, struct job *j)
{
    struct memory *m = memory_of(s);
    bool fits;

    j->log.total = &m->size;
    memory_recount(m, j);
    fits = memory_fits(m);
    HASH_ADD_STR(m->by_jid, jid, j);
    TAILQ_INSERT_TAIL(&m->jobs, j, link);
    s->handler.added(s->arg, j,
                     fits ? NULL
                          : "no room for more jobs "
                            "(dispatcher.jobs_size)");
}

static void memory_output(struct jobstore *s, struct task *t, bool whole,
                          unsigned stream, const char *text, size_t len,
                          uint64_t seq)
{
    struct memory *m = memory_of(s);

    eventlog_add_output(&t->job->log, whole, t->index, t->host, stream, text,
                        len);
    if (!memory_fits(m))
        eventlog_squeeze(&t->job->log, t->index);
    s->handler.stored(s->arg, t, seq);
}

/* The job is the record. */
static void memory_changed(struct jobstore *s, struct job *j)
{
    (void)s;
    (void)j;
}

static void memory_assign(struct jobstore *s, struct task *t)
{
    s->handler.assigned(s->arg, t, t->fence, NULL);
}

static uint64_t memory_fence(struct jobstore *s)
{
    return ++memory_of(s)->fence;
}

static void memory_setting(struct jobstore *s, const char *name,
                           const char *value)
{
    if (value)
        attrs_set(&memory_of(s)->settings, name, value);
    else
        attrs_unset(&memory_of(s)->settings, name);
}

static const char *memory_setting_get(struct jobstore *s, const char *name)
{
    return attrs_get(&memory_of(s)->settings, name);
}

static void memory_ended(struct jobstore *s, struct job *j)
{
    struct memory *m = memory_of(s);

    m->n_ended++;
    memory_recount(m, j);
    while (m->n_ended > s->bounds.jobs && memory_evict(m, "too many jobs"))
        ;
    (void)memory_fits(m);
}

static void memory_remove(struct jobstore *s, struct job *j)
{
    memory_drop(memory_of(s), j);
}

static struct job *memory_find(struct jobstore *s, const char *jid)
{
    struct memory *m = memory_of(s);
    struct job *j;

    HASH_FIND_STR(m->by_jid, jid, j);
    return j;
}

static struct job *memory_next(struct jobstore *s, struct job *after)
{
    return after ? TAILQ_NEXT(after, link) : TAILQ_FIRST(&memory_of(s)->jobs);
}

static void memory_tidy(struct jobstore *s, uint64_t now_ms)
{
    struct memory *m = memory_of(s);
    struct job *j, *next;

    for (j = TAILQ_FIRST(&m->jobs); j; j = next) {
        next = TAILQ_NEXT(j, link);
        if (j->state != JOB_DONE || !LIST_EMPTY(&j->log.cursors))
            continue;
        if (now_ms - j->ended_ms >= s->bounds.age_ms)
            memory_drop(m, j);
    }
    while (m->n_ended > s->bounds.jobs && memory_evict(m, "too many jobs"))
        ;
    (void)memory_fits(m);
}

static const struct jobstore_ops memory_ops = {
    .free = memory_free,
    .add = memory_add,
    .event = memory_event,
    .output = memory_output,
    .changed = memory_changed,
    .assign = memory_assign,
    .fence = memory_fence,
    .setting = memory_setting,
    .setting_get = memory_setting_get,
    .ended = memory_ended,
    .remove = memory_remove,
    .find = memory_find,
    .next = memory_next,
    .tidy = memory_tidy,
};

struct jobstore *jobstore_memory_new(const struct jobstore_bounds *b,
                                     const struct jobstore_handler *handler,
                                     void *arg)
{
    struct memory *m = xcalloc(1, sizeof(*m));

    m->base.ops = &memory_ops;
    m->base.handler = *handler;
    m->base.arg = arg;
    m->base.bounds = *b;
    TAILQ_INIT(&m->jobs);
    return &m->base;
}
