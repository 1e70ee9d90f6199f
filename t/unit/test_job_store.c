/* The store in memory: what it forgets, and what it must not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dispatcher/jobstore.h"

struct told {
    unsigned added, refused, stored, assigned;
    uint64_t fence;
};

static void on_added(void *arg, struct job *j, const char *error)
{
    struct told *t = arg;

    (void)j;
    t->added += !error;
    t->refused += error != NULL;
}

static void on_stored(void *arg, struct task *t, uint64_t seq)
{
    struct told *told = arg;

    (void)t;
    (void)seq;
    told->stored++;
}

static void on_assigned(void *arg, struct task *t, uint64_t fence,
                        const char *error)
{
    struct told *told = arg;

    (void)t;
    told->assigned += !error;
    told->fence = fence;
}

static const struct jobstore_handler handler = {
    .added = on_added, .stored = on_stored, .assigned = on_assigned};
static const struct eventlog_bounds log_bounds = {8192, 8192, 65536};

static struct job *add(struct jobstore *s, unsigned number)
{
    struct dispatch_spec spec = {.op = strdup("execute"), .on = strdup("all")};
    char jid[JID_MAX];
    struct job *j;

    snprintf(jid, sizeof(jid), "STORE234-%u", number);
    j = job_new(jid, number, &spec, &log_bounds);
    jobstore_add(s, j);
    job_set_tasks(j, 1);
    return j;
}

static void end(struct jobstore *s, struct job *j, uint64_t now)
{
    struct task_end ok = {.reason = REASON_EXITED, .state = HOST_OK, .rc = "0"};

    assert_true(task_set_state(&j->tasks[0], TASK_ENDED));
    task_set_end(&j->tasks[0], &ok);
    assert_true(job_set_state(j, JOB_DONE));
    j->ended_ms = now;
    jobstore_event(s, j, EVENT_DONE, NULL);
    jobstore_ended(s, j);
}

static void say(struct jobstore *s, struct job *j, unsigned kib)
{
    char line[1024 - sizeof(struct event) - 1];

    memset(line, 'x', sizeof(line));
    for (unsigned i = 0; i < kib; i++)
        jobstore_output(s, &j->tasks[0], true, 0, line, sizeof(line), i + 1);
}

static unsigned count(struct jobstore *s)
{
    struct job *j = NULL;
    unsigned n = 0;

    while ((j = jobstore_next(s, j)))
        n++;
    return n;
}

static bool has(struct jobstore *s, unsigned number)
{
    char jid[JID_MAX];

    snprintf(jid, sizeof(jid), "STORE234-%u", number);
    return jobstore_find(s, jid) != NULL;
}

static void ready(void *arg)
{
    (void)arg;
}

static void by_number(void **state)
{
    struct jobstore_bounds b = {.jobs = 2, .age_ms = 1000000, .size = 1 << 20};
    struct told told = {0};
    struct jobstore *s = jobstore_memory_new(&b, &handler, &told);
    struct job *j[6];

    (void)state;
    for (unsigned i = 1; i <= 5; i++)
        j[i] = add(s, i);
    assert_int_equal(told.added, 5);
    for (unsigned i = 2; i <= 5; i++)
        end(s, j[i], i);
    jobstore_tidy(s, 10);
    assert_int_equal(count(s), 3);
    assert_true(has(s, 1)); /* it runs */
    assert_false(has(s, 2));
    assert_false(has(s, 3));
    assert_true(has(s, 4) && has(s, 5));
    jobstore_remove(s, j[4]);
    assert_false(has(s, 4));
    jobstore_free(s);
}

static void by_age(void **state)
{
    struct jobstore_bounds b = {.jobs = 100, .age_ms = 1000, .size = 1 << 20};
    struct told told = {0};
    struct jobstore *s = jobstore_memory_new(&b, &handler, &told);
    struct event_cursor *c;
    struct job *j;

    (void)state;
    (void)add(s, 1);
    end(s, add(s, 2), 5000);
    end(s, add(s, 3), 5500);
    j = add(s, 4);
    end(s, j, 5000);
    c = event_cursor_new(&j->log, false, ready, NULL);
    jobstore_tidy(s, 5999);
    assert_int_equal(count(s), 4);
    jobstore_tidy(s, 6000);
    assert_true(has(s, 1) && !has(s, 2) && has(s, 3));
    assert_true(has(s, 4)); /* somebody reads it */
    event_cursor_free(c);
    jobstore_tidy(s, 6000);
    assert_false(has(s, 4));
    jobstore_free(s);
}

static void by_size(void **state)
{
    struct jobstore_bounds b = {.jobs = 100, .age_ms = 100000, .size = 16384};
    struct told told = {0};
    struct jobstore *s = jobstore_memory_new(&b, &handler, &told);
    struct job *one = add(s, 1), *two = add(s, 2), *three = add(s, 3);

    (void)state;
    say(s, one, 4);
    end(s, one, 1);
    say(s, two, 7);
    assert_true(has(s, 1));
    say(s, three, 7); /* no room: the one that has ended goes */
    assert_false(has(s, 1));
    assert_int_equal(told.stored, 18);
    /* what runs is squeezed, and goes on */
    say(s, three, 100);
    assert_int_equal(told.stored, 118);
    assert_true(three->log.bytes + two->log.bytes <= b.size + 2048);
    /* full of what runs: no more of these */
    for (unsigned i = 4; i < 100 && !told.refused; i++)
        (void)add(s, i);
    assert_int_equal(told.refused, 1);
    jobstore_free(s);
}

static void fences(void **state)
{
    struct jobstore_bounds b = {.jobs = 10, .age_ms = 1000, .size = 1 << 20};
    struct told told = {0};
    struct jobstore *s = jobstore_memory_new(&b, &handler, &told);
    struct job *j = add(s, 1);
    uint64_t last = 0;

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        j->tasks[0].fence = jobstore_fence(s);
        assert_true(j->tasks[0].fence > last);
        last = j->tasks[0].fence;
        jobstore_assign(s, &j->tasks[0]);
        assert_int_equal(told.assigned, i + 1);
        assert_int_equal(told.fence, last);
    }
    jobstore_free(s);
}

static void settings(void **state)
{
    struct jobstore_bounds b = {.jobs = 10, .age_ms = 1000, .size = 1 << 20};
    struct told told = {0};
    struct jobstore *s = jobstore_memory_new(&b, &handler, &told);

    (void)state;
    assert_null(jobstore_setting_get(s, "paused"));
    jobstore_setting(s, "paused", "1");
    assert_string_equal(jobstore_setting_get(s, "paused"), "1");
    jobstore_setting(s, "paused", NULL);
    assert_null(jobstore_setting_get(s, "paused"));
    jobstore_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_number), cmocka_unit_test(by_age),
        cmocka_unit_test(by_size),   cmocka_unit_test(fences),
        cmocka_unit_test(settings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
