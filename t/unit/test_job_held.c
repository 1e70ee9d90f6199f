/*
 * dispatcher/held.c with the wall clock set forward and back: no planned time
 * is kept twice, and none is lost without being counted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dispatcher/clock.h"
#include "dispatcher/core.h"
#include "dispatcher/spec.h"
#include "dispatcher/when.h"
#include "lib/mem.h"
#include "t/unit/fake_time.h"

#define MINUTE 60000LL
#define HOUR   (60 * MINUTE)

static struct loop *l;
static struct dispatch *d;

static void ready(void *arg)
{
    (void)arg;
}

/* As the request is written. */
static struct job *submit(const char *request)
{
    struct dispatch_spec spec = {0};
    char *error = spec_read(&spec, request, strlen(request));
    struct dispatch_reader *r;
    struct job *j;

    if (error)
        fail_msg("%s: %s", request, error);
    r = dispatch_submit(d, &spec, ready, NULL, &error);
    if (!r)
        fail_msg("%s: %s", request, error);
    j = jobstore_find(d->store, reader_jid(r));
    dispatch_reader_free(r);
    assert_non_null(j);
    return j;
}

/* The clock is set, and its timer tells so; or time has passed on it. */
static void clock_goes(int64_t ms)
{
    wall_steps(ms);
    held_look_all(d);
    turns(l);
}

/* Ends the runs of a schedule: planned times of all that there were. */
static unsigned runs_of(const struct job *j, int64_t *planned, unsigned max)
{
    struct job *run = NULL;
    unsigned n = 0;

    while ((run = jobstore_next(d->store, run))) {
        if (!run->spec.parent || strcmp(run->spec.parent, j->jid) != 0)
            continue;
        assert_true(n < max);
        planned[n++] = run->spec.planned_ms;
        if (run->state != JOB_DONE)
            run_cancel(d, run);
    }
    turns(l);
    return n;
}

static int setup(void **state)
{
    struct dispatch_settings s = {.output = 65536,
                                  .window = 65536,
                                  .jobs = 10000,
                                  .jobs_age_ms = UINT64_MAX,
                                  .jobs_size = 1 << 30,
                                  .memory = 1 << 30,
                                  .lost_after_ms = 1000,
                                  .probe_ms = 1000,
                                  .queue = 10000,
                                  .line = 65536};
    char *error = NULL;

    (void)state;
    l = loop_new(NULL);
    d = dispatch_new(l, &s, &error);
    assert_non_null(d);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    dispatch_free(d);
    loop_free(l);
    return 0;
}

/* Whole minutes, so that steps of the clock meet them. */
static void to_full_hour(void)
{
    int64_t now = clock_wall_ms();

    wall_steps(HOUR - now / 1000 * 1000 % HOUR);
}

static void at(void **state)
{
    struct job *j, *skip;

    (void)state;
    j = submit("ping .on all .at +1h");
    turns(l);
    assert_int_equal(j->state, JOB_HELD);
    clock_goes(59 * MINUTE);
    assert_int_equal(j->state, JOB_HELD);
    clock_goes(-HOUR); /* set back: not before its time */
    clock_goes(HOUR);
    assert_int_equal(j->state, JOB_HELD);
    clock_goes(MINUTE);
    assert_int_equal(j->state, JOB_MATCHING);
    run_cancel(d, j);
    j = submit("ping .on all .at +1h");
    skip = submit("ping .on all .at +1h .missed skip");
    clock_goes(3 * HOUR); /* set forward over it */
    assert_int_equal(j->state, JOB_MATCHING);
    assert_int_equal(skip->state, JOB_DONE);
    assert_non_null(strstr(skip->error, "missed"));
    assert_int_equal(d->held.count, 0);
    run_cancel(d, j);
    turns(l);
}

/* Every ten minutes, by an interval and by cron, over steps of an hour. */
static void steps_of(const char *request)
{
    int64_t planned[100];
    unsigned n, missed;
    struct job *j;

    to_full_hour();
    j = submit(request);
    for (int i = 0; i < 6; i++)
        clock_goes(10 * MINUTE + 500);
    n = runs_of(j, planned, 100);
    assert_int_equal(n, 6);
    assert_int_equal(j->missed, 0);
    clock_goes(-HOUR); /* its last hour again: nothing runs twice */
    for (int i = 0; i < 5; i++)
        clock_goes(10 * MINUTE);
    assert_int_equal(runs_of(j, planned, 100), 6);
    assert_int_equal(j->missed, 0);
    for (int i = 0; i < 3; i++)
        clock_goes(10 * MINUTE);
    n = runs_of(j, planned, 100);
    assert_in_range(n, 7, 8);
    missed = j->missed;
    clock_goes(HOUR); /* and one that is skipped */
    clock_goes(10 * MINUTE);
    n = runs_of(j, planned, 100);
    assert_in_range(j->missed - missed, 5, 6);
    for (unsigned i = 1; i < n; i++)
        assert_true(planned[i] > planned[i - 1]);
    assert_int_equal((planned[n - 1] - planned[0]) / (10 * MINUTE) + 1,
                     j->runs + j->missed);
    assert_int_equal(j->runs, n);
    run_cancel(d, j);
    turns(l);
    assert_int_equal(j->state, JOB_DONE);
}

static void steps(void **state)
{
    (void)state;
    steps_of("ping .on all .every 10m .overlap 1");
    steps_of("ping .on all .every '*/10 * * * *' .overlap 1");
}

/* Away for a week: what was missed is one number, and one run by .missed once,
 * none by .missed skip. */
static void away(void **state)
{
    int64_t planned[10];
    struct job *skip, *once;

    (void)state;
    to_full_hour();
    skip = submit("ping .on all .every '*/7 * * * *'");
    once = submit("ping .on all .every '*/7 * * * *' .missed once");
    clock_goes(168 * HOUR + 3 * MINUTE);
    assert_int_equal(runs_of(skip, planned, 10), 0);
    assert_int_equal(runs_of(once, planned, 10), 1);
    assert_true(planned[0] <= clock_wall_ms() - MINUTE);
    assert_true(planned[0] > clock_wall_ms() - 8 * MINUTE);
    assert_true(skip->missed > 1000);
    assert_int_equal(once->missed, skip->missed - 1);
    clock_goes(0);
    assert_int_equal(runs_of(skip, planned, 10), 0);
    assert_int_equal(runs_of(once, planned, 10), 1);
    run_cancel(d, skip);
    run_cancel(d, once);
    turns(l);
}

/* A second of lateness is none; a run that goes on keeps the next one away. */
static void overlap(void **state)
{
    int64_t planned[10];
    struct job *j, *once, *run;

    (void)state;
    to_full_hour();
    j = submit("ping .on all .every 10m");
    once = submit("ping .on all .every 10m .missed once");
    clock_goes(10 * MINUTE + 1000);
    run = jobstore_next(d->store, once);
    assert_string_equal(run->spec.parent, j->jid);
    assert_int_equal(run->state, JOB_MATCHING);
    clock_goes(10 * MINUTE);
    clock_goes(10 * MINUTE);
    assert_int_equal(j->runs, 1);
    assert_int_equal(j->missed, 2);
    assert_int_equal(once->runs, 1);
    assert_int_equal(once->missed, 1); /* the newest waits */
    assert_int_equal(runs_of(j, planned, 10), 1);
    assert_int_equal(runs_of(once, planned, 10), 1);
    assert_int_equal(j->runs, 1);
    assert_int_equal(once->runs, 2);
    assert_int_equal(runs_of(once, planned, 10), 2);
    assert_int_equal(planned[1] - planned[0], 20 * MINUTE);
    run_cancel(d, j);
    run_cancel(d, once);
    turns(l);
}

static void ends(void **state)
{
    int64_t planned[10];
    struct job *times, *until;

    (void)state;
    to_full_hour();
    times = submit("ping .on all .every 10m .times 2");
    until = submit("ping .on all .every 10m .until +25m");
    for (int i = 0; i < 4; i++) {
        clock_goes(10 * MINUTE + 500);
        runs_of(times, planned, 10);
        runs_of(until, planned, 10);
    }
    assert_int_equal(times->runs, 2);
    assert_int_equal(times->state, JOB_DONE);
    assert_int_equal(until->runs, 2);
    assert_int_equal(until->state, JOB_DONE);
    assert_int_equal(d->held.count, 0);
}

/* A run that the store cannot keep is none. */
static void no_room(void **state)
{
    size_t size = d->store->bounds.size;
    struct job *j;

    (void)state;
    to_full_hour();
    j = submit("ping .on all .every 10m .times 1");
    d->store->bounds.size = 1;
    clock_goes(10 * MINUTE + 500);
    assert_int_equal(j->runs, 0);
    assert_int_equal(j->missed, 1);
    d->store->bounds.size = size;
    clock_goes(10 * MINUTE + 500);
    assert_int_equal(j->runs, 1);
    assert_int_equal(j->missed, 1);
}

/* From that time (UTC) on for four days, looked at every ten minutes. */
static void four_days(const char *from, const char *zone, unsigned runs,
                      unsigned hourly)
{
    char *daily = xasprintf("ping .on all .overlap 1 .every "
                            "'TZ=%s 30 2 * * *'",
                            zone);
    char *often =
        xasprintf("ping .on all .overlap 1 .every 'TZ=%s 30 * * * *'", zone);
    int64_t planned[100], begin;
    struct job *a, *b;

    assert_true(when_parse(from, 0, NULL, &begin));
    wall_steps((begin - clock_wall_ms()) / 1000 * 1000 + 1000);
    a = submit(daily);
    b = submit(often);
    for (int i = 0; i < 4 * 24 * 6; i++)
        clock_goes(10 * MINUTE);
    assert_int_equal(runs_of(a, planned, 100), runs);
    assert_int_equal(runs_of(b, planned, 100), hourly);
    assert_int_equal(a->missed + b->missed, 0);
    run_cancel(d, a);
    run_cancel(d, b);
    turns(l);
    free(daily);
    free(often);
}

/* A time of day comes once a day, also when clocks change; every hour that
 * clocks show comes. */
static void daylight_saving(void **state)
{
    char *error;
    struct zone *z = zone_open("Europe/Rome", &error);

    (void)state;
    free(error);
    if (!z)
        skip(); /* no tzdata */
    zone_free(z);
    four_days("2030-03-30T12:00:00Z", "Europe/Rome", 4, 96);
    four_days("2030-10-26T12:00:00Z", "Europe/Rome", 4, 96);
    four_days("2031-03-08T12:00:00Z", "America/New_York", 4, 96);
    four_days("2031-11-01T12:00:00Z", "America/New_York", 4, 96);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(at, setup, teardown),
        cmocka_unit_test_setup_teardown(steps, setup, teardown),
        cmocka_unit_test_setup_teardown(away, setup, teardown),
        cmocka_unit_test_setup_teardown(overlap, setup, teardown),
        cmocka_unit_test_setup_teardown(ends, setup, teardown),
        cmocka_unit_test_setup_teardown(no_room, setup, teardown),
        cmocka_unit_test_setup_teardown(daylight_saving, setup, teardown),
    };

    setenv("TZ", "UTC", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
