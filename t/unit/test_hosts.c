/* How far a job has been told, and waiting times: client/hosts.c, backoff.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "client/backoff.h"
#include "client/hosts.h"

static void bounded(void **state)
{
    struct hosts hs = {.max = 2};

    (void)state;
    assert_non_null(hosts_get(&hs, "a"));
    assert_non_null(hosts_get(&hs, "b"));
    assert_null(hosts_get(&hs, "c"));
    assert_ptr_equal(hosts_get(&hs, "a"), hosts_get(&hs, "a"));
    hosts_free(&hs);
}

static void once(void **state)
{
    struct hosts hs = {.max = 1};
    struct host *h = hosts_get(&hs, "a");

    (void)state;
    assert_true(host_ack(h));
    assert_true(host_exit(h));
    hosts_rewind(&hs);
    assert_false(host_ack(h));
    assert_false(host_exit(h));
    hosts_free(&hs);
}

static void results(void **state)
{
    struct hosts hs = {.max = 1};
    struct host *h = hosts_get(&hs, "a");
    size_t len, i;

    (void)state;
    assert_null(host_result(h, "[1", 2, false, &len));
    assert_string_equal(host_result(h, ",2]", 3, true, &len), "[1,2]");
    assert_int_equal(len, 5);
    assert_string_equal(host_result(h, "[]", 2, true, &len), "[]");
    /* a piece is missing: this one is not told, the next one is */
    host_result_cut(h);
    assert_null(host_result(h, "2]", 2, true, &len));
    assert_int_equal(len, 2);
    assert_string_equal(host_result(h, "[3]", 3, true, &len), "[3]");
    /* the half of one that a failed attempt left is no part of the next */
    assert_null(host_result(h, "[4", 2, false, &len));
    assert_true(host_retry(h, 1));
    assert_string_equal(host_result(h, "[5]", 3, true, &len), "[5]");
    /* without an end: no memory beyond the bound */
    for (i = 0; i < HOST_RESULT_MAX; i += 4096)
        assert_null(host_result(h, (char[4096]){0}, 4096, false, &len));
    assert_null(host_result(h, "]", 1, false, &len));
    assert_int_equal(len, HOST_RESULT_MAX);
    assert_null(host_result(h, "", 0, true, &len));
    assert_string_equal(host_result(h, "1", 1, true, &len), "1");
    hosts_free(&hs);
}

/* The second time the stream may be split otherwise. */
static void output_again(void **state)
{
    struct hosts hs = {.max = 1};
    struct host *h = hosts_get(&hs, "a");

    (void)state;
    assert_int_equal(host_output(h, MUSTER_STDOUT, 10), 10);
    assert_int_equal(host_output(h, MUSTER_STDOUT, 5), 5);
    assert_int_equal(host_output(h, MUSTER_STDERR, 3), 3);
    hosts_rewind(&hs);
    assert_int_equal(host_output(h, MUSTER_STDOUT, 12), 0);
    assert_int_equal(host_output(h, MUSTER_STDOUT, 7), 4);
    assert_int_equal(host_output(h, MUSTER_STDOUT, 1), 1);
    assert_int_equal(host_output(h, MUSTER_STDERR, 3), 0);
    assert_int_equal(host_output(h, MUSTER_STDERR, 0), 0);
    /* fewer bytes than before, as after a restart: nothing is told twice */
    hosts_rewind(&hs);
    assert_int_equal(host_output(h, MUSTER_STDOUT, 20), 0);
    hosts_free(&hs);
}

static void output_overflow(void **state)
{
    struct hosts hs = {.max = 1};
    struct host *h = hosts_get(&hs, "a");

    (void)state;
    assert_true(host_output(h, MUSTER_STDOUT, UINT64_MAX) == UINT64_MAX);
    assert_int_equal(host_output(h, MUSTER_STDOUT, 5), 0);
    hosts_free(&hs);
}

static void backoff(void **state)
{
    struct backoff b = {.min_ms = 100, .max_ms = 1000};
    const uint64_t bounds[] = {100, 200, 400, 800, 1000, 1000};
    unsigned i;

    (void)state;
    for (i = 0; i < sizeof(bounds) / sizeof(*bounds); i++) {
        assert_int_equal(backoff_bound(&b), bounds[i]);
        assert_int_equal(backoff_next(&b, UINT32_MAX), bounds[i]);
    }
    for (i = 0; i < 100; i++)
        assert_int_equal(backoff_next(&b, 0), 0);
    assert_int_equal(backoff_next(&b, 1u << 31), 500);
    backoff_reset(&b);
    assert_int_equal(backoff_bound(&b), 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bounded),         cmocka_unit_test(once),
        cmocka_unit_test(results),         cmocka_unit_test(output_again),
        cmocka_unit_test(output_overflow), cmocka_unit_test(backoff),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
