/*
 * Watches beyond what the model test reaches: one watch for equal selectors,
 * verdicts older than it remembers, and a gap.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/mem.h"
#include "server/state/watch.h"
#include "t/unit/state_util.h"

static struct watches all;

static struct watch *watch_text(const struct catalog *c, const char *text)
{
    struct selector s;

    assert_null(selector_parse_text(&s, text, strlen(text)));
    return watch_open(&all, c, &s);
}

static void test_shared(void **state)
{
    struct catalog *c = state_new(store_memory_new(), 100);
    struct watch *w, *same, *other;

    (void)state;
    w = watch_text(c, "kind=web mem>=8G");
    same = watch_text(c, "mem>= 8G kind web");
    other = watch_text(c, "kind=web mem>8G");
    assert_ptr_equal(w, same);
    assert_ptr_not_equal(w, other);
    assert_int_equal(w->readers, 2);
    watch_close(&all, w);
    assert_int_equal(same->readers, 1);
    watch_close(&all, same);
    watch_close(&all, other);
    assert_null(all.by_key);
    state_free(c);
}

/* Service i is in the selection of kind=web at revision r as r says. */
static enum watch_verdict want(uint64_t r)
{
    static const enum watch_verdict cycle[] = {
        WATCH_CAME, WATCH_CHANGED, WATCH_LEFT, WATCH_NONE, WATCH_NONE};

    return cycle[(r - 1) % 5];
}

static void change_many(struct catalog *c, struct holder *h, uint64_t from,
                        uint64_t to)
{
    static const char *const lines[] = {"kind web", "kind web", "kind db",
                                        "kind db", "kind db"};

    for (; from <= to; from++) {
        if (from == 1)
            state_register(c, h, NULL, "s kind web");
        else
            state_update(c, NULL, "s", lines[(from - 1) % 5]);
        assert_int_equal(catalog_revision(c), from);
    }
}

/* More changes than a watch remembers verdicts of. */
static void test_old_verdicts(void **state)
{
    unsigned budget = UINT32_MAX;
    struct catalog *c = state_new(store_memory_new(), 3 * WATCH_MEMO);
    struct watch *early = watch_text(c, "kind=web"), *late;
    struct holder h;
    uint64_t r;

    (void)state;
    holder_init(&h);
    change_many(c, &h, 1, 2 * WATCH_MEMO + 1);
    late = watch_text(c, ".name s kind=web");
    change_many(c, &h, 2 * WATCH_MEMO + 2, 2 * WATCH_MEMO + 60);
    watch_update(early, c, &budget);
    watch_update(late, c, &budget);
    for (r = 1; r <= 2 * WATCH_MEMO + 60; r++) {
        assert_int_equal(
            watch_verdict(early, changes_at(&c->changes, r), &budget), want(r));
        assert_int_equal(
            watch_verdict(late, changes_at(&c->changes, r), &budget), want(r));
    }
    assert_int_equal(early->touched, 2 * WATCH_MEMO + 60);
    watch_close(&all, early);
    watch_close(&all, late);
    catalog_owner_gone(c, &h.owner);
    state_free(c);
}

static void test_gap(void **state)
{
    unsigned budget = UINT32_MAX;
    struct catalog *c = state_new(store_memory_new(), 4);
    struct watch *w = watch_text(c, "kind=nothing");
    struct holder h;
    uint64_t r;

    (void)state;
    holder_init(&h);
    change_many(c, &h, 1, 4);
    watch_update(w, c, &budget);
    assert_int_equal(w->touched, 0);
    change_many(c, &h, 5, 9);
    watch_update(w, c,
                 &budget); /* one change was missed: it may have been one */
    assert_int_equal(w->touched, 9);
    change_many(c, &h, 10, 11);
    watch_update(w, c, &budget);
    assert_int_equal(w->touched, 9);
    for (r = 8; r <= 11; r++)
        assert_int_equal(watch_verdict(w, changes_at(&c->changes, r), &budget),
                         WATCH_NONE);
    watch_close(&all, w);
    catalog_owner_gone(c, &h.owner);
    state_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shared),
        cmocka_unit_test(test_old_verdicts),
        cmocka_unit_test(test_gap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
