/* The parts of a worker's facts that come from text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "worker/facts.h"
#include "worker/job.h"

static void test_os_release(void **state)
{
    static const char text[] = "PRETTY_NAME=\"Debian 12\"\nVERSION_ID=\"12\"\n"
                               "ID=debian\nEMPTY=\nQ='x y'\nLAST=z";
    char out[16];

    (void)state;
    assert_true(facts_os_release(text, "ID", out, sizeof(out)));
    assert_string_equal(out, "debian");
    assert_true(facts_os_release(text, "VERSION_ID", out, sizeof(out)));
    assert_string_equal(out, "12");
    assert_true(facts_os_release(text, "Q", out, sizeof(out)));
    assert_string_equal(out, "x y");
    assert_true(facts_os_release(text, "LAST", out, sizeof(out)));
    assert_false(facts_os_release(text, "EMPTY", out, sizeof(out)));
    assert_false(facts_os_release(text, "NAME", out, sizeof(out)));
    assert_false(facts_os_release(text, "ID", out, 4));
    assert_false(facts_os_release("", "ID", out, sizeof(out)));
}

static void test_hosts(void **state)
{
    static const char text[] = "127.0.0.1 localhost # web.no\n"
                               "\n#10.0.0.9 web.bad web\n"
                               "10.0.0.1\tweb.example.net  WEB\n"
                               "10.0.0.2 db db.example.net\r\n10.0.0.3";
    char out[64];

    (void)state;
    assert_true(facts_hosts_fqdn(text, "web", out, sizeof(out)));
    assert_string_equal(out, "web.example.net");
    assert_true(facts_hosts_fqdn(text, "db", out, sizeof(out)));
    assert_string_equal(out, "db.example.net");
    assert_false(facts_hosts_fqdn(text, "localhost", out, sizeof(out)));
    assert_false(facts_hosts_fqdn(text, "we", out, sizeof(out)));
    assert_false(facts_hosts_fqdn("", "web", out, sizeof(out)));
}

static void test_read(void **state)
{
    static const char *const names[] = {"fqdn", "os",  "kernel", "arch",
                                        "cpus", "mem", "boot"};
    struct attrs a = {0};
    size_t i;
    int n;

    (void)state;
    facts_read(&a);
    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_non_null(attrs_get(&a, names[i]));
    assert_string_equal(attrs_get(&a, "os"), "linux");
    n = 0;
    assert_int_equal(sscanf(attrs_get(&a, "mem"), "%*dM%n", &n), 0);
    assert_int_equal(n, strlen(attrs_get(&a, "mem")));
    n = 0;
    assert_int_equal(
        sscanf(attrs_get(&a, "boot"), "%*4d-%*2d-%*2dT%*2d:%*2d:%*2dZ%n", &n),
        0);
    assert_int_equal(n, 20);
    attrs_free(&a);
}

static void test_jid(void **state)
{
    static const char *const good[] = {"A-1", "ABCDEFGH-123456", "a2-0",
                                       "A-1.2"};
    static const char *const bad[] = {"",
                                      "A",
                                      "-1",
                                      "A-",
                                      "A-x",
                                      "A-1x",
                                      "A--1",
                                      "A/B-1",
                                      "A-1 ",
                                      ".-1",
                                      "A-123456789012345678901",
                                      "A-1.",
                                      "A-1.x",
                                      "A-1.2.3"};
    size_t i, len;

    (void)state;
    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(jid_is_valid(good[i], strlen(good[i]), &len));
        assert_int_equal(len, strcspn(good[i], "-"));
    }
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(jid_is_valid(bad[i], strlen(bad[i]), &len));
    assert_false(jid_is_valid("A-1\0", 4, &len));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_os_release), cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_read), cmocka_unit_test(test_jid)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
