/* client/cli/text.c and columns.c: nothing of a stranger's acts on a terminal,
 * and columns stand straight. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <locale.h>

#include "client/cli/columns.h"
#include "client/cli/text.h"

static struct buf out = BUF_INIT;

static const char *safe(const char *text, size_t len)
{
    buf_reset(&out, 0);
    text_add_safe(&out, text, len);
    return buf_str(&out);
}

#define SAFE(text) safe(text, sizeof(text) - 1)

static void escapes(void **state)
{
    (void)state;
    assert_string_equal(SAFE(""), "");
    assert_string_equal(SAFE("plain\tü €"), "plain\tü €");
    assert_string_equal(SAFE("\x1b[31m"), "\\x1b[31m");
    assert_string_equal(SAFE("a\0b\rc\x7f"), "a\\x00b\\x0dc\\x7f");
    assert_string_equal(SAFE("\xff\xc3"), "\\xff\\xc3");
    assert_string_equal(SAFE("\xc2\x9b"), "\\xc2\\x9b");          /* a C1 CSI */
    assert_string_equal(SAFE("\xe2\x80\xae"), "\\xe2\\x80\\xae"); /* RLO */
}

static void widths(void **state)
{
    (void)state;
    assert_int_equal(text_width("abc", 3), 3);
    assert_int_equal(text_width("\x1b", 1), 4);
    assert_int_equal(text_width("ü", 2), 1);
    assert_int_equal(text_width("日本", 6), 4);
    assert_int_equal(text_fit("日本", 6, 3), 3);
    assert_int_equal(text_fit("abc", 3, 2), 2);
    assert_int_equal(text_fit("a\x1b", 2, 4), 1);
}

static void elapsed(void **state)
{
    static const struct {
        unsigned long long ms;
        const char *text;
    } t[] = {{0, "0 ms"},       {999, "999 ms"},     {1000, "1.0 s"},
             {9999, "9.9 s"},   {59999, "59 s"},     {60000, "1:00"},
             {754000, "12:34"}, {3725000, "1:02:05"}};

    (void)state;
    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        buf_reset(&out, 0);
        text_add_elapsed(&out, t[i].ms);
        assert_string_equal(buf_str(&out), t[i].text);
    }
}

static void table(void **state)
{
    const char *rows[][3] = {{"name", "os", ""},
                             {"日本", "linux", "x"},
                             {"abcdef", "", ""},
                             {"a", "\x1b", "long tail of it"}};
    struct columns c;

    (void)state;
    buf_reset(&out, 0);
    columns_init(&c, 3, 28, false);
    for (size_t i = 0; i < 4; i++)
        columns_row(&c, rows[i], &out);
    columns_end(&c, &out);
    assert_string_equal(buf_str(&out), "name    os\n"
                                       "日本    linux  x\n"
                                       "abcdef\n"
                                       "a       \\x1b   long tail of \n");
}

/* What does not fit is left out, a last long text is cut. */
static void narrow_table(void **state)
{
    const char *row[] = {"aaaa", "bbbb", "cccc cccc cccc cccc"};
    struct columns c;

    (void)state;
    for (size_t limit = 10; limit <= 30; limit += 10) {
        buf_reset(&out, 0);
        columns_init(&c, 3, limit, false);
        columns_row(&c, row, &out);
        assert_int_equal(columns_end(&c, &out), limit < 24 ? 1 : 0);
        if (limit < 24)
            assert_string_equal(buf_str(&out), "aaaa  bbbb\n");
        else
            assert_string_equal(buf_str(&out),
                                "aaaa  bbbb  cccc cccc cccc ccc\n");
    }
}

/* Rows above COLUMNS_ROWS come with the widths of the first. */
static void long_table(void **state)
{
    const char *row[] = {"a", "b"}, *wide[] = {"aaa", "b"};
    struct columns c;
    size_t before;

    (void)state;
    buf_reset(&out, 0);
    columns_init(&c, 2, 0, false);
    for (size_t i = 0; i < COLUMNS_ROWS; i++)
        columns_row(&c, row, &out);
    before = buf_len(&out);
    assert_int_equal(before, COLUMNS_ROWS * strlen("a  b\n"));
    columns_row(&c, wide, &out);
    columns_end(&c, &out);
    assert_string_equal(buf_str(&out) + before, "aaa b\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(escapes),      cmocka_unit_test(widths),
        cmocka_unit_test(elapsed),      cmocka_unit_test(table),
        cmocka_unit_test(narrow_table), cmocka_unit_test(long_table),
    };
    int failed;

    setlocale(LC_CTYPE, "C.UTF-8");
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    buf_free(&out);
    return failed;
}
