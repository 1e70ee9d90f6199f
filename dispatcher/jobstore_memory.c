#include "dispatcher/jobstore.h"

#include <stdlib.h>
#include <string.h>

#include "dispatcher/clock.h"
#include "dispatcher/jobtable.h"
#include "lib/attrs.h"
#include "lib/mem.h"

struct memory {
    struct jobstore base;
    struct jobtable table;
    uint64_t fence;
    struct attrs settings;
};

static struct memory *memory_of(struct jobstore *s)
{
    return container_of(s, struct memory, base);
}

static void memory_free(struct jobstore *s)
{
    struct memory *m = memory_of(s);

    jobtable_clear(&m->table);
    attrs_free(&m->settings);
    free(m);
}

static void memory_event(struct jobstore *s, struct job *j,
                         enum event_kind kind, const struct task *t)
{
    const char *text = jobstore_text(j, kind, t);

    if (kind == EVENT_SUBMIT)
        jobtable_recount(&memory_of(s)->table, j); /* its hosts, too */
    j->log.now_ms = clock_coarse_ms();
    eventlog_add(&j->log, kind, t ? t->index : 0, t ? t->host : NULL, text,
                 strlen(text));
    if (kind == EVENT_EXIT)
        s->handler.stored(s->arg, &j->tasks[t->index], t->seq);
    if (kind == EVENT_DONE || kind == EVENT_ERROR)
        eventlog_close(&j->log);
}

/* Makes room by forgetting; false: what is left has not ended. */
static bool memory_fits(struct memory *m)
{
    while (m->table.size > m->base.bounds.size) {
        if (!jobtable_evict(&m->table, "no room"))
            return false;
    }
    return true;
}

static void memory_fits_number(struct memory *m)
{
    while (m->table.n_ended > m->base.bounds.jobs &&
           jobtable_evict(&m->table, "too many jobs"))
        ;
}

static void memory_add(struct jobstore *s, struct job *j)
{
    struct memory *m = memory_of(s);
    bool fits;

    jobtable_add(&m->table, j, NULL);
    fits = memory_fits(m);
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

    t->job->log.now_ms = clock_coarse_ms();
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

static void memory_task(struct jobstore *s, struct task *t)
{
    (void)s;
    (void)t;
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

    m->table.n_ended++;
    jobtable_recount(&m->table, j);
    memory_fits_number(m);
    (void)memory_fits(m);
}

static void memory_remove(struct jobstore *s, struct job *j)
{
    jobtable_drop(&memory_of(s)->table, j);
}

static void memory_unread(struct jobstore *s, struct job *j)
{
    (void)s;
    (void)j;
}

static struct job *memory_find(struct jobstore *s, const char *jid)
{
    return jobtable_find(&memory_of(s)->table, jid);
}

static struct job *memory_next(struct jobstore *s, struct job *after)
{
    return after ? TAILQ_NEXT(after, link)
                 : TAILQ_FIRST(&memory_of(s)->table.jobs);
}

static void memory_tidy(struct jobstore *s, uint64_t now_ms)
{
    struct memory *m = memory_of(s);

    jobtable_age(&m->table, now_ms, s->bounds.age_ms);
    memory_fits_number(m);
    (void)memory_fits(m);
}

static const struct jobstore_ops memory_ops = {
    .free = memory_free,
    .add = memory_add,
    .event = memory_event,
    .output = memory_output,
    .changed = memory_changed,
    .task = memory_task,
    .assign = memory_assign,
    .fence = memory_fence,
    .setting = memory_setting,
    .setting_get = memory_setting_get,
    .ended = memory_ended,
    .remove = memory_remove,
    .unread = memory_unread,
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
    histogram_init_seconds(&m->base.counts.seconds);
    m->base.fd = m->base.past_fd = -1;
    jobtable_init(&m->table);
    return &m->base;
}
