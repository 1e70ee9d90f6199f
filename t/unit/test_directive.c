/* Directives: what a table of them takes, and what the refusals say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/directive.h"

struct options {
    bool flag;
    uint64_t number;
    struct word text;
};

static const struct directive table[] = {
    {".flag", DIRECTIVE_FLAG, 0, offsetof(struct options, flag)},
    {".number", DIRECTIVE_NUMBER, 100, offsetof(struct options, number)},
    {".text", DIRECTIVE_TEXT, 0, offsetof(struct options, text)},
};

static struct word word_of(const char *text)
{
    return (struct word){.text = (char *)text, .len = (unsigned)strlen(text)};
}

static char *read_one(const char *name, const char *value, struct options *o)
{
    struct word n = word_of(name), v = word_of(value);

    return directive_read(table, ARRAY_LEN(table), &n, &v, o);
}

static void test_taken(void **state)
{
    struct options o = {.flag = false};

    (void)state;
    assert_null(read_one(".flag", "1", &o));
    assert_true(o.flag);
    assert_null(read_one(".flag", "0", &o));
    assert_false(o.flag);
    assert_null(read_one(".number", "100", &o));
    assert_int_equal(o.number, 100);
    assert_null(read_one(".number", "0", &o));
    assert_int_equal(o.number, 0);
    assert_null(read_one(".text", "", &o));
    assert_non_null(o.text.text);
    assert_int_equal(o.text.len, 0);
    assert_null(read_one(".text", "a b", &o));
    assert_true(word_is(&o.text, "a b"));
}

static void test_refused(void **state)
{
    static const struct {
        const char *name, *value, *error;
    } cases[] = {
        {".flag", "2", ".flag takes 0 or 1"},
        {".flag", "", ".flag takes 0 or 1"},
        {".flag", "on", ".flag takes 0 or 1"},
        {".number", "101", ".number takes a whole number up to 100"},
        {".number", "-1", ".number takes a whole number up to 100"},
        {".number", "", ".number takes a whole number up to 100"},
        {".number", "1.5", ".number takes a whole number up to 100"},
        {".foo", "1", "unknown directive .foo"},
        {".flagg", "1", "unknown directive .flagg"},
        {".", "1", "unknown directive ."},
        {".token", "x", ".token is for the first line of a connection"},
        {".at", "x", "directive .at is not supported"},
        {".priority", "x", "directive .priority is not supported"},
    };
    struct options o = {.number = 7};
    size_t i;
    char *error;

    (void)state;
    for (i = 0; i < ARRAY_LEN(cases); i++) {
        error = read_one(cases[i].name, cases[i].value, &o);
        assert_string_equal(error, cases[i].error);
        free(error);
    }
    assert_int_equal(o.number, 7);
}

static void test_which(void **state)
{
    struct word w = word_of(".x");

    (void)state;
    assert_true(word_is_directive(&w));
    w = word_of("x.");
    assert_false(word_is_directive(&w));
    w = word_of("");
    assert_false(word_is_directive(&w));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_taken),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_which),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
