/* Bytes to lines: however the bytes come in pieces, the same text comes out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "worker/capture.h"

struct told {
    struct buf text; /* what was told, with an LF for each whole line */
    int lines, parts;
    size_t longest;
};

static void tell(void *arg, bool whole, const char *text, size_t len)
{
    struct told *t = arg;

    assert_null(memchr(text, '\n', len));
    buf_add(&t->text, text, len);
    if (whole)
        buf_add_char(&t->text, '\n');
    t->lines += whole;
    t->parts += !whole;
    if (len > t->longest)
        t->longest = len;
}

static void feed(struct capture *c, const char *text, struct told *t)
{
    capture_feed(c, text, strlen(text), tell, t);
}

static void test_lines(void **state)
{
    struct capture c = {.max = 100};
    struct told t = {.text = BUF_INIT};

    (void)state;
    feed(&c, "a\nb\n\nc", &t);
    assert_int_equal(t.lines, 3);
    assert_int_equal(t.parts, 0);
    assert_true(capture_holds(&c));
    feed(&c, "d\n", &t);
    assert_int_equal(t.lines, 4);
    assert_false(capture_holds(&c));
    capture_flush(&c, tell, &t);
    assert_int_equal(t.parts, 0);
    feed(&c, "e", &t);
    capture_flush(&c, tell, &t);
    assert_int_equal(t.parts, 1);
    feed(&c, "\n", &t);
    assert_int_equal(t.lines, 5);
    assert_string_equal(buf_str(&t.text), "a\nb\n\ncd\ne\n");
    buf_free(&t.text);
    capture_free(&c);
}

static void test_bounds(void **state)
{
    struct capture c = {.max = 4};
    struct told t = {.text = BUF_INIT};

    (void)state;
    feed(&c, "abcd", &t); /* fits */
    assert_int_equal(t.parts, 0);
    feed(&c, "e", &t);
    assert_int_equal(t.parts, 1);
    feed(&c, "fghijklm\nnopq\nrstuv\n", &t);
    assert_int_equal(t.longest, 4);
    assert_int_equal(t.lines, 3);
    assert_string_equal(buf_str(&t.text), "abcdefghijklm\nnopq\nrstuv\n");
    buf_free(&t.text);
    capture_free(&c);
}

static void test_pieces(void **state)
{
    char bytes[20000];
    struct told t = {.text = BUF_INIT};
    struct capture c = {.max = 64};
    size_t at = 0, i;

    (void)state;
    srand(3);
    for (i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)(rand() % 50 ? rand() % 256 : '\n');
    while (at < sizeof(bytes)) {
        size_t n = (size_t)(rand() % 200);

        if (n > sizeof(bytes) - at)
            n = sizeof(bytes) - at;
        capture_feed(&c, bytes + at, n, tell, &t);
        at += n;
        if (rand() % 10 == 0)
            capture_flush(&c, tell, &t);
    }
    capture_flush(&c, tell, &t);
    assert_int_equal(buf_len(&t.text), sizeof(bytes));
    assert_memory_equal(buf_data(&t.text), bytes, sizeof(bytes));
    assert_true(t.longest <= 64);
    buf_free(&t.text);
    capture_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lines),
                                       cmocka_unit_test(test_bounds),
                                       cmocka_unit_test(test_pieces)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
