#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dispatcher/core.h"
#include "lib/mem.h"

/* Two histories told as one, in the order of their times. */
struct telling {
    const struct job *job;
    const struct task *task; /* NULL: the job's only */
    dispatch_life_fn *fn;
    void *arg;
};

/* What the record has is not noted once more: the usual job, which does
 * nothing, pays for a time only. */
static void add_from_record(const struct telling *w, enum history_kind kind,
                            struct buf *out)
{
    const struct job *j = w->job;
    const struct task *t = w->task;

    if (kind == HISTORY_SUBMITTED && j->spec.by)
        buf_add_fmt(out, "by %s", j->spec.by);
    if (kind == HISTORY_MATCHED)
        buf_add_fmt(out, "%u host%s", job_hosts(j),
                    job_hosts(j) == 1 ? "" : "s");
    if (kind == HISTORY_ENDED && t && t->state == TASK_ENDED) {
        const char *why = attrs_get(&t->attrs, "why");

        buf_add_fmt(out, "%s, rc %s, state %d%s%s",
                    attrs_get(&t->attrs, "reason"), t->rc, (int)t->result,
                    why ? ": " : "", why ? why : "");
    }
    if (kind == HISTORY_ENDED && !t && j->error)
        buf_add_str(out, j->error);
}

static void tell(const struct telling *w, const struct history_entry *e)
{
    struct buf text = BUF_INIT;

    buf_add(&text, e->text, e->len);
    if (!e->len)
        add_from_record(w, e->kind, &text);
    w->fn(w->arg, &(struct dispatch_life){.ms = e->ms,
                                          .kind = history_kind_text(e->kind),
                                          .text = buf_str(&text),
                                          .gone = e->gone});
    buf_free(&text);
}

static void tell_both(const struct telling *w)
{
    const struct history *of_job = w->job->history;
    const struct history *of_task = w->task ? w->task->history : NULL;
    struct telling job = {.job = w->job, .fn = w->fn, .arg = w->arg};
    struct history_entry a, b;
    size_t pos_a = 0, pos_b = 0;
    bool has_a = history_next(of_job, &pos_a, &a);
    bool has_b = history_next(of_task, &pos_b, &b);

    while (has_a || has_b) {
        if (has_a && (!has_b || a.ms <= b.ms)) {
            tell(&job, &a);
            has_a = history_next(of_job, &pos_a, &a);
        } else {
            tell(w, &b);
            has_b = history_next(of_task, &pos_b, &b);
        }
    }
}

static const struct task *find_task(const struct job *j, const char *host)
{
    for (unsigned i = 0; i < j->n_tasks; i++) {
        const char *name = j->tasks[i].host ? j->tasks[i].host : "-";

        if (strcmp(name, host) == 0)
            return &j->tasks[i];
    }
    return NULL;
}

char *dispatch_why(struct dispatch *d, const char *jid, const char *host,
                   dispatch_life_fn *fn, void *arg)
{
    const struct job *j = jobstore_find(d->store, jid);
    struct telling w = {.job = j, .fn = fn, .arg = arg};

    if (!j)
        return xasprintf("no job %s", jid);
    if (host)
        w.task = find_task(j, host);
    if (host && !w.task)
        return xasprintf("job %s has no host %s", jid, host);
    tell_both(&w);
    return NULL;
}
