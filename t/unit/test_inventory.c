/* The hosts of an inventory, as its lister writes them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/mem.h"
#include "worker/inventory.h"

static char *parse(struct inventory *v, const char *text)
{
    char *copy = xstrdup(text), *why = inventory_parse(v, copy, strlen(text));

    free(copy);
    return why;
}

static void test_hosts(void **state)
{
    const struct inventory_host *h;
    struct inventory v;

    (void)state;
    assert_null(parse(&v, "host web1 groups a,b rack 'r 1'\n\nhost db.x"));
    assert_int_equal(HASH_COUNT(v.by_name), 2);
    h = inventory_find(&v, "web1");
    assert_non_null(h);
    assert_string_equal(attrs_get(&h->attrs, "rack"), "r 1");
    assert_string_equal(attrs_get(&h->attrs, "groups"), "a,b");
    assert_non_null(inventory_find(&v, "db.x"));
    assert_null(inventory_find(&v, "db"));
    inventory_free(&v);
}

static void test_none(void **state)
{
    struct inventory v;

    (void)state;
    assert_null(parse(&v, ""));
    assert_null(v.by_name);
    assert_null(parse(&v, "\n\n"));
    assert_null(v.by_name);
}

/* What a worker says of itself nobody else says. */
static void test_own(void **state)
{
    const struct inventory_host *h;
    struct inventory v;

    (void)state;
    assert_null(parse(&v, "host a via me ops all kind x addr y drain 1 b 2"));
    h = inventory_find(&v, "a");
    assert_int_equal(h->attrs.count, 1);
    assert_string_equal(attrs_get(&h->attrs, "b"), "2");
    inventory_free(&v);
}

static void refused(const char *text, const char *why)
{
    struct inventory v;
    char *said = parse(&v, text);

    assert_non_null(said);
    assert_string_equal(said, why);
    assert_null(v.by_name);
    free(said);
}

static void test_refused(void **state)
{
    (void)state;
    refused("x", "line 1: it is not: host NAME [attr value]...");
    refused("host", "line 1: it is not: host NAME [attr value]...");
    refused("host a\nhost -b", "line 2: it is not: host NAME [attr value]...");
    refused("host a/b", "line 1: it is not: host NAME [attr value]...");
    refused("host ''", "line 1: it is not: host NAME [attr value]...");
    refused("host a\nhost a", "line 2: that host comes twice");
    refused("host a b", "line 1: odd attribute/value pairs");
    refused("host 'a", "line 1: a quote is not closed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_own),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
