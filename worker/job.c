#include "worker/job.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "lib/log.h"
#include "lib/mem.h"
#include "worker/job_impl.h"

#define JOBS_KEPT 4096 /* names of jobs remembered after they are fetched */

static const char *const state_names[JOB_STATES] = {
    "beginning", "running", "ending", "emptying", "exited", "kept"};

/* -1: cannot be. */
static const signed char steps[JOB_STATES][JOB_EVENTS] = {
    [JOB_BEGINNING] = {JOB_RUNNING, JOB_BEGINNING, JOB_EMPTYING, -1, -1},
    [JOB_RUNNING] = {-1, JOB_ENDING, JOB_EMPTYING, -1, -1},
    [JOB_ENDING] = {-1, JOB_ENDING, JOB_EMPTYING, -1, -1},
    [JOB_EMPTYING] = {-1, JOB_EMPTYING, -1, JOB_EXITED, -1},
    [JOB_EXITED] = {-1, JOB_EXITED, -1, -1, JOB_KEPT},
    [JOB_KEPT] = {-1, JOB_KEPT, -1, -1, JOB_KEPT},
};

/* -- names ----------------------------------------------------------------- */

bool jid_instance_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
           (c >= 'a' && c <= 'z');
}

/* Past 1 to 20 digits from *i on. */
static bool number_skip(const char *text, size_t len, size_t *i)
{
    size_t from = *i;

    while (*i < len && text[*i] >= '0' && text[*i] <= '9')
        (*i)++;
    return *i > from && *i - from <= 20;
}

bool jid_is_valid(const char *jid, size_t len, size_t *instance_len)
{
    size_t i = 0;

    while (i < len && jid_instance_char(jid[i]))
        i++;
    *instance_len = i;
    if (!i || i > JID_INSTANCE_MAX || i == len || jid[i] != '-')
        return false;
    i++;
    if (!number_skip(jid, len, &i))
        return false;
    if (i < len && jid[i] == '.') {
        i++;
        if (!number_skip(jid, len, &i))
            return false;
    }
    return i == len;
}

struct job *job_find(struct jobs *js, const char *jid)
{
    struct job *j;

    HASH_FIND_STR(js->by_jid, jid, j);
    return j;
}

bool job_op_is_active(const struct jobs *js, const char *op)
{
    const struct job *j;

    for (j = js->by_jid; j; j = j->hh.next)
        if (job_is_active(j) && j->op && strcmp(j->op, op) == 0)
            return true;
    return false;
}

/* -- forgetting ------------------------------------------------------------ */

static void job_settle_process(struct job *j)
{
    if (j->task)
        task_release(j->task);
    j->task = NULL;
}

void job_free(struct job *j)
{
    if (j->jobs->spool)
        spool_forget_caller(j->jobs->spool, j);
    HASH_DEL(j->jobs->by_jid, j);
    job_settle_process(j);
    journal_clear(&j->journal);
    free(j->last_line);
    free(j->op);
    free(j);
}

/* Keeps only its name and last line, and those of so many others. */
static void job_keep(struct job *j)
{
    struct jobs *js = j->jobs;

    DL_DELETE(js->finished, j);
    js->finished_count--;
    j->journal.last = job_last(j);
    journal_clear(&j->journal);
    j->from_file = j->unasked = false;
    js->news(j);
    if (j->spooled)
        job_spool_keep(j);
    job_put_kept(j);
}

void job_put_kept(struct job *j)
{
    struct jobs *js = j->jobs;

    DL_APPEND(js->kept, j);
    if (++js->kept_count > JOBS_KEPT) {
        struct job *oldest = js->kept;

        DL_DELETE(js->kept, oldest);
        js->kept_count--;
        job_free(oldest);
    }
}

/* -- its state ------------------------------------------------------------- */

static bool same_dispatcher(const struct job *a, const struct job *b)
{
    return a->instance_len == b->instance_len &&
           memcmp(a->jid, b->jid, a->instance_len) == 0;
}

uint64_t job_line_number(const char *line)
{
    return strtoull(strchr(strchr(line, ' ') + 1, ' '), NULL, 10);
}

/* Nobody has fetched the results of too many: one gives way to the newest,
 * the oldest of the same dispatcher if that has any. */
static void results_bound(struct job *newest)
{
    struct jobs *js = newest->jobs;
    struct job *j = js->finished;

    if (js->finished_count <= js->limits.results)
        return;
    while (!same_dispatcher(j, newest))
        j = j->next;
    if (j == newest)
        j = js->finished;
    log_id_warn(j->jid,
                "its result is dropped: nobody has fetched it, and "
                "%u others wait",
                js->finished_count - 1);
    if (j->state == JOB_EMPTYING)
        job_step(j, EMPTIED);
    job_step(j, FETCHED);
}

static void entered_emptying(struct job *j)
{
    struct jobs *js = j->jobs;

    js->active--;
    js->finished_count++;
    DL_APPEND(js->finished, j);
    js->changed(js->arg);
    results_bound(j);
}

static void entered_exited(struct job *j)
{
    job_settle_process(j);
    j->last = job_line_number(j->last_line);
    if (j->spooled && !j->peer)
        spool_sync(j->jobs->spool, j->jid);
    log_id_info(j->jid, "ended:%s", strchr(strchr(j->last_line, ' ') + 1, ' '));
    j->jobs->news(j);
}

void job_step(struct job *j, enum job_event event)
{
    int next = steps[j->state][event];

    if (next < 0) {
        log_id_error(j->jid, "event %d cannot be while %s", event,
                     state_names[j->state]);
        return;
    }
    if (next == (int)j->state)
        return;
    log_id_debug(j->jid, "%s, now %s", state_names[j->state],
                 state_names[next]);
    j->state = (enum job_state)next;
    switch (j->state) {
    case JOB_EMPTYING: entered_emptying(j); break;
    case JOB_EXITED: entered_exited(j); break;
    case JOB_KEPT:
        job_keep(j);
        j->jobs->changed(j->jobs->arg);
        break;
    default: break;
    }
}

/* -- what the task tells --------------------------------------------------- */

/* The last of whole lines, without its LF. */
static char *last_line_of(const char *lines, size_t len)
{
    const char *lf = len > 1 ? memrchr(lines, '\n', len - 1) : NULL;
    const char *begin = lf ? lf + 1 : lines;

    return xstrndup(begin, (size_t)(lines + len - 1 - begin));
}

/* Past those that are known: they were on their way when others were wanted. */
static void skip_known(const struct job *j, const char **lines, size_t *len)
{
    while (*len) {
        const char *lf = memchr(*lines, '\n', *len);
        uint64_t n = spool_line_number(*lines, *len, j->jid);

        if (!n || n > j->journal.last)
            return;
        *len -= (size_t)(lf + 1 - *lines);
        *lines = lf + 1;
    }
}

static void on_lines(void *arg, const char *lines, size_t len, bool last)
{
    struct job *j = arg;
    uint64_t first;

    skip_known(j, &lines, &len);
    if (!len)
        return;
    /* those before are the dispatcher's already, or nobody's */
    first = spool_line_number(lines, len, j->jid);
    if (first > j->journal.last + 1)
        journal_restart(&j->journal, first - 1);
    journal_add(&j->journal, lines, len);
    j->received += len;
    if (last) {
        free(j->last_line);
        j->last_line = last_line_of(lines, len);
        if (job_is_active(j))
            job_step(j, TREE_GONE);
        job_step(j, EMPTIED);
    } else {
        j->jobs->news(j);
    }
}

static void on_gone(void *arg, const char *line, size_t len)
{
    struct job *j = arg;

    free(j->last_line);
    j->last_line = xstrndup(line, len);
    if (job_is_active(j))
        job_step(j, TREE_GONE);
}

/* Writes the last line itself: there is nobody else to. */
static void job_end_line(struct job *j, const struct job_end *e)
{
    struct buf line = BUF_INIT;

    exit_line_write(&line, j->jid, j->journal.last + 1, e);
    j->last_line = xstrndup(buf_data(&line), buf_len(&line));
    buf_add_str(journal_begin(&j->journal), j->last_line);
    journal_end(&j->journal);
    buf_free(&line);
    if (job_is_active(j))
        job_step(j, TREE_GONE);
    job_step(j, EMPTIED);
}

static void on_lost(void *arg)
{
    struct job *j = arg;
    struct job_end e = {
        .lost = true, .state = -1, .why = "its monitor was killed"};

    if (j->spooled)
        job_spool_lost(j);
    else
        job_end_line(j, &e);
}

static void on_fact(void *arg, const char *attr, const char *value)
{
    struct job *j = arg;

    if (j->jobs->fact)
        j->jobs->fact(j->jobs->arg, j, attr, value);
}

static void on_stuck(void *arg, int processes)
{
    struct job *j = arg;

    log_id_warn(j->jid, "%d of its processes do not die", processes);
}

const struct task_handler job_task_handler = {
    .ready = job_on_ready,
    .left = job_on_left,
    .hello = job_on_hello,
    .lines = on_lines,
    .gone = on_gone,
    .lost = on_lost,
    .stuck = on_stuck,
    .fact = on_fact,
};

/* -- what others ask ------------------------------------------------------- */

struct job *job_new(struct jobs *js, const char *jid)
{
    struct job *j = xcalloc(1, sizeof(*j));

    j->jobs = js;
    j->state = JOB_RUNNING;
    memcpy(j->jid, jid, strnlen(jid, JID_MAX));
    j->instance_len = strcspn(jid, "-");
    journal_init(&j->journal);
    HASH_ADD_STR(js->by_jid, jid, j);
    return j;
}

static uint64_t timeout_of(const struct job_limits *l, uint64_t asked)
{
    return l->longest_ms && (!asked || asked > l->longest_ms) ? l->longest_ms
                                                              : asked;
}

struct job *job_start(struct jobs *js, const char *jid,
                      const struct job_process *process, char **why)
{
    const struct job_limits *l = &js->limits;
    struct job *j = job_new(js, jid);
    struct monitor_setup s = {.child = process->child,
                              .mask = process->mask,
                              .part = l->part,
                              .most = process->output,
                              .window = l->window,
                              .grace_ms = l->grace_ms,
                              .timeout_ms = timeout_of(l, process->timeout_ms),
                              .idle_ms = process->idle_ms,
                              .abandon_ms = l->abandon_ms,
                              .op = process->op ? process->op : "execute",
                              .by = js->by ? js->by : "",
                              .spool_size = js->spool_size};

    s.child.jid = j->jid;
    s.child.host = js->host;
    j->op = process->op ? xstrdup(process->op) : NULL;
    j->task = task_start(&js->tasks, &s, &job_task_handler, j);
    if (!j->task) {
        *why = xasprintf("cannot start a process: %s", strerror(errno));
        job_free(j);
        return NULL;
    }
    js->active++;
    js->changed(js->arg);
    if (js->spool)
        job_begin(j);
    return j;
}

struct job *job_done(struct jobs *js, const char *jid)
{
    struct job *j = job_new(js, jid);
    struct job_end e = {.state = -1};

    js->active++;
    job_end_line(j, &e);
    return j;
}

static void job_stop(struct job *j, const char *reason, bool at_once)
{
    if (!job_is_active(j))
        return;
    job_step(j, END_ASKED);
    if (j->state == JOB_BEGINNING)
        j->ending = reason;
    else
        task_end(j->task, reason, at_once);
}

void job_end(struct job *j, const char *reason)
{
    job_stop(j, reason, false);
}

void job_kill(struct job *j, const char *reason)
{
    job_stop(j, reason, true);
}

/* The task is told now and then: when it may have come to wait for that. */
static void tell_acked(struct job *j)
{
    uint64_t acked = j->received - j->journal.bytes;

    if (!j->task || j->received < j->journal.bytes ||
        acked - j->acked < j->jobs->limits.window / 4)
        return;
    j->acked = acked;
    task_acked(j->task, acked);
}

bool job_ack(struct job *j, uint64_t seq)
{
    if (j->state == JOB_KEPT)
        return true;
    if (seq > job_last(j))
        return false;
    if (j->state == JOB_EXITED && seq == job_last(j)) {
        job_step(j, FETCHED);
        return true;
    }
    /* of lines that are not loaded nothing is to be forgotten here */
    if (!journal_ack(&j->journal, seq))
        return true;
    tell_acked(j);
    job_feed(j);
    return true;
}

void job_attach(struct job *j, struct peer *peer)
{
    bool alone = !peer;

    if (j->task && alone != j->alone)
        task_peer(j->task, !alone);
    j->alone = alone;
    j->peer = peer;
    if (alone && j->spooled && j->state == JOB_EXITED)
        spool_sync(j->jobs->spool, j->jid);
}

/* -- all of them ----------------------------------------------------------- */

bool jobs_init(struct jobs *js, struct loop *l, const char *instance)
{
    js->loop = l;
    if (!tasks_init(&js->tasks, l, instance))
        return false;
    js->tasks.spool = js->spool;
    return true;
}

void jobs_free(struct jobs *js)
{
    struct job *j, *tmp;

    HASH_ITER (hh, js->by_jid, j, tmp)
        job_free(j);
    js->finished = js->kept = NULL;
    tasks_free(&js->tasks);
}
