/*
 * Words: how a line is split, how words are written, and that what is written
 * is what is read, whatever the bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/words.h"

#define MAX 8

/* A copy on the heap, of exact size, so that a byte too far is seen. */
static char *line_copy(const char *text, size_t len)
{
    char *line = malloc(len + 1);

    memcpy(line, text, len);
    line[len] = '#';
    return line;
}

static void test_split(void **state)
{
    static const struct {
        const char *line;
        int n;
        const char *words[MAX];
    } cases[] = {
        {"", 0, {NULL}},
        {" \t ", 0, {NULL}},
        {"a", 1, {"a"}},
        {" a  b\tc\t", 3, {"a", "b", "c"}},
        {"''", 1, {""}},
        {"'' '' ''", 3, {"", "", ""}},
        {"a ''", 2, {"a", ""}},
        {"'a b'", 1, {"a b"}},
        {"'it''s'", 1, {"it's"}},
        {"''''", 1, {"'"}},
        {"''''''", 1, {"''"}},
        {"it''s", 1, {"its"}},
        {"a'b c'd", 1, {"ab cd"}},
        {"a'b'c'd'", 1, {"abcd"}},
        {"'a'b", 1, {"ab"}},
        {"'a''b'", 1, {"a'b"}},
        {"'a' 'b'", 2, {"a", "b"}},
        {"'a'\t'b'", 2, {"a", "b"}},
        {"\\ a\\b", 2, {"\\", "a\\b"}},
        {"\"a b\"", 2, {"\"a", "b\""}},
        {"a\rb", 1, {"a\rb"}},
        {"'\ta'", 1, {"\ta"}},
        {"gr\xc3\xbc\xc3\x9f \xff", 2, {"gr\xc3\xbc\xc3\x9f", "\xff"}},
        {"1 2 3 4 5 6 7 8", 8, {"1", "2", "3", "4", "5", "6", "7", "8"}},
        {"1 2 3 4 5 6 7 8 ", 8, {"1", "2", "3", "4", "5", "6", "7", "8"}},
        {"1 2 3 4 5 6 7 8 9", WORDS_TOO_MANY, {NULL}},
        {"'", WORDS_UNTERMINATED, {NULL}},
        {"a 'b", WORDS_UNTERMINATED, {NULL}},
        {"a'", WORDS_UNTERMINATED, {NULL}},
        {"'''", WORDS_UNTERMINATED, {NULL}},
        {"'a '' b", WORDS_UNTERMINATED, {NULL}},
    };
    struct word w[MAX];
    size_t i, len;
    char *line;
    int n, k;

    (void)state;
    for (i = 0; i < ARRAY_LEN(cases); i++) {
        len = strlen(cases[i].line);
        line = line_copy(cases[i].line, len);
        n = words_split(line, len, w, MAX);
        assert_int_equal(n, cases[i].n);
        for (k = 0; k < n; k++) {
            assert_string_equal(w[k].text, cases[i].words[k]);
            assert_int_equal(w[k].len, strlen(cases[i].words[k]));
        }
        free(line);
    }
    assert_string_equal(words_error_text(WORDS_UNTERMINATED),
                        "a quote is not closed");
    assert_string_equal(words_error_text(WORDS_TOO_MANY), "too many words");
}

static void test_quoted_is_told(void **state)
{
    char line[] = "a 'b' c'd' ''";
    struct word w[4];

    (void)state;
    assert_int_equal(words_split(line, strlen(line), w, 4), 4);
    assert_false(w[0].quoted);
    assert_true(w[1].quoted);
    assert_true(w[2].quoted);
    assert_true(w[3].quoted);
    assert_true(word_is(&w[1], "b"));
    assert_false(word_is(&w[1], "b "));
    assert_false(word_is(&w[2], "c"));
    assert_true(word_is(&w[3], ""));
}

static void test_write(void **state)
{
    static const struct {
        const char *word, *written;
    } cases[] = {
        {"a", "a"},
        {"", "''"},
        {"a b", "'a b'"},
        {"a\tb", "'a\tb'"},
        {"it's", "'it''s'"},
        {"'", "''''"},
        {"\r", "'\r'"},
        {"\x7f", "'\x7f'"},
        {"\x1b[1m", "'\x1b[1m'"},
        {"a\nb", "'a b'"},
        {"\xc3\xbc", "\xc3\xbc"},
        {"\\\"$!", "\\\"$!"},
    };
    struct buf b = BUF_INIT;
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_LEN(cases); i++) {
        buf_reset(&b, 0);
        buf_add_words(&b, cases[i].word);
        assert_string_equal(buf_str(&b), cases[i].written);
    }
    buf_reset(&b, 0);
    buf_add_pair(&b, "a", "");
    buf_add_words(&b, "c");
    buf_add_char(&b, '\n');
    buf_add_words(&b, "d");
    assert_string_equal(buf_str(&b), "a '' c\nd");
    buf_free(&b);
}

/* Bytes of all kinds, the difficult ones more often; no LF. */
static size_t random_word(uint32_t *seed, char *to, size_t max)
{
    static const char difficult[] = "'' \t\r\\\"";
    size_t len, i;

    *seed = *seed * 1664525 + 1013904223;
    len = (*seed >> 8) % (*seed >> 31 ? 5 : max);
    for (i = 0; i < len; i++) {
        *seed = *seed * 1664525 + 1013904223;
        to[i] = *seed >> 31 ? difficult[(*seed >> 8) % 7]
                            : (char)(*seed >> 16 & 0xff);
        if (to[i] == '\n')
            to[i] = '\0';
    }
    return len;
}

static void test_round_trip(void **state)
{
    char words[MAX][40], *line;
    size_t lens[MAX];
    struct buf b = BUF_INIT;
    struct word w[MAX];
    uint32_t seed = 9;
    unsigned round;
    int n, i;

    (void)state;
    for (round = 0; round < 20000; round++) {
        buf_reset(&b, 64);
        n = 1 + (int)(seed >> 16) % MAX;
        for (i = 0; i < n; i++) {
            lens[i] = random_word(&seed, words[i], sizeof(words[i]));
            buf_add_word(&b, words[i], lens[i]);
        }
        assert_null(memchr(buf_data(&b), '\n', buf_len(&b)));
        line = line_copy(buf_data(&b), buf_len(&b));
        assert_int_equal(words_split(line, buf_len(&b), w, MAX), n);
        for (i = 0; i < n; i++) {
            assert_int_equal(w[i].len, lens[i]);
            assert_memory_equal(w[i].text, words[i], lens[i]);
            assert_int_equal(w[i].text[w[i].len], '\0');
        }
        free(line);
    }
    buf_free(&b);
}

/* Whatever comes in, the words are inside the line. */
static void test_split_anything(void **state)
{
    char text[64], *line;
    struct word w[MAX];
    uint32_t seed = 4;
    unsigned round;
    size_t len;
    int n, i;

    (void)state;
    for (round = 0; round < 50000; round++) {
        len = random_word(&seed, text, sizeof(text));
        line = line_copy(text, len);
        n = words_split(line, len, w, MAX);
        assert_true(n >= WORDS_TOO_MANY && n <= MAX);
        for (i = 0; i < n; i++) {
            assert_true(w[i].text >= line &&
                        w[i].text + w[i].len <= line + len);
            assert_int_equal(w[i].text[w[i].len], '\0');
        }
        free(line);
    }
}

static void test_numbers(void **state)
{
    static const struct {
        const char *text;
        unsigned long long max;
        bool ok;
        unsigned long long n;
    } cases[] = {
        {"0", 0, true, 0},
        {"1", 0, false, 0},
        {"9", 8, false, 0},
        {"8", 8, true, 8},
        {"10", 10, true, 10},
        {"11", 10, false, 0},
        {"007", 10, true, 7},
        {"65535", 65535, true, 65535},
        {"65536", 65535, false, 0},
        {"18446744073709551615", UINT64_MAX, true, UINT64_MAX},
        {"18446744073709551616", UINT64_MAX, false, 0},
        {"18446744073709551620", UINT64_MAX, false, 0},
        {"99999999999999999999", UINT64_MAX, false, 0},
        {"", 10, false, 0},
        {"-1", 10, false, 0},
        {"+1", 10, false, 0},
        {" 1", 10, false, 0},
        {"1 ", 10, false, 0},
        {"1x", 10, false, 0},
        {"0x1", 10, false, 0},
        {"\xb9", 10, false, 0},
    };
    unsigned long long n;
    struct word w;
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_LEN(cases); i++) {
        n = 77;
        w = (struct word){.text = (char *)cases[i].text,
                          .len = (unsigned)strlen(cases[i].text)};
        assert_int_equal(word_to_u64(&w, cases[i].max, &n), cases[i].ok);
        assert_true(n == (cases[i].ok ? cases[i].n : 77));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_split),
        cmocka_unit_test(test_quoted_is_told),
        cmocka_unit_test(test_write),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_split_anything),
        cmocka_unit_test(test_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
