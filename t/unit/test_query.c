/*
 * What a query costs: the budget counts services, and what it takes to look at
 * them; no part of a long answer takes long.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/mem.h"
#include "server/state/query.h"
#include "t/unit/state_util.h"

#define SERVICES 100

static struct catalog *c;
static struct holder owner;

/* Each has a short value and one of 1900 bytes. */
static int setup(void **state)
{
    char line[2048], text[1898];
    int i;

    (void)state;
    c = state_new(store_memory_new(), 10);
    holder_init(&owner);
    memset(text, 'a', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    for (i = 0; i < SERVICES; i++) {
        snprintf(line, sizeof(line), "s%d kind web long %s%d", i, text, i);
        state_register(c, &owner, NULL, line);
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    catalog_owner_gone(c, &owner.owner);
    state_free(c);
    return 0;
}

static bool count_emit(void *arg, struct service *v)
{
    (void)v;
    ++*(unsigned *)arg;
    return true;
}

/* How many calls with that budget it takes, and whether all were found. */
static unsigned calls_of(const char *selector, unsigned budget, unsigned expect)
{
    struct query q = {.left = UINT64_MAX};
    unsigned found = 0, calls = 0, left;
    enum query_state state;
    struct selector s;

    assert_null(selector_parse_text(&s, selector, strlen(selector)));
    q.terms = s.terms;
    q.count = s.count;
    do {
        left = budget;
        state = query_run(&q, c, &left, count_emit, &found);
        calls++;
        assert_true(state == QUERY_DONE || left == 0);
    } while (state == QUERY_MORE);
    assert_int_equal(found, expect);
    selector_free(&s);
    return calls;
}

static void test_cheap(void **state)
{
    (void)state;
    assert_int_equal(calls_of("kind=web", 1000, SERVICES), 1);
    assert_int_equal(calls_of("kind=web", 10, SERVICES), 10);
    assert_int_equal(calls_of("kind=web", 1, SERVICES), SERVICES);
    assert_int_equal(calls_of("kind=db", 1, 0), 1);
    assert_int_equal(calls_of(".name s7", 1, 1), 1);
    assert_int_equal(calls_of("", 50, SERVICES), 2);
}

static void test_dear(void **state)
{
    (void)state;
    /* a hundred instructions at each of 1900 bytes: about a millisecond */
    assert_true(calls_of("long~(a|b|c|d|e|f|g|h|i|j|k|l|m|n|o|p|q|r|s|t)*Z",
                         5000, 0) > SERVICES / 3);
    assert_true(calls_of("long?*[ab]*[ab]*[ab]*[ab]*[ab]*[ab]*Z", 1000, 0) >
                SERVICES / 3);
    assert_true(calls_of("long~^b", 10000, 0) <= 10); /* soon decided */
    /* the index decides before the text is looked at */
    assert_int_equal(calls_of("kind=db long~(a|b|c|d|e|f)*Z", 1, 0), 1);
}

static void test_no_budget(void **state)
{
    struct query q = {.left = UINT64_MAX};
    unsigned none = 0, found = 0;

    (void)state;
    assert_int_equal(query_run(&q, c, &none, count_emit, &found), QUERY_MORE);
    assert_int_equal(found, 0);
    assert_int_equal(q.after, 0);
}

static void test_spend(void **state)
{
    unsigned budget = 10;

    (void)state;
    query_spend(&budget, 3);
    assert_int_equal(budget, 7);
    query_spend(&budget, 7);
    assert_int_equal(budget, 0);
    budget = 7;
    query_spend(&budget, SIZE_MAX);
    assert_int_equal(budget, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cheap),
        cmocka_unit_test(test_dear),
        cmocka_unit_test(test_no_budget),
        cmocka_unit_test(test_spend),
    };

    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, setup, teardown);
}
