/* What an item of the right `ops` says of an operation and its arguments. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/auth/op_right.h"
#include "lib/auth/principal.h"
#include "lib/auth/rights.h"

static bool at(const void *list, size_t i, struct argument *out)
{
    const char *const *pairs = list;

    for (size_t k = 0; k <= i; k++)
        if (!pairs[2 * k])
            return false;
    *out = (struct argument){.name = pairs[2 * i],
                             .value = pairs[2 * i + 1],
                             .len = strlen(pairs[2 * i + 1])};
    return true;
}

/* Arguments as name, value, …, NULL. */
static enum op_right says(const char *item, const char *op,
                          const char *const *pairs)
{
    return op_right_run(item, op, at, pairs);
}

#define ARGS(...)                                                              \
    (const char *const[])                                                      \
    {                                                                          \
        __VA_ARGS__, NULL                                                      \
    }
static const char *const none[] = {NULL};

static void test_one_word(void **state)
{
    (void)state;
    assert_int_equal(says("ping", "ping", none), OP_RIGHT_YES);
    assert_int_equal(says("p*", "ping", ARGS("a", "b")), OP_RIGHT_YES);
    assert_int_equal(says("ping", "pings", none), OP_RIGHT_NOT);
    assert_int_equal(says("!ping", "ping", none), OP_RIGHT_NEVER);
    assert_int_equal(says("!ping", "pong", none), OP_RIGHT_NOT);
}

static void test_arguments(void **state)
{
    const char *item = "service name=web-* state=restarted";

    (void)state;
    assert_int_equal(
        says(item, "service", ARGS("name", "web-1", "state", "restarted")),
        OP_RIGHT_YES);
    assert_int_equal(
        says(item, "service", ARGS("name", "db-1", "state", "restarted")),
        OP_RIGHT_NOT);
    assert_int_equal(says(item, "service", ARGS("name", "web-1")),
                     OP_RIGHT_NOT);
    assert_int_equal(
        says(item, "service",
             ARGS("name", "web-1", "state", "restarted", "graceful", "1")),
        OP_RIGHT_NOT);
    assert_int_equal(
        says(item, "service",
             ARGS("name", "web-1", "state", "restarted", "name", "db-1")),
        OP_RIGHT_NOT);
    assert_int_equal(
        says(item, "execute", ARGS("name", "web-1", "state", "restarted")),
        OP_RIGHT_NOT);
    assert_int_equal(says("x a?=1", "x", none), OP_RIGHT_YES);
    assert_int_equal(says("x a?=1", "x", ARGS("a", "1")), OP_RIGHT_YES);
    assert_int_equal(says("x a?=1", "x", ARGS("a", "2")), OP_RIGHT_NOT);
    assert_int_equal(says("x a=1 *", "x", ARGS("a", "1", "b", "2")),
                     OP_RIGHT_YES);
    assert_int_equal(says("x a=1 *", "x", ARGS("b", "2")), OP_RIGHT_NOT);
    assert_int_equal(says("x 'a=1 2'", "x", ARGS("a", "1 2")), OP_RIGHT_YES);
    assert_int_equal(says("x a=", "x", ARGS("a", "")), OP_RIGHT_YES);
}

static void test_never(void **state)
{
    (void)state;
    assert_int_equal(says("!x user=root", "x", ARGS("user", "root", "b", "")),
                     OP_RIGHT_NEVER);
    assert_int_equal(says("!x user=root", "x", ARGS("user", "me")),
                     OP_RIGHT_NOT);
    assert_int_equal(op_right_op("!x user=root", "x"), OP_RIGHT_NOT);
    assert_int_equal(op_right_op("!x", "x"), OP_RIGHT_NEVER);
    assert_int_equal(op_right_op("x a=b", "x"), OP_RIGHT_YES);
}

static bool with_nul(const void *list, size_t i, struct argument *out)
{
    *out = (struct argument){.name = "a", .value = "web\0; evil", .len = 10};
    (void)list;
    return i == 0;
}

static bool huge(const void *list, size_t i, struct argument *out)
{
    *out = (struct argument){.name = "a", .value = list, .len = strlen(list)};
    return i == 0;
}

static void test_hostile(void **state)
{
    char *long_value = xcalloc(1, OP_RIGHT_VALUE_MAX + 2);

    (void)state;
    assert_int_equal(op_right_run("x a=web", "x", with_nul, NULL),
                     OP_RIGHT_NOT);
    assert_int_equal(op_right_run("x a=web*", "x", with_nul, NULL),
                     OP_RIGHT_NOT);
    assert_int_equal(op_right_run("x a=*", "x", with_nul, NULL), OP_RIGHT_YES);
    memset(long_value, 'a', OP_RIGHT_VALUE_MAX + 1);
    assert_int_equal(op_right_run("x a=a*", "x", huge, long_value),
                     OP_RIGHT_NOT);
    assert_int_equal(op_right_run("x a=*", "x", huge, long_value),
                     OP_RIGHT_YES);
    long_value[OP_RIGHT_VALUE_MAX] = '\0';
    assert_int_equal(op_right_run("x a=a*", "x", huge, long_value),
                     OP_RIGHT_YES);
    free(long_value);
}

static void wrong(const char *item)
{
    char *text = op_right_wrong(item);

    assert_non_null(text);
    free(text);
}

static void test_wrong(void **state)
{
    (void)state;
    assert_null(op_right_wrong("x a=b c?=d *"));
    wrong("x a");
    wrong("x =b");
    wrong("x .a=b");
    wrong("x 'a=b");
    wrong("!");
    wrong(" ");
    wrong("'' a=b");
}

/* As a token has them: read, written, read again. */
static void test_principal(void **state)
{
    struct principal *p = principal_new("p");
    struct buf out = BUF_INIT;

    (void)state;
    assert_null(rights_set(p, "exec", "all"));
    assert_null(rights_set(p, "ops", "'service name=web-*' * !execute"));
    assert_int_equal(p->ops.count, 3);
    assert_true(principal_may_run(p, "service", at, ARGS("name", "db")));
    assert_false(principal_may_run(p, "execute", at, none));
    assert_false(principal_may_op(p, "execute"));
    assert_true(principal_may_op(p, "ping"));
    rights_write(p, false, &out);
    assert_string_equal(buf_str(&out), "exec all ops '''service name=web-*'' "
                                       "* !execute'");
    buf_free(&out);
    principal_unref(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_word), cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_never),    cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_wrong),    cmocka_unit_test(test_principal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
