#include "dispatcher/jobreplay.h"

#include <stdlib.h>
#include <string.h>

#include "dispatcher/keep.h"
#include "lib/mem.h"
#include "lib/words.h"

/* -- entries in order ------------------------------------------------------ */

/* A row that is being read. */
struct row_at {
    const char *at;
    size_t left;
    struct joblog_entry next;
    bool has, tail;
};

static void row_next(struct row_at *r)
{
    r->has = joblog_next(&r->at, &r->left, &r->next);
    r->next.tail = r->tail;
}

/* What is no event goes with the one behind it. */
static struct row_at *first_of(struct row_at *rows, size_t n)
{
    struct row_at *first = NULL;

    for (size_t i = 0; i < n; i++) {
        if (rows[i].has && (!first || rows[i].next.seq < first->next.seq))
            first = &rows[i];
    }
    return first;
}

static bool turn_tell(struct jobreplay_turn *t)
{
    struct row_at *rows = xcalloc(t->n_rows + 1, sizeof(*rows)), *r;
    bool whole = true;

    for (size_t i = 0; i < t->n_rows; i++) {
        rows[i].at = buf_data(&t->rows[i].data);
        rows[i].left = buf_len(&t->rows[i].data);
        rows[i].tail = t->rows[i].tail;
        row_next(&rows[i]);
    }
    while ((r = first_of(rows, t->n_rows))) {
        t->fn(t->arg, &r->next);
        row_next(r);
    }
    for (size_t i = 0; i < t->n_rows; i++) {
        whole &= !rows[i].left;
        buf_free(&t->rows[i].data);
    }
    free(rows);
    t->n_rows = 0;
    return whole;
}

bool jobreplay_row(struct jobreplay_turn *t, uint64_t turn, bool tail,
                   const char *data, size_t len)
{
    bool whole = t->turn == turn || turn_tell(t);

    t->turn = turn;
    if (t->n_rows == t->size) {
        t->size = t->size ? 2 * t->size : 4;
        t->rows = xreallocarray(t->rows, t->size, sizeof(*t->rows));
    }
    t->rows[t->n_rows] = (struct jobreplay_row){.tail = tail};
    if (len)
        buf_add(&t->rows[t->n_rows].data, data, len);
    t->n_rows++;
    return whole;
}

bool jobreplay_end(struct jobreplay_turn *t)
{
    bool whole = turn_tell(t);

    free(t->rows);
    t->rows = NULL;
    t->size = 0;
    return whole;
}

/* -- live jobs ------------------------------------------------------------- */

/* The hosts of a job, in words; none for .any, which has one task. */
static void replay_hosts(struct job *j, const char *text, size_t len)
{
    struct words_own w;

    words_own(&w, text, len);
    job_set_tasks(j, w.n > 0 ? (unsigned)w.n : 1);
    for (int i = 0; i < w.n; i++)
        j->tasks[i].host = job_intern(j, w.words[i].text);
    words_own_free(&w);
}

static void replay_event(struct job *j, const struct joblog_entry *e)
{
    struct event_past past;
    struct task *t = e->has_index ? &j->tasks[e->index] : NULL;

    if (e->kind == EVENT_SUBMIT && !j->n_tasks)
        replay_hosts(j, e->text, e->len);
    past = joblog_past(e, j);
    if (e->worker_seq && t && e->worker_seq > t->seq)
        t->seq = e->worker_seq;
    if (t && e->kind == EVENT_ACK)
        t->was = TASK_RUNNING;
    if (t && e->tail)
        eventlog_cut_head(&j->log, t->index);
    eventlog_restore(&j->log, &past);
}

void jobreplay_entry(void *job, const struct joblog_entry *e)
{
    struct job *j = job;
    struct task *t;

    if (e->has_index && e->index >= j->n_tasks)
        return; /* no job of ours has written that */
    t = e->has_index ? &j->tasks[e->index] : NULL;
    switch (e->what) {
    case JOBLOG_EVENT: replay_event(j, e); break;
    case JOBLOG_TASK: t->was = keep_read_task(t, e->text, e->len); break;
    case JOBLOG_HISTORY:
        history_free(t ? t->history : j->history);
        *(t ? &t->history : &j->history) = history_read(e->text, e->len);
        break;
    case JOBLOG_UNKNOWN: break;
    }
}

/* WAITING is where it begins; what is RUNNING was SENT before. */
static void settle_task(struct task *t)
{
    enum task_state was = t->was;
    bool ok = true;

    if (was == TASK_RUNNING)
        ok = task_set_state(t, TASK_SENT);
    if (ok && was != TASK_WAITING)
        ok = task_set_state(t, was);
    if (ok && was == TASK_ENDED)
        task_count_end(t);
}

void jobreplay_settle(struct job *j)
{
    j->failures = 0; /* they are counted again */
    for (unsigned i = 0; i < j->n_tasks; i++)
        settle_task(&j->tasks[i]);
}

/* -- ended jobs ------------------------------------------------------------ */

static void add_part(struct buf *out, struct buf *part)
{
    uint32_t len = (uint32_t)buf_len(part);

    for (unsigned i = 0; i < 4; i++, len >>= 8)
        buf_add_char(out, (char)(len & 255));
    buf_add(out, buf_str(part), buf_len(part));
    buf_reset(part, SIZE_MAX);
}

static void add_history(struct buf *out, struct buf *part,
                        const struct history *h)
{
    history_write(h, part);
    add_part(out, part);
}

void jobreplay_write_ended(const struct job *j, struct buf *out)
{
    struct buf part = BUF_INIT;

    add_history(out, &part, j->history);
    for (unsigned i = 0; i < j->n_tasks; i++) {
        keep_write_task(&j->tasks[i], &part);
        add_part(out, &part);
        add_history(out, &part, j->tasks[i].history);
    }
    buf_free(&part);
}

static bool take_part(const char **at, size_t *left, const char **part,
                      size_t *len)
{
    const unsigned char *p = (const unsigned char *)*at;

    if (*left < 4)
        return false;
    *len = (size_t)p[0] | (size_t)p[1] << 8 | (size_t)p[2] << 16 |
           (size_t)p[3] << 24;
    if (*len > *left - 4)
        return false;
    *part = *at + 4;
    *at += 4 + *len;
    *left -= 4 + *len;
    return true;
}

static bool read_task(struct task *t, const char **at, size_t *left)
{
    const char *part;
    size_t len;

    if (!take_part(at, left, &part, &len))
        return false;
    t->was = keep_read_task(t, part, len);
    if (!take_part(at, left, &part, &len))
        return false;
    t->history = history_read(part, len);
    if (!t->rc)
        t->rc = xstrdup("-");
    return t->was == TASK_ENDED && task_set_state(t, TASK_ENDED);
}

bool jobreplay_read_ended(struct job *j, const char *data, size_t len)
{
    unsigned n = j->n_kept;
    const char *part;
    size_t part_len;
    bool ok = take_part(&data, &len, &part, &part_len);

    if (!ok)
        return false;
    history_free(j->history);
    j->history = history_read(part, part_len);
    if (n)
        job_set_tasks(j, n);
    for (unsigned i = 0; i < n && ok; i++)
        ok = read_task(&j->tasks[i], &data, &len);
    if (!ok)
        job_lighten(j);
    return ok;
}
