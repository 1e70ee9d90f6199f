/* client/cli/jobs_text.c: records of jobs, for people. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/cli/jobs_text.h"

static struct buf out = BUF_INIT;

static const char *taken(void)
{
    static char text[256];

    snprintf(text, sizeof(text), "%s", buf_len(&out) ? buf_str(&out) : "");
    buf_reset(&out, 64);
    return text;
}

static void states(void **state)
{
    struct muster_attr attrs[] = {{"task", "waiting"}, {"state", "3"}};
    struct muster_service host = {"h", attrs, 1};

    (void)state;
    assert_string_equal(jobs_state_text("0"), "done");
    assert_string_equal(jobs_state_text("1"), "running");
    assert_string_equal(jobs_state_text("2"), "failed");
    assert_string_equal(jobs_state_text(NULL), "?");
    assert_string_equal(jobs_host_state_text(&host), "waiting");
    assert_string_equal(jobs_job_state_text(&host), "?");
    attrs[0].name = "held";
    assert_string_equal(jobs_job_state_text(&host), "held");
    attrs[0].name = "task";
    host.attr_count = 2;
    assert_string_equal(jobs_host_state_text(&host), "unreachable");
    attrs[1].value = "77";
    assert_string_equal(jobs_host_state_text(&host), "77");
}

static void times(void **state)
{
    time_t now = 1700000000; /* 2023-11-14 22:13:20 UTC */

    (void)state;
    jobs_add_time(&out, "1699999990", now);
    assert_string_equal(taken(), "22:13:10");
    jobs_add_time(&out, "1699900000", now);
    assert_string_equal(taken(), "2023-11-13 18:26");
    jobs_add_time(&out, NULL, now);
    assert_string_equal(taken(), "");
    jobs_add_took(&out, "1700000000", "1700000000", now);
    assert_string_equal(taken(), "<1 s");
    jobs_add_took(&out, "1699999990", NULL, now);
    assert_string_equal(taken(), "10 s");
    jobs_add_took(&out, "1699990000", "1699993661", now);
    assert_string_equal(taken(), "1:01:01");
    jobs_add_took(&out, "1700000009", "1700000000", now);
    assert_string_equal(taken(), "");
}

static void what_and_where(void **state)
{
    struct muster_attr attrs[] = {{"op", "ping"},
                                  {"any", "1"},
                                  {"on", "role=web"},
                                  {"on-hosts", "a,b"},
                                  {"cmd", "x"}};
    struct muster_service job = {"J-1", attrs, 5};

    (void)state;
    jobs_add_command(&out, &job);
    assert_string_equal(taken(), "ping x");
    jobs_add_target(&out, &job);
    assert_string_equal(taken(), "any of role=web a,b");
    attrs[0].value = "execute";
    job.attr_count = 1;
    jobs_add_command(&out, &job);
    assert_string_equal(taken(), "");
    jobs_add_target(&out, &job);
    assert_string_equal(taken(), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states),
        cmocka_unit_test(times),
        cmocka_unit_test(what_and_where),
    };
    int failed;

    setenv("TZ", "UTC", 1);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    buf_free(&out);
    return failed;
}
