/*
 * The buffer: adding, consuming, moving and growing, against a plain array;
 * and lists of attributes.
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
#include "lib/buf.h"
#include "lib/mem.h"

static void test_adding(void **state)
{
    struct buf b = BUF_INIT;
    char big[2000];

    (void)state;
    assert_int_equal(buf_len(&b), 0);
    assert_string_equal(buf_str(&b), "");
    buf_add(&b, "ab", 2);
    buf_add(&b, NULL, 0);
    buf_add_char(&b, 'c');
    buf_add_str(&b, "");
    buf_add_u64(&b, 0);
    buf_add_u64(&b, UINT64_MAX);
    buf_add_fmt(&b, "%s", "");
    buf_add_fmt(&b, "-%d-", 5);
    assert_string_equal(buf_str(&b), "abc018446744073709551615-5-");
    buf_consume(&b, 3);
    assert_string_equal(buf_str(&b), "018446744073709551615-5-");
    memset(big, 'x', sizeof(big));
    big[sizeof(big) - 1] = '\0';
    buf_add_fmt(&b, "%s", big);
    assert_int_equal(buf_len(&b), 24 + sizeof(big) - 1);
    assert_memory_equal(buf_data(&b) + 24, big, sizeof(big) - 1);
    buf_consume(&b, buf_len(&b));
    assert_int_equal(buf_len(&b), 0);
    assert_int_equal(b.pos, 0);
    buf_reset(&b, 10);
    assert_null(b.data);
    buf_add_char(&b, 'y');
    buf_reset(&b, 1000);
    assert_non_null(b.data);
    assert_int_equal(buf_len(&b), 0);
    buf_free(&b);
    buf_free(&b);
}

/* A queue of bytes: what goes in comes out, whatever moves meanwhile. */
static void test_queue(void **state)
{
    struct buf b = BUF_INIT;
    uint32_t seed = 2, in = 0, out = 0;
    unsigned round, n, i;
    char part[3000];

    (void)state;
    for (round = 0; round < 4000; round++) {
        seed = seed * 1664525 + 1013904223;
        n = (seed >> 8) % (seed >> 30 ? 100 : sizeof(part));
        for (i = 0; i < n; i++)
            part[i] = (char)(in++ * 7 % 251);
        buf_add(&b, part, n);
        seed = seed * 1664525 + 1013904223;
        n = (seed >> 8) % (seed >> 30 ? 100 : sizeof(part));
        if (n > buf_len(&b))
            n = (unsigned)buf_len(&b);
        for (i = 0; i < n; i++)
            assert_int_equal(buf_data(&b)[i], (char)(out++ * 7 % 251));
        buf_consume(&b, n);
        assert_int_equal(buf_len(&b), in - out);
        assert_true(b.pos <= b.end && b.end <= b.size);
    }
    assert_true(b.size <= 4 * 65536);
    buf_free(&b);
}

static void test_reserve(void **state)
{
    struct buf b = BUF_INIT;
    size_t len;

    (void)state;
    for (len = 1; len < 5000; len = len * 3 + 1) {
        memset(buf_reserve(&b, len), 'z', len);
        b.end += len;
        buf_consume(&b, len / 2);
    }
    while (buf_len(&b)) {
        assert_int_equal(*buf_data(&b), 'z');
        buf_consume(&b, 1);
    }
    buf_free(&b);
}

/* -- attributes ------------------------------------------------------------ */

static void assert_attrs(const struct attrs *a, const char *text)
{
    struct buf b = BUF_INIT;

    attrs_write(a, &b);
    assert_string_equal(buf_str(&b), text);
    buf_free(&b);
}

static void test_attrs(void **state)
{
    struct attrs a = {0}, b = {0};
    char name[16], value[1200];
    int i;

    (void)state;
    assert_null(attrs_get(&a, "x"));
    assert_false(attrs_unset(&a, "x"));
    attrs_set(&a, "x", "1");
    attrs_set(&a, "y", "it's");
    attrs_set(&a, "x", "");
    assert_attrs(&a, "x '' y 'it''s'");
    attrs_set(&a, "y", attrs_get(&a, "y")); /* its own value */
    attrs_copy(&b, &a);
    assert_true(attrs_equal(&a, &b));
    assert_true(attrs_unset(&b, "x"));
    assert_false(attrs_equal(&a, &b));
    attrs_set(&b, "x", "");
    assert_attrs(&b, "y 'it''s' x ''");
    assert_true(attrs_equal(&a, &b));
    attrs_set(&b, "x", "2");
    assert_false(attrs_equal(&a, &b));
    for (i = 0; i < 50; i++) {
        snprintf(name, sizeof(name), "n%d", i);
        attrs_set_fmt(&a, name, "%d", i);
    }
    assert_string_equal(attrs_get(&a, "n37"), "37");
    assert_int_equal(a.count, 52);
    memset(value, 'v', sizeof(value));
    value[sizeof(value) - 1] = '\0';
    attrs_set_fmt(&a, "long", "<%s>", value);
    assert_int_equal(strlen(attrs_get(&a, "long")), sizeof(value) + 1);
    attrs_free(&a);
    attrs_free(&b);
    assert_int_equal(a.count, 0);
}

static void test_rules(void **state)
{
    static const struct {
        const char *(*rule)(const char *, size_t);
        const char *text, *wrong;
    } cases[] = {
        {attr_name_wrong, "kind", NULL},
        {attr_name_wrong, "a b", NULL},
        {attr_name_wrong, "\xc3\xbc", NULL},
        {attr_name_wrong, "a=b", NULL},
        {attr_name_wrong, "", "an attribute name is empty"},
        {attr_name_wrong, ".x", "an attribute name begins with a dot"},
        {attr_name_wrong, "a!", "an attribute name ends in one of"},
        {attr_name_wrong, "a?", "an attribute name ends in one of"},
        {attr_name_wrong, "a~", "an attribute name ends in one of"},
        {attr_name_wrong, "a=", "an attribute name ends in one of"},
        {attr_name_wrong, "a<", "an attribute name ends in one of"},
        {attr_name_wrong, "a>", "an attribute name ends in one of"},
        {attr_name_wrong, "a\nb", "an attribute name holds a NUL or"},
        {attr_value_wrong, "", NULL},
        {attr_value_wrong, ".x=", NULL},
        {attr_value_wrong, "a\nb", "a value holds a NUL or a line end"},
        {service_name_wrong, "tcp!h!80", NULL},
        {service_name_wrong, "it's", NULL},
        {service_name_wrong, ".x", NULL},
        {service_name_wrong, "news", NULL},
        {service_name_wrong, "", "bad service name"},
        {service_name_wrong, "new", "bad service name"},
        {service_name_wrong, "find", "bad service name"},
        {service_name_wrong, "event", "bad service name"},
        {service_name_wrong, "index", "bad service name"},
        {service_name_wrong, "error:", "bad service name"},
        {service_name_wrong, "a b", "bad character in service name"},
        {service_name_wrong, "a/b", "bad character in service name"},
        {service_name_wrong, "a\x7f", "bad character in service name"},
        {service_name_wrong, "a\x1f", "bad character in service name"},
        {service_name_wrong, "\n", "bad character in service name"},
    };
    const char *wrong;
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_LEN(cases); i++) {
        wrong = cases[i].rule(cases[i].text, strlen(cases[i].text));
        if (!cases[i].wrong)
            assert_null(wrong);
        else
            assert_ptr_equal(strstr(wrong, cases[i].wrong), wrong);
    }
    assert_non_null(attr_name_wrong("a\0b", 3));
    assert_non_null(attr_value_wrong("a\0b", 3));
    assert_non_null(service_name_wrong("a\0b", 3));
    assert_null(attr_value_wrong("a\0b", 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_adding),  cmocka_unit_test(test_queue),
        cmocka_unit_test(test_reserve), cmocka_unit_test(test_attrs),
        cmocka_unit_test(test_rules),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
