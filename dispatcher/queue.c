#include "dispatcher/queue.h"

#include "dispatcher/route.h"

void queue_init(struct queue *q)
{
    TAILQ_INIT(&q->any);
    TAILQ_INIT(&q->absent);
}

/* One that comes back (refused elsewhere) takes its old place. */
static void line_insert(struct task_list *line, struct task *t)
{
    struct task *other = TAILQ_LAST(line, task_list);

    while (other && other->job->number > t->job->number)
        other = TAILQ_PREV(other, task_list, in_worker);
    if (other)
        TAILQ_INSERT_AFTER(line, other, t, in_worker);
    else
        TAILQ_INSERT_HEAD(line, t, in_worker);
    t->queued = line;
}

void queue_add(struct queue *q, struct task *t)
{
    if (t->queued)
        return;
    if (t->worker)
        line_insert(&t->worker->waiting, t);
    else if (t->job->spec.any)
        line_insert(&q->any, t);
    else
        line_insert(&q->absent, t);
}

void queue_remove(struct task *t)
{
    if (t->queued)
        TAILQ_REMOVE(t->queued, t, in_worker);
    t->queued = NULL;
}

struct task *queue_next(struct queue *q, const struct worker *w)
{
    struct task *own, *any;

    TAILQ_FOREACH (own, &w->waiting, in_worker) {
        if (worker_takes(w, &own->job->spec) && route_may_start(own->job, own))
            break;
    }
    TAILQ_FOREACH (any, &q->any, in_worker) {
        if (own && any->job->number > own->job->number)
            break;
        if (worker_takes(w, &any->job->spec) &&
            route_may_start(any->job, any) && route_is_candidate(any, w))
            return any;
    }
    return own;
}
