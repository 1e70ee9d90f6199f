#include "worker/output_report.h"

enum { STATE_OK, STATE_SKIPPED, STATE_FAILED, STATE_UNREACHABLE };

static void on_result(void *arg, const char *json, size_t len)
{
    struct output *o = arg;
    size_t part = o->setup.part, n;
    uint64_t from;

    output_report_flush(o);
    from = o->record->end;
    do {
        n = len < part ? len : part;
        buf_add_word(record_line(o->record, n < len ? "result+" : "result"),
                     json, n);
        record_line_end(o->record);
        json += n;
        len -= n;
    } while (len > 0);
    record_together(o->record, from);
}

static void on_progress(void *arg, unsigned percent, const char *text,
                        size_t len)
{
    struct output *o = arg;

    buf_reset(&o->progress, 1024);
    buf_add_char(&o->progress, ' ');
    buf_add_u64(&o->progress, percent);
    buf_add_word(&o->progress, text, len);
}

static void on_set(void *arg, const char *attr, const char *value)
{
    struct output *o = arg;

    o->setup.fact(o->setup.arg, attr, value);
}

static const struct report_handler handler = {
    .result = on_result, .progress = on_progress, .set = on_set};

void output_report_add(struct output *o, const char *bytes, size_t len)
{
    report_feed(&o->report, bytes, len, &handler, o);
}

bool output_report_holds(const struct output *o)
{
    return buf_len(&o->progress) > 0;
}

void output_report_flush(struct output *o)
{
    if (!output_report_holds(o))
        return;
    buf_add(record_line(o->record, "progress"), buf_data(&o->progress),
            buf_len(&o->progress));
    record_line_end(o->record);
    buf_reset(&o->progress, 1024);
}

void output_report_end(struct output *o)
{
    report_end(&o->report, &handler, o);
}

/* An exit status tells of a failure whatever was said before it; a good one
 * leaves the plugin its word, unless part of that could not be read. */
int output_report_state(const struct output *o, int rc)
{
    const struct report *r = &o->report;

    if (r->wrong)
        return STATE_FAILED;
    if (rc)
        return r->state == STATE_UNREACHABLE ? STATE_UNREACHABLE : STATE_FAILED;
    return r->state >= 0 ? r->state : STATE_OK;
}
