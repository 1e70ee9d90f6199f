#include "worker/job_report.h"

#include "worker/job_output.h"

enum { STATE_OK, STATE_SKIPPED, STATE_FAILED, STATE_UNREACHABLE };

static void on_result(void *arg, const char *json, size_t len)
{
    struct job *j = arg;
    size_t part = j->jobs->limits.part, n;

    job_report_flush(j);
    do {
        n = len < part ? len : part;
        buf_add_word(job_output_line(j, n < len ? "result+" : "result"), json,
                     n);
        job_output_line_end(j);
        json += n;
        len -= n;
    } while (len > 0);
}

static void on_progress(void *arg, unsigned percent, const char *text,
                        size_t len)
{
    struct job *j = arg;

    buf_reset(&j->progress, 1024);
    buf_add_char(&j->progress, ' ');
    buf_add_u64(&j->progress, percent);
    buf_add_word(&j->progress, text, len);
}

static void on_set(void *arg, const char *attr, const char *value)
{
    struct job *j = arg;

    if (j->jobs->fact)
        j->jobs->fact(j->jobs->arg, j, attr, value);
}

static const struct report_handler handler = {
    .result = on_result, .progress = on_progress, .set = on_set};

void job_report_init(struct job *j)
{
    report_init(&j->report_in);
}

void job_report_free(struct job *j)
{
    report_free(&j->report_in);
    buf_free(&j->progress);
}

void job_report_add(struct job *j, const char *bytes, size_t len)
{
    report_feed(&j->report_in, bytes, len, &handler, j);
}

bool job_report_holds(const struct job *j)
{
    return buf_len(&j->progress) > 0;
}

void job_report_flush(struct job *j)
{
    if (!job_report_holds(j))
        return;
    buf_add(job_output_line(j, "progress"), buf_data(&j->progress),
            buf_len(&j->progress));
    job_output_line_end(j);
    buf_reset(&j->progress, 1024);
}

void job_report_end(struct job *j)
{
    report_end(&j->report_in, &handler, j);
}

/* An exit status tells of a failure whatever was said before it; a good one
 * leaves the plugin its word, unless part of that could not be read. */
int job_report_state(const struct job *j, int rc)
{
    const struct report *r = &j->report_in;

    if (r->wrong)
        return STATE_FAILED;
    if (rc)
        return r->state == STATE_UNREACHABLE ? STATE_UNREACHABLE : STATE_FAILED;
    return r->state >= 0 ? r->state : STATE_OK;
}
