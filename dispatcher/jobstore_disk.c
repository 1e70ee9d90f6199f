/*
 * The durable job store's way to the disk and back: one transaction is under
 * way at a time, and what comes meanwhile is the next one. While the disk fails
 * nothing new is taken, and the same transaction is tried again now and then:
 * what runs goes on, and its workers keep what is not stored here.
 */
#include <stdlib.h>

#include "dispatcher/jobstore_impl.h"
#include "lib/mem.h"

void disk_ask(struct sqlite_store *q)
{
    struct jobstore *s = &q->base;

    if (q->asked || q->busy || s->degraded || !q->keep.eager)
        return;
    q->asked = true;
    s->handler.pending(s->arg);
}

/* Its output and its tasks leave the memory: who wants them reads them. One
 * that was lost may yet be heard of. */
void disk_let_go(struct sqlite_store *q, struct job *j)
{
    if (j->kept->refused && jobtable_may_go(j)) { /* it never was */
        kept_drop(&q->keep, j->kept, false);
        jobtable_drop(&q->table, j);
        return;
    }
    if (!j->kept->end_kept || j->light || j->reasons[REASON_LOST] ||
        !jobtable_may_go(j))
        return;
    kept_lighten(j->kept);
    job_lighten(j);
    jobtable_recount(&q->table, j);
}

/* -- to the disk ----------------------------------------------------------- */

void disk_give(struct sqlite_store *q)
{
    struct offload_items items = q->failed;

    q->failed = (struct offload_items){0};
    offload_append(&items, &q->keep.items);
    if (!items.first)
        return;
    acks_move(&q->flying, &q->keep.acks);
    q->writer.jobs = q->base.last;
    q->writer.fence = q->fence;
    q->busy = true;
    offload_give(q->thread, &items);
}

void disk_hand_over(struct jobstore *s)
{
    struct sqlite_store *q = sqlite_of(s);

    q->asked = false;
    if (q->busy || s->degraded || !q->thread)
        return;
    keeper_flush(&q->keep);
    disk_give(q);
}

/* -- and back -------------------------------------------------------------- */

static void carry_out(struct sqlite_store *q, const struct ack *a)
{
    struct jobstore *s = &q->base;
    struct job *j = a->kept->job;
    struct task *t = j && a->index < j->n_tasks ? &j->tasks[a->index] : NULL;

    if (!j || a->kept->refused)
        return;
    switch (a->kind) {
    case ACK_ADDED: s->handler.added(s->arg, j, NULL); break;
    case ACK_ASSIGNED:
        if (t && t->attempt == a->attempt)
            s->handler.assigned(s->arg, t, a->n, NULL);
        break;
    case ACK_STORED:
        if (t && t->attempt == a->attempt)
            s->handler.stored(s->arg, t, a->n);
        break;
    case ACK_ENDED:
        a->kept->end_kept = true;
        disk_let_go(q, j);
        break;
    }
}

static void carry_out_all(struct sqlite_store *q)
{
    struct acks acks = q->flying;

    q->flying = (struct acks){0};
    for (size_t i = 0; i < acks.count; i++) {
        carry_out(q, &acks.list[i]);
        kept_unref(acks.list[i].kept);
    }
    free(acks.list);
}

/* Whether that job was taken and cannot be kept. */
static bool is_refused(const struct acks *acks, uint64_t number)
{
    for (size_t i = 0; i < acks->count; i++) {
        const struct kept_job *k = acks->list[i].kept;

        if (k->refused && k->job && k->job->number == number)
            return true;
    }
    return false;
}

/* Leaves out what is of jobs that were not taken. */
static void drop_refused(struct sqlite_store *q, struct offload_items *items)
{
    struct offload_items rest = {0};
    struct offload_item *i;

    while ((i = offload_shift(items))) {
        struct jobdb_item *item = container_of(i, struct jobdb_item, link);

        if (item->number && is_refused(&q->flying, item->number))
            jobdb_item_free(item);
        else
            offload_add(&rest, i);
    }
    *items = rest;
}

/* Those that were to be added now never will be; the rest is tried again. */
static void refuse(struct sqlite_store *q, struct offload_items *items,
                   const char *error)
{
    struct jobstore *s = &q->base;
    size_t n;

    acks_move(&q->flying, &q->keep.acks); /* those that wait their turn, too */
    n = q->flying.count;
    for (size_t i = 0; i < n; i++)
        q->flying.list[i].kept->refused |= q->flying.list[i].kind == ACK_ADDED;
    drop_refused(q, items);
    drop_refused(q, &q->keep.items);
    for (size_t i = 0; i < n; i++) {
        struct ack a = q->flying.list[i];

        if (a.kind != ACK_ADDED || !a.kept->job || a.kept->told)
            continue;
        a.kept->told = true;
        s->handler.added(s->arg, a.kept->job, error);
    }
}

static void say(struct sqlite_store *q, const char *degraded)
{
    struct jobstore *s = &q->base;
    const char *before = s->degraded;

    s->degraded = degraded;
    s->counts.degraded = degraded != NULL;
    if (!before != !degraded)
        s->handler.degraded(s->arg, degraded);
}

static void count(struct sqlite_store *q, const struct offload_items *items)
{
    struct jobstore_counts *c = &q->base.counts;

    for (struct offload_item *i = items->first; i; i = i->next)
        ++*(q->writer.error ? &c->failures : &c->items);
    if (!q->writer.error) {
        c->commits++;
        histogram_add(&c->seconds, q->writer.seconds);
    }
    c->file_bytes = q->writer.file_bytes;
    c->log_bytes = q->writer.log_bytes;
    c->checkpoints = q->writer.base.checkpoints;
    c->bytes = q->keep.bytes;
    c->jobs = HASH_CNT(hh, q->table.by_jid);
}

bool disk_sync(struct jobstore *s, struct jobstore_fetch *f)
{
    struct sqlite_store *q = sqlite_of(s);
    bool pending = q->keep.eager || q->keep.items.first;

    if (s->degraded || (!pending && !q->busy))
        return false;
    f->job = NULL;
    f->number = s->counts.commits + pending + q->busy;
    f->waits = true;
    LIST_INSERT_HEAD(&q->syncs, f, link);
    return true;
}

/* Tells who waits for what is kept now; while it cannot be, nobody waits. */
static void tell_syncs(struct sqlite_store *q)
{
    struct jobstore *s = &q->base;
    struct jobstore_fetch *f, *next;

    for (f = LIST_FIRST(&q->syncs); f; f = next) {
        next = LIST_NEXT(f, link);
        if (!s->degraded && f->number > s->counts.commits)
            continue;
        LIST_REMOVE(f, link);
        f->waits = false;
        f->done(f);
    }
}

void disk_collect(struct jobstore *s)
{
    struct sqlite_store *q = sqlite_of(s);
    struct offload_items items = {0};
    struct offload_item *i;

    jobpast_collect(q->past);
    if (!offload_take(q->thread, &items))
        return;
    q->busy = false;
    count(q, &items);
    if (q->writer.error) {
        say(q, q->writer.error);
        refuse(q, &items, q->writer.error);
        q->failed = items;
        tell_syncs(q);
        return;
    }
    say(q, NULL);
    while ((i = offload_shift(&items)))
        jobdb_item_free(container_of(i, struct jobdb_item, link));
    carry_out_all(q);
    tell_syncs(q);
    disk_ask(q);
}

void disk_tick(struct jobstore *s)
{
    struct sqlite_store *q = sqlite_of(s);

    if (q->busy || !q->thread)
        return;
    keeper_flush(&q->keep);
    if (s->degraded && !q->failed.first)
        offload_add(&q->failed, &jobdb_item_new(JOBDB_PROBE, 0)->link);
    disk_give(q);
}
