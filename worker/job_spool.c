#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "lib/log.h"
#include "lib/mem.h"
#include "worker/job_impl.h"

#define READ_MAX 65536 /* bytes of lines that are loaded at once */

static const char why_killed[] = "its monitor was killed";
static const char why_boot[] = "the machine was restarted";

/* -- its beginning --------------------------------------------------------- */

/* It has not begun, and never will. */
static void begin_failed(struct job *j, const char *what, int error)
{
    struct jobs *js = j->jobs;
    char *why = xasprintf("spool: %s: %s", what, strerror(error));

    log_id_error(j->jid, "%s", why);
    js->begun(j, why);
    free(why);
    js->active--;
    job_free(j);
    js->changed(js->arg);
}

static void begin_check(struct job *j)
{
    if (!j->ready || !j->synced)
        return;
    task_go(j->task);
    job_step(j, BEGUN);
    j->jobs->begun(j, NULL);
    if (j->ending)
        job_end(j, j->ending);
}

static void on_synced(void *arg, int error)
{
    struct job *j = arg;

    j->synced = true;
    if (error)
        begin_failed(j, "journal", error);
    else
        begin_check(j);
}

void job_on_ready(void *arg, int error)
{
    struct job *j = arg;

    j->ready = true;
    if (error)
        begin_failed(j, "the job's file", error);
    else
        begin_check(j);
}

void job_begin(struct job *j)
{
    j->state = JOB_BEGINNING;
    j->spooled = true;
    spool_begin(j->jobs->spool, j->jid, on_synced, j);
}

/* -- its lines ------------------------------------------------------------- */

static void on_read(void *arg, const char *lines, size_t len, uint64_t first,
                    uint64_t at)
{
    struct job *j = arg;

    j->reading = false;
    if (!j->from_file)
        return;
    if (!len) {
        log_id_error(j->jid, "line %llu cannot be read from the spool",
                     (unsigned long long)first);
        j->from_file = false;
        return;
    }
    if (first > j->journal.last + 1)
        journal_restart(&j->journal, first - 1);
    journal_add(&j->journal, lines, len);
    j->file_at = at;
    j->from_file = j->journal.last < job_last(j);
    j->jobs->news(j);
    job_feed(j);
}

void job_feed(struct job *j)
{
    struct jobs *js = j->jobs;

    if (!j->from_file || j->reading || !j->peer ||
        j->journal.bytes >= js->limits.window)
        return;
    j->reading = true;
    spool_read(js->spool, j->jid, j->journal.last, j->file_at, READ_MAX,
               on_read, j);
}

/* The last line follows what the dispatcher has, though that was lost here. */
static void renumber(struct job *j, uint64_t seq)
{
    struct buf b = BUF_INIT;
    const char *rest =
        strchr(strchr(strchr(j->last_line, ' ') + 1, ' ') + 1, ' ');

    buf_add_fmt(&b, "exit %s %llu%s", j->jid, (unsigned long long)seq + 1,
                rest);
    free(j->last_line);
    j->last_line = xstrdup(buf_str(&b));
    j->last = seq + 1;
    journal_restart(&j->journal, seq);
    buf_add_str(journal_begin(&j->journal), j->last_line);
    journal_end(&j->journal);
    j->unasked = j->from_file = false;
    buf_free(&b);
}

bool job_seek(struct job *j, uint64_t seq)
{
    if (j->renumber && j->state == JOB_EXITED && seq >= j->last)
        renumber(j, seq);
    if (!j->unasked && seq <= j->journal.last)
        return journal_seek(&j->journal, seq);
    if (seq > job_last(j))
        return false;
    j->unasked = false;
    journal_restart(&j->journal, seq);
    if (j->task) {
        j->received = j->acked = 0;
        if (j->greeted)
            task_from(j->task, seq);
    } else {
        j->from_file = seq < j->last;
        j->file_at = 0;
    }
    return true;
}

/* -- its monitor ----------------------------------------------------------- */

void job_on_hello(void *arg, uint64_t last)
{
    struct job *j = arg;

    log_id_info(j->jid, "adopted: it runs on, at line %llu",
                (unsigned long long)last);
    if (last > j->last)
        j->last = last;
    j->received = j->acked = 0;
    j->greeted = true;
    if (!j->unasked)
        task_from(j->task, j->journal.last);
}

/* The rest is in the file. */
static void take_rest(struct job *j)
{
    j->last = job_line_number(j->last_line);
    if (!j->unasked && j->journal.last < j->last) {
        j->from_file = true;
        j->file_at = 0;
    }
    if (job_is_active(j))
        job_step(j, TREE_GONE);
    if (j->state == JOB_EMPTYING)
        job_step(j, EMPTIED);
    if (j->state == JOB_EXITED)
        job_feed(j);
}

void job_on_left(void *arg)
{
    take_rest(arg);
}

/* Writes the last line in the monitor's place. */
static void write_last(struct job *j, const struct spool_look *look)
{
    struct jobs *js = j->jobs;
    bool other_boot = strcmp(look->boot, spool_boot(js->spool)) != 0;
    struct job_end e = {
        .lost = true, .state = -1, .why = other_boot ? why_boot : why_killed};
    struct buf b = BUF_INIT;

    j->renumber = other_boot;
    if (j->journal.last > look->last)
        j->last = j->journal.last;
    else
        j->last = look->last;
    exit_line_write(&b, j->jid, ++j->last, &e);
    free(j->last_line);
    j->last_line = xstrdup(buf_str(&b));
    buf_free(&b);
    spool_append(js->spool, j->jid, j->last_line);
}

void job_spool_lost(struct job *j)
{
    struct spool_look look;
    bool alive;

    spool_look(j->jobs->spool, j->jid, &look, &alive);
    free(j->last_line);
    j->last_line = look.exit ? xstrdup(look.exit) : NULL;
    if (!j->last_line)
        write_last(j, &look);
    spool_look_free(&look);
    take_rest(j);
}

/* -- keeping --------------------------------------------------------------- */

static void journal_rewrite(struct jobs *js)
{
    struct buf text = BUF_INIT;
    const struct job *j;

    for (j = js->kept; j; j = j->next)
        if (j->spooled)
            buf_add_fmt(&text, "kept %s\n", j->last_line);
    for (j = js->by_jid; j; j = j->hh.next)
        if (j->spooled && j->state != JOB_KEPT)
            buf_add_fmt(&text, "run %s %s\n", j->jid, spool_boot(js->spool));
    spool_rewrite(js->spool, buf_data(&text), buf_len(&text));
    buf_free(&text);
}

void job_spool_keep(struct job *j)
{
    struct jobs *js = j->jobs;
    bool is_long = spool_is_long(js->spool);

    spool_keep(js->spool, j->jid, j->last_line);
    if (is_long && !js->rewriting)
        journal_rewrite(js);
    js->rewriting = is_long;
}

/* -- what workers before have left ----------------------------------------- */

static struct job *named(struct jobs *js, const char *jid)
{
    struct job *j = job_find(js, jid);
    size_t len;

    if (j || !jid_is_valid(jid, strlen(jid), &len))
        return j;
    j = job_new(js, jid);
    j->state = JOB_BEGINNING;
    j->spooled = true;
    return j;
}

static void on_run_name(void *arg, const char *jid, bool this_boot)
{
    struct job *j = named(arg, jid);

    if (j)
        j->this_boot = this_boot;
}

/* exit JID SEQ … */
static void on_kept_name(void *arg, const char *line)
{
    const char *jid = strchr(line, ' '),
               *end = jid ? strchr(jid + 1, ' ') : NULL;
    struct job *j;
    char *name;

    if (!end)
        return;
    name = xstrndup(jid + 1, (size_t)(end - jid - 1));
    j = named(arg, name);
    free(name);
    if (!j || j->state == JOB_KEPT)
        return;
    j->state = JOB_KEPT;
    j->last_line = xstrdup(line);
    j->journal.last = job_line_number(line);
    job_put_kept(j);
}

static void on_file(void *arg, const char *jid)
{
    struct jobs *js = arg;
    struct job *j = named(js, jid);

    if (j && j->state == JOB_KEPT)
        spool_drop(js->spool, jid);
    else if (!j)
        log_warn("spool: jobs/%s is nothing of ours", jid);
}

/* Not a result yet, but the end is known or will be found out. */
static void recover_running(struct job *j)
{
    struct jobs *js = j->jobs;

    j->state = JOB_RUNNING;
    js->active++;
    j->task = task_adopt(&js->tasks, j->jid, &job_task_handler, j);
}

static void recover(struct job *j)
{
    struct jobs *js = j->jobs;
    struct spool_look look;
    bool alive, found = spool_look(js->spool, j->jid, &look, &alive);

    j->unasked = true;
    j->last = look.last;
    memcpy(j->by, look.by,
           sizeof(j->by) < sizeof(look.by) ? sizeof(j->by) : sizeof(look.by));
    j->by[sizeof(j->by) - 1] = '\0';
    j->op = xstrdup(look.op);
    if (!alive && !look.started && (found || j->this_boot)) {
        /* nobody was told that it was begun, and it was not */
        spool_drop(js->spool, j->jid);
        job_free(j);
    } else if (!found) {
        js->active++;
        j->state = JOB_RUNNING;
        job_spool_lost(j);
    } else {
        recover_running(j);
    }
    spool_look_free(&look);
}

void jobs_recover(struct jobs *js)
{
    static const struct spool_names names = {.run = on_run_name,
                                             .kept = on_kept_name};
    struct job *j, *next;
    unsigned count = 0;

    spool_read_names(js->spool, &names, js);
    spool_each_file(js->spool, on_file, js);
    for (j = js->by_jid; j; j = next) {
        next = j->hh.next;
        if (j->state != JOB_BEGINNING)
            continue;
        recover(j);
        count++;
    }
    if (count)
        log_info("the spool has %u jobs of before", count);
    journal_rewrite(js);
}
