/*
 * The ring of recent changes: what it keeps, what it forgets and in which
 * order, by count and by bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "server/state/changes.h"

static uint64_t forgotten; /* the newest of them */

static void forget(void *arg, struct change *c)
{
    assert_ptr_equal(arg, &forgotten);
    assert_int_equal(c->revision, forgotten + 1);
    forgotten = c->revision;
}

static void add(struct changes *s, uint64_t revision, struct record *r)
{
    struct change c = {.revision = revision, .after = r};

    changes_add(s, &c);
}

static void check(const struct changes *s, uint64_t head, uint64_t count)
{
    uint64_t r;

    assert_int_equal(s->head, head);
    assert_int_equal(s->count, count);
    assert_int_equal(forgotten, head - count);
    for (r = head - count + 1; r <= head; r++)
        assert_int_equal(changes_at(s, r)->revision, r);
    for (r = 0; r <= head; r++)
        assert_int_equal(changes_knows(s, r), r >= head - count);
    assert_false(changes_knows(s, head + 1));
    assert_false(changes_knows(s, UINT64_MAX));
}

static void test_count(void **state)
{
    static const size_t sizes[] = {1, 2, 3, 5, 64};
    struct changes s;
    uint64_t r;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        forgotten = 0;
        changes_init(&s, sizes[i], SIZE_MAX, forget, &forgotten);
        assert_true(changes_knows(&s, 0));
        assert_false(changes_knows(&s, 1));
        for (r = 1; r < 200; r++) {
            add(&s, r, NULL);
            check(&s, r, r < sizes[i] ? r : sizes[i]);
        }
        changes_free(&s);
        assert_int_equal(forgotten, 199); /* all, in order */
    }
}

/* It grows as it fills; what is in it keeps its place. */
static void test_growing(void **state)
{
    struct changes s;
    uint64_t r;

    (void)state;
    forgotten = 0;
    changes_init(&s, 5000, SIZE_MAX, forget, &forgotten);
    for (r = 1; r <= 12000; r++)
        add(&s, r, NULL);
    check(&s, 12000, 5000);
    assert_true(s.size == 8192);
    changes_free(&s);
}

static uint64_t told; /* the newest that was forgotten; others never are */

static void forget_told(void *arg, struct change *c)
{
    (void)arg;
    assert_int_not_equal(c->kind, CHANGE_OTHER);
    assert_true(c->revision > told);
    told = c->revision;
}

/* Revision r tells of a service every `each`, but not between 300 and 600. */
static bool tells(uint64_t r, uint64_t each)
{
    return r % each == 0 && (r <= 300 || r >= 600);
}

/* Those that tell of no service take no room, and count all the same. */
static void test_gaps(void **state)
{
    static const uint64_t eaches[] = {1, 2, 3, 7, 100, 5000};
    struct changes s;
    uint64_t r, seen;
    size_t i, held;

    (void)state;
    for (i = 0; i < sizeof(eaches) / sizeof(eaches[0]); i++) {
        told = 0;
        changes_init(&s, 128, SIZE_MAX, forget_told, NULL);
        for (r = 1; r <= 1000; r++) {
            struct change c = {.revision = r,
                               .kind = tells(r, eaches[i]) ? CHANGE_SET
                                                           : CHANGE_OTHER};

            changes_add(&s, &c);
            assert_int_equal(s.count, r < 128 ? r : 128);
            assert_true(told <= s.head - s.count);
            for (seen = s.head - s.count + 1, held = 0; seen <= r; seen++) {
                const struct change *at = changes_at(&s, seen);

                assert_int_equal(at->revision, seen);
                assert_int_equal(at->kind == CHANGE_SET,
                                 tells(seen, eaches[i]));
                held += at->kind == CHANGE_SET;
            }
            assert_int_equal(s.held, held);
        }
        assert_int_equal(s.bytes, s.held * sizeof(struct change));
        changes_free(&s);
        assert_int_equal(s.held + s.bytes, 0);
    }
}

static void test_bytes(void **state)
{
    struct record *small = calloc(1, sizeof(*small));
    struct record *large = calloc(1, sizeof(*large));
    size_t one = sizeof(struct change) + 100;
    struct changes s;
    uint64_t r;

    (void)state;
    small->text_len = 100;
    large->text_len = 100000;
    forgotten = 0;
    changes_init(&s, 1000, 10 * one, forget, &forgotten);
    for (r = 1; r <= 50; r++) {
        add(&s, r, small);
        check(&s, r, r < 10 ? r : 10);
        assert_true(s.bytes <= s.max_bytes);
    }
    add(&s, 51, large); /* the newest always stays */
    check(&s, 51, 1);
    add(&s, 52, small);
    check(&s, 52, 1);
    assert_int_equal(s.bytes, one);
    changes_free(&s);
    assert_int_equal(s.bytes, 0);
    free(small);
    free(large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_count),
        cmocka_unit_test(test_growing),
        cmocka_unit_test(test_gaps),
        cmocka_unit_test(test_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
