/*
 * Backing off with full jitter, counted: thousands of clients lose their
 * registry in the same moment, try again each in its own time, and the first
 * try after the registry is back arrives. No second may see more than its
 * share of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/backoff.h"
#include "lib/mem.h"

#define CLIENTS 20000
#define BUCKETS 10

static uint32_t chance(void)
{
    static uint64_t state = 1;

    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 32);
}

/* When one client arrives at a registry that is down for so long, ms. */
static uint64_t arrival(uint64_t down, unsigned *tries)
{
    struct backoff b = {.min_ms = 100, .max_ms = 10000};
    uint64_t at = 0;

    while (at < down) {
        at += backoff_next(&b, chance());
        ++*tries;
    }
    return at;
}

static void count_arrivals(uint64_t down, uint64_t window,
                           unsigned count[BUCKETS], unsigned *tries)
{
    uint64_t after;
    unsigned i;

    *tries = 0;
    for (i = 0; i < BUCKETS; i++)
        count[i] = 0;
    for (i = 0; i < CLIENTS; i++) {
        after = arrival(down, tries) - down;
        assert_true(after <= window);
        count[after < window ? after * BUCKETS / window : BUCKETS - 1]++;
    }
}

/* Down for longer than the bound: a try that is spread evenly over the time
 * up to 10 s stands, at a moment of its own, 19 % of the time in the next
 * second, 17 % in the second one, and so on. */
static void test_after_long(void **state)
{
    static const uint64_t downs[] = {30000, 60000, 300000};
    unsigned count[BUCKETS], tries, i, k;

    (void)state;
    for (k = 0; k < ARRAY_LEN(downs); k++) {
        count_arrivals(downs[k], 10000, count, &tries);
        for (i = 0; i < BUCKETS; i++)
            assert_in_range(count[i], CLIENTS * (19 - 2 * i) / 100 * 8 / 10,
                            CLIENTS * (19 - 2 * i) / 100 * 12 / 10);
        /* and trying costs each one try in 5 s, once the bound is reached */
        assert_true(tries / CLIENTS <= downs[k] / 5000 + 10);
    }
}

/* Down for a moment only: they are back in about that time again, and not all
 * in the first part of it. */
static void test_after_a_moment(void **state)
{
    unsigned count[BUCKETS], tries, i;

    (void)state;
    count_arrivals(1000, 6400, count, &tries);
    for (i = 0; i < BUCKETS; i++)
        assert_true(count[i] < CLIENTS * 3 / 4);
    assert_true(tries / CLIENTS < 10);
}

static void test_bounds(void **state)
{
    struct backoff b = {.min_ms = 100, .max_ms = 10000};
    static const uint64_t bounds[] = {100,  200,  400,   800,  1600,
                                      3200, 6400, 10000, 10000};
    unsigned i;

    (void)state;
    for (i = 0; i < ARRAY_LEN(bounds); i++) {
        assert_int_equal(backoff_bound(&b), bounds[i]);
        if (i % 2)
            assert_int_equal(backoff_next(&b, UINT32_MAX), bounds[i]);
        else
            assert_int_equal(backoff_next(&b, 0), 0);
    }
    for (i = 0; i < 100; i++)
        assert_in_range(backoff_next(&b, chance()), 0, 10000);
    backoff_reset(&b);
    assert_int_equal(backoff_bound(&b), 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_after_long),
        cmocka_unit_test(test_after_a_moment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
