/* client/cli/pairs.c: selectors and attributes as command lines have them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/cli/pairs.h"

static struct buf out = BUF_INIT;
static char *error;

static bool selector(int count, ...)
{
    char *words[16];
    va_list ap;

    va_start(ap, count);
    for (int i = 0; i < count; i++)
        words[i] = va_arg(ap, char *);
    va_end(ap);
    free(error);
    buf_reset(&out, 0);
    error = pairs_selector(&out, words, (size_t)count);
    return error == NULL;
}

static void selectors(void **state)
{
    (void)state;
    assert_true(selector(0));
    assert_int_equal(buf_len(&out), 0);
    assert_true(selector(1, "all"));
    assert_int_equal(buf_len(&out), 0);
    assert_true(selector(1, "os linux role=web"));
    assert_string_equal(buf_str(&out), "os linux role=web");
    assert_true(selector(3, "os", "linux", "mem>=8G"));
    assert_string_equal(buf_str(&out), "os linux mem>=8G");
    assert_true(selector(2, "fake'n", "x") == false);
    assert_true(selector(2, "note", "it's two"));
    assert_string_equal(buf_str(&out), "note 'it''s two'");
    assert_true(selector(2, "mem>=", "8G"));
    assert_string_equal(buf_str(&out), "mem>= 8G");
    assert_true(selector(4, "a", "", ".name", "web*"));
    assert_string_equal(buf_str(&out), "a '' .name web*");
    assert_true(selector(2, "a", "all"));
    assert_string_equal(buf_str(&out), "a all");
}

static void wrong_selectors(void **state)
{
    (void)state;
    assert_false(selector(1, "role"));
    assert_string_equal(error,
                        "role has no value: write role=VALUE or role VALUE");
    assert_false(selector(3, "role=web", "os", "linux") == false);
    assert_false(selector(2, "role=web", "os"));
    assert_false(selector(1, "host~("));
    assert_false(selector(1, "mem>=eight"));
    assert_false(selector(2, "a", "b\nc"));
    assert_false(selector(1, "a b c"));
}

static char *attributes(struct attrs *a, int count, ...)
{
    char *words[16];
    va_list ap;

    va_start(ap, count);
    for (int i = 0; i < count; i++)
        words[i] = va_arg(ap, char *);
    va_end(ap);
    free(error);
    attrs_free(a);
    error = pairs_attrs(a, words, (size_t)count);
    return error;
}

static void attribute_lists(void **state)
{
    struct attrs a = {0};

    (void)state;
    assert_null(attributes(&a, 4, "kind=web", "note", "x=y", "e="));
    assert_string_equal(attrs_get(&a, "kind"), "web");
    assert_string_equal(attrs_get(&a, "note"), "x=y");
    assert_string_equal(attrs_get(&a, "e"), "");
    assert_null(attributes(&a, 1, "a=b=c"));
    assert_string_equal(attrs_get(&a, "a"), "b=c");
    assert_non_null(attributes(&a, 1, "kind"));
    assert_non_null(attributes(&a, 1, "=x"));
    assert_non_null(attributes(&a, 1, "a>=5"));
    assert_non_null(attributes(&a, 1, ".ttl=5"));
    assert_non_null(attributes(&a, 2, "a=1", "a=2"));
    assert_non_null(attributes(&a, 2, "a", "b\nc"));
    attrs_free(&a);
}

static void names(void **state)
{
    (void)state;
    free(error);
    error = pairs_name_wrong("tcp!h!80");
    assert_null(error);
    error = pairs_name_wrong("a b");
    assert_non_null(error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(selectors),
        cmocka_unit_test(wrong_selectors),
        cmocka_unit_test(attribute_lists),
        cmocka_unit_test(names),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    free(error);
    buf_free(&out);
    return failed;
}
