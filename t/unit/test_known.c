/* What a monitor knows: client/known.c, client/service.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/known.h"
#include "client/service.h"
#include "lib/mem.h"

static struct muster_service
service(const char *name, const struct muster_attr *attrs, size_t count)
{
    return (struct muster_service){name, attrs, count};
}

static void put_and_take(void **state)
{
    const struct muster_attr ab[] = {{"a", "1"}, {"b", "2"}};
    const struct muster_attr ba[] = {{"b", "2"}, {"a", "1"}};
    const struct muster_attr ac[] = {{"a", "1"}, {"b", "3"}};
    struct muster_service first = service("x", ab, 2);
    struct muster_service same = service("x", ba, 2);
    struct muster_service other = service("x", ac, 2);
    struct muster_service less = service("x", ab, 1);
    struct muster_service *old = NULL, *taken;
    struct known k = {0};

    (void)state;
    assert_int_equal(known_put(&k, &first, &old), KNOWN_ADDED);
    assert_int_equal(known_put(&k, &same, &old), KNOWN_SAME);
    assert_null(old);
    assert_int_equal(known_put(&k, &other, &old), KNOWN_CHANGED);
    assert_string_equal(muster_service_get(old, "b"), "2");
    free(old);
    assert_int_equal(known_put(&k, &less, &old), KNOWN_CHANGED);
    free(old);
    assert_int_equal(k.count, 1);
    taken = known_take(&k, "x");
    assert_int_equal(taken->attr_count, 1);
    free(taken);
    assert_null(known_take(&k, "x"));
    assert_int_equal(k.count, 0);
}

static bool count_gone(void *arg, const struct muster_service *s)
{
    unsigned *left = arg;

    assert_true(s->name[0] == 'o');
    return --*left > 0;
}

static void pass(void **state)
{
    struct muster_service s, *old = NULL;
    struct known k = {0};
    unsigned i, left = 100;
    char name[16];

    (void)state;
    for (i = 0; i < 200; i++) {
        snprintf(name, sizeof(name), "%s%u", i % 2 ? "new" : "old", i);
        s = service(name, NULL, 0);
        assert_int_equal(known_put(&k, &s, &old), KNOWN_ADDED);
    }
    known_pass_begin(&k);
    for (i = 1; i < 200; i += 2) {
        snprintf(name, sizeof(name), "new%u", i);
        s = service(name, NULL, 0);
        assert_int_equal(known_put(&k, &s, &old), KNOWN_SAME);
    }
    known_pass_end(&k, count_gone, &left);
    assert_int_equal(left, 0);
    assert_int_equal(k.count, 100);
    known_free(&k);
}

/* fn may say stop: what is left stays known. */
static void pass_stops(void **state)
{
    struct muster_service a = service("o1", NULL, 0);
    struct muster_service b = service("o2", NULL, 0), *old = NULL;
    struct known k = {0};
    unsigned left = 1;

    (void)state;
    known_put(&k, &a, &old);
    known_put(&k, &b, &old);
    known_pass_begin(&k);
    known_pass_end(&k, count_gone, &left);
    assert_int_equal(k.count, 1);
    known_free(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(put_and_take),
        cmocka_unit_test(pass),
        cmocka_unit_test(pass_stops),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
