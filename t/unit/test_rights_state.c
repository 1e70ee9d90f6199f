/*
 * What belongs to whom and what is pinned, as the catalog heeds it: at the
 * moment of a change, behind a store that takes its time.
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

static struct word word_of(const char *text)
{
    return (struct word){.text = (char *)text, .len = (unsigned)strlen(text)};
}

/* pairs: name, value, ..., NULL. by "*": one who may do all. */
static struct catalog_request request(const char *by, struct word *words,
                                      const char *const *pairs)
{
    struct catalog_request q = {.edit.sets = words};
    unsigned n = 0;

    for (; pairs && pairs[n]; n++)
        words[n] = word_of(pairs[n]);
    q.edit.set_count = n / 2;
    q.may_all = !strcmp(by, "*");
    if (!q.may_all)
        q.by = word_of(by);
    return q;
}

static void registers(struct holder *h, struct told *t, const char *by,
                      const char *name, const char *const *pairs)
{
    struct word words[32], n = word_of(name);
    struct catalog_request q = request(by, words, pairs);

    q.replace = true;
    *t = (struct told){0};
    catalog_register(c, &h->owner, &n, &q, told_done, t);
}

static void updates(struct told *t, const char *by, const char *name,
                    const char *const *pairs, const char *const *unsets)
{
    struct word words[32], gone[8];
    struct catalog_request q = request(by, words, pairs);

    for (; unsets && unsets[q.edit.unset_count]; q.edit.unset_count++)
        gone[q.edit.unset_count] = word_of(unsets[q.edit.unset_count]);
    q.edit.unsets = gone;
    *t = (struct told){0};
    catalog_update(c, catalog_find(c, name, strlen(name)), &q, told_done, t);
}

static void removes(struct told *t, const char *by, const char *name)
{
    struct catalog_request q = request(by, NULL, NULL);

    *t = (struct told){0};
    catalog_remove(c, catalog_find(c, name, strlen(name)), &q, told_done, t);
}

static void is(const struct told *t, const char *text)
{
    assert_int_equal(t->count, 1);
    assert_string_equal(t->text, text);
    assert_int_equal(t->status, *text ? CATALOG_REFUSED : CATALOG_OK);
}

#define OWNER  "that service belongs to another token"
#define PINNED "a pinned attribute can be neither set nor unset"

static const char *const of_web[] = {"role",   "web",          "persist",
                                     "1",      ".pinned.role", "web",
                                     ".owner", "web",          NULL};
static const char *const load[] = {"load", "1", NULL};
static const char *const role_db[] = {"role", "db", NULL};
static const char *const role_web[] = {"role", "web", NULL};
static const char *const unset_role[] = {"role", NULL};
static const char *const unset_pin[] = {"role", ".pinned.role", NULL};

static void test_whose(void **state)
{
    struct told t;

    (void)state;
    registers(&a, &t, "web", "v", of_web);
    delayed_commit_all(store);
    is(&t, "");
    assert_state(c, "v role web persist 1\n"); /* the rest is not shown */

    updates(&t, "evil", "v", load, NULL);
    is(&t, OWNER);
    updates(&t, "", "v", load, NULL); /* nobody in particular */
    is(&t, OWNER);
    removes(&t, "evil", "v");
    is(&t, OWNER);
    registers(&b, &t, "evil", "v", load);
    is(&t, OWNER);
    assert_int_equal(delayed_count(store), 0);

    updates(&t, "web", "v", load, NULL);
    delayed_commit_all(store);
    is(&t, "");
    updates(&t, "*", "v", load, NULL);
    delayed_commit_all(store);
    is(&t, "");
    removes(&t, "web", "v");
    delayed_commit_all(store);
    is(&t, "");
}

/* What is nobody's is not a token's. */
static void test_nobodys(void **state)
{
    static const char *const persist[] = {"persist", "1", NULL};
    struct told t;

    (void)state;
    registers(&a, &t, "", "v", persist);
    delayed_commit_all(store);
    updates(&t, "web", "v", load, NULL);
    is(&t, OWNER);
    updates(&t, "", "v", load, NULL);
    delayed_commit_all(store);
    is(&t, "");
}

static void test_pinned(void **state)
{
    struct told t;

    (void)state;
    registers(&a, &t, "web", "v", of_web);
    delayed_commit_all(store);
    updates(&t, "web", "v", role_db, NULL);
    is(&t, PINNED);
    updates(&t, "*", "v", role_db, NULL);
    is(&t, PINNED);
    updates(&t, "web", "v", NULL, unset_role);
    is(&t, PINNED);
    updates(&t, "*", "v", NULL, unset_role);
    is(&t, PINNED);
    updates(&t, "web", "v", role_web, NULL);
    delayed_commit_all(store);
    is(&t, "");
    updates(&t, "*", "v", NULL, unset_pin);
    delayed_commit_all(store);
    is(&t, "");
    updates(&t, "web", "v", role_db, NULL); /* it is pinned no more */
    delayed_commit_all(store);
    is(&t, "");
    assert_state(c, "v persist 1 role db\n");
}

/* It is another's when the turn of a request comes that was right when it was
 * made. */
static void test_in_turn(void **state)
{
    static const char *const of_db[] = {"persist", "1", ".owner", "db", NULL};
    struct told first, t, u;

    (void)state;
    registers(&a, &t, "web", "v", of_web);
    delayed_commit_all(store);
    registers(&b, &first, "*", "v", of_db);
    assert_int_equal(delayed_count(store), 1);
    updates(&t, "web", "v", load, NULL);
    removes(&u, "web", "v");
    assert_int_equal(t.count + u.count, 0); /* they wait */
    delayed_commit_all(store);
    is(&first, "");
    is(&t, OWNER);
    is(&u, OWNER);
    assert_state(c, "v persist 1\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_whose, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nobodys, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pinned, setup, teardown),
        cmocka_unit_test_setup_teardown(test_in_turn, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
