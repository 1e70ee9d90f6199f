/* lib/base64.c: the vectors of RFC 4648, every byte, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base64.h"

static void vectors(void **state)
{
    static const char *const pairs[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"}};
    struct buf b = BUF_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        base64_encode(&b, pairs[i][0], strlen(pairs[i][0]));
        assert_string_equal(buf_str(&b), pairs[i][1]);
        buf_reset(&b, 64);
        assert_true(base64_decode(&b, pairs[i][1], strlen(pairs[i][1])));
        assert_string_equal(buf_str(&b), pairs[i][0]);
        buf_reset(&b, 64);
    }
    buf_free(&b);
}

static void every_byte(void **state)
{
    struct buf text = BUF_INIT, back = BUF_INIT;
    char bytes[256];

    (void)state;
    for (int i = 0; i < 256; i++)
        bytes[i] = (char)i;
    base64_encode(&text, bytes, sizeof(bytes));
    assert_true(base64_decode(&back, buf_data(&text), buf_len(&text)));
    assert_int_equal(buf_len(&back), sizeof(bytes));
    assert_memory_equal(buf_data(&back), bytes, sizeof(bytes));
    buf_free(&text);
    buf_free(&back);
}

static void refused(void **state)
{
    static const char *const texts[] = {
        "Z", "Zg=", "Zg", "====", "Z===", "Zg==Zg==", "Zm8\n", "Zm8-"};
    struct buf b = BUF_INIT;

    (void)state;
    buf_add_str(&b, "kept");
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_false(base64_decode(&b, texts[i], strlen(texts[i])));
    assert_string_equal(buf_str(&b), "kept");
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors),
        cmocka_unit_test(every_byte),
        cmocka_unit_test(refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
