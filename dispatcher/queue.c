#include "dispatcher/queue.h"

#include <stdlib.h>
#include <string.h>

#include "dispatcher/route.h"
#include "lib/buf.h"

void queue_init(struct queue *q)
{
    memset(q, 0, sizeof(*q));
    TAILQ_INIT(&q->freed);
    TAILQ_INIT(&q->rows);
}

/* -- submitters ------------------------------------------------------------ */

/* A token, else where the request came from. */
static const char *submitter_name(const struct job *j)
{
    if (j->spec.by)
        return j->spec.by;
    return j->spec.from ? j->spec.from : "";
}

static struct submitter *submitter_get(struct queue *q, const struct job *j)
{
    const char *name = submitter_name(j);
    struct submitter *s;

    HASH_FIND_STR(q->submitters, name, s);
    if (s)
        return s;
    s = xcalloc(1, sizeof(*s));
    s->name = xstrdup(name);
    s->id = ++q->ids;
    HASH_ADD_KEYPTR(hh, q->submitters, s->name, strlen(s->name), s);
    return s;
}

static void submitter_free(struct queue *q, struct submitter *s)
{
    HASH_DEL(q->submitters, s);
    free(s->name);
    free(s);
}

static void queue_know(struct queue *q, struct job *j)
{
    if (j->who)
        return;
    j->who = submitter_get(q, j);
    j->who->jobs++;
}

static void queue_add(struct queue *q, struct lineup *line, struct task *t)
{
    queue_know(q, t->job);
    lineup_add(line, t);
}

void queue_forget(struct queue *q, struct job *j)
{
    if (j->who && --j->who->jobs == 0)
        submitter_free(q, j->who);
    j->who = NULL;
}

/* -- lines ----------------------------------------------------------------- */

void queue_for_worker(struct queue *q, struct worker *w, struct task *t)
{
    task_release(t);
    t->worker = w;
    queue_add(q, worker_needs_slot(&t->job->spec) ? &w->waiting : &w->light, t);
}

static void absent_emptied(struct lineup *line)
{
    struct absent *a = container_of(line, struct absent, line);

    HASH_DEL(a->queue->absent, a);
    free(a->host);
    free(a);
}

void queue_for_host(struct queue *q, struct task *t)
{
    struct absent *a;

    task_release(t);
    HASH_FIND_STR(q->absent, t->host, a);
    if (!a) {
        a = xcalloc(1, sizeof(*a));
        a->queue = q;
        a->host = xstrdup(t->host);
        lineup_init(&a->line, absent_emptied);
        HASH_ADD_KEYPTR(hh, q->absent, a->host, strlen(a->host), a);
    }
    queue_add(q, &a->line, t);
}

struct task *queue_absent(struct queue *q, const char *host)
{
    struct absent *a;

    HASH_FIND_STR(q->absent, host, a);
    return a ? lineup_any(&a->line) : NULL;
}

/* -- kinds ----------------------------------------------------------------- */

/* Whatever route_is_candidate() asks of the task, and whose turn it is by. */
static void kind_key(const struct task *t, struct buf *key)
{
    const struct dispatch_spec *spec = &t->job->spec;

    buf_add_fmt(key, "%d", spec->priority);
    buf_add_words(key, submitter_name(t->job));
    buf_add_words(key, spec->op);
    buf_add_words(key, spec->on ? spec->on : "");
    buf_add_words(key, t->tried ? t->tried : "");
    for (size_t i = 0; i < spec->n_hosts; i++)
        buf_add_words(key, spec->hosts[i]);
    if (spec->narrowed)
        selector_write_pairs(&spec->only, key);
}

struct kind *queue_kind(struct queue *q, const struct task *t)
{
    struct buf key = BUF_INIT;
    struct kind *k;

    if (!q->kinds)
        return NULL;
    kind_key(t, &key);
    HASH_FIND(hh, q->kinds, buf_data(&key), buf_len(&key), k);
    buf_free(&key);
    return k;
}

static struct kind_row *row_get(struct queue *q, const struct job *j)
{
    struct kind_row *r;

    TAILQ_FOREACH (r, &q->rows, link) {
        if (r->who == j->who && r->priority == j->spec.priority)
            return r;
    }
    r = xcalloc(1, sizeof(*r));
    r->who = j->who;
    r->priority = j->spec.priority;
    TAILQ_INIT(&r->kinds);
    TAILQ_INSERT_TAIL(&q->rows, r, link);
    return r;
}

static void row_leave(struct kind *k)
{
    struct kind_row *r = k->row;

    TAILQ_REMOVE(&r->kinds, k, in_row);
    if (!TAILQ_EMPTY(&r->kinds))
        return;
    TAILQ_REMOVE(&k->queue->rows, r, link);
    free(r);
}

/* Its oldest is a new one of its row, most often the newest. */
static void row_enter(struct kind_row *r, struct kind *k,
                      const struct task *oldest)
{
    struct kind *other = TAILQ_LAST(&r->kinds, kind_list);

    while (other && lineup_any(&other->line)->job->number > oldest->job->number)
        other = TAILQ_PREV(other, kind_list, in_row);
    k->row = r;
    if (other)
        TAILQ_INSERT_AFTER(&r->kinds, other, k, in_row);
    else
        TAILQ_INSERT_HEAD(&r->kinds, k, in_row);
}

/* Its oldest is about to leave: behind those whose oldest is older than its
 * next. */
static void row_move(struct kind *k, const struct task *next)
{
    struct kind *other = TAILQ_NEXT(k, in_row);

    while (other && lineup_any(&other->line)->job->number < next->job->number)
        other = TAILQ_NEXT(other, in_row);
    if (other == TAILQ_NEXT(k, in_row))
        return;
    TAILQ_REMOVE(&k->row->kinds, k, in_row);
    if (other)
        TAILQ_INSERT_BEFORE(other, k, in_row);
    else
        TAILQ_INSERT_TAIL(&k->row->kinds, k, in_row);
}

static void kind_emptied(struct lineup *line)
{
    struct kind *k = container_of(line, struct kind, line);

    row_leave(k);
    HASH_DEL(k->queue->kinds, k);
    free(k->key);
    free(k);
}

struct kind *queue_for_any(struct queue *q, struct task *t)
{
    struct buf key = BUF_INIT;
    struct kind *k;

    task_release(t);
    k = queue_kind(q, t);
    if (!k) {
        kind_key(t, &key);
        k = xcalloc(1, sizeof(*k));
        k->queue = q;
        k->key = xstrdup(buf_str(&key));
        lineup_init(&k->line, kind_emptied);
        HASH_ADD_KEYPTR(hh, q->kinds, k->key, buf_len(&key), k);
        buf_free(&key);
        queue_know(q, t->job);
        row_enter(row_get(q, t->job), k, t);
    }
    queue_add(q, &k->line, t);
    return k;
}

/* -- who is next ----------------------------------------------------------- */

/* Whether a comes before b, at that worker. Of equal rank nobody has two turns
 * in a row while others wait; among those of any worker, who was served longest
 * ago, wherever that was. */
static bool head_is_before(const struct lineup_head *a,
                           const struct lineup_head *b, const struct worker *w)
{
    const struct job *ja = a->task->job, *jb = b->task->job;

    if (a->rank != b->rank)
        return a->rank > b->rank;
    if (ja->who == jb->who)
        return ja->number < jb->number;
    if (ja->spec.any && jb->spec.any && ja->who->turn != jb->who->turn)
        return ja->who->turn < jb->who->turn;
    if ((ja->who->id == w->last_who) != (jb->who->id == w->last_who))
        return jb->who->id == w->last_who;
    return ja->number < jb->number;
}

static void head_consider(struct lineup_head *best, const struct lineup *line,
                          const struct queue *q, const struct worker *w,
                          uint64_t now)
{
    struct lineup_head head;

    if (lineup_peek(line, now, q->ageing_ms, &head) &&
        (!best->task || head_is_before(&head, best, w)))
        *best = head;
}

static bool kind_takes(const struct kind *k, const struct worker *w)
{
    const struct task *t = lineup_any(&k->line);

    return worker_takes(w, &t->job->spec) && route_is_candidate(t, w);
}

/* The first of its kinds that the worker may take. */
static void row_consider(struct lineup_head *best, const struct kind_row *r,
                         const struct queue *q, const struct worker *w,
                         uint64_t now)
{
    const struct kind *k;

    TAILQ_FOREACH (k, &r->kinds, in_row) {
        if (!kind_takes(k, w))
            continue;
        head_consider(best, &k->line, q, w, now);
        return;
    }
}

struct task *queue_next(struct queue *q, const struct worker *w, uint64_t now)
{
    struct lineup_head best = {0};
    struct kind_row *r;

    if (w->light.n && w->up)
        return lineup_any(&w->light);
    if (w->waiting.n && worker_free_slots(w))
        head_consider(&best, &w->waiting, q, w, now);
    TAILQ_FOREACH (r, &q->rows, link) {
        row_consider(&best, r, q, w, now);
    }
    return best.task;
}

static void line_served(struct task *t)
{
    struct task *next = TAILQ_NEXT(t, in_worker);

    if (t->job->spec.any && next)
        row_move(container_of(lineup_of(t), struct kind, line), next);
    lineup_served(t);
}

void queue_served(struct queue *q, struct worker *w, struct task *t)
{
    if (t->place == PLACE_LINE)
        line_served(t);
    if (!t->job->who)
        return;
    t->job->who->turn = ++q->turns;
    w->last_who = t->job->who->id;
}

/* -- locks ----------------------------------------------------------------- */

static void lock_free(struct lock *k)
{
    if (k->held || k->line.n)
        return;
    if (k->freed)
        TAILQ_REMOVE(&k->queue->freed, k, in_freed);
    HASH_DEL(k->queue->locks, k);
    free(k->name);
    free(k);
}

static void lock_emptied(struct lineup *line)
{
    lock_free(container_of(line, struct lock, line));
}

static struct lock *lock_get(struct queue *q, const char *name)
{
    struct lock *k;

    HASH_FIND_STR(q->locks, name, k);
    if (k)
        return k;
    k = xcalloc(1, sizeof(*k));
    k->queue = q;
    k->name = xstrdup(name);
    lineup_init(&k->line, lock_emptied);
    HASH_ADD_KEYPTR(hh, q->locks, k->name, strlen(k->name), k);
    return k;
}

/* The first of the job's locks that is not to be had, or NULL. */
static struct lock *lock_missing(struct queue *q, const struct job *j)
{
    for (size_t i = 0; i < j->spec.n_locks; i++) {
        struct lock *k;

        HASH_FIND_STR(q->locks, j->spec.locks[i].name, k);
        if (k && k->held >= j->spec.locks[i].n)
            return k;
    }
    return NULL;
}

void queue_lock_anyway(struct queue *q, struct task *t)
{
    const struct dispatch_spec *spec = &t->job->spec;

    for (size_t i = 0; i < spec->n_locks && !t->locked; i++)
        lock_get(q, spec->locks[i].name)->held++;
    t->locked = spec->n_locks > 0;
}

bool queue_lock(struct queue *q, struct task *t)
{
    struct lock *missing = lock_missing(q, t->job);

    if (missing) {
        task_release(t);
        queue_add(q, &missing->line, t);
        return false;
    }
    queue_lock_anyway(q, t);
    return true;
}

void queue_unlock(struct queue *q, struct task *t)
{
    const struct dispatch_spec *spec = &t->job->spec;

    for (size_t i = 0; i < spec->n_locks && t->locked; i++) {
        struct lock *k = lock_get(q, spec->locks[i].name);

        k->held--;
        if (k->line.n && !k->freed) {
            k->freed = true;
            TAILQ_INSERT_TAIL(&q->freed, k, in_freed);
        }
        lock_free(k);
    }
    t->locked = false;
}

struct task *queue_unlocked(struct queue *q, uint64_t now)
{
    struct lock *k;

    while ((k = TAILQ_FIRST(&q->freed))) {
        struct lineup_head head;

        if (lineup_peek(&k->line, now, q->ageing_ms, &head) &&
            !lock_missing(q, head.task->job)) {
            lineup_served(head.task);
            lineup_remove(head.task); /* k may be gone after it */
            return head.task;
        }
        TAILQ_REMOVE(&q->freed, k, in_freed);
        k->freed = false;
    }
    return NULL;
}

/* -- the end --------------------------------------------------------------- */

void queue_free(struct queue *q)
{
    struct submitter *s, *next_s;
    struct lock *k, *next_k;

    HASH_ITER (hh, q->submitters, s, next_s) {
        submitter_free(q, s);
    }
    HASH_ITER (hh, q->locks, k, next_k) {
        HASH_DEL(q->locks, k);
        free(k->name);
        free(k);
    }
}
