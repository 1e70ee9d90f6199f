#include "dispatcher/jobtable.h"

#include "lib/log.h"

void jobtable_init(struct jobtable *t)
{
    *t = (struct jobtable){0};
    TAILQ_INIT(&t->jobs);
}

void jobtable_clear(struct jobtable *t)
{
    while (!TAILQ_EMPTY(&t->jobs))
        jobtable_drop(t, TAILQ_FIRST(&t->jobs));
}

void jobtable_add(struct jobtable *t, struct job *j, struct job *below)
{
    struct job *other = below ? TAILQ_PREV(below, job_list, link)
                              : TAILQ_LAST(&t->jobs, job_list);

    while (other && other->number > j->number)
        other = TAILQ_PREV(other, job_list, link);
    if (other)
        TAILQ_INSERT_AFTER(&t->jobs, other, j, link);
    else
        TAILQ_INSERT_HEAD(&t->jobs, j, link);
    HASH_ADD_STR(t->by_jid, jid, j);
    t->n_ended += j->state == JOB_DONE;
    j->log.total = &t->size;
    t->size += j->log.bytes;
    jobtable_recount(t, j);
}

void jobtable_drop(struct jobtable *t, struct job *j)
{
    HASH_DEL(t->by_jid, j);
    TAILQ_REMOVE(&t->jobs, j, link);
    if (j->state == JOB_DONE)
        t->n_ended--;
    t->size -= j->cost;
    job_free(j);
}

void jobtable_recount(struct jobtable *t, struct job *j)
{
    t->size -= j->cost;
    j->cost = job_cost(j);
    t->size += j->cost;
}

struct job *jobtable_find(const struct jobtable *t, const char *jid)
{
    struct job *j;

    HASH_FIND_STR(t->by_jid, jid, j);
    return j;
}

bool jobtable_may_go(const struct job *j)
{
    return j->state == JOB_DONE && LIST_EMPTY(&j->log.cursors) && !j->in_use;
}

static void table_forget(struct jobtable *t, struct job *j)
{
    if (t->forget)
        t->forget(t->arg, j);
    jobtable_drop(t, j);
}

bool jobtable_evict(struct jobtable *t, const char *why)
{
    struct job *j;

    TAILQ_FOREACH (j, &t->jobs, link) {
        if (!jobtable_may_go(j))
            continue;
        log_id_debug(j->jid, "forgotten: %s", why);
        table_forget(t, j);
        return true;
    }
    return false;
}

void jobtable_age(struct jobtable *t, uint64_t now_ms, uint64_t age_ms)
{
    struct job *j, *next;

    for (j = TAILQ_FIRST(&t->jobs); j; j = next) {
        next = TAILQ_NEXT(j, link);
        if (jobtable_may_go(j) && now_ms - j->ended_ms >= age_ms)
            table_forget(t, j);
    }
}
