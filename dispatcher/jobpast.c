#include "dispatcher/jobpast.h"

#include <stdlib.h>
#include <string.h>

#include "dispatcher/jobpast_impl.h"
#include "dispatcher/jobreplay.h"
#include "dispatcher/jobstore_impl.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/mem.h"

#define LOAD_JOBS  200    /* ended jobs read at once */
#define PAGE_BYTES 262144 /* of entries read at once, whole turns */

/* -- in the thread --------------------------------------------------------- */

static struct past_job *item_job(struct past_item *item)
{
    if (item->n == item->size) {
        item->size = item->size ? 2 * item->size : 8;
        item->jobs = xreallocarray(item->jobs, item->size, sizeof(*item->jobs));
    }
    return &item->jobs[item->n++];
}

struct taking {
    struct jobpast *past;
    struct past_item *item;
};

static char *take_ended(void *arg, const struct jobdb_row *row)
{
    struct taking *t = arg;
    struct past_item *item = t->item;
    struct past_job *past;
    char *error;
    struct job *j;

    item->number = row->number; /* whatever becomes of it, others are below */
    item->any = true;
    if (!row->ended_ms)
        return NULL; /* it lives, and is in memory */
    j = job_of_row(t->past->instance, &t->past->logs, row, &error);
    if (!j) {
        free(item->wrong); /* one of them is told; the others are read */
        item->wrong = error;
        return NULL;
    }
    past = item_job(item);
    *past = (struct past_job){.job = j, .bytes = row->bytes};
    if (row->tasks_len)
        buf_add(&past->tasks, row->tasks, row->tasks_len);
    return NULL;
}

/* Whole turns, till there is enough. */
static char *take_entries(void *arg, const struct jobdb_entries *e)
{
    struct past_item *item = arg;
    struct past_row *r;

    if (item->n && item->bytes >= PAGE_BYTES &&
        item->rows[item->n - 1].turn != e->turn)
        return xstrdup(""); /* enough */
    if (item->n == item->size) {
        item->size = item->size ? 2 * item->size : 8;
        item->rows = xreallocarray(item->rows, item->size, sizeof(*item->rows));
    }
    r = &item->rows[item->n++];
    *r =
        (struct past_row){.row = e->row, .turn = e->turn, .tail = e->task >= 0};
    if (e->len)
        buf_add(&r->data, e->data, e->len);
    item->bytes += e->len;
    return NULL;
}

static void read_item(struct jobpast *p, struct past_item *item)
{
    struct taking taking = {.past = p, .item = item};

    switch (item->what) {
    case READ_ENDED:
        item->error = jobdb_read_ended(p->sql, item->number, LOAD_JOBS,
                                       take_ended, &taking);
        break;
    case READ_JOB:
        item->error = jobdb_read_job(p->sql, item->number, take_ended, &taking);
        break;
    case READ_ENTRIES:
        item->error = jobdb_read_entries(p->sql, item->number, item->behind,
                                         take_entries, item);
        break;
    }
}

static void past_work(void *arg, struct offload_items *items)
{
    struct jobpast *p = arg;
    char *error = NULL;

    if (!p->sql)
        p->sql = jobdb_open(p->path, &error);
    for (struct offload_item *i = items->first; i; i = i->next) {
        struct past_item *item = container_of(i, struct past_item, link);

        if (p->sql)
            read_item(p, item);
        else
            item->error = xstrdup(error);
    }
    free(error);
}

/* -- items ----------------------------------------------------------------- */

void past_give(struct jobpast *p, struct past_item *item)
{
    struct offload_items items = {0};

    offload_add(&items, &item->link);
    offload_give(p->thread, &items);
}

static struct past_item *past_ask(struct jobpast *p, enum reading what,
                                  uint64_t number)
{
    struct past_item *item = xcalloc(1, sizeof(*item));

    item->what = what;
    item->number = number;
    p->reading++;
    past_give(p, item);
    return item;
}

static void item_free(struct past_item *item)
{
    if (item->wrong)
        log_warn("dispatcher.store: a job that ended cannot be read: %s",
                 item->wrong);
    free(item->wrong);
    for (size_t i = 0; i < item->n && item->jobs; i++) {
        if (item->jobs[i].job)
            job_free(item->jobs[i].job);
        buf_free(&item->jobs[i].tasks);
    }
    for (size_t i = 0; i < item->n && item->rows; i++)
        buf_free(&item->rows[i].data);
    free(item->jobs);
    free(item->rows);
    free(item->error);
    free(item);
}

/* -- jobs that ended ------------------------------------------------------- */

/* Ages are counted by the clock that nobody sets. */
static uint64_t ended_ms(const struct job *j)
{
    time_t now = time(NULL);

    return loop_clock() -
           (now > j->ended ? (uint64_t)(now - j->ended) * 1000 : 0);
}

static bool past_is_gone(const struct jobpast *p, uint64_t number)
{
    for (size_t i = 0; i < p->n_gone; i++) {
        if (p->gone[i] == number)
            return true;
    }
    return false;
}

static void past_gone(struct jobpast *p, uint64_t number)
{
    if (p->n_gone == p->size) {
        p->size = p->size ? 2 * p->size : 8;
        p->gone = xreallocarray(p->gone, p->size, sizeof(*p->gone));
    }
    p->gone[p->n_gone++] = number;
}

/* One that is not in memory; the others are above it, if there is one. */
static struct job *past_enter(struct jobpast *p, struct past_job *past,
                              struct job *above)
{
    struct job *j = past->job;

    past->job = NULL;
    if (past_is_gone(p, j->number) || !job_set_state(j, JOB_DONE)) {
        job_free(j);
        return NULL;
    }
    j->light = j->log_away = j->log.closed = true;
    j->ended_ms = ended_ms(j);
    sqlite_enter_row(p->store, j, past->bytes, above)->end_kept = true;
    return j;
}

static struct job *past_known(const struct jobpast *p,
                              const struct past_job *past)
{
    return jobtable_find(&p->store->table, past->job->jid);
}

static bool past_is_waited_for(const struct jobpast *p, uint64_t number)
{
    const struct jobstore_fetch *f;

    LIST_FOREACH (f, &p->waiting, link) {
        if (f->number == number)
            return true;
    }
    return false;
}

/* Tells those who wait for it; number 0: for all. */
static void past_tell(struct jobpast *p, uint64_t number, struct job *j)
{
    struct jobstore_fetch *f, *next;

    for (f = LIST_FIRST(&p->waiting); f; f = next) {
        next = LIST_NEXT(f, link);
        if (f->number != number)
            continue;
        LIST_REMOVE(f, link);
        f->waits = false;
        f->job = j;
        if (j) {
            j->in_use++;
            LIST_INSERT_HEAD(&p->holding, f, link);
        }
        f->done(f);
        next = LIST_FIRST(&p->waiting); /* whoever was told may have gone */
    }
}

static void past_loaded(struct jobpast *p, struct past_item *item)
{
    for (size_t i = 0; i < item->n; i++) {
        struct past_job *past = &item->jobs[i];
        struct job *j = past_known(p, past);

        if (!j) {
            j = past_enter(p, past, p->last);
            if (j)
                job_lighten(j);
        }
        if (!j)
            continue;
        p->last = j;
        if (j->light && j->reasons[REASON_LOST])
            past_ask(p, READ_JOB, j->number); /* it may yet be heard of */
    }
    if (item->error)
        log_error("dispatcher.store: %s: jobs that ended cannot be read: %s",
                  p->path, item->error);
    if (!item->any || item->error) {
        p->loaded = true;
        log_info("dispatcher.store: %u jobs are kept",
                 HASH_CNT(hh, p->store->table.by_jid));
        past_tell(p, 0, NULL);
        return;
    }
    past_ask(p, READ_ENDED, item->number);
}

/* The job with the whole of its specification, and its tasks. */
static struct job *past_whole(struct jobpast *p, struct past_job *past)
{
    struct job *j = past_known(p, past);

    if (!j)
        j = past_enter(p, past, NULL);
    if (!j || !j->light)
        return j;
    if (!jobreplay_read_ended(j, buf_data(&past->tasks), buf_len(&past->tasks)))
        return j;
    if (past->job) {
        struct dispatch_spec spec = j->spec;

        j->spec = past->job->spec;
        past->job->spec = spec;
    }
    j->light = false;
    jobtable_recount(&p->store->table, j);
    return j;
}

static void past_fetched(struct jobpast *p, struct past_item *item)
{
    uint64_t number = item->number;
    struct job *j = item->n ? past_whole(p, &item->jobs[0]) : NULL;

    if (item->error)
        log_error("dispatcher.store: %s: job number %llu cannot be read: %s",
                  p->path, (unsigned long long)number, item->error);
    past_tell(p, number, j);
    if (j)
        disk_let_go(p->store, j); /* nobody wants it any more */
}

/* -- fetching -------------------------------------------------------------- */

/* The number in an id of ours; 0: it is none. */
static uint64_t jid_number(const struct jobpast *p, const char *jid)
{
    size_t len = strlen(p->instance);
    char *end;
    unsigned long long n;

    if (strncmp(jid, p->instance, len) != 0 || jid[len] != '-' ||
        jid[len + 1] < '1' || jid[len + 1] > '9')
        return 0;
    n = strtoull(jid + len + 1, &end, 10);
    return *end ? 0 : n;
}

bool jobpast_fetch(struct jobpast *p, struct jobstore_fetch *f, const char *jid)
{
    struct job *j = jid ? jobtable_find(&p->store->table, jid) : NULL;

    f->number = jid ? jid_number(p, jid) : 0;
    f->job = NULL;
    if (j ? !j->light : p->loaded || (jid && !f->number))
        return false;
    if (jid && !past_is_waited_for(p, f->number))
        past_ask(p, READ_JOB, f->number);
    LIST_INSERT_HEAD(&p->waiting, f, link);
    f->waits = true;
    return true;
}

void jobpast_unfetch(struct jobpast *p, struct jobstore_fetch *f)
{
    struct job *j = f->job;

    if (f->waits || j)
        LIST_REMOVE(f, link);
    f->waits = false;
    f->job = NULL;
    if (!j)
        return;
    j->in_use--;
    disk_let_go(p->store, j);
}

void jobpast_forget(struct jobpast *p, const struct job *j)
{
    struct jobstore_fetch *f, *next;

    for (f = LIST_FIRST(&p->holding); f; f = next) {
        next = LIST_NEXT(f, link);
        if (f->job != j)
            continue;
        LIST_REMOVE(f, link);
        f->job = NULL;
    }
    if (p->last == j)
        p->last = TAILQ_NEXT(j, link);
    past_gone(p, j->number);
}

/* -- start and end --------------------------------------------------------- */

struct jobpast *jobpast_new(struct sqlite_store *q)
{
    struct jobpast *p = xcalloc(1, sizeof(*p));
    const char *instance = attrs_get(&q->settings, "instance");

    p->store = q;
    p->path = xstrdup(q->db.path);
    p->instance = xstrdup(instance ? instance : "");
    p->logs = q->base.logs;
    LIST_INIT(&p->waiting);
    LIST_INIT(&p->holding);
    p->thread = offload_new(past_work, p);
    return p;
}

int jobpast_fd(const struct jobpast *p)
{
    return offload_fd(p->thread);
}

void jobpast_load(struct jobpast *p)
{
    past_ask(p, READ_ENDED, p->store->base.last + 1);
}

bool jobpast_is_loaded(const struct jobpast *p)
{
    return p->loaded;
}

void jobpast_collect(struct jobpast *p)
{
    struct offload_items items = {0};
    struct offload_item *i;

    (void)offload_take(p->thread, &items);
    while ((i = offload_shift(&items))) {
        struct past_item *item = container_of(i, struct past_item, link);

        p->reading -= item->what != READ_ENTRIES;
        switch (item->what) {
        case READ_ENDED: past_loaded(p, item); break;
        case READ_JOB: past_fetched(p, item); break;
        case READ_ENTRIES: jobpages_read(item); break;
        }
        item_free(item);
    }
    if (!p->reading && !p->store->busy && !p->store->keep.items.first)
        p->n_gone = 0;
}

void jobpast_free(struct jobpast *p)
{
    struct offload_items items = {0};
    struct offload_item *i;

    if (!p)
        return;
    offload_wait(p->thread);
    (void)offload_take(p->thread, &items);
    while ((i = offload_shift(&items)))
        item_free(container_of(i, struct past_item, link));
    offload_free(p->thread);
    jobdb_close(p->sql);
    free(p->path);
    free(p->instance);
    free(p->gone);
    free(p);
}
