#include "dispatcher/keep.h"

#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "lib/words.h"

#define ATTR_PREFIX   "+" /* of a pair of the exit line */
#define REASON_PREFIX "reason."

/* What is below 0 is not set, either. */
enum keep_type {
    KEEP_FLAG,
    KEEP_UNSIGNED,
    KEEP_U32,
    KEEP_U64,
    KEEP_I64,
    KEEP_TIME,
    KEEP_TEXT
};

struct keep_row {
    const char *name;
    enum keep_type type;
    size_t at; /* in its struct */
};

#define JOB(field)  offsetof(struct job, field)
#define TASK(field) offsetof(struct task, field)

static const struct keep_row job_rows[] = {
    {"submitted", KEEP_TIME, JOB(submitted)},
    {"ended", KEEP_TIME, JOB(ended)},
    {"cancelled", KEEP_FLAG, JOB(cancelled)},
    {"stopped", KEEP_FLAG, JOB(stopped)},
    {"paused", KEEP_FLAG, JOB(paused)},
    {"sifted", KEEP_FLAG, JOB(sifted)},
    {"settled", KEEP_I64, JOB(settled_ms)},
    {"runs", KEEP_UNSIGNED, JOB(runs)},
    {"missed", KEEP_UNSIGNED, JOB(missed)},
    {"after", KEEP_FLAG, JOB(after_over)},
    {"begun", KEEP_FLAG, JOB(begun)},
    {"failures", KEEP_UNSIGNED, JOB(failures)},
    {"error", KEEP_TEXT, JOB(error)},
};

/* Its host, its group and how it ended are written beside these. */
static const struct keep_row task_rows[] = {
    {"seq", KEEP_U64, TASK(seq)},
    {"attempt", KEEP_UNSIGNED, TASK(attempt)},
    {"fence", KEEP_U64, TASK(fence)},
    {"lost", KEEP_FLAG, TASK(was_lost)},
    {"tail", KEEP_U64, TASK(tail_seq)},
    {"seed", KEEP_U32, TASK(seed)},
    {"ties", KEEP_UNSIGNED, TASK(ties)},
    {"retries", KEEP_UNSIGNED, TASK(retries)},
    {"retried", KEEP_TEXT, TASK(retried)},
    {"tried", KEEP_TEXT, TASK(tried)},
    {"started", KEEP_TIME, TASK(started)},
    {"ended", KEEP_TIME, TASK(ended)},
};

/* -- rows ------------------------------------------------------------------ */

#define SEEN(base, row, type)                                                  \
    (*(const type *)(const void *)((const char *)(base) + (row)->at))
#define SLOT(base, row, type) (*(type *)(void *)((char *)(base) + (row)->at))

/* As a number; of a text only whether it is there. */
static uint64_t row_number(const void *base, const struct keep_row *row)
{
    switch (row->type) {
    case KEEP_FLAG: return SEEN(base, row, bool);
    case KEEP_UNSIGNED: return SEEN(base, row, unsigned);
    case KEEP_U32: return SEEN(base, row, uint32_t);
    case KEEP_U64: return SEEN(base, row, uint64_t);
    case KEEP_I64: {
        int64_t n = SEEN(base, row, int64_t);

        return n > 0 ? (uint64_t)n : 0;
    }
    case KEEP_TIME: return (uint64_t)SEEN(base, row, time_t);
    case KEEP_TEXT: return SEEN(base, row, char *) != NULL;
    }
    return 0;
}

static void row_write(const void *base, const struct keep_row *row,
                      struct buf *out)
{
    uint64_t n = row_number(base, row);

    if (!n)
        return;
    buf_add_words(out, row->name);
    if (row->type == KEEP_TEXT) {
        buf_add_words(out, SEEN(base, row, char *));
        return;
    }
    buf_add_char(out, ' ');
    buf_add_u64(out, n);
}

static void row_read(void *base, const struct keep_row *row,
                     const struct word *w)
{
    unsigned long long n = 0;

    if (row->type == KEEP_TEXT) {
        free(SLOT(base, row, char *));
        SLOT(base, row, char *) = xmemdup0(w->text, w->len);
        return;
    }
    if (!word_to_u64(w, UINT64_MAX, &n))
        return;
    switch (row->type) {
    case KEEP_FLAG: SLOT(base, row, bool) = n; break;
    case KEEP_UNSIGNED: SLOT(base, row, unsigned) = (unsigned)n; break;
    case KEEP_U32: SLOT(base, row, uint32_t) = (uint32_t)n; break;
    case KEEP_U64: SLOT(base, row, uint64_t) = n; break;
    case KEEP_I64: SLOT(base, row, int64_t) = (int64_t)n; break;
    case KEEP_TIME: SLOT(base, row, time_t) = (time_t)n; break;
    case KEEP_TEXT: break;
    }
}

static void rows_write(const void *base, const struct keep_row *rows, size_t n,
                       struct buf *out)
{
    for (size_t i = 0; i < n; i++)
        row_write(base, &rows[i], out);
}

static bool rows_read(void *base, const struct keep_row *rows, size_t n,
                      const struct word *name, const struct word *value)
{
    for (size_t i = 0; i < n; i++) {
        if (!word_is(name, rows[i].name))
            continue;
        row_read(base, &rows[i], value);
        return true;
    }
    return false;
}

/* -- pairs ----------------------------------------------------------------- */

typedef void pair_fn(void *arg, const struct word *name,
                     const struct word *value);

static void each_pair(const char *text, size_t len, pair_fn *fn, void *arg)
{
    struct words_own w;

    words_own(&w, text, len);
    for (int i = 0; i + 1 < w.n; i += 2)
        fn(arg, &w.words[i], &w.words[i + 1]);
    words_own_free(&w);
}

static void add_number(struct buf *out, const char *prefix, const char *name,
                       uint64_t n)
{
    if (buf_len(out))
        buf_add_char(out, ' ');
    buf_add_fmt(out, "%s%s ", prefix, name);
    buf_add_u64(out, n);
}

/* -- jobs ------------------------------------------------------------------ */

static const char *const result_names[HOST_STATES] = {
    [HOST_OK] = "ok",
    [HOST_SKIPPED] = "skipped",
    [HOST_FAILED] = "failed",
    [HOST_UNREACHABLE] = "unreachable",
    [HOST_CHANGED] = "changed"};

/* The counts stand for the tasks of a job that has ended: they are not read
 * with it. */
static void write_counts(const struct job *j, struct buf *out)
{
    add_number(out, "", "hosts", job_hosts(j));
    for (unsigned i = 0; i < HOST_STATES; i++) {
        if (j->results[i])
            add_number(out, "", result_names[i], j->results[i]);
    }
    for (unsigned i = 0; i < TASK_REASONS; i++) {
        if (j->reasons[i])
            add_number(out, REASON_PREFIX,
                       task_reason_text((enum task_reason)i), j->reasons[i]);
    }
}

void keep_write_job(const struct job *j, struct buf *out)
{
    rows_write(j, job_rows, ARRAY_LEN(job_rows), out);
    if (j->state == JOB_DONE)
        write_counts(j, out);
}

static void read_count(struct job *j, const struct word *name, unsigned n)
{
    size_t prefix = strlen(REASON_PREFIX);

    if (word_is(name, "hosts"))
        j->n_kept = n;
    for (unsigned i = 0; i < HOST_STATES; i++) {
        if (word_is(name, result_names[i]))
            j->results[i] = n;
    }
    if (strncmp(name->text, REASON_PREFIX, prefix) == 0)
        j->reasons[task_reason_parse(name->text + prefix)] += n;
}

static void read_job_pair(void *arg, const struct word *name,
                          const struct word *value)
{
    unsigned long long n;

    if (!rows_read(arg, job_rows, ARRAY_LEN(job_rows), name, value) &&
        word_to_u64(value, UINT32_MAX, &n))
        read_count(arg, name, (unsigned)n);
}

void keep_read_job(struct job *j, const char *text, size_t len)
{
    each_pair(text, len, read_job_pair, j);
}

uint64_t keep_job_sum(const struct job *j)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < ARRAY_LEN(job_rows); i++)
        sum = sum * 1099511628211u + row_number(j, &job_rows[i]);
    return sum;
}

/* -- tasks ----------------------------------------------------------------- */

static void write_end(const struct task *t, struct buf *out)
{
    add_number(out, "", "result", t->result);
    buf_add_pair(out, "reason", task_reason_text(t->reason));
    buf_add_pair(out, "rc", t->rc);
    for (size_t i = 0; i < t->attrs.count; i++) {
        char *name = xasprintf(ATTR_PREFIX "%s", t->attrs.list[i].name);

        buf_add_pair(out, name, t->attrs.list[i].value);
        free(name);
    }
}

void keep_write_task(const struct task *t, struct buf *out)
{
    buf_add_pair(out, "task", task_state_text(t->state));
    if (t->host)
        buf_add_pair(out, "host", t->host);
    if (t->group >= 0)
        buf_add_pair(out, "group", t->job->groups[t->group].value);
    rows_write(t, task_rows, ARRAY_LEN(task_rows), out);
    if (t->state == TASK_ENDED)
        write_end(t, out);
}

struct reading {
    struct task *task;
    enum task_state state;
    bool hosted;
};

static void read_state(struct reading *r, const struct word *value)
{
    for (unsigned i = 0; i < TASK_STATES; i++) {
        if (word_is(value, task_state_text((enum task_state)i)))
            r->state = (enum task_state)i;
    }
}

static void read_end(struct task *t, const struct word *name,
                     const struct word *value)
{
    unsigned long long n;

    if (word_is(name, "result") && word_to_u64(value, HOST_STATES - 1, &n)) {
        t->result = (enum host_state)n;
    } else if (word_is(name, "reason")) {
        t->reason = task_reason_parse(value->text);
    } else if (word_is(name, "rc")) {
        free(t->rc);
        t->rc = xstrdup(value->text);
    } else if (name->text[0] == ATTR_PREFIX[0]) {
        attrs_set(&t->attrs, name->text + 1, value->text);
    }
}

static void read_task_pair(void *arg, const struct word *name,
                           const struct word *value)
{
    struct reading *r = arg;
    struct task *t = r->task;

    if (word_is(name, "task")) {
        read_state(r, value);
    } else if (word_is(name, "host")) {
        r->hosted = true;
        if (!t->host || strcmp(t->host, value->text) != 0)
            t->host = job_intern(t->job, value->text);
    } else if (word_is(name, "group")) {
        t->group = job_group(t->job, value->text);
    } else if (!rows_read(t, task_rows, ARRAY_LEN(task_rows), name, value)) {
        read_end(t, name, value);
    }
}

/* A row that is not there is not set any more. */
static void rows_clear(struct task *t)
{
    for (size_t i = 0; i < ARRAY_LEN(task_rows); i++) {
        static char zero[] = "0";

        if (task_rows[i].type != KEEP_TEXT) {
            row_read(t, &task_rows[i], &(struct word){.text = zero, .len = 1});
            continue;
        }
        free(SLOT(t, &task_rows[i], char *));
        SLOT(t, &task_rows[i], char *) = NULL;
    }
}

enum task_state keep_read_task(struct task *t, const char *text, size_t len)
{
    struct reading r = {.task = t, .state = t->state};

    rows_clear(t);
    each_pair(text, len, read_task_pair, &r);
    if (!r.hosted)
        t->host = NULL;
    if (r.state == TASK_ENDED && !t->rc)
        t->rc = xstrdup("-");
    return r.state;
}
