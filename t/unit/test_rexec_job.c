/* What asks for a remote execution, as JSON (rexec_job.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plugins/registry/consul/rexec_job.h"

#define ID "01234567-89ab-cdef-0123-456789abcdef"

static const char *place_wrong(const char *text)
{
    struct rexec_place p;
    const char *wrong = rexec_place_read(&p, text, strlen(text));

    rexec_place_free(&p);
    return wrong;
}

static void test_place(void **state)
{
    static const char good[] =
        "{\"prefix\": \"a/b\", \"SESSION\": \"" ID "\", \"more\": [1]}";
    struct rexec_place p;

    (void)state;
    assert_null(rexec_place_read(&p, good, strlen(good)));
    assert_string_equal(p.prefix, "a/b");
    assert_string_equal(p.session, ID);
    rexec_place_free(&p);
    assert_non_null(place_wrong(""));
    assert_non_null(place_wrong("[]"));
    assert_non_null(place_wrong("{}"));
    assert_non_null(place_wrong("{\"Prefix\":\"a\",\"Session\":\"b\"}"));
    assert_non_null(place_wrong("{\"Prefix\":\"\",\"Session\":\"" ID "\"}"));
    assert_non_null(place_wrong("{\"Prefix\":7,\"Session\":\"" ID "\"}"));
    assert_non_null(
        place_wrong("{\"Prefix\":\"a\\u0000b\",\"Session\":\"" ID "\"}"));
}

static const char *read_job(struct rexec_job *j, const char *text)
{
    return rexec_job_read(j, text, strlen(text));
}

static void test_kinds(void **state)
{
    struct rexec_job j;

    (void)state;
    assert_null(read_job(&j, "{\"Command\":\"up\",\"Args\":null}"));
    assert_string_equal(j.command, "up");
    assert_int_equal(j.n_args, 0);
    assert_int_equal(j.wait_ms, REXEC_WAIT_MS);
    rexec_job_free(&j);
    assert_null(read_job(&j, "{\"args\":[\"ls\",\"\"],\"Command\":\"\"}"));
    assert_int_equal(j.n_args, 2);
    assert_string_equal(j.args[0], "ls");
    assert_string_equal(j.args[1], "");
    rexec_job_free(&j);
    assert_null(read_job(&j, "{\"Script\":\"YQBi\"}"));
    assert_int_equal(buf_len(&j.script), 3);
    assert_memory_equal(buf_data(&j.script), "a\0b", 3);
    rexec_job_free(&j);
}

static uint64_t wait_of(const char *number)
{
    char *text = xasprintf("{\"Command\":\"x\",\"Wait\":%s}", number);
    struct rexec_job j;
    uint64_t ms;

    assert_null(read_job(&j, text));
    ms = j.wait_ms;
    rexec_job_free(&j);
    free(text);
    return ms;
}

static void test_wait(void **state)
{
    (void)state;
    assert_int_equal(wait_of("3000000000"), 3000);
    assert_int_equal(wait_of("3.5e9"), 3500);
    assert_int_equal(wait_of("null"), REXEC_WAIT_MS);
    assert_int_equal(wait_of("0"), REXEC_WAIT_MS);
    assert_int_equal(wait_of("-1"), REXEC_WAIT_MS);
    assert_int_equal(wait_of("1"), REXEC_WAIT_MIN);
    assert_int_equal(wait_of("9e18"), REXEC_WAIT_MAX);
}

static void test_wrong(void **state)
{
    static const char *const jobs[] = {
        "",
        "{",
        "7",
        "{}",
        "{\"Command\":\"\"}",
        "{\"Command\":7}",
        "{\"Command\":\"a\\u0000\"}",
        "{\"Args\":\"ls\"}",
        "{\"Args\":[\"ls\",7]}",
        "{\"Script\":\"%\"}",
        "{\"Script\":[]}",
        "{\"Command\":\"x\",\"Wait\":\"2s\"}",
    };
    struct rexec_job j;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(jobs); i++) {
        assert_non_null(read_job(&j, jobs[i]));
        rexec_job_free(&j);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_place),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_wait),
        cmocka_unit_test(test_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
