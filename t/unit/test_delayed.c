/*
 * The catalog behind a store that takes its time: nothing is visible or
 * acknowledged before it is committed, and whatever happens while a request is
 * under way comes out as if requests had come one after another.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/mem.h"
#include "t/unit/state_util.h"
#include "t/unit/store_delayed.h"

static struct catalog *c;
static struct store *store;
static struct holder a, b;

static int setup(void **state)
{
    (void)state;
    store = store_delayed_new();
    c = state_new(store, 1000);
    holder_init(&a);
    holder_init(&b);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
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
    assert_int_equal(t->status, CATALOG_OK);
    assert_int_equal(t->revision, revision);
    assert_non_null(t->service);
}

static void assert_told(const struct told *t, enum catalog_status status,
                        const char *text)
{
    assert_int_equal(t->count, 1);
    assert_string_equal(t->text, text);
    assert_int_equal(t->status, status);
    assert_null(t->service);
}

/* -- before and after the commit ------------------------------------------- */

static void test_register(void **state)
{
    struct told t;

    (void)state;
    state_register(c, &a, &t, "s kind web");
    assert_int_equal(delayed_count(store), 1);
    assert_int_equal(t.count, 0);
    assert_null(catalog_find(c, "s", 1));
    assert_null(record_find_key(&c->index, "kind", 4)->services.u.one);
    assert_int_equal(a.owner.count, 0);
    assert_int_equal(catalog_revision(c), 0);
    assert_state(c, "");
    delayed_commit(store);
    assert_ok(&t, 1);
    assert_ptr_equal(t.service->owner, &a.owner);
    assert_state(c, "s kind web\n");
    assert_change(c, 1, "+ s kind web");
}

static void test_update(void **state)
{
    struct told t;

    (void)state;
    given(&a, "s kind web role x");
    state_update(c, &t, "s", "kind db .unset role");
    assert_int_equal(t.count, 0);
    assert_state(c, "s kind web role x\n");
    assert_int_equal(catalog_revision(c), 1);
    delayed_commit(store);
    assert_ok(&t, 2);
    assert_state(c, "s kind db\n");
    assert_change(c, 2, "= s kind db");
}

static void test_remove(void **state)
{
    struct told t;

    (void)state;
    given(&a, "s kind web");
    state_remove(c, &t, "s");
    assert_int_equal(t.count, 0);
    assert_state(c, "s kind web\n");
    assert_int_equal(a.owner.count, 1);
    delayed_commit(store);
    assert_ok(&t, 2);
    assert_state(c, "");
    assert_int_equal(a.owner.count, 0);
    assert_change(c, 2, "- s kind web");
}

static void test_failed(void **state)
{
    struct told t;

    (void)state;
    state_register(c, &a, &t, "s kind web");
    delayed_refuse(store, STORE_FAILED);
    assert_told(&t, CATALOG_FAILED, "the disk is full");
    assert_state(c, "");
    assert_null(record_find_key(&c->index, "kind", 4));
    given(&a, "s kind web");

    state_update(c, &t, "s", "kind db .ttl 5 .volatile x");
    delayed_refuse(store, STORE_FAILED);
    assert_told(&t, CATALOG_FAILED, "the disk is full");
    assert_state(c, "s kind web\n");
    assert_int_equal(catalog_find(c, "s", 1)->ttl_ms, 0);
    assert_null(catalog_find(c, "s", 1)->volatiles);

    state_register(c, &b, &t, "s kind db .replace 1");
    delayed_refuse(store, STORE_FAILED);
    assert_told(&t, CATALOG_FAILED, "the disk is full");
    assert_int_equal(a.owner.count, 1);
    assert_int_equal(b.owner.count, 0);

    state_remove(c, &t, "s");
    delayed_refuse(store, STORE_FAILED);
    assert_told(&t, CATALOG_FAILED, "the disk is full");
    assert_state(c, "s kind web\n");
    assert_int_equal(a.owner.count, 1);
    assert_int_equal(catalog_revision(c), 1);
    assert_null(record_find_pair(&c->index, "kind", 4, "db", 2));
}

/* A store that others write to as well may say so at any time. */
static void test_conflict(void **state)
{
    struct told t;

    (void)state;
    state_register(c, &a, &t, "s kind web");
    delayed_refuse(store, STORE_CONFLICT);
    assert_told(&t, CATALOG_REFUSED, "duplicate service name");
    given(&a, "s kind web");
    state_update(c, &t, "s", "kind db");
    delayed_refuse(store, STORE_CONFLICT);
    assert_told(&t, CATALOG_REFUSED,
                "the service was changed meanwhile: try again");
    state_remove(c, &t, "s");
    delayed_refuse(store, STORE_CONFLICT);
    assert_told(&t, CATALOG_REFUSED, "no such service");
    assert_state(c, "s kind web\n");
    assert_int_equal(catalog_revision(c), 1);
}

/* -- two requests of one name ---------------------------------------------- */

static void test_two_registrations(void **state)
{
    struct told t, u;

    (void)state;
    state_register(c, &a, &t, "s kind web");
    state_register(c, &b, &u, "s kind db");
    delayed_commit_all(store);
    assert_ok(&t, 1);
    assert_told(&u, CATALOG_REFUSED, "duplicate service name");
    assert_state(c, "s kind web\n");
    assert_int_equal(b.owner.count, 0);
}

static void test_second_after_failure(void **state)
{
    struct told t, u;

    (void)state;
    state_register(c, &a, &t, "s kind web");
    state_register(c, &b, &u, "s kind db");
    delayed_refuse(store, STORE_FAILED);
    delayed_commit_all(store);
    assert_told(&t, CATALOG_FAILED, "the disk is full");
    assert_ok(&u, 1);
    assert_state(c, "s kind db\n");
}

static void test_replace_of_one_coming(void **state)
{
    struct told t, u;

    (void)state;
    state_register(c, &a, &t, "s kind web");
    state_register(c, &b, &u, "s kind db .replace 1");
    delayed_commit_all(store);
    assert_ok(&t, 1);
    assert_ok(&u, 2);
    assert_int_equal(a.lost[LOST_REPLACED], 1);
    assert_ptr_equal(u.service->owner, &b.owner);
    assert_state(c, "s kind db\n");
}

static void test_two_updates(void **state)
{
    struct told t, u;

    (void)state;
    given(&a, "s persist 1 x 0 y 0");
    state_update(c, &t, "s", "x 1");
    state_update(c, &u, "s", "y 1");
    delayed_commit_all(store);
    assert_ok(&t, 2);
    assert_ok(&u, 3);
    assert_state(c, "s persist 1 x 1 y 1\n");
}

static void test_update_of_one_going(void **state)
{
    struct told t, u, w;

    (void)state;
    given(&a, "s persist 1");
    state_remove(c, &t, "s");
    state_update(c, &u, "s", "y 1");
    state_remove(c, &w, "s");
    delayed_commit_all(store);
    assert_ok(&t, 2);
    assert_told(&u, CATALOG_REFUSED, "no such service");
    assert_told(&w, CATALOG_REFUSED, "no such service");
    assert_int_equal(catalog_revision(c), 2);
}

static void test_update_of_one_taken_over(void **state)
{
    struct told t, u, w;

    (void)state;
    given(&a, "s x 0");
    state_register(c, &b, &t, "s x 1 .replace 1");
    state_update(c, &u, "s", "x 2"); /* of a's connection */
    state_remove(c, &w, "s");
    delayed_commit_all(store);
    assert_ok(&t, 2);
    assert_told(&u, CATALOG_REFUSED, "the service was taken over meanwhile");
    assert_told(&w, CATALOG_REFUSED, "the service was taken over meanwhile");
    assert_state(c, "s x 1\n");
}

/* -- changes that are no event --------------------------------------------- */

static void test_silent_change(void **state)
{
    struct told t, u;

    (void)state;
    given(&a, "s .volatile load load 1 x 0");
    state_update(c, &t, "s", "load 2");
    assert_ok(&t, 1);
    state_update(c, &t, "s", "x 1");
    state_update(c, &u, "s", "load 3");
    delayed_commit_all(store);
    assert_ok(&t, 2);
    assert_ok(&u, 2);
    assert_state(c, "s load 3 x 1\n");
    assert_change(c, 2, "= s load 2 x 1");
    assert_null(record_find_pair(&c->index, "load", 4, "5", 1));
}

/* What is under way sees the service whole, whatever is freed meanwhile. */
static void test_silent_change_forgotten(void **state)
{
    struct told t, u;

    (void)state;
    state_free(c);
    store = store_delayed_new();
    c = state_new(store, 1);
    given(&a, "s .volatile load load 1 x 0");
    state_update(c, &t, "s", "x 1");
    assert_true(delayed_check(store));
    state_update(c, &u, "s", "load 2 more 3 .volatile load,more");
    given(&b, "other y 1"); /* pushes the first change out */
    delayed_commit_all(store);
    assert_ok(&t, 2);
    assert_ok(&u, 2);
    assert_state(c, "s load 2 x 1 more 3\nother y 1\n");
}

static void test_silent_replacement(void **state)
{
    struct told t, u;

    (void)state;
    given(&a, "s .volatile load load 1 x 0");
    state_update(c, &t, "s", "x 1");
    state_register(c, &b, &u, "s .volatile load load 7 x 1 .replace 1");
    delayed_commit_all(store);
    assert_ok(&t, 2);
    assert_ok(&u, 2);
    assert_state(c, "s load 7 x 1\n");
    assert_int_equal(a.lost[LOST_REPLACED], 1);
}

/* -- the end of a connection ----------------------------------------------- */

static void test_owner_gone(void **state)
{
    (void)state;
    given(&a, "s x 0");
    given(&a, "t x 0 persist 1");
    catalog_owner_gone(c, &a.owner);
    assert_int_equal(a.owner.count, 0);
    assert_state(c, "s x 0\nt x 0 persist 1\n");
    delayed_commit_all(store);
    assert_state(c, "t x 0 persist 1\n");
    assert_int_equal(a.lost[LOST_REMOVED], 0);
}

static void test_owner_gone_in_update(void **state)
{
    struct told t;

    (void)state;
    given(&a, "s x 0");
    state_update(c, &t, "s", "x 1");
    catalog_owner_gone(c, &a.owner);
    delayed_commit_all(store);
    assert_ok(&t, 2);
    assert_change(c, 2, "= s x 1");
    assert_change(c, 3, "- s x 1");
    assert_state(c, "");
}

/* The line that made it outlive its connection came before the end. */
static void test_owner_gone_persist_in_update(void **state)
{
    struct told t;

    (void)state;
    given(&a, "s x 0");
    state_update(c, &t, "s", "persist 1");
    catalog_owner_gone(c, &a.owner);
    delayed_commit_all(store);
    assert_ok(&t, 2);
    assert_state(c, "s x 0 persist 1\n");
}

static void test_owner_gone_in_registration(void **state)
{
    struct told t;

    (void)state;
    state_register(c, &a, &t, "s x 0");
    catalog_owner_gone(c, &a.owner); /* as its connection closes */
    delayed_commit_all(store);
    assert_ok(&t, 1);
    catalog_owner_gone(c, &a.owner); /* as its connection is answered */
    delayed_commit_all(store);
    assert_state(c, "");
}

/* A client comes back: both orders of its end and its new registration. */
static void test_owner_gone_in_replacement(void **state)
{
    struct told t;

    (void)state;
    given(&a, "s x 0");
    state_register(c, &b, &t, "s x 1 .replace 1");
    catalog_owner_gone(c, &a.owner);
    delayed_commit_all(store);
    assert_ok(&t, 2);
    assert_state(c, "s x 1\n");
    assert_ptr_equal(t.service->owner, &b.owner);
    assert_int_equal(b.lost[LOST_REMOVED], 0);
}

static void test_replacement_in_owner_gone(void **state)
{
    struct told t;

    (void)state;
    given(&a, "s x 0");
    catalog_owner_gone(c, &a.owner);
    state_register(c, &b, &t, "s x 1 .replace 1");
    delayed_commit_all(store);
    assert_ok(&t, 3);
    assert_state(c, "s x 1\n");
    catalog_owner_gone(c, &b.owner);
    state_register(c, &a, &t, "s x 2");
    delayed_commit_all(store);
    assert_ok(&t, 5);
    assert_state(c, "s x 2\n");
}

int main(int argc, char **argv)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_register),
        TEST(test_update),
        TEST(test_remove),
        TEST(test_failed),
        TEST(test_conflict),
        TEST(test_two_registrations),
        TEST(test_second_after_failure),
        TEST(test_replace_of_one_coming),
        TEST(test_two_updates),
        TEST(test_update_of_one_going),
        TEST(test_update_of_one_taken_over),
        TEST(test_silent_change),
        TEST(test_silent_change_forgotten),
        TEST(test_silent_replacement),
        TEST(test_owner_gone),
        TEST(test_owner_gone_in_update),
        TEST(test_owner_gone_persist_in_update),
        TEST(test_owner_gone_in_registration),
        TEST(test_owner_gone_in_replacement),
        TEST(test_replacement_in_owner_gone),
    };

    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
