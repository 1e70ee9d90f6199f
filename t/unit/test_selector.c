/*
 * Selectors: every operator of the protocol, what a missing attribute does,
 * numbers, the text form against the pair form, and what refusals say.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/attrs.h"
#include "lib/mem.h"
#include "lib/selector.h"

static const char *lookup(const void *record, const char *attr, size_t attr_len,
                          size_t *value_len)
{
    char name[64];
    const char *value;

    assert_true(attr_len < sizeof(name));
    memcpy(name, attr, attr_len);
    name[attr_len] = '\0';
    value = attrs_get(record, name);
    *value_len = value ? strlen(value) : 99999; /* not to be looked at */
    return value;
}

static struct attrs host;

static int setup(void **state)
{
    (void)state;
    attrs_set(&host, "role", "web");
    attrs_set(&host, "empty", "");
    attrs_set(&host, "mem", "16G");
    attrs_set(&host, "cpus", "8");
    attrs_set(&host, "load", "0.25");
    attrs_set(&host, "temp", "-5");
    attrs_set(&host, "what", "it's a test");
    attrs_set(&host, "tags", "a,b");
    attrs_set(&host, "star", "*");
    attrs_set(&host, "a b", "spaced");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    attrs_free(&host);
    return 0;
}

static char *add_pairs(struct selector *s, const char *line)
{
    char copy[4096], *error = NULL;
    struct word w[140];
    int n, i;

    snprintf(copy, sizeof(copy), "%s", line);
    n = words_split(copy, strlen(copy), w, (int)ARRAY_LEN(w));
    assert_true(n >= 0 && n % 2 == 0);
    for (i = 0; i < n && !error; i += 2)
        error = selector_add_pair(s, &w[i], &w[i + 1]);
    return error;
}

/* -- the table of the protocol --------------------------------------------- */

/* In pairs and as a text; the text NULL: the same as the pairs. */
static const struct {
    const char *pairs, *text;
    bool holds;
} cases[] = {
    {"", NULL, true},
    {"role web", "role=web", true},
    {"role db", "role=db", false},
    {"role we", NULL, false},
    {"role webb", NULL, false},
    {"role ''", "role=''", false},
    {"empty ''", "empty=''", true},
    {"role *", "role=*", true},
    {"empty *", NULL, true},
    {"none *", NULL, false},
    {"none ''", NULL, false},
    {"star *", NULL, true},
    {"'a b' spaced", "'a b=spaced'", true},

    {"role! db", "role!=db", true},
    {"role! web", "role!=web", false},
    {"none! db", "none!=db", false},
    {"none! *", "none!=*", true},
    {"role! *", "role!=*", false},
    {"empty! ''", NULL, false},
    {"empty! x", NULL, true},

    {"role? w*", "role?w*", true},
    {"role? W*", NULL, false},
    {"role? ?e[ab]", NULL, true},
    {"role? e", NULL, false},
    {"star? \\*", NULL, true},
    {"role? \\*", NULL, false},
    {"none? *", NULL, false},
    {"empty? *", NULL, true},

    {"role~ ^w", "role~^w", true},
    {"role~ e", NULL, true},
    {"role~ ^e", NULL, false},
    {"role~ (web|db)$", NULL, true},
    {"role~ ''", NULL, true},
    {"none~ ''", NULL, false},
    {"none~ .*", NULL, false},

    {"role= db,web", "role=db,web", true},
    {"role= web", NULL, true},
    {"role= db,we,ebb", NULL, false},
    {"role= ,web", NULL, true},
    {"empty= ,x", NULL, true},
    {"empty= x,y", NULL, false},
    {"tags= a,b", NULL, false},
    {"role= *", NULL, true},
    {"none= *", NULL, false},
    {"none= a,b", NULL, false},

    {"mem>= 16G", "mem>=16G", true},
    {"mem> 16G", "mem>16G", false},
    {"mem<= 16384M", "mem<=16384M", true},
    {"mem< 16G", "mem<16G", false},
    {"mem> 15.9G", NULL, true},
    {"mem>= 8G mem< 64G", "mem>=8G mem<64G", true},
    {"mem>= 17179869184", NULL, true},
    {"mem> 17179869184", NULL, false},
    {"cpus> 7.99", NULL, true},
    {"cpus<= 8.0", NULL, true},
    {"cpus< 10", NULL, true}, /* not as texts */
    {"load< .3", NULL, true},
    {"temp< 0", "temp<0", true},
    {"temp> -5.5", "temp>-5.5", true},
    {"role> 0", NULL, false},
    {"role< 0", NULL, false},
    {"empty>= 0", NULL, false},
    {"empty< 1", NULL, false},
    {"none< 1", NULL, false},
    {"none<= 1", NULL, false},
    {"none> 1", NULL, false},
    {"none>= 1", NULL, false},

    {".name web1", NULL, true},
    {".name web*", NULL, true},
    {".name w", NULL, false},
    {".name *", NULL, true},
    {".name [a-v]*", NULL, false},

    {"role web cpus 8", "role=web cpus=8", true},
    {"role web cpus 9", NULL, false},
    {"role web role! db role? w*", NULL, true},
    {"role web none! * .name *1", "role=web none! * .name *1", true},
    {"what 'it''s a test'", "'what=it''s a test'", true},
    {"what 'it''s a test'", "what='it''s a test'", true},
};

static bool matches(const struct selector *s)
{
    return selector_match(s, "web1", lookup, &host);
}

static void test_operators(void **state)
{
    struct buf pairs = BUF_INIT, text = BUF_INIT;
    struct selector s, t;
    const char *line;
    char *error;
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_LEN(cases); i++) {
        s = (struct selector){0};
        line = cases[i].text ? cases[i].text : cases[i].pairs;
        assert_null(add_pairs(&s, cases[i].pairs));
        error = selector_parse_text(&t, line, strlen(line));
        if (error)
            fail_msg("%s: %s", line, error);
        if (matches(&s) != cases[i].holds)
            fail_msg("%s", cases[i].pairs);
        assert_int_equal(matches(&t), cases[i].holds);
        buf_reset(&pairs, 100);
        buf_reset(&text, 100);
        selector_write_pairs(&s, &pairs);
        selector_write_pairs(&t, &text);
        assert_string_equal(buf_str(&pairs), buf_str(&text));
        selector_free(&s);
        selector_free(&t);
        /* what is written is read as the same */
        assert_null(add_pairs(&s, buf_str(&pairs)));
        assert_int_equal(matches(&s), cases[i].holds);
        selector_free(&s);
    }
    buf_free(&pairs);
    buf_free(&text);
}

static void test_canonical(void **state)
{
    static const char *const same[] = {"b=1 a=2 c>=3", "c>= 3 a 2 b 1",
                                       "a=2 b 1 'c>=3'"};
    struct buf out = BUF_INIT;
    struct selector s;
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_LEN(same); i++) {
        assert_null(selector_parse_text(&s, same[i], strlen(same[i])));
        buf_reset(&out, 100);
        selector_write_pairs(&s, &out);
        assert_string_equal(buf_str(&out), "a 2 b 1 c>= 3");
        selector_free(&s);
    }
    buf_free(&out);
}

static void test_numbers(void **state)
{
    static const struct {
        const char *text;
        bool ok;
        double n;
    } numbers[] = {
        {"0", true, 0},
        {"12", true, 12},
        {"-12", true, -12},
        {"1.5", true, 1.5},
        {".5", true, .5},
        {"5.", true, 5},
        {"-.5", true, -.5},
        {"1K", true, 1024},
        {"1M", true, 1048576},
        {"1G", true, 1073741824},
        {"1T", true, 1099511627776},
        {"1.5K", true, 1536},
        {"-2K", true, -2048},
        {"007", true, 7},
        {"", false, 0},
        {"-", false, 0},
        {".", false, 0},
        {"-.", false, 0},
        {"K", false, 0},
        {".K", false, 0},
        {"+1", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"1k", false, 0},
        {"1KB", false, 0},
        {"1KK", false, 0},
        {"1e3", false, 0},
        {"0x10", false, 0},
        {"1,5", false, 0},
        {"1.2.3", false, 0},
        {"--1", false, 0},
        {"nan", false, 0},
        {"inf", false, 0},
    };
    double n;
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_LEN(numbers); i++) {
        if (selector_number(numbers[i].text, strlen(numbers[i].text), &n) !=
            numbers[i].ok)
            fail_msg("%s", numbers[i].text);
        if (numbers[i].ok)
            assert_true(n == numbers[i].n);
    }
    assert_false(selector_number("1\0", 2, &n));
}

static void test_long_number(void **state)
{
    char digits[5000];
    double n;

    (void)state;
    memset(digits, '9', sizeof(digits));
    assert_true(selector_number(digits, sizeof(digits), &n));
    assert_true(n > 1e300);
    digits[0] = '.';
    assert_true(selector_number(digits, sizeof(digits), &n));
    assert_true(n > .999 && n <= 1.001);
}

/* -- refusals -------------------------------------------------------------- */

static void test_refused_pairs(void **state)
{
    static const char *const refused[][2] = {
        {"mem>= lots", "mem is compared with numbers (suffixes K M G T), and "
                       "'lots' is none"},
        {"mem< ''", "mem is compared with numbers (suffixes K M G T), and '' "
                    "is none"},
        {"role~ (", "bad regular expression '(': "},
        {"role~ a{9999}", "bad regular expression 'a{9999}': "},
        {".since 5", "unknown directive .since"},
        {"'' x", "'': an attribute name is empty"},
        {"= x", "'=': an attribute name is empty"},
        {"a== x", "'a==': an attribute name ends in one of ! ? ~ = < >"},
        {"a~! x", "'a~!': an attribute name ends in one of ! ? ~ = < >"},
    };
    struct selector s;
    char *error;
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_LEN(refused); i++) {
        s = (struct selector){0};
        assert_null(add_pairs(&s, "role web"));
        error = add_pairs(&s, refused[i][0]);
        assert_non_null(error);
        assert_ptr_equal(strstr(error, refused[i][1]), error);
        assert_int_equal(s.count, 1); /* unchanged */
        assert_true(matches(&s));
        free(error);
        selector_free(&s);
    }
}

static void test_refused_texts(void **state)
{
    static const char *const refused[][2] = {
        {"role", "'role' has no value: write 'role=VALUE' or 'role VALUE'"},
        {"a 1 role", "'role' has no value: "},
        {"role=", "'role=' has no value: "},
        {"role==x", "'role==x': after an operator comes a value"},
        {"role=~x", "'role=~x': after an operator comes a value"},
        {"a>>1", "'a>>1': after an operator comes a value"},
        {"a!~x", "'a!~x': after an operator comes a value"},
        {"=x", "'=x': an attribute name is empty"},
        {".foo x", "unknown directive .foo"},
        {".name=x y", "unknown directive .name=x"},
        {"a 'b", "a quote is not closed"},
        {"mem>=big", "mem is compared with numbers"},
        {"a\nb c", "a selector holds a NUL or a line end"},
    };
    struct selector s;
    char *error;
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_LEN(refused); i++) {
        error = selector_parse_text(&s, refused[i][0], strlen(refused[i][0]));
        assert_non_null(error);
        if (strstr(error, refused[i][1]) != error)
            fail_msg("%s: %s", refused[i][0], error);
        assert_int_equal(s.count, 0);
        free(error);
    }
    error = selector_parse_text(&s, "a\0b c", 5);
    assert_string_equal(error, "a selector holds a NUL or a line end");
    free(error);
}

static void test_bounds(void **state)
{
    char pattern[SELECTOR_PATTERN_MAX + 2], text[1200] = "", *error;
    struct selector s = {0};
    struct word attr = {.text = (char *)"a?", .len = 2}, value;
    size_t i, len = 0;

    (void)state;
    memset(pattern, 'x', sizeof(pattern));
    pattern[sizeof(pattern) - 1] = '\0';
    value = (struct word){.text = pattern, .len = SELECTOR_PATTERN_MAX + 1};
    error = selector_add_pair(&s, &attr, &value);
    assert_string_equal(error, "a pattern has at most 1024 bytes");
    free(error);
    pattern[SELECTOR_PATTERN_MAX] = '\0';
    value.len--;
    assert_null(selector_add_pair(&s, &attr, &value));
    selector_free(&s);
    for (i = 0; i < SELECTOR_TERMS_MAX; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "a%zu 1 ", i);
    assert_null(selector_parse_text(&s, text, len));
    assert_int_equal(s.count, SELECTOR_TERMS_MAX);
    error = add_pairs(&s, "b 1");
    assert_string_equal(error, "a selector has at most 64 terms");
    free(error);
    selector_free(&s);
    snprintf(text + len, sizeof(text) - len, "b=1");
    error = selector_parse_text(&s, text, strlen(text));
    assert_non_null(error);
    free(error);
}

/* A term that borrows its words means what one that owns them does. */
static void test_borrowed(void **state)
{
    struct selector_term t;
    struct word attr, value;
    size_t i, len;

    (void)state;
    for (i = 0; i < ARRAY_LEN(cases); i++) {
        char copy[100];
        struct word w[8];
        int n;

        snprintf(copy, sizeof(copy), "%s", cases[i].pairs);
        n = words_split(copy, strlen(copy), w, 8);
        if (n != 2)
            continue;
        if (!selector_borrow_pair(&t, &w[0], &w[1])) {
            assert_true(w[0].text[0] == '.' ||
                        strchr("!?~=<>", w[0].text[w[0].len - 1]));
            continue;
        }
        {
            const char *v = lookup(&host, t.attr, t.attr_len, &len);

            assert_int_equal(selector_term_match(&t, v, len), cases[i].holds);
        }
    }
    attr = (struct word){.text = (char *)"", .len = 0};
    value = attr;
    assert_false(selector_borrow_pair(&t, &attr, &value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_operators),
        cmocka_unit_test(test_canonical),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_long_number),
        cmocka_unit_test(test_refused_pairs),
        cmocka_unit_test(test_refused_texts),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_borrowed),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
