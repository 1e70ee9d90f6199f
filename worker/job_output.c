#include "worker/job_output.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "lib/mem.h"
#include "worker/job_report.h"

#define HOLD_MS 100 /* text waits so long for its LF before it is a part */

static const char *const stream_names[TASK_OUTPUTS] = {"stdout", "stderr"};

/* What capture.c is given to tell lines to. */
struct job_stream {
    struct job *job;
    int stream;
};

/* -- lines ----------------------------------------------------------------- */

struct buf *job_output_line(struct job *j, const char *word)
{
    struct buf *b = journal_begin(&j->journal);

    buf_add_str(b, word);
    buf_add_char(b, ' ');
    buf_add_str(b, j->jid);
    buf_add_char(b, ' ');
    buf_add_u64(b, j->journal.last + 1);
    return b;
}

void job_output_line_end(struct job *j)
{
    journal_end(&j->journal);
}

static void tell_text(void *arg, bool whole, const char *text, size_t len)
{
    const struct job_stream *s = arg;
    struct buf *b = job_output_line(s->job, whole ? "out" : "part");

    buf_add_char(b, ' ');
    buf_add_str(b, stream_names[s->stream]);
    buf_add_word(b, text, len);
    job_output_line_end(s->job);
}

static bool holds_text(const struct job *j)
{
    return capture_holds(&j->capture[TASK_STDOUT]) ||
           capture_holds(&j->capture[TASK_STDERR]) || job_report_holds(j);
}

static void tell_held(struct job *j)
{
    int i;

    for (i = 0; i < TASK_OUTPUTS; i++) {
        struct job_stream s = {j, i};

        capture_flush(&j->capture[i], tell_text, &s);
    }
    job_report_flush(j);
}

static void hold_over(void *arg)
{
    struct job *j = arg;

    tell_held(j);
    job_output_pace(j);
    j->jobs->news(j);
}

/* -- output ---------------------------------------------------------------- */

void job_output_init(struct job *j)
{
    int i;

    journal_init(&j->journal);
    job_report_init(j);
    for (i = 0; i < TASK_OUTPUTS; i++)
        j->capture[i].max = j->jobs->limits.part;
    j->heard_ms = loop_now(j->jobs->loop);
}

void job_output_free(struct job *j)
{
    int i;

    for (i = 0; i < TASK_OUTPUTS; i++)
        capture_free(&j->capture[i]);
    for (i = 0; i < TASK_STREAMS; i++)
        mask_stream_free(&j->masked[i]);
    job_report_free(j);
    loop_timer_free(j->hold);
    j->hold = NULL;
}

static void take_bytes(struct job *j, int stream, const char *bytes, size_t len)
{
    struct job_stream s = {j, stream};

    if (stream == TASK_REPORT)
        job_report_add(j, bytes, len);
    else
        capture_feed(&j->capture[stream], bytes, len, tell_text, &s);
}

/* What can be told of a stream with its secrets taken out; bytes NULL: it has
 * ended. */
static void masked_add(struct job *j, int stream, const char *bytes, size_t len)
{
    struct mask_stream *m = &j->masked[stream];
    struct buf out = BUF_INIT;

    if (!m->mask)
        mask_stream_init(m, j->mask);
    if (bytes)
        mask_feed(m, bytes, len, &out);
    else
        mask_end(m, &out);
    if (buf_len(&out))
        take_bytes(j, stream, buf_data(&out), buf_len(&out));
    buf_free(&out);
}

void job_output_add(struct job *j, int stream, const char *bytes, size_t len)
{
    j->heard_ms = loop_now(j->jobs->loop);
    if (j->mask)
        masked_add(j, stream, bytes, len);
    else
        take_bytes(j, stream, bytes, len);
    if (holds_text(j)) {
        if (!j->hold)
            j->hold = loop_timer_new(j->jobs->loop, hold_over, j);
        if (!loop_timer_is_set(j->hold))
            loop_timer_set(j->hold, HOLD_MS);
    }
    job_output_pace(j);
    j->jobs->news(j);
}

/* While nothing is read the job cannot be heard: that time is not counted as
 * idle. */
void job_output_pace(struct job *j)
{
    bool pause = j->journal.bytes >= j->jobs->limits.window;
    uint64_t now;

    if (!j->task || pause == (j->paused_ms > 0))
        return;
    now = loop_now(j->jobs->loop);
    if (!pause)
        j->heard_ms += now - j->paused_ms;
    j->paused_ms = pause ? now : 0;
    task_pause(j->task, pause);
}

/* -- the end --------------------------------------------------------------- */

/* RC state N reason R, when nobody had asked for the end. */
static void add_status(const struct job *j, struct buf *b, int status)
{
    if (WIFSIGNALED(status)) {
        buf_add_fmt(b, " - state 2 reason 'signal %d'", WTERMSIG(status));
    } else {
        int rc = WEXITSTATUS(status);

        buf_add_fmt(b, " %d state %d reason exited", rc,
                    job_report_state(j, rc));
    }
}

static void add_failure(struct buf *b, const struct child_failure *f)
{
    char *text = xasprintf("%s: %s", f->step, strerror(f->error));

    buf_add_str(b, " - state 2 reason notstarted");
    buf_add_pair(b, "error", text);
    free(text);
}

static void add_result(const struct job *j, struct buf *b)
{
    const struct monitor_report *r = &j->report;

    if (j->lost) {
        buf_add_str(b, " - state 3 reason lost");
        return;
    }
    if (r->failure.step[0]) {
        add_failure(b, &r->failure);
        return;
    }
    if (j->reason && !r->by_itself)
        buf_add_fmt(b, " - state 2 reason %s", j->reason);
    else
        add_status(j, b, r->status);
    buf_add_fmt(b, " duration %" PRIu64 ".%03u", r->run_usec / 1000000,
                (unsigned)(r->run_usec / 1000 % 1000));
    if (r->left > 0)
        buf_add_fmt(b, " leftover %d", r->left);
    if (j->report_in.wrong)
        buf_add_pair(b, "why", j->report_in.wrong);
}

char *job_output_end(struct job *j)
{
    struct buf line = BUF_INIT;
    char *text;

    for (int i = 0; j->mask && i < TASK_STREAMS; i++)
        masked_add(j, i, NULL, 0);
    job_report_end(j);
    tell_held(j);
    buf_add_fmt(&line, "exit %s %" PRIu64, j->jid, j->journal.last + 1);
    add_result(j, &line);
    job_output_free(j);
    text = xstrdup(buf_str(&line));
    buf_free(&line);
    buf_add_str(journal_begin(&j->journal), text);
    journal_end(&j->journal);
    return text;
}
