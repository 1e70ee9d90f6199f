/* What the groups of a regular expression match: as Go's regexp has it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/mem.h"
#include "lib/rex.h"

/* "whole,first,…", "-" for a group that took no part; "no" */
static const char *groups(const char *pattern, const char *text, int count)
{
    static char out[200];
    struct rex_span spans[REX_GROUPS_MAX];
    struct rex *r, *plain;
    bool matched;
    int i;

    assert_null(rex_compile_groups(pattern, &r));
    assert_null(rex_compile(pattern, &plain));
    matched = rex_groups(r, text, strlen(text), spans);
    assert_int_equal(matched, rex_match(r, text, strlen(text)));
    assert_int_equal(matched, rex_match(plain, text, strlen(text)));
    rex_free(r);
    rex_free(plain);
    if (!matched)
        return "no";
    *out = '\0';
    for (i = 0; i <= count; i++)
        snprintf(out + strlen(out), sizeof(out) - strlen(out), "%s%.*s",
                 i ? "," : "", spans[i].at < 0 ? 1 : (int)spans[i].len,
                 spans[i].at < 0 ? "-" : text + spans[i].at);
    return out;
}

static void test_known(void **state)
{
    static const struct {
        const char *pattern, *text, *groups;
        int count;
    } rows[] = {
        {"^geo-db-(.*?)-([^\\-]+?)$", "geo-db-customer-primary",
         "geo-db-customer-primary,customer,primary", 2},
        {"b(.)d", "abcde", "bcd,c", 1},
        {"(a|ab)(c|bcd)", "abcd", "abcd,a,bcd", 2},
        {"(a*)(a*)", "aaa", "aaa,aaa,", 2},
        {"(a)|(b)", "b", "b,-,b", 2},
        {"(a+)(b+)?$", "xaab", "aab,aa,b", 2},
        {"x*", "aaa", "", 0},
        {"(x)*", "xyx", "x,x", 1},
        {"((a)(b))+", "abab", "abab,ab,a,b", 3},
        {"(a{2}){2}", "aaaaa", "aaaa,aa", 1},
        {"^(.*)$", "", ",", 1},
        {"z", "abc", "no", 0},
        {"(a)(b)(c)(d)(e)(f)(g)(h)(i)(j)", "abcdefghij",
         "abcdefghij,a,b,c,d,e,f,g,h,i", 9},
        {"(a*)*b", "aab", "aab,", 0},
    };
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_LEN(rows); i++)
        if (rows[i].count)
            assert_string_equal(
                groups(rows[i].pattern, rows[i].text, rows[i].count),
                rows[i].groups);
        else
            groups(rows[i].pattern, rows[i].text, 0);
}

/* It says that there is a match just when rex_match() does. */
static void test_same(void **state)
{
    static const char *const patterns[] = {
        "(a|b)*a(a|b){5}",  "^(a|b|ab|ba)*$",  "(ab)+(ba)*$", "b(a{2,3}b){2}",
        "^(a(b(a|$)|$)|$)", "(a?){12}(a){12}", "((a*)*)*b$"};
    char text[40];
    unsigned seed = 1;
    size_t i, k, n;

    (void)state;
    for (i = 0; i < ARRAY_LEN(patterns); i++)
        for (k = 0; k < 300; k++) {
            seed = seed * 1664525 + 1013904223;
            for (n = 0; n < (seed >> 10) % 32; n++)
                text[n] = seed >> n & 1 ? 'a' : 'b';
            text[n] = '\0';
            groups(patterns[i], text, 0);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
