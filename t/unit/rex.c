/*
 * Regular expressions: what matches, what is refused, the C library's opinion
 * of many small patterns, and what must not take long.
 */
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/rex.h"

static bool matches(const char *pattern, const char *text)
{
    struct rex *r = NULL;
    const char *error = rex_compile(pattern, &r);
    bool yes;

    if (error)
        fail_msg("%s: %s", pattern, error);
    yes = rex_match(r, text, strlen(text));
    rex_free(r);
    return yes;
}

static void test_matches(void **state)
{
    static const char *const cases[][3] = {
        /* pattern, a text that it matches, one that it does not */
        {"web", "the web1", "wEb"},
        {"^web[0-9]+$", "web12", "web12 "},
        {"^(web|db|)1$", "1", "x1"},
        {"a.c", "abc", "ac"},
        {"^a{3}$", "aaa", "aa"},
        {"^a{2,}$", "aaaa", "a"},
        {"^a{1,3}$", "aaa", "aaaa"},
        {"^(ab){0,2}$", "abab", "ababab"},
        {"^a{0}b$", "b", "ab"},
        {"^(a*)*$", "aaa", "b"},
        {"^(a|b)*c$", "ababc", "abab"},
        {"[^]a]", "b", "]a"},
        {"[]-]", "-", "x"},
        {"^[[:alpha:]_][[:alnum:]_]*$", "a_1", "1a"},
        {"[[.-.]]", "-", "."},
        {"a\\.b", "a.b", "axb"},
        {"^\\w+\\s\\d$", "ab 1", "ab1"},
        {"\\{", "{", "x"},
        {"a{", "a{", "a"},
        {"x|", "anything", NULL},
        {"", "", NULL},
        {"()", "", NULL},
        {"^$", "", "x"},
        {"\xc3\xbc", "gr\xc3\xbc\xc3\x9f", "gruess"},
        {"((((a))))b+?", "aab", "c"},
    };
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_LEN(cases); i++) {
        if (!matches(cases[i][0], cases[i][1]))
            fail_msg("%s does not match %s", cases[i][0], cases[i][1]);
        if (cases[i][2] && matches(cases[i][0], cases[i][2]))
            fail_msg("%s matches %s", cases[i][0], cases[i][2]);
    }
}

static void test_refuses(void **state)
{
    static const char *const patterns[] = {
        "(",           ")",
        "a)",          "(a",
        "[a",          "[",
        "[^",          "[a-",
        "*",           "a|*",
        "(+a)",        "a{2,1}",
        "a{256}",      "a{1,999999999999}",
        "a{1",         "a{1,2",
        "\\",          "\\1",
        "(a)\\1",      "\\q",
        "[[:no:]]",    "[[.ab.]]",
        "[b-a]",       "(a{255}){255}",
        "a{255}{255}",
    };
    struct rex *r;
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_LEN(patterns); i++)
        if (!rex_compile(patterns[i], &r))
            fail_msg("%s is accepted", patterns[i]);
}

static void append(char *to, const char *text)
{
    memcpy(to + strlen(to), text, strlen(text) + 1);
}

/* A pattern without nested repetitions, which the C library survives. */
static void random_pattern(char *out)
{
    static const char *const bits[] = {
        "a", "b", ".", "(a|b)", "[ab]", "[^a]", "(ab)", "a|b", "^", "$", "ab",
    };
    static const char *const repeats[] = {"", "", "", "*", "+", "?", "{2}"};
    int n = 1 + rand() % 4;

    *out = '\0';
    while (n--) {
        append(out, bits[rand() % (int)ARRAY_LEN(bits)]);
        if (!strchr("^$|", out[strlen(out) - 1]))
            append(out, repeats[rand() % (int)ARRAY_LEN(repeats)]);
    }
}

static void test_agrees_with_libc(void **state)
{
    char pattern[64], text[8];
    int round, i, n;
    regex_t other;

    (void)state;
    srand(1);
    for (round = 0; round < 20000; round++) {
        random_pattern(pattern);
        n = rand() % 7;
        for (i = 0; i < n; i++)
            text[i] = "abc"[rand() % 3];
        text[n] = '\0';
        assert_int_equal(regcomp(&other, pattern, REG_EXTENDED | REG_NOSUB), 0);
        if (matches(pattern, text) == (regexec(&other, text, 0, NULL, 0) != 0))
            fail_msg("%s on %s", pattern, text);
        regfree(&other);
    }
}

/* Each of these costs the C library minutes or gigabytes. */
static void test_is_bounded(void **state)
{
    static const char *const patterns[] = {
        "^(a|b)*a(a|b){200}c",
        "a++++++++++++++++++++++++++++++c",
        "(((((((((a+)+)+)+)+)+)+)+)+)+c",
        "((a*)*)*c",
    };
    char *text = malloc(20001);
    size_t i;
    int n;

    (void)state;
    assert_non_null(text);
    for (n = 0; n < 20000; n++)
        text[n] = "ab"[rand() % 2];
    text[n] = '\0';
    for (i = 0; i < ARRAY_LEN(patterns); i++)
        assert_false(matches(patterns[i], text));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matches),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_agrees_with_libc),
        cmocka_unit_test(test_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
