/*
 * Lanes: claims of one key run in the order of their coming, others side by
 * side, and one of everything alone. A long random life says so, too.
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
#include "server/state/lanes.h"

#define KEYS   5
#define CLAIMS 4000

struct claim {
    struct lane_claim claim;
    struct lane_place places[3];
    unsigned id;
    bool keys[KEYS];
    bool runs, at_once;
    struct lanes *lanes;
};

static struct claim *running[CLAIMS];
static unsigned run_count, ran[CLAIMS], ran_count;

static bool conflicts(const struct claim *a, const struct claim *b)
{
    unsigned i;

    if (a->claim.all || b->claim.all)
        return true;
    for (i = 0; i < KEYS; i++)
        if (a->keys[i] && b->keys[i])
            return true;
    return false;
}

static void leave(struct claim *c)
{
    unsigned i;

    for (i = 0; running[i] != c; i++)
        assert_true(i < run_count);
    running[i] = running[--run_count];
    lanes_leave(c->lanes, &c->claim);
    free(c);
}

static void run(struct lane_claim *claim)
{
    struct claim *c = container_of(claim, struct claim, claim);
    unsigned i;

    assert_false(c->runs);
    c->runs = true;
    for (i = 0; i < run_count; i++)
        assert_false(conflicts(c, running[i]));
    running[run_count++] = c;
    ran[ran_count++] = c->id;
    if (c->at_once)
        leave(c);
}

/* keys: "ab", or "*" for everything */
static struct claim *enter(struct lanes *l, unsigned id, const char *keys,
                           bool at_once)
{
    static const char *const names[KEYS] = {"a", "b", "c", "d", ""};
    struct claim *c = xcalloc(1, sizeof(*c));
    unsigned i, k;

    c->id = id;
    c->lanes = l;
    c->at_once = at_once;
    c->claim.run = run;
    c->claim.places = c->places;
    c->claim.all = *keys == '*';
    for (i = 0; !c->claim.all && keys[i]; i++) {
        k = (unsigned)(keys[i] - 'a');
        c->keys[k] = true;
        c->places[i].key = names[k];
        c->places[i].key_len = strlen(names[k]);
        c->claim.count++;
    }
    lanes_enter(l, &c->claim);
    return c;
}

static void assert_ran(const char *ids)
{
    char got[64] = "";
    unsigned i;

    for (i = 0; i < ran_count; i++)
        snprintf(got + strlen(got), sizeof(got) - strlen(got), "%u", ran[i]);
    assert_string_equal(got, ids);
}

static int fresh(void **state)
{
    (void)state;
    run_count = ran_count = 0;
    return 0;
}

static void one_key_is_one_after_another(void **state)
{
    struct lanes l = {0};
    struct claim *c1, *c2, *c3;

    (void)state;
    c1 = enter(&l, 1, "a", false);
    c2 = enter(&l, 2, "a", false);
    c3 = enter(&l, 3, "b", false);
    assert_ran("13");
    leave(c1);
    assert_ran("132");
    leave(c2);
    leave(c3);
    assert_null(l.by_key);
    assert_int_equal(l.inside, 0);
}

static void several_keys_are_waited_for_at_once(void **state)
{
    struct lanes l = {0};
    struct claim *c1, *c2, *c3, *c4;

    (void)state;
    c1 = enter(&l, 1, "a", false);
    c2 = enter(&l, 2, "b", false);
    c3 = enter(&l, 3, "aba", false); /* one key twice */
    c4 = enter(&l, 4, "b", false);
    leave(c2);
    assert_ran("12");
    leave(c1);
    assert_ran("123");
    leave(c3);
    assert_ran("1234");
    leave(c4);
    assert_null(l.by_key);
}

static void everything_is_alone(void **state)
{
    struct lanes l = {0};
    struct claim *c1, *c2, *c3, *c4;

    (void)state;
    c1 = enter(&l, 1, "a", false);
    c2 = enter(&l, 2, "*", false);
    c3 = enter(&l, 3, "b", false);
    c4 = enter(&l, 4, "*", false);
    assert_ran("1");
    leave(c1);
    assert_ran("12");
    leave(c2);
    assert_ran("123");
    leave(c3);
    assert_ran("1234");
    enter(&l, 5, "a", true);
    assert_ran("1234");
    leave(c4);
    assert_ran("12345");
    assert_null(l.first);
    assert_null(l.by_key);
}

/* What leaves where it runs makes no deep stack of those that wait. */
static void many_that_wait_run_in_turn(void **state)
{
    struct lanes l = {0};
    struct claim *c = enter(&l, 0, "a", false);
    unsigned i;

    (void)state;
    for (i = 1; i < CLAIMS - 1; i++)
        enter(&l, i, i % 100 ? "a" : "*", true);
    leave(c);
    assert_int_equal(ran_count, CLAIMS - 1);
    for (i = 0; i < ran_count; i++)
        assert_int_equal(ran[i], i);
    assert_null(l.by_key);
}

/* Whatever comes: nothing that conflicts runs together (run() looks), what
 * conflicts runs in its order, and in the end everything has run. */
static void any_life_is_in_order(void **state)
{
    static struct {
        bool keys[KEYS], all;
    } all[CLAIMS];
    struct lanes l = {0};
    unsigned i, k, n, last[KEYS] = {0}, last_all = 0;
    uint64_t seed = 99;
    char keys[4];

    (void)state;
    for (i = 0; i < CLAIMS; i++) {
        seed = seed * 6364136223846793005ull + 1442695040888963407ull;
        n = (unsigned)(seed >> 40);
        memset(keys, 0, sizeof(keys));
        all[i].all = n % 10 == 0;
        for (k = 0; k < 1 + n % 3; k++) {
            keys[k] = (char)('a' + (n >> (4 * k + 4)) % KEYS);
            all[i].keys[keys[k] - 'a'] = true;
        }
        enter(&l, i, all[i].all ? "*" : keys, n % 7 == 0);
        while (run_count > (n >> 16) % 6)
            leave(running[(n >> 20) % run_count]);
    }
    while (run_count)
        leave(running[0]);
    assert_int_equal(ran_count, CLAIMS);
    for (i = 0; i < CLAIMS; i++) {
        n = ran[i] + 1;
        for (k = 0; k < KEYS; k++) {
            if (!all[n - 1].keys[k] && !all[n - 1].all)
                continue;
            assert_true(n > last[k] && n > last_all);
            last[k] = n;
        }
        if (all[n - 1].all)
            last_all = n;
    }
    assert_null(l.by_key);
    assert_null(l.first);
    assert_int_equal(l.inside, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(one_key_is_one_after_another, fresh),
        cmocka_unit_test_setup(several_keys_are_waited_for_at_once, fresh),
        cmocka_unit_test_setup(everything_is_alone, fresh),
        cmocka_unit_test_setup(many_that_wait_run_in_turn, fresh),
        cmocka_unit_test_setup(any_life_is_in_order, fresh),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
