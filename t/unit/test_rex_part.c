/*
 * A regular expression matched a part at a time says what it says at once,
 * however small the parts are and however many texts come by turns.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/rex.h"

#define LONG 4000

static const char *const patterns[] = {
    "(a|b)*a(a|b){50}c",
    "^(a|b|ab|ba)*$",
    "a?b?a?b?a?b?.*bb.*aa.*(ab){20}",
    "x",
    "b[ab]{200}b",
    "^a.*b$",
    "(a*b*)*c",
};

/* Reproducible noise of two letters. */
static void fill(char *text, size_t len, uint32_t seed)
{
    size_t i;

    for (i = 0; i < len; i++) {
        seed = seed * 1664525 + 1013904223;
        text[i] = seed >> 30 & 1 ? 'a' : 'b';
    }
    text[len] = '\0';
}

static enum rex_result in_parts(struct rex *r, const char *text, size_t len,
                                unsigned most, unsigned *calls)
{
    enum rex_result result;
    unsigned budget;

    *calls = 0;
    do {
        budget = most;
        result = rex_match_part(r, text, len, &budget);
        ++*calls;
        assert_true(budget <= most);
    } while (result == REX_MORE && *calls < 1000000);
    return result;
}

static void test_same(void **state)
{
    static char text[LONG + 1];
    unsigned calls, most;
    struct rex *r;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(patterns) / sizeof(*patterns); i++) {
        for (most = 1; most <= 1000; most *= 10) {
            assert_null(rex_compile(patterns[i], &r));
            fill(text, LONG, (uint32_t)i);
            assert_int_equal(in_parts(r, text, LONG, most, &calls),
                             rex_match(r, text, LONG));
            rex_free(r);
        }
    }
}

/* No part takes much longer than its budget, and an answer is remembered. */
static void test_parts(void **state)
{
    static char text[LONG + 1];
    unsigned calls;
    struct rex *r;

    (void)state;
    assert_null(rex_compile("(a|b)*a(a|b){100}c", &r));
    fill(text, LONG, 1);
    assert_int_equal(in_parts(r, text, LONG, 100, &calls), REX_NO);
    assert_true(calls > 50);
    assert_int_equal(in_parts(r, text, LONG, 100, &calls), REX_NO);
    assert_int_equal(calls, 1);
    fill(text, LONG, 2);
    assert_int_equal(in_parts(r, text, LONG, 100, &calls), REX_NO);
    assert_true(calls > 50);
    rex_free(r);
}

/* Two who ask by turns about two texts both get an answer, and who asks once
 * and never again does not keep others from theirs. */
static void test_by_turns(void **state)
{
    static char text[2][LONG + 1];
    enum rex_result result[2] = {REX_MORE, REX_MORE};
    unsigned budget, calls = 0;
    struct rex *r;
    int i;

    (void)state;
    assert_null(rex_compile("(a|b)*a(a|b){100}c", &r));
    fill(text[0], LONG, 3);
    fill(text[1], LONG, 4);
    text[1][LONG - 1] = 'c';
    text[1][LONG - 102] = 'a';
    for (i = 0; result[0] == REX_MORE || result[1] == REX_MORE; i = !i) {
        budget = 10;
        result[i] = rex_match_part(r, text[i], LONG, &budget);
        assert_true(++calls < 100000);
    }
    assert_int_equal(result[0], REX_NO);
    assert_int_equal(result[1], REX_YES);
    fill(text[0], LONG, 5);
    budget = 10;
    assert_int_equal(rex_match_part(r, text[0], LONG, &budget), REX_MORE);
    fill(text[1], LONG, 6);
    assert_int_equal(in_parts(r, text[1], LONG, 100, &calls), REX_NO);
    assert_true(calls > REX_WAIT);
    rex_free(r);
}

/* What is cheap is done at once, whatever is left. */
static void test_cheap(void **state)
{
    unsigned budget = 0;
    struct rex *r;

    (void)state;
    assert_null(rex_compile("^web[0-9]+$", &r));
    assert_int_equal(rex_match_part(r, "web12", 5, &budget), REX_YES);
    assert_int_equal(rex_match_part(r, "web", 3, &budget), REX_NO);
    rex_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_by_turns),
        cmocka_unit_test(test_cheap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
