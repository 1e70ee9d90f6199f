/* Secrets in streams: whatever the pieces, what comes out is what a look at the
 * whole text says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/mask.h"
#include "lib/mem.h"

static struct mask *mask_of(const char *a, const char *b)
{
    struct mask *m = mask_new();

    assert_true(mask_add(m, a, strlen(a)));
    if (b)
        assert_true(mask_add(m, b, strlen(b)));
    return m;
}

/* In pieces of that many bytes. */
static char *masked(const struct mask *m, const char *text, size_t len,
                    size_t piece)
{
    struct buf out = BUF_INIT;
    struct mask_stream s;
    char *copy;

    mask_stream_init(&s, m);
    for (size_t i = 0; i < len; i += piece)
        mask_feed(&s, text + i, len - i < piece ? len - i : piece, &out);
    mask_end(&s, &out);
    mask_stream_free(&s);
    copy = xstrdup(buf_str(&out));
    buf_free(&out);
    return copy;
}

static void becomes(const struct mask *m, const char *text, const char *what)
{
    for (size_t piece = 1; piece <= strlen(text); piece++) {
        char *got = masked(m, text, strlen(text), piece);

        assert_string_equal(got, what);
        free(got);
    }
}

static void test_words(void **state)
{
    struct mask *m = mask_of("hunter2", "sesame");

    (void)state;
    becomes(m, "nothing here\n", "nothing here\n");
    becomes(m, "pw=hunter2\n", "pw=***\n");
    becomes(m, "hunter2hunter2 sesame!", "*** ***!");
    becomes(m, "hunter22 hunter 2 hhunter2", "***2 hunter 2 h***");
    becomes(m, "hunthunter2", "hunt***");
    mask_free(m);
}

static void test_overlap(void **state)
{
    struct mask *m = mask_of("abcabd", "bdxyz");

    (void)state;
    becomes(m, "abcabdxyz.", "***.");
    becomes(m, "abcabcabd.", "abc***.");
    becomes(m, "abcabdxy.", "***xy.");
    mask_free(m);
    m = mask_of("aaaa", "aaaaaaab");
    becomes(m, "aaaaaaa.aaa.", "***.aaa.");
    mask_free(m);
}

/* The end of a stream in the middle of a secret shows no half of it. */
static void test_end(void **state)
{
    struct mask *m = mask_of("correct horse", NULL);

    (void)state;
    becomes(m, "x correct hor", "x ***");
    becomes(m, "x cor", "x cor");
    becomes(m, "x correct hurt", "x correct hurt");
    mask_free(m);
}

static void test_forms(void **state)
{
    struct mask *m = mask_of("a \"b\"\tc", "-- key --\nsecondline\nab\n");

    (void)state;
    becomes(m, "a \"b\"\tc", "***");
    becomes(m, "{\"x\":\"a \\\"b\\\"\\tc\"}", "{\"x\":\"***\"}");
    becomes(m, "-- key --\nsecondline\nab\n", "***");
    becomes(m, "> -- key --\n> secondline\n> ab\n", "> ***\n> ***\n> ab\n");
    becomes(m, "'-- key --\\nsecondline\\nab\\n'", "'***'");
    mask_free(m);
}

static void test_bounds(void **state)
{
    struct mask *m = mask_new();
    char line[16];
    int n = 0;

    (void)state;
    assert_false(mask_add(m, "abc", 3));
    assert_false(mask_add(m, "", 0));
    for (int i = 0; i < 1000; i++) {
        int len = snprintf(line, sizeof(line), "secret%d", i);

        n += mask_add(m, line, (size_t)len);
    }
    assert_int_equal(n, MASK_FORMS);
    assert_true(mask_add(m, "secret1", 7)); /* it is there */
    mask_free(m);
    becomes(NULL, "no mask", "no mask");
}

/* What is held back is told as soon as it is no secret. */
static void test_kept_back(void **state)
{
    struct mask *m = mask_of("hunter2", NULL);
    struct buf out = BUF_INIT;
    struct mask_stream s;

    (void)state;
    mask_stream_init(&s, m);
    mask_feed(&s, "Password: hunt", 14, &out);
    assert_string_equal(buf_str(&out), "Password: ");
    mask_feed(&s, "ing", 3, &out);
    assert_string_equal(buf_str(&out), "Password: hunting");
    mask_stream_free(&s);
    buf_free(&out);
    mask_free(m);
}

/* -- against a look at the whole ------------------------------------------- */

static char *naive(const char *text, size_t len, char *const *secrets, int n)
{
    char *hidden = xcalloc(len + 1, 1);
    struct buf out = BUF_INIT;
    char *copy;

    for (size_t i = 0; i < len; i++)
        for (int k = 0; k < n; k++) {
            size_t size = strlen(secrets[k]);
            size_t fits = len - i < size ? len - i : size;

            if (memcmp(text + i, secrets[k], fits) == 0 && fits >= MASK_MIN)
                memset(hidden + i, 1, fits);
        }
    for (size_t i = 0; i < len; i++) {
        if (!hidden[i])
            buf_add_char(&out, text[i]);
        else if (!i || !hidden[i - 1])
            buf_add_str(&out, MASK_TEXT);
    }
    copy = xstrdup(buf_str(&out));
    buf_free(&out);
    free(hidden);
    return copy;
}

static void fill(char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        text[i] = (char)('a' + rand() % 2);
    text[len] = '\0';
}

static void test_random(void **state)
{
    char texts[3][13], text[200], *secrets[3] = {texts[0], texts[1], texts[2]};

    (void)state;
    srand(1);
    for (int round = 0; round < 3000; round++) {
        struct mask *m = mask_new();
        size_t len = (size_t)rand() % sizeof(text);
        char *want, *got;
        int n = 1 + rand() % 3;

        for (int k = 0; k < n; k++) {
            fill(texts[k], MASK_MIN + (size_t)rand() % 9);
            assert_true(mask_add(m, texts[k], strlen(texts[k])));
        }
        fill(text, len ? len - 1 : 0);
        want = naive(text, strlen(text), secrets, n);
        got = masked(m, text, strlen(text), 1 + (size_t)rand() % 20);
        assert_string_equal(got, want);
        free(want);
        free(got);
        mask_free(m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),  cmocka_unit_test(test_overlap),
        cmocka_unit_test(test_end),    cmocka_unit_test(test_forms),
        cmocka_unit_test(test_bounds), cmocka_unit_test(test_kept_back),
        cmocka_unit_test(test_random),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
