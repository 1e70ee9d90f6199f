/*
 * The catalog behind a store that takes its time, part two: services that
 * expire, removals that fail, bounds, a store that sometimes answers at once,
 * and the end of the daemon.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/mem.h"
#include "t/unit/state_util.h"
#include "t/unit/store_delayed.h"

static struct catalog *c;
static struct store *store;
static struct holder a, b;
static unsigned moved; /* calls of catalog.deadline */

static void deadline_moved(void *arg)
{
    (void)arg;
    moved++;
}

static int setup(void **state)
{
    (void)state;
    store = store_delayed_new();
    c = state_new(store, 1000);
    c->deadline = deadline_moved;
    moved = 0;
    holder_init(&a);
    holder_init(&b);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    if (!c)
        return 0;
    catalog_owner_gone(c, &a.owner);
    catalog_owner_gone(c, &b.owner);
    delayed_commit_all(store);
    state_free(c);
    return 0;
}

/* Registers and commits. */
static struct service *given(struct holder *h, const char *line)
{
    struct told t;

    state_register(c, h, &t, line);
    delayed_commit_all(store);
    assert_int_equal(t.count, 1);
    assert_int_equal(t.status, CATALOG_OK);
    return t.service;
}

static void assert_ok(const struct told *t, uint64_t revision)
{
    assert_int_equal(t->count, 1);
    assert_string_equal(t->text, "");
    assert_int_equal(t->revision, revision);
}

/* -- time ------------------------------------------------------------------ */

static void test_expiry(void **state)
{
    (void)state;
    given(&a, "s x 0 .ttl 100");
    assert_int_equal(moved, 1);
    assert_int_equal(catalog_next_expiry(c), 100);
    catalog_set_now(c, 99);
    assert_int_equal(catalog_expire(c), 1);
    assert_int_equal(delayed_count(store), 0);
    catalog_set_now(c, 100);
    assert_int_equal(catalog_expire(c), UINT64_MAX);
    assert_int_equal(delayed_count(store), 1);
    assert_state(c, "s x 0\n");
    assert_int_equal(a.lost[LOST_EXPIRED], 0);
    assert_int_equal(a.owner.count, 1);
    delayed_commit(store);
    assert_state(c, "");
    assert_int_equal(a.lost[LOST_EXPIRED], 1);
    assert_int_equal(a.owner.count, 0);
    assert_change(c, 2, "- s x 0");
}

/* The timer is set when the service is there, not when it is asked for. */
static void test_deadline_told_at_commit(void **state)
{
    (void)state;
    given(&a, "late x 0 .ttl 500");
    state_register(c, &a, NULL, "soon x 0 .ttl 100");
    assert_int_equal(moved, 1);
    assert_int_equal(catalog_next_expiry(c), 500);
    delayed_commit(store);
    assert_int_equal(moved, 2);
    assert_int_equal(catalog_next_expiry(c), 100);
    given(&a, "last x 0 .ttl 600");
    assert_int_equal(moved, 2);
}

static void test_heard_in_time(void **state)
{
    (void)state;
    given(&a, "s x 0 .ttl 100");
    catalog_set_now(c, 80);
    catalog_heard(c, &a.owner);
    catalog_set_now(c, 100);
    assert_int_equal(catalog_expire(c), 80);
    assert_int_equal(delayed_count(store), 0);
    catalog_set_now(c, 180);
    catalog_expire(c);
    assert_int_equal(delayed_count(store), 1);
}

/* Its line came before the time was over: so it lives. */
static void test_expiry_in_update(void **state)
{
    struct told t;

    (void)state;
    given(&a, "s x 0 persist 1 .ttl 100");
    catalog_owner_gone(c, &a.owner);
    catalog_set_now(c, 90);
    state_update(c, &t, "s", "x 1");
    catalog_set_now(c, 110);
    catalog_expire(c);
    assert_int_equal(delayed_count(store), 1);
    delayed_commit_all(store);
    assert_ok(&t, 2);
    assert_state(c, "s x 1 persist 1\n");
    assert_int_equal(catalog_next_expiry(c), 100);
    catalog_set_now(c, 210);
    catalog_expire(c);
    delayed_commit_all(store);
    assert_state(c, "");
}

/* Who says so while it is going registers anew. */
static void test_refresh_in_expiry(void **state)
{
    struct told t;

    (void)state;
    given(&a, "s x 0 persist 1 .ttl 100");
    catalog_owner_gone(c, &a.owner);
    catalog_set_now(c, 100);
    catalog_expire(c);
    assert_int_equal(delayed_count(store), 1);
    state_register(c, &b, &t, "s x 0 persist 1 .ttl 100");
    delayed_commit_all(store);
    assert_ok(&t, 3);
    assert_change(c, 2, "- s x 0 persist 1");
    assert_change(c, 3, "+ s x 0 persist 1");
    assert_int_equal(b.lost[LOST_REMOVED], 0);
    assert_int_equal(catalog_next_expiry(c), 100);
}

static void test_refresh(void **state)
{
    struct told t;

    (void)state;
    given(&a, "s x 0 persist 1 .ttl 100");
    catalog_owner_gone(c, &a.owner);
    catalog_set_now(c, 60);
    state_register(c, &b, &t, "s x 0 persist 1 .ttl 100");
    assert_ok(&t, 1); /* nothing but its time has changed */
    assert_int_equal(catalog_next_expiry(c), 100);
    state_register(c, &a, &t, "s x 0 persist 1 .ttl 100");
    assert_int_equal(t.status, CATALOG_REFUSED); /* b's is still there */
}

static void test_owner_gone_in_expiry(void **state)
{
    (void)state;
    given(&a, "s x 0 .ttl 100");
    catalog_set_now(c, 100);
    catalog_expire(c);
    catalog_owner_gone(c, &a.owner);
    assert_int_equal(delayed_commit_all(store), 1);
    assert_state(c, "");
    assert_int_equal(a.lost[LOST_EXPIRED], 0); /* nobody is there to be told */
}

/* A service that outlives its connection keeps what was heard of that, and does
 * not stand in the way of others. */
static void test_heard_before_the_end(void **state)
{
    (void)state;
    given(&a, "s x 0 persist 1 .ttl 100");
    given(&b, "t x 0 .ttl 150");
    catalog_set_now(c, 90);
    catalog_heard(c, &a.owner);
    catalog_owner_gone(c, &a.owner);
    catalog_set_now(c, 160);
    assert_int_equal(catalog_expire(c), 30);
    delayed_commit_all(store);
    assert_state(c, "s x 0 persist 1\n");
    catalog_set_now(c, 190);
    catalog_expire(c);
    delayed_commit_all(store);
    assert_state(c, "");
}

static void test_many_expire(void **state)
{
    char line[40];
    int i;

    (void)state;
    delayed_at_once(store, true);
    for (i = 0; i < 2500; i++) {
        snprintf(line, sizeof(line), "s%d .ttl 100", i);
        state_register(c, &a, NULL, line);
    }
    catalog_set_now(c, 100);
    assert_int_equal(catalog_expire(c), 0);
    assert_int_equal(catalog_count(c), 1500);
    assert_int_equal(catalog_expire(c), 0);
    assert_int_equal(catalog_expire(c), UINT64_MAX);
    assert_int_equal(catalog_count(c), 0);
    assert_int_equal(a.lost[LOST_EXPIRED], 2500);
}

/* -- removals that fail ---------------------------------------------------- */

static void test_end_is_tried_again(void **state)
{
    (void)state;
    given(&a, "s x 0");
    catalog_owner_gone(c, &a.owner);
    delayed_refuse(store, STORE_FAILED);
    assert_state(c, "s x 0\n");
    assert_int_equal(moved, 1);
    assert_int_equal(catalog_expire(c), 1000);
    catalog_set_now(c, 1000);
    assert_int_equal(catalog_expire(c), UINT64_MAX);
    delayed_refuse(store, STORE_FAILED);
    catalog_set_now(c, 2000);
    catalog_expire(c);
    delayed_commit_all(store);
    assert_state(c, "");
}

static void test_end_is_not_tried_again(void **state)
{
    struct told t;

    (void)state;
    given(&a, "s x 0");
    catalog_owner_gone(c, &a.owner);
    delayed_refuse(store, STORE_FAILED);
    state_register(c, &b, &t, "s x 0 .replace 1"); /* it comes back */
    delayed_commit_all(store);
    catalog_set_now(c, 1000);
    assert_int_equal(catalog_expire(c), UINT64_MAX);
    assert_int_equal(delayed_count(store), 0);
    assert_state(c, "s x 0\n");
}

static void test_expiry_is_tried_again(void **state)
{
    (void)state;
    given(&a, "s x 0 .ttl 100");
    catalog_set_now(c, 100);
    catalog_expire(c);
    delayed_refuse(store, STORE_FAILED);
    assert_int_equal(catalog_next_expiry(c), 1000);
    assert_int_equal(a.lost[LOST_EXPIRED], 0);
    catalog_set_now(c, 1100);
    catalog_expire(c);
    delayed_commit_all(store);
    assert_state(c, "");
    assert_int_equal(a.lost[LOST_EXPIRED], 1);
}

/* Its connection is long gone, and now it says that it does not stay. */
static void test_persist_no_more(void **state)
{
    struct told t;

    (void)state;
    given(&a, "s persist 1");
    given(&a, "t persist 1 .volatile persist");
    catalog_owner_gone(c, &a.owner);
    state_update(c, &t, "s", "persist 0");
    assert_true(delayed_first(store)->durable);
    delayed_commit(store);
    assert_int_equal(delayed_count(store), 1);
    assert_false(delayed_first(store)->durable); /* it is kept no more */
    delayed_commit_all(store);
    assert_state(c, "t persist 1\n");
    state_update(c, &t, "t", "persist 0"); /* nobody is told, but the store */
    assert_true(delayed_first(store)->durable);
    assert_true(delayed_first(store)->silent);
    delayed_commit(store);
    assert_ok(&t, 4);
    delayed_commit_all(store);
    assert_state(c, "");
}

/* -- what the store is told ------------------------------------------------ */

static void test_durable(void **state)
{
    (void)state;
    state_register(c, &a, NULL, "s x 0");
    assert_false(delayed_first(store)->durable);
    assert_int_equal(delayed_first(store)->expect, STORE_EXPECT_ABSENT);
    delayed_commit(store);
    state_update(c, NULL, "s", "persist 1");
    assert_true(delayed_first(store)->durable);
    assert_int_equal(delayed_first(store)->expect, 1);
    delayed_commit(store);
    state_update(c, NULL, "s", "persist 0"); /* what is kept must change */
    assert_true(delayed_first(store)->durable);
    delayed_commit(store);
    state_update(c, NULL, "s", "persist 2");
    delayed_commit(store);
    state_remove(c, NULL, "s");
    assert_true(delayed_first(store)->durable);
    assert_int_equal(delayed_first(store)->expect, STORE_EXPECT_ANY);
    delayed_commit(store);
    assert_state(c, "");
    state_register(c, &a, NULL, "s persist 1");
    delayed_commit(store);
    state_register(c, &a, NULL, "s x 0 .replace 1");
    assert_true(delayed_first(store)->durable);
    delayed_commit(store);
    state_remove(c, NULL, "s");
    assert_false(delayed_first(store)->durable);
    delayed_commit(store);
    assert_state(c, "");
}

static void test_bounds(void **state)
{
    struct told t, u, w;

    (void)state;
    c->limits.services = 2;
    state_register(c, &a, &t, "s x 0");
    state_register(c, &a, &u, "t x 0");
    state_register(c, &a, &w, "u x 0");
    assert_string_equal(w.text, "too many services in this registry");
    delayed_refuse(store, STORE_FAILED);
    state_register(c, &a, &w, "u x 0");
    delayed_commit_all(store);
    assert_state(c, "t x 0\nu x 0\n");
}

/* commit() may call done() before it returns. */
static void test_at_once(void **state)
{
    struct told t[4];

    (void)state;
    delayed_at_once(store, true);
    state_register(c, &a, &t[0], "s x 0 persist 1");
    state_update(c, &t[1], "s", "x 1");
    state_register(c, &b, &t[2], "s x 2 .replace 1");
    state_remove(c, &t[3], "s");
    assert_ok(&t[0], 1);
    assert_ok(&t[1], 2);
    assert_ok(&t[2], 3);
    assert_ok(&t[3], 4);
    assert_null(c->turns.by_name);
}

static void test_waiting_all_at_once(void **state)
{
    struct told t[4];

    (void)state;
    given(&a, "s x 0 persist 1");
    state_update(c, &t[0], "s", "x 1");
    state_update(c, &t[1], "s", "x 2");
    state_remove(c, &t[2], "s");
    state_register(c, &b, &t[3], "s x 3");
    delayed_at_once(store, true);
    delayed_commit(store);
    assert_ok(&t[0], 2);
    assert_ok(&t[1], 3);
    assert_ok(&t[2], 4);
    assert_ok(&t[3], 5);
    assert_state(c, "s x 3\n");
}

/* Whoever waits for the store is told, once, when the daemon ends. */
static void test_end_of_all(void **state)
{
    struct told t[5];
    size_t i;

    (void)state;
    given(&a, "s x 0 persist 1");
    given(&b, "gone x 0");
    state_register(c, &a, &t[0], "new x 0");
    state_update(c, &t[1], "s", "x 1");
    state_update(c, &t[2], "s", "x 2");
    state_remove(c, &t[3], "s");
    state_register(c, &b, &t[4], "new x 1 .replace 1");
    catalog_owner_gone(c, &b.owner);
    catalog_owner_gone(c, &a.owner);
    state_free(c);
    for (i = 0; i < ARRAY_LEN(t); i++) {
        assert_int_equal(t[i].count, 1);
        assert_int_equal(t[i].status, CATALOG_FAILED);
    }
    c = NULL;
}

int main(int argc, char **argv)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_expiry),
        TEST(test_deadline_told_at_commit),
        TEST(test_heard_in_time),
        TEST(test_expiry_in_update),
        TEST(test_refresh_in_expiry),
        TEST(test_refresh),
        TEST(test_owner_gone_in_expiry),
        TEST(test_heard_before_the_end),
        TEST(test_many_expire),
        TEST(test_end_is_tried_again),
        TEST(test_end_is_not_tried_again),
        TEST(test_expiry_is_tried_again),
        TEST(test_persist_no_more),
        TEST(test_durable),
        TEST(test_bounds),
        TEST(test_at_once),
        TEST(test_waiting_all_at_once),
        TEST(test_end_of_all),
    };

    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
