/* What a plugin says on descriptor 3: worker/report.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/mem.h"
#include "worker/report.h"

static void told_result(void *arg, const char *json, size_t len)
{
    buf_add_str(arg, "result ");
    buf_add(arg, json, len);
    buf_add_char(arg, '\n');
}

static void told_progress(void *arg, unsigned percent, const char *text,
                          size_t len)
{
    buf_add_fmt(arg, "%u%% %.*s\n", percent, (int)len, text);
}

static void told_set(void *arg, const char *attr, const char *value)
{
    buf_add_fmt(arg, "%s=%s\n", attr, value);
}

static const struct report_handler handler = {
    .result = told_result, .progress = told_progress, .set = told_set};

/* What comes of that text, in pieces of so many bytes. */
static void said(const char *text, size_t piece, struct report *r,
                 struct buf *told)
{
    size_t len = strlen(text), n;

    report_init(r);
    for (; len > 0; text += n, len -= n) {
        n = len < piece ? len : piece;
        report_feed(r, text, n, &handler, told);
    }
    report_end(r, &handler, told);
}

static void test_lines(void **state)
{
    static const char text[] = "progress 0 begun\n"
                               "result {\"a\": [1, \"it's\"]}\n"
                               "\n"
                               "result '{\"b\":\"it''s\"}'\r\n"
                               "result   7\n"
                               "set disk.sda 'a b'\n"
                               "progress 50\n"
                               "state ok\n"
                               "  state changed";
    size_t piece;

    (void)state;
    for (piece = 1; piece <= sizeof(text); piece++) {
        struct buf told = BUF_INIT;
        struct report r;

        said(text, piece, &r, &told);
        assert_string_equal(buf_str(&told), "0% begun\n"
                                            "result {\"a\": [1, \"it's\"]}\n"
                                            "result {\"b\":\"it's\"}\n"
                                            "result 7\n"
                                            "disk.sda=a b\n"
                                            "50% \n");
        assert_null(r.wrong);
        assert_int_equal(r.state, 4);
        report_free(&r);
        buf_free(&told);
    }
}

/* The first mistake is kept; what comes after it counts nevertheless. */
static void test_nonsense(void **state)
{
    static const char *const lines[] = {"nonsense",
                                        "state",
                                        "state 4",
                                        "state changed now",
                                        "result",
                                        "result {",
                                        "result '{}' '{}'",
                                        "result '",
                                        "progress",
                                        "progress 101 x",
                                        "progress -1 x",
                                        "progress x",
                                        "progress 1 two three",
                                        "set a",
                                        "set .on x",
                                        "set '' x",
                                        "\x01\xff",
                                        "result \"\xff\"",
                                        "result {\"a\":1} x"};
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_LEN(lines); i++) {
        struct buf told = BUF_INIT;
        char *text = xasprintf("\n%s\nresult 1\nworse\nstate ok\n", lines[i]);
        struct report r;

        said(text, 7, &r, &told);
        assert_non_null(r.wrong);
        assert_non_null(strstr(r.wrong, "descriptor 3, line 2: "));
        assert_string_equal(buf_str(&told), "result 1\n");
        assert_int_equal(r.state, 0);
        report_free(&r);
        buf_free(&told);
        free(text);
    }
}

static void test_bounds(void **state)
{
    char block[4096];
    struct buf told = BUF_INIT;
    struct report r;
    size_t i;

    (void)state;
    /* a line without an end takes no more than its bound */
    report_init(&r);
    memset(block, 'x', sizeof(block));
    for (i = 0; i < 1024; i++) {
        report_feed(&r, block, sizeof(block), &handler, &told);
        assert_true(r.held.size <= 4 * REPORT_RESULT_MAX);
    }
    assert_non_null(strstr(r.wrong, "line 1: it is too long"));
    report_feed(&r, "\nresult 1\n", 10, &handler, &told);
    assert_string_equal(buf_str(&told), "result 1\n");
    report_free(&r);
    /* the largest result, and one that is larger by a byte */
    for (i = 0; i < 2; i++) {
        char *json = xmalloc(REPORT_RESULT_MAX + 2);

        memset(json, '1', REPORT_RESULT_MAX + 1);
        json[0] = json[REPORT_RESULT_MAX - 1 + i] = '"';
        buf_reset(&told, 0);
        report_init(&r);
        report_feed(&r, "result ", 7, &handler, &told);
        report_feed(&r, json, REPORT_RESULT_MAX + i, &handler, &told);
        report_end(&r, &handler, &told);
        assert_int_equal(buf_len(&told), i ? 0 : REPORT_RESULT_MAX + 8);
        assert_int_equal(r.wrong != NULL, i);
        report_free(&r);
        free(json);
    }
    buf_reset(&told, 0);
    report_init(&r);
    for (i = 0; i < 10000; i++)
        report_feed(&r, "set a b\n", 8, &handler, &told);
    assert_int_equal(buf_len(&told), REPORT_SETS_MAX * 4);
    assert_non_null(strstr(r.wrong, "line 65: set a: too many facts"));
    report_free(&r);
    buf_free(&told);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_nonsense),
        cmocka_unit_test(test_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
