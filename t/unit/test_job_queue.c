/* Lines of waiting tasks: whose turn it is, priorities that age, locks; and the
 * heap of deadlines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dispatcher/due.h"
#include "dispatcher/job.h"
#include "dispatcher/queue.h"

#define AGEING 10000
#define JOBS   12

static struct queue q;
static struct worker *w;
static struct job *jobs[JOBS];
static unsigned n_jobs;

static int setup(void **state)
{
    (void)state;
    queue_init(&q);
    q.ageing_ms = AGEING;
    w = worker_new("w");
    w->up = w->registered = true;
    w->slots = 100;
    n_jobs = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    while (n_jobs) {
        queue_forget(&q, jobs[--n_jobs]);
        job_free(jobs[n_jobs]);
    }
    assert_int_equal(w->waiting.n, 0);
    assert_null(q.kinds);
    assert_null(q.absent);
    worker_free(w);
    queue_free(&q);
    return 0;
}

/* One task, waiting nowhere yet. */
static struct job *make(const char *by, int priority, uint64_t queued_ms)
{
    static const struct eventlog_bounds bounds = {4096, 4096, 65536};
    struct dispatch_spec spec = {.op = strdup("execute"),
                                 .on = strdup("all"),
                                 .by = strdup(by),
                                 .priority = priority};
    struct job *j = job_new("QUEU2345-1", n_jobs + 1, &spec, &bounds);

    job_set_tasks(j, 1);
    j->tasks[0].host = "w";
    j->stored = true;
    j->queued_ms = queued_ms;
    jobs[n_jobs++] = j;
    return j;
}

static struct job *bound(const char *by, int priority, uint64_t queued_ms)
{
    struct job *j = make(by, priority, queued_ms);

    queue_for_worker(&q, w, &j->tasks[0]);
    return j;
}

static struct job *any(const char *by, int priority, uint64_t queued_ms)
{
    struct job *j = make(by, priority, queued_ms);

    j->spec.any = true;
    queue_for_any(&q, &j->tasks[0]);
    return j;
}

/* Serves them all; the numbers of the jobs in that order. */
static const char *order(uint64_t now)
{
    static char text[64];
    struct task *t;

    text[0] = '\0';
    while ((t = queue_next(&q, w, now))) {
        queue_served(&q, w, t);
        task_release(t);
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%u",
                 *text ? " " : "", (unsigned)t->job->number);
    }
    return text;
}

static void oldest_first(void **state)
{
    struct job *j;

    (void)state;
    bound("a", 0, 0);
    any("a", 0, 0);
    bound("a", 0, 0);
    any("a", 0, 0);
    j = bound("a", 0, 0);
    task_release(&jobs[1]->tasks[0]); /* it comes back to its old place */
    queue_for_any(&q, &jobs[1]->tasks[0]);
    task_hold(&j->tasks[0]);
    assert_int_equal(w->waiting.n, 2);
    assert_string_equal(order(0), "1 2 3 4");
    assert_ptr_equal(TAILQ_FIRST(&j->held), &j->tasks[0]);
}

/* Whoever has many waits his turn as whoever has few. */
static void fair_at_a_worker(void **state)
{
    static const char *const by[] = {"a", "a", "a", "a", "b", "b", "c"};

    (void)state;
    for (unsigned i = 0; i < 7; i++)
        bound(by[i], 0, i);
    assert_string_equal(order(10), "1 5 7 2 6 3 4");
}

static void fair_among_any(void **state)
{
    static const char *const by[] = {"a", "a", "a", "a", "b", "b", "c"};

    (void)state;
    for (unsigned i = 0; i < 7; i++) {
        any(by[i], 0, i);
        if (i % 2) /* a kind of its own: that buys nobody more turns */
            continue;
        task_release(&jobs[i]->tasks[0]);
        jobs[i]->tasks[0].tried = strdup(i == 2 ? "x" : "y");
        queue_for_any(&q, &jobs[i]->tasks[0]);
    }
    assert_string_equal(order(10), "1 5 7 2 6 3 4");
}

/* Of one submitter the oldest, however many kinds he has; one that the worker
 * cannot take is passed by. */
static void oldest_of_kinds(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        make("a", 0, 0);
        jobs[i]->spec.any = true;
        jobs[i]->tasks[0].tried = i == 2  ? strdup("w")
                                  : i % 3 ? strdup("x")
                                          : NULL;
    }
    for (unsigned i = 8; i-- > 0;)
        queue_for_any(&q, &jobs[i]->tasks[0]);
    assert_string_equal(order(0), "1 2 4 5 6 7 8");
    task_release(&jobs[2]->tasks[0]);
}

/* Neither those of the worker nor those of any take all of it. */
static void fair_between(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++)
        any("a", 0, i);
    for (unsigned i = 0; i < 3; i++)
        bound("b", 0, i);
    assert_string_equal(order(10), "1 4 2 5 3 6");
}

static void urgent_first(void **state)
{
    (void)state;
    bound("a", 0, 0);
    any("a", 5, 0);
    bound("b", -5, 0);
    bound("b", 5, 0);
    any("c", 100, 0);
    assert_string_equal(order(0), "5 2 4 1 3");
}

/* What has waited so long is worth one more. */
static void priorities_age(void **state)
{
    static const struct {
        uint64_t ageing, now;
        const char *order;
    } rows[] = {
        {AGEING, 49999, "2 1"}, /* 4 against 5 */
        {AGEING, 50000, "1 2"}, /* as high, and older */
        {AGEING, 60000, "1 2"},
        {0, 1000000, "2 1"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        q.ageing_ms = rows[i].ageing;
        bound("a", 0, 0);
        bound("b", 5, rows[i].now);
        assert_string_equal(order(rows[i].now), rows[i].order);
        (void)teardown(state);
        (void)setup(state);
    }
}

/* A full worker gets what needs no slot. */
static void pings_pass(void **state)
{
    struct job *j;

    (void)state;
    w->slots = 0;
    bound("a", 0, 0);
    j = make("a", -100, 0);
    free(j->spec.op);
    j->spec.op = strdup("ping");
    queue_for_worker(&q, w, &j->tasks[0]);
    assert_string_equal(order(0), "2");
}

static void hosts_that_come(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct job *j = make("a", 0, 0);

        j->tasks[0].host = i == 1 ? "v" : "w";
        queue_for_host(&q, &j->tasks[0]);
    }
    for (unsigned i = 0; i < 3; i += 2) {
        assert_ptr_equal(queue_absent(&q, "w"), &jobs[i]->tasks[0]);
        task_hold(&jobs[i]->tasks[0]);
    }
    assert_null(queue_absent(&q, "w"));
    assert_ptr_equal(queue_absent(&q, "v"), &jobs[1]->tasks[0]);
}

/* -- locks ----------------------------------------------------------------- */

static struct task *locking(const char *by, int priority, const char *name,
                            unsigned n)
{
    struct job *j = make(by, priority, 0);

    j->spec.locks = calloc(1, sizeof(*j->spec.locks));
    j->spec.locks[0] = (struct dispatch_lock){.name = strdup(name), .n = n};
    j->spec.n_locks = 1;
    return &j->tasks[0];
}

static void locks_have_holders(void **state)
{
    struct task *a = locking("a", 0, "db", 1), *b = locking("a", 0, "db", 1);
    struct task *c = locking("b", 0, "db", 1), *d = locking("b", 9, "db", 1);
    struct task *e = locking("a", 0, "net", 1);

    (void)state;
    assert_true(queue_lock(&q, a));
    assert_false(queue_lock(&q, b));
    assert_int_equal(b->place, PLACE_LINE);
    assert_false(queue_lock(&q, c));
    assert_false(queue_lock(&q, d));
    assert_true(queue_lock(&q, e)); /* another lock */
    assert_null(queue_unlocked(&q, 0));
    queue_unlock(&q, a);
    queue_unlock(&q, a); /* it has none any more */
    assert_ptr_equal(queue_unlocked(&q, 0), d);
    assert_true(queue_lock(&q, d));
    assert_null(queue_unlocked(&q, 0)); /* one at a time */
    queue_unlock(&q, d);
    assert_ptr_equal(queue_unlocked(&q, 0), b);
    task_hold(b); /* its job holds it back: the next one */
    assert_ptr_equal(queue_unlocked(&q, 0), c);
    assert_true(queue_lock(&q, c));
    queue_unlock(&q, c);
    queue_unlock(&q, e);
    assert_null(queue_unlocked(&q, 0));
    assert_null(q.locks); /* nobody has or wants one */
}

static void locks_count(void **state)
{
    struct task *t[4];

    (void)state;
    for (unsigned i = 0; i < 4; i++)
        t[i] = locking("a", 0, "db", 2);
    assert_true(queue_lock(&q, t[0]));
    assert_true(queue_lock(&q, t[1]));
    assert_false(queue_lock(&q, t[2]));
    t[3]->job->spec.locks[0].n = 1;
    assert_false(queue_lock(&q, t[3]));
    queue_unlock(&q, t[0]);
    assert_ptr_equal(queue_unlocked(&q, 0), t[2]);
    assert_true(queue_lock(&q, t[2]));
    queue_unlock(&q, t[1]);
    assert_null(queue_unlocked(&q, 0)); /* it wants it for itself */
    queue_unlock(&q, t[2]);
    assert_ptr_equal(queue_unlocked(&q, 0), t[3]);
    task_hold(t[3]);
    queue_lock_anyway(&q, t[0]); /* after a restart: it has it */
    assert_false(queue_lock(&q, t[3]));
    queue_unlock(&q, t[0]);
    assert_ptr_equal(queue_unlocked(&q, 0), t[3]);
}

/* -- deadlines ------------------------------------------------------------- */

#define DUES 500

static void dues_in_order(void **state)
{
    struct due_heap h = {0};
    struct due list[DUES] = {0};
    uint32_t chance = 1;
    uint64_t last = 0;
    unsigned n = 0;

    (void)state;
    for (unsigned i = 0; i < 4 * DUES; i++) {
        struct due *d = &list[i % DUES];

        chance = chance * 1664525 + 1013904223;
        if (chance >> 30)
            due_set(&h, d, chance >> 20);
        else
            due_remove(&h, d);
    }
    for (unsigned i = 0; i < DUES; i++)
        n += list[i].at != 0;
    assert_int_equal(h.count, n);
    assert_null(due_next(&h, due_first(&h)->ms - 1));
    for (struct due *d; (d = due_next(&h, UINT64_MAX)); n--) {
        assert_true(d->ms >= last);
        assert_int_equal(d->at, 0);
        last = d->ms;
    }
    assert_int_equal(n, 0);
    due_free(&h);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(oldest_first),    TEST(fair_at_a_worker),
        TEST(fair_among_any),  TEST(fair_between),
        TEST(oldest_of_kinds), TEST(urgent_first),
        TEST(priorities_age),  TEST(pings_pass),
        TEST(hosts_that_come), TEST(locks_have_holders),
        TEST(locks_count),     cmocka_unit_test(dues_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
