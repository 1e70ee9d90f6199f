/* Filters: what they find, what they refuse, and rows that are taken back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "plugins/registry/consul/filter.h"

static const char entry_text[] =
    "{\"Node\":{\"Node\":\"web1\",\"Address\":\"10.0.0.1\",\"Meta\":"
    "{\"zone\":\"eu\",\"a.b\":\"c d\"},\"TaggedAddresses\":null},\"Service\":"
    "{\"ID\":\"web-1\",\"Service\":\"web\",\"Tags\":[\"v1\",\"blue\"],"
    "\"Port\":80,\"EnableTagOverride\":false,\"Meta\":null},\"Checks\":["
    "{\"CheckID\":\"serfHealth\",\"Status\":\"passing\"},"
    "{\"CheckID\":\"service:web-1\",\"Status\":\"warning\"}]}";

static bool matches(const char *text)
{
    json_t *row = json_loads(entry_text, 0, NULL);
    struct filter *f = NULL;
    char *error = filter_compile(FILTER_ENTRY, text, &f);
    bool is;

    if (error)
        print_message("%s: %s\n", text, error);
    assert_null(error);
    is = filter_match(f, row);
    assert_int_equal(filter_match(f, row), is);
    filter_free(f);
    json_decref(row);
    return is;
}

static void test_match(void **state)
{
    static const char *const yes[] = {
        "Service.Service == web",
        "Service.Service == \"web\"",
        "Service.Service==`web`",
        "Service.Service != \"db\"",
        "Service.Port == 80",
        "Service.Port != 81 and Service.EnableTagOverride == false",
        "Service.EnableTagOverride == F and Service.EnableTagOverride != 1",
        "v1 in Service.Tags",
        "\"v2\" not in Service.Tags",
        "Service.Tags contains blue",
        "Service.Tags not contains \"red\"",
        "eb in Service.Service",
        "Service.Tags is not empty",
        "Service.Meta is empty",
        "Node.TaggedAddresses is empty",
        "Node.Meta is not empty",
        "zone in Node.Meta",
        "Node.Meta.zone == eu",
        "Node.Meta[\"zone\"] == \"eu\"",
        "Node.Meta[\"a.b\"] == \"c d\"",
        "Node.Meta.none != eu",
        "none not in Node.Meta",
        "Node.Address matches \"^10[.]\"",
        "Node.Address not matches `^11`",
        "Checks.Status == warning",
        "Checks.Status == passing and Checks.Status != passing",
        "Checks is not empty",
        "not Service.Port == 81",
        "not not Service.Port == 80",
        "Service.Port == 1 or Service.Port == 2 or Service.Port == 80",
        "Service.Port == 80 or Service.Port == 1 and Service.Port == 2",
        "( ( Service.Port == 80 ) )",
        "not (Service.Port == 1 or Service.Port == 2)",
        "not Service.Port == 81 and Service.Service == web",
    };
    static const char *const no[] = {
        "Service.Service == Web",
        "Service.Port == 8",
        "v in Service.Tags",
        "Service.Tags is empty",
        "Node.Meta is empty",
        "Node.Meta.none == eu",
        "Node.Meta.none contains eu",
        "Service.Meta.x matches \".\"",
        "Checks.Status == critical",
        "(Service.Port == 80 or Service.Port == 1) and Service.Port == 2",
        "not Service.Port == 80",
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(yes) / sizeof(*yes); i++)
        if (!matches(yes[i]))
            fail_msg("%s", yes[i]);
    for (i = 0; i < sizeof(no) / sizeof(*no); i++)
        if (matches(no[i]))
            fail_msg("%s", no[i]);
}

static void refuse(const char *text, const char *why)
{
    struct filter *f = NULL;
    char *error = filter_compile(FILTER_ENTRY, text, &f);

    assert_non_null(error);
    assert_null(f);
    if (!strstr(error, why))
        fail_msg("%s: %s", text, error);
    free(error);
}

static void test_refused(void **state)
{
    struct filter *f = NULL;
    char longest[FILTER_TEXT_MAX + 2], *error;
    size_t i;

    (void)state;
    refuse("", "1:1: a selector or a value is expected");
    refuse("Service.Nothing == 1", "Selector \"Service.Nothing\" is not valid");
    refuse("Node.Meta.a.b == 1", "Selector \"Node.Meta.a.b\" is not valid");
    refuse("Service == 1", "Invalid match operator \"Equal\" for selector "
                           "\"Service\"");
    refuse("Service.Tags == x", "Invalid match operator \"Equal\"");
    refuse("Service.Port contains 8", "Invalid match operator \"In\"");
    refuse("Service.Service is empty", "Invalid match operator \"Is Empty\"");
    refuse("Service.Tags not matches x", "\"Not Matches\"");
    refuse("Service.Port == x", "\"x\" is no whole number");
    refuse("Service.Port == 99999999999999999999", "is no whole number");
    refuse("Service.EnableTagOverride == yes", "neither true nor false");
    refuse("Service.Service matches \"(\"", "Failed to compile regular");
    refuse("Service.Service", "an operator is expected");
    refuse("Service.Service is", "empty or not empty is expected");
    refuse("Service.Service == ", "a selector or a value is expected");
    refuse("\"web\" == Service.Service", "must be a selector");
    refuse("80 in 81", "must be a selector");
    refuse("(Service.Port == 1", "a parenthesis is not closed");
    refuse("Service.Port == 1)", "nothing is expected here");
    refuse("Service.Port == 1 and", "a selector or a value is expected");
    refuse("Service.Service == \"web", "a quote is not closed");
    refuse("Service. == 1", "a name is expected behind the dot");
    refuse("Service[Port] == 1", "a text in quotes is expected");
    refuse("Service[\"Port\" == 1", "] is expected");
    refuse("a.b.c.d.e == 1", "too many parts");

    memset(longest, ' ', sizeof(longest));
    longest[sizeof(longest) - 1] = '\0';
    refuse(longest, "longer than 8192 bytes");
    memset(longest, '(', 100);
    longest[100] = '\0';
    refuse(longest, "too much in parentheses");
    for (i = 0; i < sizeof(longest) - 40; i += 21)
        memcpy(longest + i, "Service.Port==1  and ", 22);
    refuse(longest, "too many terms");
    error = filter_compile(FILTER_NODE, "Service.Port == 1", &f);
    assert_non_null(error);
    free(error);
}

static void test_rows(void **state)
{
    struct jw w = {.pretty = true};
    struct filter_mark mark;
    struct filter *f = NULL;
    char *error = filter_compile(FILTER_CHECK, "Status != critical", &f);
    static const char *const status[] = {"critical", "passing", "critical",
                                         "warning", "critical"};
    json_t *all;
    size_t i, kept = 0;

    (void)state;
    assert_null(error);
    jw_open_array(&w);
    for (i = 0; i < 5; i++) {
        filter_mark(&mark, &w);
        jw_open_object(&w);
        jw_pair_text(&w, "Status", status[i]);
        jw_close(&w);
        kept += filter_keep(f, &w, &mark);
    }
    jw_open_object(&w);
    for (i = 0; i < 5; i++) {
        filter_mark(&mark, &w);
        jw_key_text(&w, "{", 1);
        filter_value(&mark, &w);
        jw_open_object(&w);
        jw_pair_text(&w, "Status", status[i]);
        jw_close(&w);
        kept += filter_keep(f, &w, &mark);
    }
    jw_close(&w);
    jw_close(&w);
    assert_int_equal(kept, 4);
    all = json_loads(buf_str(&w.buf), 0, NULL);
    assert_int_equal(json_array_size(all), 3);
    assert_int_equal(json_object_size(json_array_get(all, 2)), 1);
    json_decref(all);
    filter_free(f);
    jw_free(&w);
}

/* A pattern that costs much stops being looked at. */
static void test_exhausted(void **state)
{
    struct filter *f = NULL;
    char *error =
        filter_compile(FILTER_CHECK, "Output matches `(a|b)*a(a|b){200}c`", &f);
    char output[4001];
    json_t *row;
    unsigned i;

    (void)state;
    assert_null(error);
    memset(output, 'a', sizeof(output) - 1);
    output[sizeof(output) - 1] = '\0';
    row = json_pack("{s:s}", "Output", output);
    assert_false(filter_is_exhausted(f));
    for (i = 0; i < 100 && !filter_is_exhausted(f); i++)
        assert_false(filter_match(f, row));
    assert_true(filter_is_exhausted(f));
    assert_true(i > 1);
    json_decref(row);
    filter_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_match),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_exhausted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
