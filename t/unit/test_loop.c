/*
 * The loop: the settling step and what waits for the next turn, timers,
 * signals, descriptors, the end; on a base of its own or of a caller.
 */
#include <event2/event.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/buf.h"
#include "t/unit/fake_time.h"

static struct loop *loop;
static struct buf notes;

/* A task that writes its name down and may ask for others. */
struct job {
    struct loop_task task;
    const char *name;
    struct job *settles, *later, *drops;
};

static void job_run(void *arg)
{
    struct job *j = arg;

    buf_add_str(&notes, j->name);
    if (j->settles)
        loop_settle(loop, &j->settles->task);
    if (j->later)
        loop_later(loop, &j->later->task);
    if (j->drops)
        loop_unsettle(loop, &j->drops->task);
}

static struct job job_of(const char *name)
{
    return (struct job){.name = name};
}

static void job_ready(struct job *j)
{
    j->task.fn = job_run;
    j->task.arg = j;
}

static int setup(void **state)
{
    (void)state;
    loop = loop_new(NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    loop_free(loop);
    buf_free(&notes);
    return 0;
}

static void assert_notes(const char *text)
{
    assert_string_equal(buf_str(&notes), text);
    buf_reset(&notes, 100);
}

static void one_turn(void)
{
    event_base_loop(loop_base(loop), EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

static void test_settle(void **state)
{
    struct job a = job_of("a"), b = job_of("b"), c = job_of("c");

    (void)state;
    job_ready(&a);
    job_ready(&b);
    job_ready(&c);
    loop_settle(loop, &a.task);
    loop_settle(loop, &b.task);
    loop_settle(loop, &a.task); /* once is enough */
    assert_notes("");
    event_base_loop(loop_base(loop), EVLOOP_NONBLOCK);
    assert_notes("ab");
    turns(loop);
    assert_notes("");
    a.settles = &c; /* in the same step */
    a.drops = &b;
    loop_settle(loop, &a.task);
    loop_settle(loop, &b.task);
    event_base_loop(loop_base(loop), EVLOOP_NONBLOCK);
    assert_notes("ac");
    loop_settle(loop, &b.task);
    loop_unsettle(loop, &b.task);
    loop_unsettle(loop, &b.task);
    turns(loop);
    assert_notes("");
}

static void test_later(void **state)
{
    struct job a = job_of("a"), b = job_of("b"), c = job_of("c");

    (void)state;
    job_ready(&a);
    job_ready(&b);
    job_ready(&c);
    a.later = &a; /* again and again: but once a turn */
    loop_later(loop, &a.task);
    loop_later(loop, &b.task);
    loop_settle(loop, &b.task); /* it is asked for already */
    one_turn();
    assert_notes("ab");
    one_turn();
    assert_notes("a");
    a.later = NULL;
    turns(loop);
    buf_reset(&notes, 0);
    loop_later(loop, &c.task);
    loop_unsettle(loop, &c.task);
    loop_later(loop, &b.task);
    turns(loop);
    assert_notes("b");
}

static void test_settle_all(void **state)
{
    struct job a = job_of("a"), b = job_of("b"), c = job_of("c");

    (void)state;
    job_ready(&a);
    job_ready(&b);
    job_ready(&c);
    a.settles = &b;
    b.later = &c;
    loop_later(loop, &a.task);
    loop_settle_all(loop);
    assert_notes("abc");
    loop_settle(loop, &c.task); /* and it goes on as ever */
    turns(loop);
    assert_notes("c");
}

/* What is asked for is done before the loop is gone. */
static void test_the_end(void **state)
{
    struct job a = job_of("a"), b = job_of("b"), c = job_of("c"),
               d = job_of("d");

    (void)state;
    job_ready(&a);
    job_ready(&b);
    job_ready(&c);
    job_ready(&d);
    loop_settle(loop, &a.task);
    loop_later(loop, &b.task);
    loop_at_free(loop, &c.task);
    loop_at_free(loop, &d.task);
    loop_not_at_free(loop, &d.task);
    loop_free(loop);
    assert_notes("abc");
    loop_free(NULL);
    loop = loop_new(NULL);
}

static void note_timer(void *arg)
{
    buf_add_str(&notes, arg);
}

static void test_timers(void **state)
{
    struct loop_timer *a, *b;
    char a_name[] = "a", b_name[] = "b";
    uint64_t start = loop_now(loop);

    (void)state;
    a = loop_timer_new(loop, note_timer, a_name);
    b = loop_timer_new(loop, note_timer, b_name);
    assert_false(loop_timer_is_set(a));
    loop_timer_set(a, 2000);
    loop_timer_set(b, 1000);
    assert_true(loop_timer_is_set(a));
    time_passes(loop, 1500);
    assert_notes("b");
    assert_int_equal(loop_now(loop), start + 1500);
    loop_timer_set(a, 1000); /* anew */
    time_passes(loop, 999);
    assert_notes("");
    time_passes(loop, 1);
    assert_notes("a");
    assert_false(loop_timer_is_set(a));
    loop_timer_set(b, 0);
    turns(loop);
    assert_notes("b");
    loop_timer_set(b, 10);
    loop_timer_off(b);
    time_passes(loop, 100);
    assert_notes("");
    loop_timer_set(b, 10);
    loop_timer_free(a);
    loop_timer_free(b);
    loop_timer_free(NULL);
    time_passes(loop, 100);
    assert_notes("");
}

static void test_cached_clock(void **state)
{
    uint64_t start;

    (void)state;
    loop_cache_clock(loop);
    start = loop_now(loop);
    time_passes(loop, 500);
    assert_int_equal(loop_now(loop), start);
    loop_refresh(loop);
    assert_int_equal(loop_now(loop), start + 500);
    assert_int_equal(loop_clock(), start + 500);
}

static void no_task(void *arg)
{
    (void)arg;
}

/* What is settled is counted, and its turns are timed. */
static void test_counts(void **state)
{
    struct loop_task one = {.fn = no_task}, two = {.fn = no_task};
    struct loop_counts counts = {0};

    (void)state;
    histogram_init_seconds(&counts.busy);
    loop_count(loop, &counts);
    assert_true(loop_elapsed(loop) < 0.001);
    loop_settle(loop, &one);
    loop_settle(loop, &two);
    time_passes(loop, 30);
    assert_int_equal(counts.tasks, 2);
    assert_int_equal(counts.busy.counts[0], 1);
    assert_true(loop_elapsed(loop) > 0.029);
    loop_refresh(loop);
    assert_true(loop_elapsed(loop) < 0.001);
    loop_settle(loop, &one);
    loop_settle_all(loop);
    loop_settle_all(loop); /* nothing is no turn */
    assert_int_equal(counts.tasks, 3);
    loop_count(loop, NULL);
}

static void test_signals(void **state)
{
    struct loop_signal *s;
    char name[] = "s";

    (void)state;
    s = loop_signal_new(loop, SIGUSR1, note_timer, name);
    raise(SIGUSR1);
    turns(loop);
    assert_notes("s");
    /* many at once are looked at once */
    for (int i = 0; i < 5; i++)
        raise(SIGUSR1);
    turns(loop);
    assert_notes("s");
    loop_signal_free(s);
    loop_signal_free(NULL);
}

static void test_descriptors(void **state)
{
    struct loop_fd *r, *w;
    char r_name[] = "r", w_name[] = "w";
    int fds[2];

    (void)state;
    assert_int_equal(pipe(fds), 0);
    r = loop_fd_new(loop, fds[0], false, note_timer, r_name);
    w = loop_fd_new(loop, fds[1], true, note_timer, w_name);
    turns(loop);
    assert_notes("");
    loop_fd_on(r);
    turns(loop);
    assert_notes("");
    assert_int_equal(write(fds[1], "x", 1), 1);
    one_turn();
    assert_notes("r");
    loop_fd_off(r);
    turns(loop);
    assert_notes("");
    loop_fd_on(w);
    one_turn();
    assert_notes("w");
    loop_fd_free(r);
    loop_fd_free(w);
    loop_fd_free(NULL);
    assert_int_equal(close(fds[0]), 0); /* they are still ours */
    assert_int_equal(close(fds[1]), 0);
}

static void stop(void *arg)
{
    buf_add_str(&notes, "stop");
    loop_stop(arg);
}

/* The caller's base is left as it was. */
static void test_base_of_a_caller(void **state)
{
    struct event_base *base = event_base_new();
    struct loop *l = loop_new(base);
    struct loop_task task = {.fn = stop, .arg = l};

    (void)state;
    assert_ptr_equal(loop_base(l), base);
    loop_later(l, &task);
    loop_run(l);
    assert_notes("stop");
    loop_free(l);
    assert_int_equal(event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED),
                     0);
    event_base_free(base);
}

/* libevent does not like to be run from within. */
static void run_within(void *arg)
{
    event_base_loop(loop_base(arg), EVLOOP_NONBLOCK);
    loop_stop(arg);
}

static void note(const char *text)
{
    buf_add_fmt(&notes, "<%s>", text);
}

static void test_complaints(void **state)
{
    struct loop_task task = {.fn = run_within, .arg = loop};

    (void)state;
    loop_complaints(note);
    loop_later(loop, &task);
    loop_run(loop);
    loop_complaints(NULL);
    loop_later(loop, &task);
    loop_run(loop);
    assert_non_null(strstr(buf_str(&notes), "reentrant"));
    assert_ptr_equal(strchr(buf_str(&notes), '<'),
                     strrchr(buf_str(&notes), '<'));
}

int main(int argc, char **argv)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_counts),       TEST(test_settle),
        TEST(test_later),        TEST(test_settle_all),
        TEST(test_the_end),      TEST(test_timers),
        TEST(test_cached_clock), TEST(test_signals),
        TEST(test_descriptors),  TEST(test_base_of_a_caller),
        TEST(test_complaints),
    };

    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
