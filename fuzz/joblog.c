/*
 * Jobs as the store keeps them: any bytes are entries, tasks and fields, or are
 * left out; a job that is made of them can be told and freed.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dispatcher/jobreplay.h"
#include "dispatcher/keep.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct job *make_job(void)
{
    static const struct eventlog_bounds bounds = {4096, 4096, 4096};
    struct dispatch_spec spec = {.op = xstrdup("ping"), .on = xstrdup("all")};

    return job_new("FUZZFUZZ-1", 1, &spec, &bounds);
}

static void on_ready(void *arg)
{
    (void)arg;
}

static void tell(struct job *j)
{
    struct event_cursor *c = event_cursor_new(&j->log, false, on_ready, NULL);
    struct event_view v;

    while (event_cursor_next(c, &v) == EVENT_GOT)
        if (v.len && !v.text)
            abort();
    event_cursor_free(c);
}

/* One that lived. The half of it stands for another row of the same turn. */
static void live(const char *data, size_t size)
{
    struct job *j = make_job();
    struct jobreplay_turn turn = {.fn = jobreplay_entry, .arg = j};
    size_t half = size / 2;
    bool whole = jobreplay_row(&turn, 1, false, data, half);

    whole &= jobreplay_row(&turn, 1, size % 2, data + half, size - half);
    whole &= jobreplay_row(&turn, 2, false, data, size);
    if (jobreplay_end(&turn) && whole)
        jobreplay_settle(j);
    tell(j);
    job_free(j);
}

/* One that had ended. */
static void ended(const char *data, size_t size)
{
    struct job *j = make_job();
    struct buf again = BUF_INIT;

    keep_read_job(j, data, size);
    if (j->n_kept > 100)
        j->n_kept = 100;
    j->light = true;
    if (jobreplay_read_ended(j, data, size))
        jobreplay_write_ended(j, &again);
    buf_free(&again);
    job_free(j);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 2048)
        return 0;
    live((const char *)data, size);
    ended((const char *)data, size);
    return 0;
}
