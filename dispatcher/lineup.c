#include "dispatcher/lineup.h"

#include <stdlib.h>

struct lane {
    struct level *level;
    struct submitter *who;
    struct task_list tasks;
    TAILQ_ENTRY(lane) link;
};

TAILQ_HEAD(lane_list, lane);

struct level {
    struct lineup *line;
    int priority;
    struct lane_list lanes; /* the first is the next to be served */
    TAILQ_ENTRY(level) link;
};

void lineup_init(struct lineup *l, void (*emptied)(struct lineup *line))
{
    TAILQ_INIT(&l->levels);
    l->n = 0;
    l->emptied = emptied;
}

static struct level *level_of(struct lineup *l, int priority)
{
    struct level *v, *own;

    TAILQ_FOREACH (v, &l->levels, link) {
        if (v->priority == priority)
            return v;
        if (v->priority < priority)
            break;
    }
    own = xcalloc(1, sizeof(*own));
    own->line = l;
    own->priority = priority;
    TAILQ_INIT(&own->lanes);
    if (v)
        TAILQ_INSERT_BEFORE(v, own, link);
    else
        TAILQ_INSERT_TAIL(&l->levels, own, link);
    return own;
}

static struct lane *lane_of(struct level *v, struct submitter *who)
{
    struct lane *lane;

    TAILQ_FOREACH (lane, &v->lanes, link) {
        if (lane->who == who)
            return lane;
    }
    lane = xcalloc(1, sizeof(*lane));
    lane->level = v;
    lane->who = who;
    TAILQ_INIT(&lane->tasks);
    TAILQ_INSERT_TAIL(&v->lanes, lane, link);
    return lane;
}

static bool task_is_after(const struct task *a, const struct task *b)
{
    if (a->job->number != b->job->number)
        return a->job->number > b->job->number;
    return a->index > b->index;
}

/* One that comes back (refused elsewhere) takes its old place. */
void lineup_add(struct lineup *l, struct task *t)
{
    struct level *v = level_of(l, t->job->spec.priority);
    struct lane *lane = lane_of(v, t->job->who);
    struct task *other = TAILQ_LAST(&lane->tasks, task_list);

    while (other && task_is_after(other, t))
        other = TAILQ_PREV(other, task_list, in_worker);
    if (other)
        TAILQ_INSERT_AFTER(&lane->tasks, other, t, in_worker);
    else
        TAILQ_INSERT_HEAD(&lane->tasks, t, in_worker);
    t->lane = lane;
    t->place = PLACE_LINE;
    l->n++;
}

void lineup_remove(struct task *t)
{
    struct lane *lane = t->lane;
    struct level *v = lane->level;
    struct lineup *l = v->line;

    TAILQ_REMOVE(&lane->tasks, t, in_worker);
    t->lane = NULL;
    t->place = PLACE_NONE;
    l->n--;
    if (!TAILQ_EMPTY(&lane->tasks))
        return;
    TAILQ_REMOVE(&v->lanes, lane, link);
    free(lane);
    if (!TAILQ_EMPTY(&v->lanes))
        return;
    TAILQ_REMOVE(&l->levels, v, link);
    free(v);
    if (!l->n && l->emptied)
        l->emptied(l);
}

struct lineup *lineup_of(const struct task *t)
{
    return t->lane->level->line;
}

void lineup_served(struct task *t)
{
    struct lane *lane = t->lane;

    TAILQ_REMOVE(&lane->level->lanes, lane, link);
    TAILQ_INSERT_TAIL(&lane->level->lanes, lane, link);
}

/* -- who is next ----------------------------------------------------------- */

static uint64_t level_since(const struct level *v)
{
    const struct lane *lane;
    uint64_t since = UINT64_MAX;

    TAILQ_FOREACH (lane, &v->lanes, link) {
        uint64_t ms = TAILQ_FIRST(&lane->tasks)->job->queued_ms;

        since = ms < since ? ms : since;
    }
    return since;
}

static struct lineup_head level_head(const struct level *v, uint64_t now,
                                     uint64_t ageing_ms)
{
    struct lineup_head head = {.task =
                                   TAILQ_FIRST(&TAILQ_FIRST(&v->lanes)->tasks),
                               .rank = v->priority,
                               .since = level_since(v)};

    if (ageing_ms && now > head.since)
        head.rank += (long long)((now - head.since) / ageing_ms);
    return head;
}

bool lineup_peek(const struct lineup *l, uint64_t now, uint64_t ageing_ms,
                 struct lineup_head *out)
{
    const struct level *v;

    *out = (struct lineup_head){0};
    TAILQ_FOREACH (v, &l->levels, link) {
        struct lineup_head head = level_head(v, now, ageing_ms);

        if (!out->task || head.rank > out->rank ||
            (head.rank == out->rank && head.since < out->since))
            *out = head;
    }
    return out->task != NULL;
}

struct task *lineup_any(const struct lineup *l)
{
    const struct level *v = TAILQ_FIRST(&l->levels);

    return v ? TAILQ_FIRST(&TAILQ_FIRST(&v->lanes)->tasks) : NULL;
}

struct task **lineup_list(const struct lineup *l, unsigned *n)
{
    struct task **list = xcalloc(l->n + 1, sizeof(struct task *)), *t;
    const struct level *v;
    const struct lane *lane;

    *n = 0;
    TAILQ_FOREACH (v, &l->levels, link) {
        TAILQ_FOREACH (lane, &v->lanes, link) {
            TAILQ_FOREACH (t, &lane->tasks, in_worker) {
                list[(*n)++] = t;
            }
        }
    }
    return list;
}
