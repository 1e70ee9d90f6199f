/* The log of a job: head and tail, exact cuts, a pacer that misses nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "dispatcher/events.h"

#define HOST_BOUND 4096

static const struct eventlog_bounds bounds = {
    .host = HOST_BOUND, .window = 2048, .backlog = 8192};

struct reader {
    struct event_cursor *cursor;
    unsigned woken;
    uint64_t lines, bytes, cut; /* of what it read */
    unsigned long last;         /* number in the last line */
};

static void reader_ready(void *arg)
{
    struct reader *r = arg;

    r->woken++;
}

/* Reads all there is; lines hold their number and must grow. */
static enum event_read reader_read(struct reader *r)
{
    struct event_view v;
    enum event_read got;
    unsigned long n;

    while ((got = event_cursor_next(r->cursor, &v)) == EVENT_GOT) {
        if (v.kind == EVENT_CUT)
            r->cut += v.bytes;
        if (v.kind != EVENT_OUT)
            continue;
        assert_int_equal(sscanf(v.text, "line %lu", &n), 1);
        assert_true(n > r->last);
        r->last = n;
        r->lines++;
        r->bytes += v.len + 1;
    }
    return got;
}

static void setup(struct eventlog *log, size_t *total)
{
    eventlog_init(log, &bounds);
    log->total = total;
    eventlog_set_hosts(log, 2);
}

static uint64_t add_line(struct eventlog *log, unsigned index, unsigned n)
{
    char text[64];
    int len = snprintf(text, sizeof(text), "line %06u", n);

    eventlog_add_output(log, true, index, "h", 0, text, (size_t)len);
    return (uint64_t)len + 1;
}

static void keeps_head_and_tail(void **state)
{
    struct eventlog log;
    struct reader early = {0}, late = {0};
    size_t total = 0;
    uint64_t bytes = 0;

    (void)state;
    setup(&log, &total);
    early.cursor = event_cursor_new(&log, false, reader_ready, &early);
    for (unsigned i = 1; i <= 10000; i++) {
        bytes += add_line(&log, 0, i);
        assert_true(log.bytes <= HOST_BOUND);
        if (i % 7 == 0)
            reader_read(&early);
    }
    reader_read(&early);
    assert_int_equal(early.bytes, bytes);
    assert_int_equal(early.cut, 0);
    late.cursor = event_cursor_new(&log, false, reader_ready, &late);
    assert_int_equal(reader_read(&late), EVENT_NONE);
    assert_int_equal(late.bytes + late.cut, bytes);
    assert_true(late.cut > 0);
    assert_int_equal(late.last, 10000);
    eventlog_close(&log);
    assert_int_equal(reader_read(&late), EVENT_END);
    event_cursor_free(early.cursor);
    event_cursor_free(late.cursor);
    eventlog_free(&log);
    assert_int_equal(total, 0);
}

/* A reader that stands still in the middle while the tail moves over it. */
static void tells_every_cut(void **state)
{
    struct eventlog log;
    struct reader slow = {0};
    uint64_t bytes = 0;
    size_t total = 0;

    (void)state;
    setup(&log, &total);
    slow.cursor = event_cursor_new(&log, false, reader_ready, &slow);
    for (unsigned i = 1; i <= 3000; i++) {
        bytes += add_line(&log, 0, i);
        if (i == 100 || i == 900 || i == 2100)
            reader_read(&slow);
    }
    reader_read(&slow);
    assert_int_equal(slow.bytes + slow.cut, bytes);
    event_cursor_free(slow.cursor);
    eventlog_free(&log);
}

static void cuts_before_exit(void **state)
{
    struct eventlog log;
    struct reader r = {0};
    uint64_t bytes = 0;
    size_t total = 0;

    (void)state;
    setup(&log, &total);
    for (unsigned i = 1; i <= 500; i++)
        bytes += add_line(&log, 0, i);
    eventlog_squeeze(&log, 0);
    eventlog_add(&log, EVENT_EXIT, 0, "h", "", 0);
    r.cursor = event_cursor_new(&log, false, reader_ready, &r);
    reader_read(&r);
    assert_int_equal(r.bytes + r.cut, bytes);
    event_cursor_free(r.cursor);
    eventlog_free(&log);
}

/* Credit: while it is full nothing more is let in, and nothing is cut. */
static void pacer_misses_nothing(void **state)
{
    struct eventlog log;
    struct reader pacer = {0};
    uint64_t bytes = 0;
    size_t total = 0;
    unsigned i = 0;

    (void)state;
    setup(&log, &total);
    pacer.cursor = event_cursor_new(&log, true, reader_ready, &pacer);
    while (i < 5000) {
        while (!eventlog_is_full(&log, 0))
            bytes += add_line(&log, 0, ++i);
        assert_false(eventlog_has_room(&log, 0));
        assert_false(eventlog_is_full(&log, 1)); /* the other host goes on */
        reader_read(&pacer);
        assert_true(eventlog_has_room(&log, 0));
        assert_true(log.bytes <= HOST_BOUND + bounds.window + 256);
    }
    assert_int_equal(pacer.cut, 0);
    assert_int_equal(pacer.bytes, bytes);
    event_cursor_free(pacer.cursor);
    eventlog_free(&log);
}

/* A source that minds no credit is cut, pacer or not, and it is told. */
static void greedy_source_is_bounded(void **state)
{
    struct eventlog log;
    struct reader pacer = {0};
    uint64_t bytes = 0;
    size_t total = 0;

    (void)state;
    setup(&log, &total);
    pacer.cursor = event_cursor_new(&log, true, reader_ready, &pacer);
    for (unsigned i = 1; i <= 100000; i++)
        bytes += add_line(&log, 0, i);
    assert_true(log.bytes <= 2 * HOST_BOUND + 4 * bounds.window);
    reader_read(&pacer);
    assert_int_equal(pacer.bytes + pacer.cut, bytes);
    assert_int_equal(log.backlog, 0);
    event_cursor_free(pacer.cursor);
    eventlog_free(&log);
}

/* When it leaves, what waited for it is bounded like all else. */
static void pacer_leaves(void **state)
{
    struct eventlog log;
    struct reader pacer = {0};
    size_t total = 0;

    (void)state;
    setup(&log, &total);
    pacer.cursor = event_cursor_new(&log, true, reader_ready, &pacer);
    for (unsigned i = 1; i <= 100; i++)
        add_line(&log, 0, i);
    assert_true(eventlog_is_full(&log, 0));
    event_cursor_free(pacer.cursor);
    assert_false(eventlog_is_full(&log, 0));
    assert_true(log.bytes <= HOST_BOUND);
    eventlog_free(&log);
}

static void wakes_once(void **state)
{
    struct eventlog log;
    struct reader r = {0};
    size_t total = 0;

    (void)state;
    setup(&log, &total);
    r.cursor = event_cursor_new(&log, false, reader_ready, &r);
    assert_int_equal(reader_read(&r), EVENT_NONE);
    add_line(&log, 0, 1);
    add_line(&log, 0, 2);
    assert_int_equal(r.woken, 1);
    assert_int_equal(reader_read(&r), EVENT_NONE);
    eventlog_close(&log);
    assert_int_equal(r.woken, 2);
    assert_int_equal(r.lines, 2);
    event_cursor_free(r.cursor);
    eventlog_free(&log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_head_and_tail),
        cmocka_unit_test(tells_every_cut),
        cmocka_unit_test(cuts_before_exit),
        cmocka_unit_test(pacer_misses_nothing),
        cmocka_unit_test(greedy_source_is_bounded),
        cmocka_unit_test(pacer_leaves),
        cmocka_unit_test(wakes_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
