/*
 * The text of a body: what is JSON and what Go says of what is not; and what is
 * compressed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "lib/duration.h"
#include "lib/mem.h"
#include "plugins/registry/consul/body_text.h"
#include "plugins/registry/consul/gzip.h"

static void assert_scanned(const char *text, size_t len, const char *copy,
                           const char *wrong)
{
    char why[BODY_WRONG_MAX] = "";
    struct buf out = BUF_INIT;
    bool ok = body_text_scan(text, len, &out, why);

    if (ok != !wrong)
        fail_msg("%s: %s", text, ok ? "taken" : why);
    if (wrong)
        assert_string_equal(why, wrong);
    else
        assert_string_equal(buf_str(&out), copy);
    buf_free(&out);
}

/* The errors of Go 1.19's encoding/json, one for each of its states. */
static void what_go_says(void **state)
{
    static const char *const wrong[][2] = {
        {"", "EOF"},
        {" \n", "EOF"},
        {"{", "unexpected EOF"},
        {"{\"a", "unexpected EOF"},
        {"-", "unexpected EOF"},
        {"x", "invalid character 'x' looking for beginning of value"},
        {"[,]", "invalid character ',' looking for beginning of value"},
        {"[1,]", "invalid character ']' looking for beginning of value"},
        {"{,}", "invalid character ',' looking for beginning of object key "
                "string"},
        {"{\"a\":1,}", "invalid character '}' looking for beginning of object "
                       "key string"},
        {"{'a':1}", "invalid character '\\'' looking for beginning of object "
                    "key string"},
        {"{\"a\",1}", "invalid character ',' after object key"},
        {"{\"a\":1 2}", "invalid character '2' after object key:value pair"},
        {"[1 2]", "invalid character '2' after array element"},
        {"\"\x01\"", "invalid character '\\x01' in string literal"},
        {"\"\\x\"", "invalid character 'x' in string escape code"},
        {"\"\\u12g4\"",
         "invalid character 'g' in \\u hexadecimal character escape"},
        {"-a", "invalid character 'a' in numeric literal"},
        {"[1.]",
         "invalid character ']' after decimal point in numeric literal"},
        {"[1e]", "invalid character ']' in exponent of numeric literal"},
        {"trve", "invalid character 'v' in literal true (expecting 'u')"},
        {"falsy", "invalid character 'y' in literal false (expecting 'e')"},
        {"nil", "invalid character 'i' in literal null (expecting 'u')"},
        {"\xc3\xa9", "invalid character '\xc3\x83' looking for beginning of "
                     "value"},
        {"\x80", "invalid character '\\u0080' looking for beginning of value"},
        {"\\", "invalid character '\\\\' looking for beginning of value"},
        {"\"a\n\"", "invalid character '\\n' in string literal"},
    };
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_LEN(wrong); i++)
        assert_scanned(wrong[i][0], strlen(wrong[i][0]), NULL, wrong[i][1]);
    assert_scanned("\"\0\"", 3, NULL,
                   "invalid character '\\x00' in string literal");
}

static void what_is_taken(void **state)
{
    static const char *const taken[][2] = {
        {" { \"a\" : [ 1 , true , null ] } ", "{\"a\":[1,true,null]}"},
        {"{}trailing", "{}"},
        {"7", "7"},
        {"-0.5e+3", "-0.5e+3"},
        {"\"\\u00e9\\n\"", "\"\\u00e9\\n\""},
        {"\"\xff\"", "\"\xef\xbf\xbd\""},
        {"\"\\ud800\"", "\"\xef\xbf\xbd\""},
        {"\"\\udc00\"", "\"\xef\xbf\xbd\""},
        {"\"\\ud83d\\ude00\"", "\"\\ud83d\\ude00\""},
        {"\"\\ud83d\\u0041\"", "\"\xef\xbf\xbd\\u0041\""},
        {"123456789012345678", "123456789012345678"},
        {"18446744073709551615", "\"\\u0001#18446744073709551615\""},
        {"1.2345678901234567890", "1.2345678901234567890"},
    };
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_LEN(taken); i++)
        assert_scanned(taken[i][0], strlen(taken[i][0]), taken[i][1], NULL);
}

static void nested(void **state)
{
    char text[2 * BODY_DEPTH_MAX + 3];
    int deep;

    (void)state;
    for (deep = BODY_DEPTH_MAX; deep <= BODY_DEPTH_MAX + 1; deep++) {
        memset(text, '[', (size_t)deep);
        memset(text + deep, ']', (size_t)deep);
        text[2 * deep] = '\0';
        assert_scanned(text, (size_t)(2 * deep), text,
                       deep > BODY_DEPTH_MAX ? "exceeded max depth" : NULL);
    }
}

/* -- durations ------------------------------------------------------------- */

static void durations(void **state)
{
    static const struct {
        const char *text;
        int64_t ns;
        const char *back;
    } fine[] = {{"0", 0, "0s"},
                {"10s", INT64_C(10000000000), "10s"},
                {"1h30m", INT64_C(5400000000000), "1h30m0s"},
                {"100ms", 100000000, "100ms"},
                {"1.5s", 1500000000, "1.5s"},
                {".5s", 500000000, "500ms"},
                {"-2m", INT64_C(-120000000000), "-2m0s"},
                {"+7ns", 7, "7ns"},
                {"1500us", 1500000, "1.5ms"},
                {"3\xc2\xb5s", 3000, "3\xc2\xb5s"},
                {"120000ms", INT64_C(120000000000), "2m0s"}};
    static const char *const wrong[][2] = {
        {"", "time: invalid duration \"\""},
        {"10", "time: missing unit in duration \"10\""},
        {"1d", "time: unknown unit \"d\" in duration \"1d\""},
        {"abc", "time: invalid duration \"abc\""},
        {"1h x", "time: unknown unit \"h x\" in duration \"1h x\""},
        {"-", "time: invalid duration \"-\""},
        {".s", "time: invalid duration \".s\""},
        {"9223372036854775807h",
         "time: invalid duration \"9223372036854775807h\""},
    };
    char text[DURATION_TEXT_MAX], why[128];
    int64_t ns;
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_LEN(fine); i++) {
        assert_true(duration_parse(fine[i].text, &ns, why, sizeof(why)));
        assert_int_equal(ns, fine[i].ns);
        duration_write(text, ns);
        assert_string_equal(text, fine[i].back);
    }
    for (i = 0; i < ARRAY_LEN(wrong); i++) {
        assert_false(duration_parse(wrong[i][0], &ns, why, sizeof(why)));
        assert_string_equal(why, wrong[i][1]);
        assert_false(duration_parse(wrong[i][0], &ns, NULL, 0));
    }
    assert_int_equal(duration_ms(1), 1);
    assert_int_equal(duration_ms(2000000), 2);
}

/* -- gzip ------------------------------------------------------------------ */

static void assert_unzips(struct buf *zipped, const char *bytes, size_t len)
{
    char *out = xcalloc(len + 1, 1);
    z_stream s = {0};

    assert_int_equal(inflateInit2(&s, 15 + 16), Z_OK);
    s.next_in = (Bytef *)buf_data(zipped);
    s.avail_in = (uInt)buf_len(zipped);
    s.next_out = (Bytef *)out;
    s.avail_out = (uInt)len + 1;
    assert_int_equal(inflate(&s, Z_FINISH), Z_STREAM_END);
    assert_int_equal(s.avail_in, 0);
    assert_int_equal(s.total_out, len);
    assert_memory_equal(out, bytes, len);
    inflateEnd(&s);
    free(out);
    buf_reset(zipped, 0);
}

static void compressed(void **state)
{
    struct gzip *z = gzip_new();
    struct buf out = BUF_INIT;
    char bytes[100000];
    size_t i, n;

    (void)state;
    for (i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)(i * i >> 3);
    gzip_add(z, bytes, sizeof(bytes), true, &out);
    assert_unzips(&out, bytes, sizeof(bytes));
    for (i = 0; i < sizeof(bytes); i += n) {
        n = i % 7000 + 1;
        n = n < sizeof(bytes) - i ? n : sizeof(bytes) - i;
        gzip_add(z, bytes + i, n, false, &out);
    }
    gzip_add(z, "", 0, true, &out);
    assert_unzips(&out, bytes, sizeof(bytes));
    gzip_free(z);
    buf_free(&out);
}

static void asked_for(void **state)
{
    (void)state;
    assert_true(gzip_is_taken("gzip"));
    assert_true(gzip_is_taken("deflate, GZip;q=0.1, br"));
    assert_true(gzip_is_taken("gzip, deflate"));
    assert_false(gzip_is_taken(NULL));
    assert_false(gzip_is_taken(""));
    assert_false(gzip_is_taken("gzipped"));
    assert_false(gzip_is_taken("deflate;gzip"));
    assert_false(gzip_is_taken("gzip; q=0"));
    assert_false(gzip_is_taken("gzip;q=0.000"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_go_says), cmocka_unit_test(what_is_taken),
        cmocka_unit_test(nested),       cmocka_unit_test(durations),
        cmocka_unit_test(compressed),   cmocka_unit_test(asked_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
