#include "worker/job.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "lib/log.h"
#include "lib/mem.h"
#include "worker/job_output.h"

#define JOBS_KEPT 4096 /* names of jobs remembered after they are fetched */

enum job_event {
    END_ASKED, /* by a dispatcher, a deadline, the drain */
    TREE_GONE, /* nobody of its tree is left */
    EMPTIED,   /* all its output is in the journal */
    FETCHED,   /* the dispatcher has its exit line, or it is dropped */
    JOB_EVENTS
};

static const char *const state_names[JOB_STATES] = {
    "running", "ending", "emptying", "exited", "kept"};

/* -1: cannot be. */
static const signed char steps[JOB_STATES][JOB_EVENTS] = {
    [JOB_RUNNING] = {JOB_ENDING, JOB_EMPTYING, -1, -1},
    [JOB_ENDING] = {JOB_ENDING, JOB_EMPTYING, -1, -1},
    [JOB_EMPTYING] = {JOB_EMPTYING, -1, JOB_EXITED, -1},
    [JOB_EXITED] = {JOB_EXITED, -1, -1, JOB_KEPT},
    [JOB_KEPT] = {JOB_KEPT, -1, -1, JOB_KEPT},
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

/* The job's processes and everything that is only of use with them. */
static void job_settle_process(struct job *j)
{
    if (j->task)
        task_release(j->task);
    j->task = NULL;
    j->paused_ms = 0;
    loop_timer_free(j->timeout);
    loop_timer_free(j->idle);
    loop_timer_free(j->abandon);
    j->timeout = j->idle = j->abandon = NULL;
}

static void job_free(struct job *j)
{
    HASH_DEL(j->jobs->by_jid, j);
    job_settle_process(j);
    job_output_free(j);
    journal_clear(&j->journal);
    mask_free(j->mask);
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
    journal_clear(&j->journal);
    js->news(j);
    DL_APPEND(js->kept, j);
    if (++js->kept_count > JOBS_KEPT) {
        struct job *oldest = js->kept;

        DL_DELETE(js->kept, oldest);
        js->kept_count--;
        job_free(oldest);
    }
}

/* -- its state ------------------------------------------------------------- */

static void job_step(struct job *j, enum job_event event);

static bool same_dispatcher(const struct job *a, const struct job *b)
{
    return a->instance_len == b->instance_len &&
           memcmp(a->jid, b->jid, a->instance_len) == 0;
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
    loop_timer_free(j->timeout);
    loop_timer_free(j->idle);
    j->timeout = j->idle = NULL;
    js->changed(js->arg);
    results_bound(j);
}

static void entered_exited(struct job *j)
{
    job_settle_process(j);
    j->last_line = job_output_end(j);
    log_id_info(j->jid, "ended:%s", strchr(strchr(j->last_line, ' ') + 1, ' '));
    j->jobs->news(j);
}

static void job_step(struct job *j, enum job_event event)
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

static void on_output(void *arg, int stream, const char *bytes, size_t len)
{
    job_output_add(arg, stream, bytes, len);
}

static void on_ended(void *arg, const struct monitor_report *report)
{
    struct job *j = arg;

    if (report)
        j->report = *report;
    else
        j->lost = true;
    job_step(j, TREE_GONE);
}

static void on_stuck(void *arg, int processes)
{
    struct job *j = arg;

    log_id_warn(j->jid, "%d of its processes do not die", processes);
}

static void on_emptied(void *arg)
{
    job_step(arg, EMPTIED);
}

static const struct task_handler task_handler = {
    .output = on_output,
    .ended = on_ended,
    .stuck = on_stuck,
    .emptied = on_emptied,
};

/* -- deadlines ------------------------------------------------------------- */

static void timeout_over(void *arg)
{
    job_end(arg, "timeout");
}

static void idle_over(void *arg)
{
    struct job *j = arg;
    uint64_t now = loop_now(j->jobs->loop), quiet = now - j->heard_ms;

    if (j->paused_ms)
        quiet = j->paused_ms - j->heard_ms;
    if (quiet >= j->idle_ms && !j->paused_ms)
        job_end(j, "idle");
    else
        loop_timer_set(j->idle,
                       quiet < j->idle_ms ? j->idle_ms - quiet : j->idle_ms);
}

static void abandoned(void *arg)
{
    struct job *j = arg;

    if (!j->paused_ms) {
        loop_timer_set(j->abandon, j->jobs->limits.abandon_ms);
        return;
    }
    log_id_warn(j->jid, "its output waits and its dispatcher does not come");
    job_end(j, "cancelled");
}

static void deadlines_set(struct job *j, const struct job_process *p)
{
    struct jobs *js = j->jobs;
    uint64_t timeout = p->timeout_ms, longest = js->limits.longest_ms;

    if (longest && (!timeout || timeout > longest))
        timeout = longest;
    if (timeout) {
        j->timeout = loop_timer_new(js->loop, timeout_over, j);
        loop_timer_set(j->timeout, timeout);
    }
    if (p->idle_ms) {
        j->idle_ms = p->idle_ms;
        j->idle = loop_timer_new(js->loop, idle_over, j);
        loop_timer_set(j->idle, p->idle_ms);
    }
}

/* -- what others ask ------------------------------------------------------- */

static struct job *job_new(struct jobs *js, const char *jid)
{
    struct job *j = xcalloc(1, sizeof(*j));

    j->jobs = js;
    memcpy(j->jid, jid, strnlen(jid, JID_MAX));
    j->instance_len = strcspn(jid, "-");
    j->report.by_itself = true;
    job_output_init(j);
    HASH_ADD_STR(js->by_jid, jid, j);
    return j;
}

struct job *job_start(struct jobs *js, const char *jid,
                      const struct job_process *process, char **why)
{
    struct child_spec spec = process->child;
    struct job *j = job_new(js, jid);

    spec.jid = j->jid;
    spec.host = js->host;
    j->op = process->op ? xstrdup(process->op) : NULL;
    j->task =
        task_start(&js->tasks, &spec, js->limits.grace_ms, &task_handler, j);
    if (!j->task) {
        *why = xasprintf("cannot start a process: %s", strerror(errno));
        job_free(j);
        return NULL;
    }
    js->active++;
    deadlines_set(j, process);
    js->changed(js->arg);
    return j;
}

struct job *job_done(struct jobs *js, const char *jid)
{
    struct job *j = job_new(js, jid);

    js->active++;
    job_step(j, TREE_GONE);
    job_step(j, EMPTIED);
    return j;
}

static void job_stop(struct job *j, const char *reason, bool at_once)
{
    if (!job_is_active(j))
        return;
    if (!j->reason)
        j->reason = reason;
    job_step(j, END_ASKED);
    task_end(j->task, at_once);
}

void job_end(struct job *j, const char *reason)
{
    job_stop(j, reason, false);
}

void job_kill(struct job *j, const char *reason)
{
    job_stop(j, reason, true);
}

bool job_ack(struct job *j, uint64_t seq)
{
    if (j->state == JOB_KEPT)
        return true;
    if (!journal_ack(&j->journal, seq))
        return false;
    if (j->state == JOB_EXITED && seq == j->journal.last)
        job_step(j, FETCHED);
    else
        job_output_pace(j);
    return true;
}

void job_attach(struct job *j, struct peer *peer)
{
    j->peer = peer;
    if (peer) {
        loop_timer_free(j->abandon);
        j->abandon = NULL;
    } else if (job_is_active(j) && j->jobs->limits.abandon_ms && !j->abandon) {
        j->abandon = loop_timer_new(j->jobs->loop, abandoned, j);
        loop_timer_set(j->abandon, j->jobs->limits.abandon_ms);
    }
}

/* -- all of them ----------------------------------------------------------- */

bool jobs_init(struct jobs *js, struct loop *l, const char *instance)
{
    js->loop = l;
    return tasks_init(&js->tasks, l, instance);
}

void jobs_free(struct jobs *js)
{
    struct job *j, *tmp;

    HASH_ITER (hh, js->by_jid, j, tmp)
        job_free(j);
    js->finished = js->kept = NULL;
    tasks_free(&js->tasks);
}
