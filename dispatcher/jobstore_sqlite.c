/*
 * The durable job store: an SQLite database, a thread that writes to it, and
 * in memory the jobs themselves. Here is what the core calls:
 *
 *   add, event, output --> jobkept --hand_over--> thread --collect--> acks
 */
#include <stdlib.h>
#include <string.h>

#include "dispatcher/clock.h"
#include "dispatcher/jobstore_impl.h"
#include "dispatcher/jobreplay.h"
#include "lib/log.h"
#include "lib/mem.h"

static struct kept_job *touch(struct sqlite_store *q, struct job *j, bool eager)
{
    kept_touch(&q->keep, j->kept, eager);
    disk_ask(q);
    return j->kept;
}

/* -- what is to be kept ---------------------------------------------------- */

void sqlite_enter(struct sqlite_store *q, struct job *j, struct job *below)
{
    jobtable_add(&q->table, j, below);
    /* its output is counted apart: that is what memory is short of */
    q->table.size -= j->log.bytes;
    j->log.total = &q->output;
    q->output += j->log.bytes;
    if (j->number > q->base.last)
        q->base.last = j->number;
}

static void sqlite_add(struct jobstore *s, struct job *j)
{
    struct sqlite_store *q = sqlite_of(s);

    sqlite_enter(q, j, NULL);
    kept_new(&q->keep, j, true);
    disk_ask(q);
}

/* The hosts of a job, in words; of one for any host there are none yet. */
static void write_hosts(const struct job *j, struct buf *out)
{
    for (unsigned i = 0; !j->spec.any && i < j->n_tasks; i++)
        buf_add_words(out, j->tasks[i].host);
}

static void keep_groups(struct sqlite_store *q, struct job *j)
{
    for (unsigned i = 0; j->spec.per_attr && i < j->n_tasks; i++)
        kept_task(j->kept, i)->changed = true;
    jobtable_recount(&q->table, j);
}

static void sqlite_event(struct jobstore *s, struct job *j,
                         enum event_kind kind, const struct task *t)
{
    struct sqlite_store *q = sqlite_of(s);
    struct joblog_entry e = {.kind = kind, .seq = j->log.next_seq + 1};
    const char *text = jobstore_text(j, kind, t);
    struct buf hosts = BUF_INIT;

    j->log.now_ms = e.ms = clock_coarse_ms();
    e.has_index = t != NULL;
    e.index = t ? t->index : 0;
    for (unsigned i = 0; kind == EVENT_EXIT && i < EVENT_STREAMS; i++)
        e.offsets[i] = j->log.hosts[t->index].offset[i];
    e.text = text;
    e.len = strlen(text);
    eventlog_add(&j->log, kind, e.index, t ? t->host : NULL, text, e.len);
    if (kind == EVENT_SUBMIT) {
        write_hosts(j, &hosts);
        keep_groups(q, j);
        e.text = buf_str(&hosts);
        e.len = buf_len(&hosts);
    }
    kept_event(&q->keep, j->kept, &e);
    buf_free(&hosts);
    if (kind == EVENT_EXIT)
        acks_stored(&q->keep.acks, j->kept, t, t->seq);
    if (kind == EVENT_DONE || kind == EVENT_ERROR)
        eventlog_close(&j->log);
    disk_ask(q);
}

static void sqlite_output(struct jobstore *s, struct task *t, bool whole,
                          unsigned stream, const char *text, size_t len,
                          uint64_t seq)
{
    struct sqlite_store *q = sqlite_of(s);
    struct job *j = t->job;
    struct joblog_entry e = {.kind = whole ? EVENT_OUT : EVENT_PART,
                             .seq = j->log.next_seq + 1,
                             .has_index = true,
                             .index = t->index,
                             .stream = stream,
                             .offset = j->log.hosts[t->index].offset[stream],
                             .worker_seq = seq,
                             .text = text,
                             .len = len};

    j->log.now_ms = e.ms = clock_coarse_ms();
    eventlog_add_output(&j->log, whole, t->index, t->host, stream, text, len);
    if (q->output > s->bounds.memory)
        eventlog_squeeze(&j->log, t->index);
    kept_output(&q->keep, j->kept, &e);
    acks_stored(&q->keep.acks, j->kept, t, seq);
    disk_ask(q);
}

static void sqlite_changed(struct jobstore *s, struct job *j)
{
    struct sqlite_store *q = sqlite_of(s);

    if (j->state == JOB_DONE && j->kept->end_kept)
        j->kept->ended = true; /* a late word: its row is written anew */
    touch(q, j, true);
}

static void sqlite_task(struct jobstore *s, struct task *t)
{
    struct job *j = t->job;

    kept_task(j->kept, t->index)->changed = true;
    touch(sqlite_of(s), j, false);
}

static void sqlite_assign(struct jobstore *s, struct task *t)
{
    struct sqlite_store *q = sqlite_of(s);
    struct job *j = t->job;

    kept_task(j->kept, t->index)->changed = true;
    acks_add(&q->keep.acks, ACK_ASSIGNED, j->kept, t->index, t->attempt,
             t->fence);
    touch(q, j, true);
}

static uint64_t sqlite_fence(struct jobstore *s)
{
    return ++sqlite_of(s)->fence;
}

static void sqlite_setting(struct jobstore *s, const char *name,
                           const char *value)
{
    struct sqlite_store *q = sqlite_of(s);
    struct jobdb_item *item = jobdb_item_new(JOBDB_SETTING, 0);
    struct buf b = BUF_INIT;

    buf_add_str(&b, name);
    item->spec = jobdb_blob_take(&b);
    if (value) {
        attrs_set(&q->settings, name, value);
        buf_add_str(&b, value);
        item->state = jobdb_blob_take(&b);
    } else {
        attrs_unset(&q->settings, name);
    }
    buf_free(&b);
    offload_add(&q->keep.items, &item->link);
    q->keep.eager = true;
    disk_ask(q);
}

static const char *sqlite_setting_get(struct jobstore *s, const char *name)
{
    return attrs_get(&sqlite_of(s)->settings, name);
}

/* -- ended jobs ------------------------------------------------------------ */

static void sqlite_ended(struct jobstore *s, struct job *j)
{
    struct sqlite_store *q = sqlite_of(s);

    q->table.n_ended++;
    jobtable_recount(&q->table, j);
    if (j->kept->refused) {
        disk_let_go(q, j);
        return;
    }
    for (unsigned i = 0; i < j->n_tasks; i++) {
        const struct event *first = j->log.hosts[i].first;

        j->tasks[i].tail_seq = first ? first->seq : 0;
    }
    j->kept->ended = true;
    acks_add(&q->keep.acks, ACK_ENDED, j->kept, 0, 0, 0);
    touch(q, j, true);
}

static void table_forget(void *arg, struct job *j)
{
    struct sqlite_store *q = arg;

    jobpast_forget(q->past, j);
    kept_drop(&q->keep, j->kept, true);
}

static void sqlite_remove(struct jobstore *s, struct job *j)
{
    struct sqlite_store *q = sqlite_of(s);

    table_forget(q, j);
    jobtable_drop(&q->table, j);
    disk_ask(q);
}

static struct job *sqlite_find(struct jobstore *s, const char *jid)
{
    return jobtable_find(&sqlite_of(s)->table, jid);
}

static struct job *sqlite_next(struct jobstore *s, struct job *after)
{
    return after ? TAILQ_NEXT(after, link)
                 : TAILQ_FIRST(&sqlite_of(s)->table.jobs);
}

static void sqlite_tidy(struct jobstore *s, uint64_t now_ms)
{
    struct sqlite_store *q = sqlite_of(s);

    jobtable_age(&q->table, now_ms, s->bounds.age_ms);
    while (q->table.n_ended > s->bounds.jobs &&
           jobtable_evict(&q->table, "too many jobs"))
        ;
    while (q->keep.bytes > s->bounds.size &&
           jobtable_evict(&q->table, "no room"))
        ;
    disk_ask(q);
}

static void sqlite_unread(struct jobstore *s, struct job *j)
{
    disk_let_go(sqlite_of(s), j);
}

/* -- start and end --------------------------------------------------------- */

static bool sqlite_fetch(struct jobstore *s, struct jobstore_fetch *f,
                         const char *jid)
{
    return jobpast_fetch(sqlite_of(s)->past, f, jid);
}

static void sqlite_unfetch(struct jobstore *s, struct jobstore_fetch *f)
{
    jobpast_unfetch(sqlite_of(s)->past, f);
}

static struct jobpages *sqlite_pages(struct jobstore *s, struct job *j)
{
    return jobpast_pages(sqlite_of(s)->past, j);
}

static void sqlite_free(struct jobstore *s)
{
    struct sqlite_store *q = sqlite_of(s);
    struct offload_items items = {0};
    struct offload_item *i;
    struct job *j;

    jobpast_free(q->past);
    if (q->thread) {
        offload_wait(q->thread); /* then what has come since */
        (void)offload_take(q->thread, &items);
        keeper_flush(&q->keep);
        disk_give(q);
        offload_wait(q->thread);
        (void)offload_take(q->thread, &items);
        offload_free(q->thread);
    }
    offload_append(&items, &q->failed);
    while ((i = offload_shift(&items)))
        jobdb_item_free(container_of(i, struct jobdb_item, link));
    for (size_t a = 0; a < q->flying.count; a++)
        kept_unref(q->flying.list[a].kept);
    free(q->flying.list);
    TAILQ_FOREACH (j, &q->table.jobs, link) {
        kept_drop(&q->keep, j->kept, false);
    }
    keeper_clear(&q->keep);
    jobtable_clear(&q->table);
    attrs_free(&q->settings);
    jobdb_writer_end(&q->writer);
    db_close(&q->db);
    free(q);
}

static const struct jobstore_ops sqlite_ops = {
    .free = sqlite_free,
    .add = sqlite_add,
    .event = sqlite_event,
    .output = sqlite_output,
    .changed = sqlite_changed,
    .task = sqlite_task,
    .assign = sqlite_assign,
    .fence = sqlite_fence,
    .setting = sqlite_setting,
    .setting_get = sqlite_setting_get,
    .ended = sqlite_ended,
    .remove = sqlite_remove,
    .unread = sqlite_unread,
    .find = sqlite_find,
    .next = sqlite_next,
    .tidy = sqlite_tidy,
    .hand_over = disk_hand_over,
    .collect = disk_collect,
    .tick = disk_tick,
    .recover = sqlite_recover,
    .fetch = sqlite_fetch,
    .unfetch = sqlite_unfetch,
    .pages = sqlite_pages,
    .sync = disk_sync,
};

struct jobstore *jobstore_sqlite_new(const char *path,
                                     const struct jobstore_bounds *b,
                                     const struct eventlog_bounds *logs,
                                     const struct jobstore_handler *handler,
                                     void *arg, char **error)
{
    struct sqlite_store *q = xcalloc(1, sizeof(*q));

    *error = db_open(&q->db, db_jobs(), path);
    if (*error) {
        db_close(&q->db);
        free(q);
        return NULL;
    }
    q->base = (struct jobstore){.ops = &sqlite_ops,
                                .handler = *handler,
                                .arg = arg,
                                .bounds = *b,
                                .logs = *logs,
                                .fd = -1,
                                .past_fd = -1};
    histogram_init_seconds(&q->base.counts.seconds);
    jobdb_writer_init(&q->writer, &q->db);
    jobtable_init(&q->table);
    q->table.forget = table_forget;
    q->table.arg = q;
    keeper_init(&q->keep);
    LIST_INIT(&q->syncs);
    *error = sqlite_load(q);
    if (!*error)
        return &q->base;
    sqlite_free(&q->base);
    return NULL;
}
