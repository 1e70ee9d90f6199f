/* Coordinates: told, found in any case, near and far, forgotten. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/mem.h"
#include "server/state/coordinates.h"
#include "t/unit/store_delayed.h"

struct told {
    unsigned count;
    enum coordinate_status status;
    char text[80];
};

static void done(void *arg, enum coordinate_status status, const char *text)
{
    struct told *t = arg;

    t->count++;
    t->status = status;
    snprintf(t->text, sizeof(t->text), "%s", text ? text : "");
}

/* A node at x seconds from the middle. */
static struct told tell(struct coordinates *co, const char *node, double x)
{
    struct coordinate at = COORDINATE_FRESH;
    struct told t = {0};

    at.vec[0] = x;
    coordinates_update(co, node, NULL, &at, done, &t);
    return t;
}

static void test_life(void **state)
{
    struct store *s = store_memory_new();
    struct coordinates *co = coordinates_new(s);
    const struct coordinate_row *r;
    char longest[COORDINATE_NODE_MAX + 2];
    uint64_t index;

    (void)state;
    coordinates_start(co);
    assert_int_equal(coordinates_index(co), 1);
    assert_int_equal(tell(co, "Web1", 0.5).status, COORDINATE_DONE);
    assert_int_equal(tell(co, "db1", 0.25).status, COORDINATE_DONE);
    r = coordinates_find(co, "wEB1");
    assert_non_null(r);
    assert_string_equal(r->node, "Web1");
    assert_string_equal(r->segment, "");
    assert_int_equal(r->created, r->changed);
    index = coordinates_index(co);
    tell(co, "Web1", 0.5); /* the same: no change */
    assert_int_equal(coordinates_index(co), index);
    tell(co, "web1", 0.75);
    assert_true(coordinates_index(co) > index);
    r = coordinates_find(co, "web1");
    assert_true(r->changed > r->created);
    assert_int_equal(coordinates_count(co), 2);

    r = coordinates_next(co, NULL);
    assert_string_equal(r->node, "db1");
    r = coordinates_next(co, r);
    assert_string_equal(r->node, "web1");
    assert_null(coordinates_next(co, r));

    assert_int_equal(tell(co, "x", NAN).status, COORDINATE_REFUSED);
    assert_int_equal(tell(co, "", 0).status, COORDINATE_REFUSED);
    memset(longest, 'a', sizeof(longest));
    longest[sizeof(longest) - 1] = '\0';
    assert_int_equal(tell(co, longest, 0).status, COORDINATE_REFUSED);
    assert_null(coordinates_find(co, longest));
    longest[sizeof(longest) - 2] = '\0';
    assert_int_equal(tell(co, longest, 0).status, COORDINATE_DONE);

    coordinates_forget(co, "nobody");
    coordinates_forget(co, "DB1");
    assert_null(coordinates_find(co, "db1"));
    assert_int_equal(coordinates_count(co), 2);
    store_close(s);
    coordinates_free(co);
}

static const char *itself(const void *row)
{
    return row;
}

static void test_near(void **state)
{
    struct store *s = store_memory_new();
    struct coordinates *co = coordinates_new(s);
    const void *rows[] = {"x", "far", "y", "near", "here"};

    (void)state;
    tell(co, "here", 0);
    tell(co, "near", 0.001);
    tell(co, "far", -0.1);
    coordinates_sort(co, NULL, rows, ARRAY_LEN(rows), itself);
    coordinates_sort(co, "x", rows, ARRAY_LEN(rows), itself);
    assert_string_equal(rows[0], "x");
    coordinates_sort(co, "here", rows, ARRAY_LEN(rows), itself);
    assert_string_equal(rows[0], "here");
    assert_string_equal(rows[1], "near");
    assert_string_equal(rows[2], "far");
    assert_string_equal(rows[3], "x"); /* as they were, these two */
    assert_string_equal(rows[4], "y");
    store_close(s);
    coordinates_free(co);
}

static void test_distance(void **state)
{
    struct coordinate a = COORDINATE_FRESH, b = COORDINATE_FRESH;

    (void)state;
    a.vec[0] = 3;
    b.vec[1] = 4;
    a.height = b.height = 0.5;
    assert_true(fabs(coordinate_distance(&a, &b) - 6) < 1e-9);
    a.adjustment = -2;
    assert_true(fabs(coordinate_distance(&a, &b) - 4) < 1e-9);
    a.adjustment = -100; /* less than nothing does not count */
    assert_true(fabs(coordinate_distance(&a, &b) - 6) < 1e-9);
}

struct look {
    struct coordinate_waiter w;
    struct coordinates *co;
    unsigned count;
};

static void look_once(struct coordinate_waiter *w)
{
    struct look *l = (struct look *)w;

    l->count++;
    coordinates_wait_end(l->co, w);
}

static void test_under_way(void **state)
{
    struct store *s = store_delayed_new();
    struct coordinates *co = coordinates_new(s);
    struct look l = {.w = {.changed = look_once}, .co = co};
    struct coordinate at = COORDINATE_FRESH;
    struct told t = {0};

    (void)state;
    coordinates_wait(co, &l.w);
    coordinates_update(co, "a", "seg", &at, done, &t);
    coordinates_update(co, "a", "seg", &at, NULL, NULL);
    assert_null(coordinates_find(co, "a"));
    assert_int_equal(t.count, 0);
    delayed_commit_all(s);
    assert_int_equal(t.count, 1);
    assert_int_equal(l.count, 1);
    assert_string_equal(coordinates_find(co, "a")->segment, "seg");
    coordinates_forget(co, "a");
    coordinates_forget(co, "a"); /* twice under way */
    delayed_commit_all(s);
    assert_int_equal(coordinates_count(co), 0);
    coordinates_update(co, "b", NULL, &at, done, &t);
    delayed_refuse(s, STORE_FAILED);
    assert_int_equal(t.status, COORDINATE_FAILED);
    store_close(s);
    coordinates_free(co);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_life),
        cmocka_unit_test(test_near),
        cmocka_unit_test(test_distance),
        cmocka_unit_test(test_under_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
