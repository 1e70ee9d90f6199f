/* What asks for a remote execution, as JSON (rexec_job.h); and what is kept of
 * one (rexec_kept.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plugins/registry/consul/rexec_job.h"
#include "plugins/registry/consul/rexec_kept.h"

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

#define HEAD "YS9i 2000 127.0.0.1:6704 "

/* What was read is written, and that is what was read. */
static void test_kept(void **state)
{
    static const char *const lines[] = {
        HEAD "0 node1 web1",
        HEAD "2 ABCDEFGH-1 0 2 '' 2 1 node1 web1 'my node' web2 node3 web3",
    };
    struct buf out = BUF_INIT;
    struct rexec_kept k;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        assert_null(rexec_kept_read(&k, lines[i], strlen(lines[i])));
        assert_string_equal(k.prefix, "a/b");
        assert_int_equal(k.wait_ms, 2000);
        assert_string_equal(k.dispatcher, "127.0.0.1:6704");
        buf_reset(&out, 0);
        rexec_kept_write(&k, &out);
        assert_string_equal(buf_str(&out), lines[i]);
        if (i < ARRAY_LEN(lines) - 1)
            rexec_kept_free(&k);
    }
    assert_int_equal(k.n_parts, 2);
    assert_string_equal(k.parts[0].jid, "ABCDEFGH-1");
    assert_string_equal(k.parts[1].jid, "");
    assert_int_equal(k.parts[1].first, 2);
    assert_int_equal(k.count, 3);
    assert_string_equal(k.targets[1].node, "my node");
    assert_string_equal(k.targets[2].host, "web3");
    rexec_kept_free(&k);
    buf_free(&out);
}

static void test_kept_wrong(void **state)
{
    static const char *const lines[] = {
        "",
        "'",
        "YS9i",
        "% 2000 h:1 0 n h",
        "'' 2000 h:1 0 n h",
        "YS9i 0 h:1 0 n h",
        "YS9i x h:1 0 n h",
        "YS9i 2000 '' 0 n h",
        HEAD "0",
        HEAD "0 n",
        HEAD "0 n ''",
        HEAD "0 n 'a\nb'",
        HEAD "0 n2 web2 n1 web1",
        HEAD "x n h",
        HEAD "9999999 n h",
        HEAD "1 J 0 0 n h",
        HEAD "1 J 1 1 n h",
        HEAD "1 J 0 2 n h",
        HEAD "1 J 0 1 n1 h1 n2 h2",
        HEAD "2 J 0 1 K 0 1 n1 h1 n2 h2",
    };
    struct rexec_kept k;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        assert_non_null(rexec_kept_read(&k, lines[i], strlen(lines[i])));
        rexec_kept_free(&k);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_place), cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_wait),  cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_kept),  cmocka_unit_test(test_kept_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
