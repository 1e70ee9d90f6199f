#include "dispatcher/jobkept.h"

#include <stdlib.h>
#include <string.h>

#include "dispatcher/jobreplay.h"
#include "dispatcher/keep.h"
#include "dispatcher/spec.h"
#include "lib/mem.h"

#define FIRST_MAX 4096   /* bytes of entries in the job's own row */
#define ROW_MAX   262144 /* bytes of entries at which a row is made */
#define TAIL_MAX  65536  /* the same of a tail */
#define BUF_KEEP  4096

void keeper_init(struct keeper *q)
{
    *q = (struct keeper){0};
    TAILQ_INIT(&q->dirty);
    q->acks.generation = 1;
}

void keeper_clear(struct keeper *q)
{
    struct offload_item *i;

    while ((i = offload_shift(&q->items)))
        jobdb_item_free(container_of(i, struct jobdb_item, link));
    for (size_t i_ack = 0; i_ack < q->acks.count; i_ack++)
        kept_unref(q->acks.list[i_ack].kept);
    free(q->acks.list);
    q->acks = (struct acks){0};
}

/* -- jobs ------------------------------------------------------------------ */

struct kept_job *kept_new(struct keeper *q, struct job *j, bool fresh)
{
    struct kept_job *k = xcalloc(1, sizeof(*k));

    k->job = j;
    k->refs = 1;
    k->fresh = fresh;
    j->kept = k;
    if (fresh) {
        acks_add(&q->acks, ACK_ADDED, k, 0, 0, 0);
        kept_touch(q, k, true);
    }
    return k;
}

static void tasks_free(struct kept_job *k)
{
    for (unsigned i = 0; i < k->n_tasks; i++) {
        buf_free(&k->tasks[i].tail);
        free(k->tasks[i].rows);
    }
    free(k->tasks);
    k->tasks = NULL;
    k->n_tasks = 0;
}

void kept_lighten(struct kept_job *k)
{
    tasks_free(k);
    buf_free(&k->first);
    buf_free(&k->main);
}

void kept_unref(struct kept_job *k)
{
    if (--k->refs)
        return;
    tasks_free(k);
    buf_free(&k->first);
    buf_free(&k->main);
    free(k);
}

void kept_drop(struct keeper *q, struct kept_job *k, bool forget)
{
    if (k->dirty)
        TAILQ_REMOVE(&q->dirty, k, in_dirty);
    k->dirty = false;
    q->bytes -= k->bytes;
    if (forget && !k->fresh && !k->refused) {
        struct jobdb_item *item = jobdb_item_new(JOBDB_FORGET, k->job->number);

        offload_add(&q->items, &item->link);
        q->eager = true;
    }
    k->job = NULL;
    kept_unref(k);
}

struct kept_task *kept_task(struct kept_job *k, unsigned index)
{
    if (!k->tasks) {
        k->n_tasks = k->job->n_tasks;
        k->tasks = xcalloc(k->n_tasks, sizeof(*k->tasks));
    }
    return &k->tasks[index];
}

void kept_touch(struct keeper *q, struct kept_job *k, bool eager)
{
    if (k->refused)
        return;
    if (!k->dirty)
        TAILQ_INSERT_TAIL(&q->dirty, k, in_dirty);
    k->dirty = true;
    q->eager |= eager;
}

/* -- acks ------------------------------------------------------------------ */

void acks_add(struct acks *a, enum ack_kind kind, struct kept_job *k,
              unsigned index, unsigned attempt, uint64_t n)
{
    if (a->count == a->size) {
        a->size = a->size ? 2 * a->size : 64;
        a->list = xreallocarray(a->list, a->size, sizeof(*a->list));
    }
    a->list[a->count++] = (struct ack){
        .kind = kind, .kept = k, .index = index, .attempt = attempt, .n = n};
    k->refs++;
}

/* However many lines came: one ack, of the last. */
void acks_stored(struct acks *a, struct kept_job *k, const struct task *t,
                 uint64_t seq)
{
    struct kept_task *kt = kept_task(k, t->index);

    if (kt->ack_generation == a->generation &&
        a->list[kt->ack_at].attempt == t->attempt) {
        a->list[kt->ack_at].n = seq;
        return;
    }
    kt->ack_generation = a->generation;
    kt->ack_at = a->count;
    acks_add(a, ACK_STORED, k, t->index, t->attempt, seq);
}

void acks_move(struct acks *to, struct acks *from)
{
    if (to->size < to->count + from->count) {
        to->size = to->count + from->count;
        to->list = xreallocarray(to->list, to->size, sizeof(*to->list));
    }
    if (from->count)
        memcpy(to->list + to->count, from->list,
               from->count * sizeof(*from->list));
    to->count += from->count;
    from->count = 0;
    from->generation++;
}

/* -- rows of entries ------------------------------------------------------- */

static uint64_t make_row(struct keeper *q, struct kept_job *k, struct buf *b,
                         int64_t task)
{
    struct jobdb_item *item = jobdb_item_new(JOBDB_LOG, k->job->number);

    item->row = ++q->rows;
    item->turn = k->turn + 1;
    item->task = task;
    k->bytes += buf_len(b);
    q->bytes += buf_len(b);
    item->log = jobdb_blob_take(b);
    offload_add(&q->items, &item->link);
    k->spilled = true;
    return item->row;
}

static void add_tail_row(struct kept_task *kt, const struct tail_row *row)
{
    if (kt->n_rows == kt->size) {
        kt->size = kt->size ? 2 * kt->size : 4;
        kt->rows = xreallocarray(kt->rows, kt->size, sizeof(*kt->rows));
    }
    kt->rows[kt->n_rows++] = *row;
}

void kept_old_tail(struct kept_job *k, unsigned index, uint64_t row,
                   const char *data, size_t len)
{
    struct tail_row tail = {.row = row, .bytes = len};
    struct joblog_entry e;

    while (joblog_next(&data, &len, &e)) {
        if (e.what == JOBLOG_EVENT)
            tail.last_seq = e.seq;
    }
    add_tail_row(kept_task(k, index), &tail);
}

static void make_tail_row(struct keeper *q, struct kept_job *k, unsigned index)
{
    struct kept_task *kt = &k->tasks[index];
    size_t bytes = buf_len(&kt->tail);

    if (!bytes)
        return;
    add_tail_row(
        kt, &(struct tail_row){.row = make_row(q, k, &kt->tail, (int64_t)index),
                               .last_seq = kt->tail_seq,
                               .bytes = bytes});
}

/* Rows of which nothing is in the tail any more. */
static void cut_rows(struct keeper *q, struct kept_job *k, unsigned index)
{
    const struct event *first = k->job->log.hosts[index].first;
    uint64_t from = first ? first->seq : UINT64_MAX;
    struct kept_task *kt = &k->tasks[index];
    size_t n = 0;

    while (n < kt->n_rows && kt->rows[n].last_seq < from) {
        struct jobdb_item *item = jobdb_item_new(JOBDB_CUT, k->job->number);

        item->row = kt->rows[n].row;
        k->bytes -= kt->rows[n].bytes;
        q->bytes -= kt->rows[n].bytes;
        offload_add(&q->items, &item->link);
        n++;
    }
    if (!n)
        return;
    kt->n_rows -= n;
    memmove(kt->rows, kt->rows + n, kt->n_rows * sizeof(*kt->rows));
}

void kept_event(struct keeper *q, struct kept_job *k,
                const struct joblog_entry *e)
{
    joblog_add_event(&k->main, e);
    if (e->kind == EVENT_EXIT)
        kept_task(k, e->index)->changed = true;
    kept_touch(q, k, e->kind != EVENT_ACK);
}

void kept_output(struct keeper *q, struct kept_job *k,
                 const struct joblog_entry *e)
{
    struct kept_task *kt = kept_task(k, e->index);

    if (k->job->log.hosts[e->index].cutting) {
        joblog_add_event(&kt->tail, e);
        kt->tail_seq = e->seq;
        if (buf_len(&kt->tail) >= TAIL_MAX)
            make_tail_row(q, k, e->index);
        cut_rows(q, k, e->index);
    } else {
        joblog_add_event(&k->main, e);
        if (buf_len(&k->main) >= ROW_MAX)
            make_row(q, k, &k->main, -1);
    }
    kept_touch(q, k, true);
}

/* -- flushing -------------------------------------------------------------- */

/* The fields of tasks that changed; of a job that has ended they are in its
 * row. */
static void flush_tasks(struct keeper *q, struct kept_job *k)
{
    for (unsigned i = 0; i < k->n_tasks; i++) {
        const struct task *t = &k->job->tasks[i];

        make_tail_row(q, k, i);
        if (!k->tasks[i].changed)
            continue;
        k->tasks[i].changed = false;
        if (k->ended)
            continue;
        joblog_add_task(&k->main, t);
        joblog_add_history(&k->main, true, i, t->history);
    }
}

static void set_state(struct kept_job *k, struct jobdb_item *item)
{
    struct buf b = BUF_INIT;

    keep_write_job(k->job, &b);
    item->state = jobdb_blob_take(&b);
    buf_free(&b);
    k->state_sum = keep_job_sum(k->job);
}

static void set_spec(struct kept_job *k, struct jobdb_item *item)
{
    struct buf b = BUF_INIT;

    spec_write(&k->job->spec, &b);
    item->spec = jobdb_blob_take(&b);
    buf_free(&b);
}

static void set_tasks(struct kept_job *k, struct jobdb_item *item)
{
    struct buf b = BUF_INIT;

    jobreplay_write_ended(k->job, &b);
    item->tasks = jobdb_blob_take(&b);
    buf_free(&b);
}

/* The first entries; false: they have not changed. */
static bool set_first(struct keeper *q, struct kept_job *k,
                      struct jobdb_item *item)
{
    struct buf copy = BUF_INIT;
    size_t len = buf_len(&k->main);

    if (!k->fresh && !len)
        return false;
    if (len && (k->spilled || buf_len(&k->first) + len > FIRST_MAX)) {
        make_row(q, k, &k->main, -1);
        if (!k->fresh)
            return false;
    } else if (len) {
        buf_add(&k->first, buf_data(&k->main), len);
    }
    buf_reset(&k->main, BUF_KEEP);
    buf_add(&copy, buf_str(&k->first), buf_len(&k->first));
    item->log = jobdb_blob_take(&copy);
    buf_free(&copy);
    return true;
}

static uint64_t item_bytes(const struct jobdb_item *item)
{
    return item->spec.len + item->state.len + item->tasks.len + item->log.len;
}

static void flush_job(struct keeper *q, struct kept_job *k)
{
    struct job *j = k->job;
    bool state = k->fresh || k->ended || k->state_sum != keep_job_sum(j);
    struct jobdb_item *item =
        jobdb_item_new(k->fresh ? JOBDB_ADD : JOBDB_SET, j->number);
    bool row;

    flush_tasks(q, k);
    if (state && !k->ended)
        joblog_add_history(&k->main, false, 0, j->history);
    row = set_first(q, k, item) || state;
    k->turn++;
    if (state)
        set_state(k, item);
    if (k->fresh || (k->ended && j->spec.n_secrets))
        set_spec(k, item); /* they are not in there any more */
    if (k->ended)
        set_tasks(k, item);
    if (j->state == JOB_DONE)
        item->ended_ms = (int64_t)j->ended * 1000;
    k->ended = false;
    if (!row) {
        jobdb_item_free(item);
        return;
    }
    if (k->fresh || item->tasks.data) { /* of its row; others count theirs */
        k->bytes += item_bytes(item);
        q->bytes += item_bytes(item);
    }
    item->bytes = k->bytes;
    k->fresh = false;
    offload_add(&q->items, &item->link);
}

void keeper_flush(struct keeper *q)
{
    struct kept_job *k;

    while ((k = TAILQ_FIRST(&q->dirty))) {
        TAILQ_REMOVE(&q->dirty, k, in_dirty);
        k->dirty = false;
        if (!k->refused)
            flush_job(q, k);
    }
    q->eager = false;
}
