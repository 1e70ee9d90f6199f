/*
 * Deadlines, how long a service has been quiet, and the names of volatile
 * attributes: small parts of the core.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/mem.h"
#include "server/state/deadlines.h"
#include "server/state/volatiles.h"
#include "t/unit/state_util.h"

#define MANY 300

static void check_heap(const struct deadlines *d)
{
    uint32_t i;

    for (i = 0; i < d->count; i++) {
        assert_int_equal(d->heap[i]->deadline_slot, i);
        if (i)
            assert_true(d->heap[(i - 1) / 2]->expires_ms <=
                        d->heap[i]->expires_ms);
    }
}

static struct service *earliest(struct service *list)
{
    struct service *first = NULL;
    unsigned i;

    for (i = 0; i < MANY; i++)
        if (list[i].deadline_slot != SERVICE_NO_DEADLINE &&
            (!first || list[i].expires_ms < first->expires_ms))
            first = &list[i];
    return first;
}

static void test_deadlines(void **state)
{
    struct service *list = xcalloc(MANY, sizeof(*list)), *v, *want;
    struct deadlines d = {.count = 0};
    uint32_t seed = 5;
    unsigned i, step;

    (void)state;
    for (i = 0; i < MANY; i++)
        list[i].deadline_slot = SERVICE_NO_DEADLINE;
    assert_null(deadlines_first(&d));
    for (step = 0; step < 6000; step++) {
        seed = seed * 1664525 + 1013904223;
        v = &list[(seed >> 8) % MANY];
        if (seed >> 30) { /* in, or to another place */
            v->expires_ms = (seed >> 12) % 1000;
            deadlines_set(&d, v);
        } else {
            deadlines_remove(&d, v);
            deadlines_remove(&d, v); /* it is not in: fine */
            assert_int_equal(v->deadline_slot, SERVICE_NO_DEADLINE);
        }
        check_heap(&d);
        want = earliest(list);
        v = deadlines_first(&d);
        assert_int_equal(v == NULL, want == NULL);
        if (v)
            assert_int_equal(v->expires_ms, want->expires_ms);
    }
    while ((v = deadlines_first(&d))) {
        deadlines_remove(&d, v);
        check_heap(&d);
    }
    deadlines_free(&d);
    free(list);
}

static struct word word_of(const char *text)
{
    return (struct word){.text = (char *)text, .len = (unsigned)strlen(text)};
}

static struct name_list *names(const char *text)
{
    struct word w = word_of(text);

    return volatiles_new(&w);
}

static bool has(const struct name_list *l, const char *name)
{
    struct word w = word_of(name);

    return volatiles_has(l, &w);
}

static void test_volatiles(void **state)
{
    struct name_list *l = names("load,slots_free,,a b,");

    (void)state;
    assert_true(has(l, "load"));
    assert_true(has(l, "slots_free"));
    assert_true(has(l, "a b"));
    assert_false(has(l, "loa"));
    assert_false(has(l, "load,slots_free"));
    assert_false(has(l, "oad"));
    assert_false(has(l, ""));
    assert_false(has(NULL, "load"));
    free(l);
    assert_null(names(""));
    assert_null(names(",,"));
    l = names("x");
    assert_true(has(l, "x"));
    free(l);
}

static struct record *record_of(struct record_index *x, const char *line)
{
    struct record_edit edit = {0};
    struct attr_pair *pairs[8];
    struct record_pins pins = {.pairs = pairs};
    char text[100];
    struct word w[16];
    struct record *r;

    memcpy(text, line, strlen(line) + 1);
    edit.set_count = (unsigned)words_split(text, strlen(line), w, 16) / 2;
    edit.sets = w;
    r = record_edit(x, NULL, &edit, &pins);
    record_count(r);
    record_unpin(x, &pins);
    return r;
}

static void test_equal_but_for_volatiles(void **state)
{
    static const struct {
        const char *a, *b;
        bool equal;
    } cases[] = {
        {"x 1 load 1", "x 1 load 2", true},
        {"x 1 load 1", "load 1 x 1", true},
        {"x 1 load 1", "x 1", true},
        {"x 1", "x 1 mem 2", true},
        {"x 1 load 1", "x 2 load 1", false},
        {"x 1", "", false},
        {"", "load 1", true},
        {"x 1", "x 1 y 1", false},
        {"x 1 y 1", "x 1", false},
    };
    struct name_list *l = names("load,mem");
    struct record *a, *b;
    struct record_index x;
    size_t i;

    (void)state;
    record_index_init(&x);
    for (i = 0; i < ARRAY_LEN(cases); i++) {
        a = record_of(&x, cases[i].a);
        b = record_of(&x, cases[i].b);
        assert_int_equal(volatiles_equal(l, a, b), cases[i].equal);
        assert_int_equal(volatiles_equal(l, b, a), cases[i].equal);
        record_unref(&x, a);
        record_unref(&x, b);
    }
    assert_int_equal(x.pairs.count, 0);
    assert_int_equal(x.keys.count, 0);
    record_index_free(&x);
    free(l);
}

static void assert_quiet(const struct catalog *c, const char *name,
                         uint64_t quiet)
{
    const struct service *v = catalog_find(c, name, strlen(name));

    assert_int_equal(catalog_quiet(c, v), quiet);
}

/* By its connection's lines, by what changes it, or by neither any more. */
static void test_quiet(void **state)
{
    struct catalog *c = state_new(store_memory_new(), 10);
    struct holder h;

    (void)state;
    holder_init(&h);
    catalog_set_now(c, 1000);
    state_register(c, &h, NULL, "a kind web load 1 .volatile load");
    state_register(c, &h, NULL, "t .ttl 5000");
    state_register(c, &h, NULL, "p persist 1");
    state_register(c, &h, NULL, "q persist 1 .ttl 9000");
    catalog_set_now(c, 1700);
    assert_quiet(c, "a", 700);
    assert_quiet(c, "t", 700);
    catalog_heard(c, &h.owner);
    assert_quiet(c, "a", 0);
    assert_quiet(c, "p", 0);
    catalog_set_now(c, 1800);
    state_update(c, NULL, "a", "load 2");
    assert_quiet(c, "a", 0);
    assert_quiet(c, "t", 100);
    catalog_set_now(c, 2000);
    catalog_heard(c, &h.owner);
    catalog_owner_gone(c, &h.owner);
    catalog_set_now(c, 2500);
    assert_quiet(c, "p", 500);
    assert_quiet(c, "q", 500);
    state_update(c, NULL, "p", "role x");
    catalog_set_now(c, 2600);
    assert_quiet(c, "p", 100);
    assert_quiet(c, "q", 600);
    assert_int_equal(catalog_expiry(catalog_find(c, "q", 1)), 11000);
    state_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_deadlines),
        cmocka_unit_test(test_volatiles),
        cmocka_unit_test(test_quiet),
        cmocka_unit_test(test_equal_but_for_volatiles),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
