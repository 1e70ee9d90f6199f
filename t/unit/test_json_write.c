/*
 * JSON as it is written: the texts that Go's encoding/json gives.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "lib/json_write.h"

static void assert_written(struct jw *w, const char *text)
{
    assert_string_equal(buf_str(&w->buf), text);
    jw_reset(w, 0);
}

static void sample(struct jw *w)
{
    jw_open_object(w);
    jw_pair_text(w, "a", "b");
    jw_key(w, "list");
    jw_open_array(w);
    jw_uint(w, 1);
    jw_open_object(w);
    jw_close(w);
    jw_open_array(w);
    jw_close(w);
    jw_null(w);
    jw_close(w);
    jw_pair_bool(w, "no", false);
    jw_close(w);
}

static void layouts(void **state)
{
    struct jw w = {0};

    (void)state;
    sample(&w);
    assert_written(&w, "{\"a\":\"b\",\"list\":[1,{},[],null],\"no\":false}");
    w.pretty = true;
    sample(&w);
    assert_written(&w, "{\n    \"a\": \"b\",\n    \"list\": [\n        1,\n"
                       "        {},\n        [],\n        null\n    ],\n"
                       "    \"no\": false\n}");
    jw_open_array(&w);
    jw_close(&w);
    assert_written(&w, "[]");
    jw_text(&w, "");
    assert_written(&w, "\"\"");
    jw_free(&w);
}

static void texts(void **state)
{
    static const char *const both[][2] = {
        {"plain", "\"plain\""},
        {"a\"b\\c", "\"a\\\"b\\\\c\""},
        {"\n\r\t", "\"\\n\\r\\t\""},
        {"\x01\x1f\x7f", "\"\\u0001\\u001f\x7f\""},
        {"<&>", "\"\\u003c\\u0026\\u003e\""},
        {"h\xc3\xa9 \xe2\x82\xac", "\"h\xc3\xa9 \xe2\x82\xac\""},
        {"\xff|\xc3", "\"\\ufffd|\\ufffd\""},
        {"\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\""},
        {"\xe2\x80\xa8\xe2\x80\xa9", "\"\\u2028\\u2029\""},
    };
    struct jw w = {0};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(both) / sizeof(*both); i++) {
        jw_text(&w, both[i][0]);
        assert_written(&w, both[i][1]);
    }
    jw_text_len(&w, "a\0b", 3);
    assert_written(&w, "\"a\\u0000b\"");
    jw_open_object(&w);
    jw_key_text(&w, "<", 1);
    jw_base64(&w, "\xff\xfe", 2);
    jw_key(&w, "none");
    jw_base64(&w, NULL, 0);
    jw_close(&w);
    assert_written(&w, "{\"\\u003c\":\"//4=\",\"none\":\"\"}");
    jw_free(&w);
}

static void numbers(void **state)
{
    static const struct {
        double n;
        const char *text;
    } doubles[] = {{0, "0"},
                   {1, "1"},
                   {1.5, "1.5"},
                   {0.1, "0.1"},
                   {-2.25, "-2.25"},
                   {1e-05, "0.00001"},
                   {1e-6, "0.000001"},
                   {1.5e-7, "1.5e-07"},
                   {1e20, "100000000000000000000"},
                   {1e21, "1e+21"},
                   {123456789012, "123456789012"},
                   {1.0 / 3, "0.3333333333333333"},
                   {NAN, "0"}};
    struct jw w = {0};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(doubles) / sizeof(*doubles); i++) {
        jw_double(&w, doubles[i].n);
        assert_written(&w, doubles[i].text);
    }
    jw_uint(&w, UINT64_MAX);
    assert_written(&w, "18446744073709551615");
    jw_int(&w, INT64_MIN);
    assert_written(&w, "-9223372036854775808");
    jw_free(&w);
}

/* Whatever bytes a text has, it is read back by who reads JSON. */
static void any_bytes(void **state)
{
    char bytes[2];
    struct jw w = {0};
    json_t *back;
    int i, j;

    (void)state;
    for (i = 0; i < 256; i++)
        for (j = 0; j < 256; j += 5) {
            bytes[0] = (char)i;
            bytes[1] = (char)j;
            jw_text_len(&w, bytes, 2);
            back = json_loadb(w.buf.data, buf_len(&w.buf),
                              JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
            assert_non_null(back);
            if (i < 0x80 && j < 0x80)
                assert_memory_equal(json_string_value(back), bytes, 2);
            json_decref(back);
            jw_reset(&w, 100);
        }
    jw_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layouts),
        cmocka_unit_test(texts),
        cmocka_unit_test(numbers),
        cmocka_unit_test(any_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
