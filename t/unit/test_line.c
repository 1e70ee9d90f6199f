/*
 * The line reader: however a text comes in pieces, the lines are the same; a
 * line that is too long is told of once and drained.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/buf.h"
#include "lib/line.h"
#include "lib/mem.h"

#define MAX 8 /* longest line, bytes */

/* Every line in brackets; "!" for one that is too long. */
static void take_lines(struct line_reader *r, bool eof, struct buf *out)
{
    enum line_result got;
    char *line;
    size_t len;

    while ((got = line_next(r, eof, &line, &len)) != LINE_NONE) {
        if (got == LINE_TOO_LONG) {
            buf_add_char(out, '!');
            continue;
        }
        assert_true(len <= MAX);
        assert_int_equal(line[len], '\0');
        buf_add_char(out, '[');
        buf_add(out, line, len);
        buf_add_char(out, ']');
    }
}

static void feed(struct line_reader *r, const char *text, size_t len)
{
    size_t room;
    char *at = line_room(r, len, &room);

    assert_true(room >= len);
    memcpy(at, text, len);
    line_fed(r, len);
}

static const struct {
    const char *text, *lines;
} cases[] = {
    {"", ""},
    {"\n", "[]"},
    {"a", "[a]"},
    {"a\n", "[a]"},
    {"a\nb", "[a][b]"},
    {"a\nb\n", "[a][b]"},
    {"\n\na\n\n", "[][][a][]"},
    {"a\r\nb\r\n", "[a][b]"},
    {"a\r", "[a]"},
    {"\r\n", "[]"},
    {"\r", "[]"},
    {"a\rb\r\r\n", "[a\rb\r]"},
    {"12345678\n", "[12345678]"},
    {"12345678\r\n", "[12345678]"},
    {"12345678", "[12345678]"},
    {"12345678\r", "[12345678]"},
    {"123456789\n", "!"},
    {"123456789", "!"},
    {"12345678\r\r\n", "!"},
    {"12345678\rx\n", "!"},
    {"123456789\r\nb\n", "![b]"},
    {"123456789abcdefghijklmnop\nb\nc", "![b][c]"},
    {"123456789abcdefghijklmnop", "!"},
    {"a\n123456789\n\n123456789\nb", "[a]![]![b]"},
};

/* One cut, at every place; then piece by piece, at every size. */
static void test_every_split(void **state)
{
    struct line_reader r;
    struct buf out = BUF_INIT;
    size_t i, at, len, piece;

    (void)state;
    for (i = 0; i < ARRAY_LEN(cases); i++) {
        len = strlen(cases[i].text);
        for (piece = 1; piece <= len + 1; piece++) {
            line_init(&r, MAX);
            buf_reset(&out, 100);
            for (at = 0; at < len; at += piece) {
                feed(&r, cases[i].text + at,
                     piece < len - at ? piece : len - at);
                take_lines(&r, false, &out);
                if (piece % 2)
                    line_settle(&r);
            }
            take_lines(&r, true, &out);
            assert_string_equal(buf_str(&out), cases[i].lines);
            assert_int_equal(line_pending(&r), 0);
            line_free(&r);
        }
    }
    buf_free(&out);
}

/* As many lines as come in one piece are taken one by one, in any rhythm. */
static void test_random_rhythm(void **state)
{
    struct line_reader r;
    struct buf text = BUF_INIT, out = BUF_INIT, want = BUF_INIT;
    uint32_t seed = 8;
    unsigned round, n;
    size_t at, piece;

    (void)state;
    for (round = 0; round < 300; round++) {
        buf_reset(&text, 10000);
        buf_reset(&want, 10000);
        buf_reset(&out, 10000);
        line_init(&r, MAX);
        for (n = 0; n < 40; n++) {
            seed = seed * 1664525 + 1013904223;
            at = (seed >> 8) % (ARRAY_LEN(cases) - 1) + 1;
            if (strchr("\r", cases[at].text[strlen(cases[at].text) - 1]))
                continue; /* would become a CR before LF */
            buf_add_str(&text, cases[at].text);
            buf_add_str(&want, cases[at].lines);
            if (cases[at].text[strlen(cases[at].text) - 1] != '\n')
                buf_add_char(&text, '\n');
        }
        for (at = 0; at < buf_len(&text); at += piece) {
            seed = seed * 1664525 + 1013904223;
            piece = 1 + (seed >> 8) % 60;
            if (piece > buf_len(&text) - at)
                piece = buf_len(&text) - at;
            feed(&r, buf_data(&text) + at, piece);
            if (seed >> 30)
                take_lines(&r, false, &out);
        }
        take_lines(&r, true, &out);
        assert_string_equal(buf_str(&out), buf_str(&want));
        line_free(&r);
    }
    buf_free(&text);
    buf_free(&out);
    buf_free(&want);
}

/* What a peer sends without a line end does not pile up. */
static void test_bounded(void **state)
{
    struct line_reader r;
    struct buf out = BUF_INIT;
    char flood[1000];
    int i;

    (void)state;
    memset(flood, 'x', sizeof(flood));
    line_init(&r, MAX);
    for (i = 0; i < 1000; i++) {
        feed(&r, flood, sizeof(flood));
        take_lines(&r, false, &out);
        assert_int_equal(line_pending(&r), 0);
    }
    assert_true(r.size < 4 * sizeof(flood));
    feed(&r, "\nb\n", 3);
    take_lines(&r, false, &out);
    assert_string_equal(buf_str(&out), "![b]");
    line_free(&r);
    buf_free(&out);
}

static void test_settle(void **state)
{
    struct line_reader r;
    struct buf out = BUF_INIT;
    size_t room;

    (void)state;
    line_init(&r, MAX);
    line_settle(&r);
    line_room(&r, 100000, &room);
    assert_true(room >= 100000);
    feed(&r, "a\nb", 3);
    take_lines(&r, false, &out);
    line_settle(&r); /* something is pending: it stays */
    assert_int_equal(line_pending(&r), 1);
    feed(&r, "\n", 1);
    take_lines(&r, false, &out);
    line_settle(&r);
    assert_null(r.data);
    feed(&r, "c", 1);
    take_lines(&r, true, &out);
    assert_string_equal(buf_str(&out), "[a][b][c]");
    line_free(&r);
    buf_free(&out);
}

/* Bytes that are no lines, between lines. */
static void test_bytes(void **state)
{
    struct buf out = BUF_INIT;
    struct line_reader r;
    size_t len;
    char *at;

    (void)state;
    line_init(&r, MAX);
    line_bytes(&r, 10, &len);
    assert_int_equal(len, 0);
    feed(&r, "a\nb\nc", 5);
    line_next(&r, false, &at, &len);
    at = line_bytes(&r, 2, &len);
    assert_int_equal(len, 2);
    assert_memory_equal(at, "b\n", 2);
    feed(&r, "\ndef", 4);
    take_lines(&r, false, &out);
    at = line_bytes(&r, 10, &len);
    assert_int_equal(len, 3);
    assert_memory_equal(at, "def", 3);
    assert_string_equal(buf_str(&out), "[c]");
    line_free(&r);
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_split),
        cmocka_unit_test(test_random_rhythm),
        cmocka_unit_test(test_bounded),
        cmocka_unit_test(test_settle),
        cmocka_unit_test(test_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
