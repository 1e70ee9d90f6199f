/*
 * Checks that nobody runs: those with a TTL, and services that go when they
 * have been critical for long. Time is the test's own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "server/prober.h"
#include "t/unit/fake_time.h"
#include "t/unit/prober_util.h"

/* -- TTL ------------------------------------------------------------------- */

static void test_ttl(void **state)
{
    (void)state;
    put("t", PROBE_PASSING, "probe ttl ttl 40");
    time_passes(world()->loop, 39);
    assert_int_equal(world()->heard.reports, 0);
    time_passes(world()->loop, 1);
    assert_heard(1, "n/t", PROBE_CRITICAL, "TTL expired");
    time_passes(world()->loop, 10000);
    assert_int_equal(world()->heard.reports, 1); /* it does not rearm */
    assert_true(
        prober_tell(world()->prober, named("t"), PROBE_WARNING, "so so"));
    time_passes(world()->loop, 30);
    assert_true(
        prober_tell(world()->prober, named("t"), PROBE_PASSING, "well"));
    time_passes(world()->loop, 39);
    assert_int_equal(world()->heard.reports, 1);
    time_passes(world()->loop, 1);
    assert_heard(2, "n/t", PROBE_CRITICAL,
                 "TTL expired (last output before timeout follows): well");
    assert_int_equal(prober_counts(world()->prober)->expired, 2);
    assert_int_equal(prober_counts(world()->prober)->checks[PROBE_TTL], 1);
    prober_drop(world()->prober, named("t"));
    assert_false(prober_tell(world()->prober, named("t"), PROBE_PASSING, ""));
    assert_int_equal(prober_counts(world()->prober)->checks[PROBE_TTL], 0);
}

/* Put again it goes on as it was; asked for anew it has all its time; another
 * one in its place begins from nothing. */
static void test_put_again(void **state)
{
    (void)state;
    put("t", PROBE_PASSING, "probe ttl ttl 100");
    time_passes(world()->loop, 60);
    put("t", PROBE_PASSING, "probe ttl ttl 100");
    time_passes(world()->loop, 40);
    assert_int_equal(world()->heard.reports, 1);
    prober_renew(world()->prober, named("t"));
    time_passes(world()->loop, 99);
    assert_int_equal(world()->heard.reports, 1);
    put("t", PROBE_PASSING, "probe ttl ttl 50");
    time_passes(world()->loop, 49);
    assert_int_equal(world()->heard.reports, 1);
    time_passes(world()->loop, 1);
    assert_int_equal(world()->heard.reports, 2);
    assert_int_equal(prober_counts(world()->prober)->checks[PROBE_TTL], 1);
    assert_false(prober_tell(world()->prober, named("T"), PROBE_PASSING, ""));
    prober_drop(world()->prober, named("nobody"));
}

/* A service that shows by itself that it lives need not be told. */
static void test_signs_of_life(void **state)
{
    (void)state;
    world()->lives = true;
    world()->alive_ms = loop_now(world()->loop);
    put("t", PROBE_CRITICAL, "probe ttl ttl 5000");
    time_passes(world()->loop, 1);
    assert_heard(1, "n/t", PROBE_PASSING, "a sign of life came");
    time_passes(world()->loop, 4000);
    world()->alive_ms = loop_now(world()->loop);
    time_passes(world()->loop, 4999);
    assert_int_equal(world()->heard.reports, 1);
    time_passes(world()->loop, 1);
    assert_heard(2, "n/t", PROBE_CRITICAL, "TTL expired");
    time_passes(world()->loop, 10000);
    assert_int_equal(world()->heard.reports, 2);
    world()->alive_ms = loop_now(world()->loop);
    time_passes(world()->loop, 1000);
    assert_heard(3, "n/t", PROBE_PASSING, "a sign of life came");
    assert_int_equal(prober_counts(world()->prober)->expired, 1);
}

/* -- services that go ------------------------------------------------------ */

static void test_reap(void **state)
{
    (void)state;
    world()->heard.drops = true;
    put("a", PROBE_CRITICAL, "probe ttl ttl 1000 reap 60000");
    put("b", PROBE_CRITICAL, "probe ttl ttl 1000 reap 60000");
    put("c", PROBE_PASSING, "probe ttl ttl 1000000 reap 60000");
    put("d", PROBE_CRITICAL, "probe ttl ttl 1000");
    time_passes(world()->loop, 59000);
    assert_int_equal(world()->heard.reaps, 0);
    assert_true(prober_tell(world()->prober, named("b"), PROBE_PASSING, ""));
    time_passes(world()->loop, 1001);
    assert_int_equal(world()->heard.reaps, 1);
    assert_int_equal(prober_counts(world()->prober)->checks[PROBE_TTL], 3);
    time_passes(world()->loop, 58000);
    assert_int_equal(world()->heard.reaps, 1); /* b's time began anew */
    time_passes(world()->loop, 31000);
    assert_int_equal(world()->heard.reaps, 2);
    assert_int_equal(prober_counts(world()->prober)->reaps, 2);
}

/* Where many are critical they go a few in a turn. */
static void test_reap_many(void **state)
{
    char id[16];
    unsigned i;

    (void)state;
    world()->heard.drops = true;
    for (i = 0; i < 3 * PROBER_REAPS; i++) {
        snprintf(id, sizeof(id), "c%u", i);
        put(id, PROBE_CRITICAL, "probe ttl ttl 1000 reap 60000");
    }
    time_passes(world()->loop, 60000);
    assert_int_equal(world()->heard.reaps, PROBER_REAPS);
    time_passes(world()->loop, 100);
    assert_int_equal(world()->heard.reaps, 3 * PROBER_REAPS);
    assert_int_equal(prober_counts(world()->prober)->checks[PROBE_TTL], 0);
}

/* Nobody drops it: it is told of again only after as long. */
static void test_reap_in_vain(void **state)
{
    (void)state;
    put("a", PROBE_CRITICAL, "probe ttl ttl 1000 reap 60000");
    time_passes(world()->loop, 90001);
    assert_int_equal(world()->heard.reaps, 1);
    time_passes(world()->loop, 60000);
    assert_int_equal(world()->heard.reaps, 2);
}

int main(void)
{
#define TEST(f)                                                                \
    cmocka_unit_test_setup_teardown(f, prober_setup, prober_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_ttl),  TEST(test_put_again), TEST(test_signs_of_life),
        TEST(test_reap), TEST(test_reap_many), TEST(test_reap_in_vain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
