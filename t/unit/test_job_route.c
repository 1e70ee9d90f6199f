/* The arithmetic of a rollout, as tables. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dispatcher/job.h"
#include "dispatcher/route.h"

#define HOSTS 30
#define RACKS 3

static void amounts(void **state)
{
    static const struct {
        struct dispatch_amount amount;
        unsigned n, hosts;
    } rows[] = {
        {{true, false, 2}, 30, 2},         {{true, false, 40}, 30, 40},
        {{true, false, 0}, 30, 0},         {{true, true, 10}, 30, 3},
        {{true, true, 10}, 39, 3},         {{true, true, 10}, 9, 0},
        {{true, true, 100}, 30, 30},       {{true, true, 0}, 30, 0},
        {{true, true, 33}, 100, 33},       {{true, true, 50}, 1, 0},
        {{false, false, 0}, 30, UINT_MAX},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(route_amount(&rows[i].amount, rows[i].n),
                         rows[i].hosts);
}

static void counts(void **state)
{
    static const struct {
        unsigned min, expect, matching;
        const char *wrong; /* its beginning; NULL: fine */
    } rows[] = {
        {0, 0, 0, "no worker matches"},
        {3, 0, 0, "no worker matches"},
        {0, 5, 0, "no worker matches"},
        {0, 0, 1, NULL},
        {3, 0, 2, "2 workers match, .min is 3"},
        {3, 0, 3, NULL},
        {3, 0, 4, NULL},
        {0, 2, 1, "1 worker matches, .expect is 2"},
        {0, 2, 2, NULL},
        {0, 2, 3, "3 workers match, .expect is 2"},
        {4, 3, 3, "3 workers match, .min is 4"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct dispatch_spec spec = {.min = rows[i].min,
                                     .expect = rows[i].expect};
        char *wrong = route_count_wrong(&spec, rows[i].matching);

        if (rows[i].wrong)
            assert_string_equal(wrong, rows[i].wrong);
        else
            assert_null(wrong);
        free(wrong);
    }
}

/* -- a rollout, played through --------------------------------------------- */

struct play {
    struct dispatch_amount parallel, fail;
    unsigned per;        /* at once in a rack; 0: no such limit */
    unsigned failing[8]; /* hosts that fail, from 1; 0 ends */
    bool all_fail;
    /* what comes of it */
    unsigned started, failures, notstarted, most, most_in_rack;
};

static struct job *play_job(const struct play *p)
{
    static const struct eventlog_bounds bounds = {4096, 4096, 65536};
    struct dispatch_spec spec = {
        .parallel = p->parallel, .fail = p->fail, .per_n = p->per};
    struct job *j = job_new("PLAY2345-1", 1, &spec, &bounds);
    char rack[16];

    job_set_tasks(j, HOSTS);
    for (unsigned i = 0; i < HOSTS; i++) {
        snprintf(rack, sizeof(rack), "r%u", i % RACKS);
        if (p->per)
            j->tasks[i].group = job_group(j, rack);
    }
    j->stored = true;
    return j;
}

static bool host_fails(const struct play *p, unsigned host)
{
    for (unsigned i = 0; p->failing[i]; i++) {
        if (p->failing[i] == host)
            return true;
    }
    return p->all_fail;
}

/* By exit code, unreachable and by timeout in turn: each counts. */
static struct task_end host_end(const struct play *p, unsigned host)
{
    static const struct task_end bad[] = {
        {.reason = REASON_EXITED, .state = HOST_FAILED, .rc = "1"},
        {.reason = REASON_UNREACHABLE, .state = HOST_UNREACHABLE},
        {.reason = REASON_TIMEOUT, .state = HOST_FAILED},
        {.reason = REASON_LOST, .state = HOST_UNREACHABLE},
    };
    struct task_end ok = {.reason = REASON_EXITED, .state = HOST_OK, .rc = "0"};

    return host_fails(p, host) ? bad[host % ARRAY_LEN(bad)] : ok;
}

static void start_all_that_may(struct job *j)
{
    struct task *t, *next;

    for (t = TAILQ_FIRST(&j->held); t && route_job_may(j); t = next) {
        next = TAILQ_NEXT(t, in_job);
        if (route_may_start(j, t))
            assert_true(task_set_state(t, TASK_SENT) &&
                        task_set_state(t, TASK_RUNNING));
        else
            task_hold_group(t);
    }
}

static void look(const struct job *j, struct play *p, bool stopped,
                 unsigned active_before)
{
    if (job_active(j) > p->most)
        p->most = job_active(j);
    if (stopped)
        assert_true(job_active(j) <= active_before);
    for (unsigned i = 0; i < j->n_groups; i++) {
        if (j->groups[i].active > p->most_in_rack)
            p->most_in_rack = j->groups[i].active;
    }
}

/* The running one that is first in the order of hosts ends. */
static bool end_one(struct job *j, const struct play *p)
{
    for (unsigned i = 0; i < HOSTS; i++) {
        struct task_end end = host_end(p, i + 1);

        if (j->tasks[i].state != TASK_RUNNING)
            continue;
        assert_true(task_set_state(&j->tasks[i], TASK_ENDED));
        task_set_end(&j->tasks[i], &end);
        return true;
    }
    return false;
}

static void play(struct play *p)
{
    struct job *j = play_job(p);

    do {
        bool stopped = route_is_stopped(j);
        unsigned before = job_active(j);

        start_all_that_may(j);
        look(j, p, stopped, before);
    } while (end_one(j, p));
    p->failures = j->failures;
    p->notstarted = j->counts[TASK_WAITING];
    p->started = j->counts[TASK_ENDED];
    assert_int_equal(p->started + p->notstarted, HOSTS);
    job_free(j);
}

static const struct {
    struct play play;
    unsigned failures, most, most_in_rack;
    unsigned started_min, started_max;
} rollout_rows[] = {
    /* 30 hosts, 10 %, one in a rack, more than two failures: the third
     * failure (host 14) stops it while two others run */
    {{{true, true, 10},
      {true, false, 2},
      1,
      {4, 9, 14, 0},
      false,
      0,
      0,
      0,
      0,
      0},
     3,
     3,
     1,
     14,
     16},
    /* no limit of failures */
    {{{true, true, 10},
      {false, false, 0},
      1,
      {4, 9, 14, 0},
      false,
      0,
      0,
      0,
      0,
      0},
     3,
     3,
     1,
     30,
     30},
    /* limit 0: the first one stops it */
    {{{true, false, 1},
      {true, false, 0},
      0,
      {4, 9, 14, 0},
      false,
      0,
      0,
      0,
      0,
      0},
     1,
     1,
     0,
     4,
     4},
    {{{true, false, 3},
      {true, true, 0},
      0,
      {4, 9, 14, 0},
      false,
      0,
      0,
      0,
      0,
      0},
     1,
     3,
     0,
     4,
     6},
    /* 100 %: never */
    {{{true, false, 3}, {true, true, 100}, 0, {0}, true, 0, 0, 0, 0, 0},
     30,
     3,
     0,
     30,
     30},
    /* 10 % of 30 is 3: the fourth failure stops it */
    {{{true, false, 1}, {true, true, 10}, 0, {0}, true, 0, 0, 0, 0, 0},
     4,
     1,
     0,
     4,
     4},
    /* a batch larger than the set, all failing: running ones end */
    {{{true, false, 100}, {true, false, 2}, 0, {0}, true, 0, 0, 0, 0, 0},
     30,
     30,
     0,
     30,
     30},
    /* all of one batch failing */
    {{{true, false, 5},
      {true, false, 2},
      0,
      {1, 2, 3, 4, 5, 0},
      false,
      0,
      0,
      0,
      0,
      0},
     5,
     5,
     0,
     5,
     7},
    /* racks alone */
    {{{false, false, 0}, {false, false, 0}, 2, {0}, false, 0, 0, 0, 0, 0},
     0,
     6,
     2,
     30,
     30},
    /* 1 % of 30 is none, which is one at a time */
    {{{true, true, 1}, {false, false, 0}, 0, {0}, false, 0, 0, 0, 0, 0},
     0,
     1,
     0,
     30,
     30},
};

static void rollouts(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rollout_rows); i++) {
        struct play p = rollout_rows[i].play;

        play(&p);
        assert_int_equal(p.failures, rollout_rows[i].failures);
        assert_int_equal(p.most, rollout_rows[i].most);
        assert_int_equal(p.most_in_rack, rollout_rows[i].most_in_rack);
        assert_in_range(p.started, rollout_rows[i].started_min,
                        rollout_rows[i].started_max);
    }
}

/* -- choosing ------------------------------------------------- */

static struct worker *make_worker(const char *name, unsigned slots,
                                  unsigned busy, const char *load)
{
    struct worker *w = worker_new(name);

    w->up = w->registered = true;
    w->slots = slots;
    w->n_active = busy;
    snprintf(w->load, sizeof(w->load), "%s", load);
    return w;
}

static void least_loaded(void **state)
{
    static const struct {
        unsigned slots[3], busy[3];
        const char *load[3];
        int best; /* -1: any of the first two */
    } rows[] = {
        {{4, 4, 4}, {2, 1, 3}, {"0", "0", "0"}, 1},
        {{2, 8, 4}, {1, 3, 2}, {"0", "0", "0"}, 1},
        {{4, 4, 4}, {0, 0, 0}, {"3.2", "0.9", "7"}, 1},
        {{4, 4, 4}, {0, 0, 1}, {"0.1", "0.8", "0"}, -1},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        static const char *const names[] = {"a", "b", "c"};
        bool seen[3] = {false, false, false};

        for (uint32_t chance = 0; chance < 16; chance++) {
            struct route_choice c = {.seed = chance};
            struct worker *w[3];

            for (int k = 0; k < 3; k++) {
                w[k] = make_worker(names[k], rows[i].slots[k], rows[i].busy[k],
                                   rows[i].load[k]);
                route_consider(&c, w[k]);
            }
            for (int k = 0; k < 3; k++) {
                seen[k] |= c.best == w[k];
                worker_free(w[k]);
            }
        }
        if (rows[i].best < 0)
            assert_true(seen[0] && seen[1] && !seen[2]);
        else
            assert_true(seen[rows[i].best]);
        assert_int_equal(seen[0] + seen[1] + seen[2], rows[i].best < 0 ? 2 : 1);
    }
}

/* The same seed picks the same of the same workers, in whatever order they
 * are looked at. */
static void repeats_a_pick(void **state)
{
    static const char *const names[] = {"web1", "web2", "web3", "web4"};
    unsigned seen = 0;

    (void)state;
    for (uint32_t seed = 0; seed < 64; seed++) {
        struct route_choice up = {.seed = seed}, down = {.seed = seed};
        struct worker *w[4];

        for (int k = 0; k < 4; k++)
            w[k] = make_worker(names[k], 2, 0, "0");
        for (int k = 0; k < 4; k++) {
            assert_true(route_may_win(&up, w[k]));
            route_consider(&up, w[k]);
            route_consider(&down, w[3 - k]);
        }
        assert_string_equal(up.best->host, down.best->host);
        assert_int_equal(up.ties, 4);
        seen |= 1u << (up.best->host[3] - '1');
        for (int k = 0; k < 4; k++)
            worker_free(w[k]);
    }
    assert_int_equal(seen, 15);
}

static void pauses(void **state)
{
    static const struct {
        unsigned n;
        uint32_t chance;
        uint64_t ms;
    } rows[] = {
        {0, 0, 500},   {0, 500, 1000},  {0, 501, 500}, {1, 0, 1000},
        {3, 0, 4000},  {3, 4000, 8000}, {5, 0, 15000}, {5, 15000, 30000},
        {6, 0, 15000}, {99, 0, 15000},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(route_backoff(rows[i].n, 1000, 30000, rows[i].chance),
                         rows[i].ms);
}

/* -- states ---------------------------------------------------------------- */

static void legal_moves(void **state)
{
    static const char *const legal[] = {"WS", "WE", "SW", "SR",
                                        "SE", "RW", "RE"};
    static const char names[] = "WSRE";

    (void)state;
    for (int from = 0; from < TASK_STATES; from++) {
        for (int to = 0; to < TASK_STATES; to++) {
            struct play p = {.per = 1};
            struct job *j = play_job(&p);
            struct task *t = &j->tasks[3];
            bool want = false;

            for (size_t i = 0; i < ARRAY_LEN(legal); i++)
                want |= legal[i][0] == names[from] && legal[i][1] == names[to];
            if (from == TASK_RUNNING)
                assert_true(task_set_state(t, TASK_SENT));
            if (from != TASK_WAITING)
                assert_true(task_set_state(t, (enum task_state)from));
            assert_int_equal(task_set_state(t, (enum task_state)to), want);
            assert_int_equal(t->state, want ? to : from);
            assert_int_equal(job_active(j), j->groups[t->group].active);
            assert_int_equal(j->counts[TASK_WAITING] + job_active(j) +
                                 j->counts[TASK_ENDED],
                             HOSTS);
            job_free(j);
        }
    }
}

static void reasons(void **state)
{
    static const struct {
        const char *text;
        enum task_reason reason;
    } rows[] = {
        {"exited", REASON_EXITED},    {"signal 9", REASON_SIGNAL},
        {"timeout", REASON_TIMEOUT},  {"cancelled", REASON_CANCELLED},
        {"lost", REASON_LOST},        {"notstarted", REASON_NOTSTARTED},
        {"on holiday", REASON_OTHER}, {"other", REASON_OTHER},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(task_reason_parse(rows[i].text), rows[i].reason);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(amounts),        cmocka_unit_test(counts),
        cmocka_unit_test(rollouts),       cmocka_unit_test(least_loaded),
        cmocka_unit_test(repeats_a_pick), cmocka_unit_test(pauses),
        cmocka_unit_test(legal_moves),    cmocka_unit_test(reasons),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
