/*
 * What was kept comes back: at the start every job that had not ended, whole,
 * before anything is served.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dispatcher/jobreplay.h"
#include "dispatcher/jobstore_impl.h"
#include "dispatcher/keep.h"
#include "dispatcher/spec.h"
#include "lib/log.h"
#include "lib/mem.h"

/* -- a job from its row ---------------------------------------------------- */

struct job *job_of_row(const char *instance, const struct eventlog_bounds *logs,
                       const struct jobdb_row *row, char **error)
{
    struct dispatch_spec spec = {0};
    char jid[JID_MAX];
    struct job *j;

    *error = spec_read(&spec, row->spec, row->spec_len);
    if (*error) {
        dispatch_spec_free(&spec);
        return NULL;
    }
    snprintf(jid, sizeof(jid), "%s-%llu", instance,
             (unsigned long long)row->number);
    j = job_new(jid, row->number, &spec, logs);
    keep_read_job(j, row->state, row->state_len);
    j->stored = true;
    return j;
}

struct kept_job *sqlite_enter_row(struct sqlite_store *q, struct job *j,
                                  uint64_t bytes, struct job *below)
{
    struct kept_job *k;

    sqlite_enter(q, j, below);
    k = kept_new(&q->keep, j, false);
    k->bytes = bytes;
    q->keep.bytes += bytes;
    k->state_sum = keep_job_sum(j);
    return k;
}

/* -- live jobs ------------------------------------------------------------- */

static char *live_row(void *arg, const struct jobdb_row *row)
{
    struct sqlite_store *q = arg;
    const char *instance = attrs_get(&q->settings, "instance");
    char *error;
    struct job *j =
        job_of_row(instance ? instance : "", &q->base.logs, row, &error);

    if (j)
        sqlite_enter_row(q, j, row->bytes, NULL);
    return error;
}

struct reading {
    struct sqlite_store *store;
    struct job *job;
    struct jobreplay_turn turn;
};

static char *live_entries(void *arg, const struct jobdb_entries *e)
{
    struct reading *r = arg;
    struct kept_job *k = r->job->kept;

    if (e->row)
        k->spilled = true;
    else if (e->len)
        buf_add(&k->first, e->data, e->len);
    k->turn = e->turn;
    if (!jobreplay_row(&r->turn, e->turn, e->task >= 0, e->data, e->len))
        return xasprintf("an entry of job %s is damaged", r->job->jid);
    return NULL;
}

/* The rows of tails, so that they can be cut further on. */
static char *live_tails(void *arg, const struct jobdb_entries *e)
{
    struct reading *r = arg;

    if (e->task >= 0 && (uint64_t)e->task < r->job->n_tasks)
        kept_old_tail(r->job->kept, (unsigned)e->task, e->row, e->data, e->len);
    return NULL;
}

static char *read_live(struct sqlite_store *q, struct job *j)
{
    struct reading r = {
        .store = q, .job = j, .turn = {.fn = jobreplay_entry, .arg = j}};
    char *error = jobdb_read_entries(q->db.sql, j->number, 0, live_entries, &r);
    bool whole = jobreplay_end(&r.turn);

    if (!error && !whole)
        error = xasprintf("an entry of job %s is damaged", j->jid);
    if (!error && j->kept->spilled && j->n_tasks)
        error = jobdb_read_entries(q->db.sql, j->number, 0, live_tails, &r);
    if (!error)
        jobreplay_settle(j);
    return error;
}

static char *read_all_live(struct sqlite_store *q)
{
    char *error = jobdb_read_live(q->db.sql, live_row, q);
    struct job *j;

    TAILQ_FOREACH (j, &q->table.jobs, link) {
        if (!error)
            error = read_live(q, j);
    }
    return error;
}

/* -- the start ------------------------------------------------------------- */

static void take_setting(void *arg, const char *name, const char *value)
{
    struct sqlite_store *q = arg;

    attrs_set(&q->settings, name, value);
}

static char *read_numbers(struct sqlite_store *q)
{
    uint64_t jobs;
    char *error = jobdb_read_last(q->db.sql, &q->base.last, &q->keep.rows);

    if (error)
        return error;
    if (!db_get(&q->db, "jobs", &jobs) || !db_get(&q->db, "fence", &q->fence))
        return xstrdup("the disk failed");
    if (jobs > q->base.last)
        q->base.last = jobs;
    if (jobs > q->fence) /* a backup that was restored is far ahead in jobs */
        q->fence = jobs;
    return NULL;
}

char *sqlite_load(struct sqlite_store *q)
{
    char *error = jobdb_read_settings(q->db.sql, take_setting, q), *text;

    if (!error)
        error = read_numbers(q);
    if (!error)
        error = read_all_live(q);
    if (!error)
        return NULL;
    text = xasprintf("%s cannot be read: %s; it is left alone: move it away "
                     "and restore a backup with 'muster restore'",
                     q->db.path, error);
    free(error);
    return text;
}

void sqlite_recover(struct jobstore *s)
{
    struct sqlite_store *q = sqlite_of(s);
    struct job *j, *next;

    q->thread = offload_new(jobdb_write, &q->writer);
    s->fd = offload_fd(q->thread);
    q->past = jobpast_new(q);
    s->past_fd = jobpast_fd(q->past);
    for (j = TAILQ_FIRST(&q->table.jobs); j; j = next) {
        next = TAILQ_NEXT(j, link);
        if (j->state != JOB_DONE)
            s->handler.recovered(s->arg, j);
    }
    jobpast_load(q->past);
}
