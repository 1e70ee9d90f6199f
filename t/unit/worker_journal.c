/* Lines in, lines out, against a model: whatever is written, taken, set back
 * and forgotten, the reader gets every line it has not got, once, in order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "worker/journal.h"

static void add(struct journal *j, uint64_t n, size_t len)
{
    struct buf *b = journal_begin(j);

    buf_add_fmt(b, "line %llu", (unsigned long long)n);
    while (len--)
        buf_add_char(b, 'x');
    journal_end(j);
}

/* Takes up to max bytes; the lines must be from + 1, from + 2, …; returns the
 * number of the last. */
static uint64_t take(struct journal *j, uint64_t from, size_t max)
{
    struct buf out = BUF_INIT;
    const char *p;

    journal_take(j, &out, max);
    for (p = buf_str(&out); *p; p = strchr(p, '\n') + 1) {
        unsigned long long n;

        assert_int_equal(sscanf(p, "line %llu", &n), 1);
        assert_int_equal(n, ++from);
    }
    buf_free(&out);
    return from;
}

static void test_order(void **state)
{
    struct journal j;

    (void)state;
    journal_init(&j);
    assert_false(journal_has_more(&j));
    add(&j, 1, 0);
    add(&j, 2, 0);
    assert_int_equal(j.last, 2);
    assert_true(journal_has_more(&j));
    assert_int_equal(take(&j, 0, 1), 1); /* one at least */
    assert_int_equal(take(&j, 1, 1000), 2);
    assert_false(journal_has_more(&j));
    assert_int_equal(take(&j, 2, 1000), 2);
    journal_clear(&j);
}

static void test_set_back(void **state)
{
    struct journal j;

    (void)state;
    journal_init(&j);
    add(&j, 1, 0);
    assert_true(journal_seek(&j, 1));
    assert_false(journal_has_more(&j));
    add(&j, 2, 0);
    assert_int_equal(take(&j, 1, 1000), 2);
    assert_true(journal_seek(&j, 0));
    assert_int_equal(take(&j, 0, 1000), 2);
    assert_false(journal_seek(&j, 3));
    assert_false(journal_ack(&j, 3));
    assert_true(journal_ack(&j, 1));
    assert_true(journal_ack(&j, 1));
    assert_true(journal_seek(&j, 0));
    assert_int_equal(take(&j, 1, 1000), 2);
    journal_clear(&j);
}

static void test_bytes(void **state)
{
    struct journal j;

    (void)state;
    journal_init(&j);
    add(&j, 1, 10);
    assert_int_equal(j.bytes, strlen("line 1") + 10 + 1);
    add(&j, 2, 40000);
    add(&j, 3, 0);
    assert_true(journal_ack(&j, 1));
    assert_int_equal(j.bytes, 2 * strlen("line 2") + 40000 + 2);
    assert_true(journal_ack(&j, 3));
    assert_int_equal(j.bytes, 0);
    assert_false(journal_has_more(&j));
    add(&j, 4, 0);
    assert_int_equal(take(&j, 3, 1000), 4);
    journal_clear(&j);
    assert_int_equal(j.bytes, 0);
}

static void test_random(void **state)
{
    struct journal j;
    uint64_t written = 0, read = 0, acked = 0;
    int i;

    (void)state;
    srand(7);
    journal_init(&j);
    for (i = 0; i < 200000; i++) {
        switch (rand() % 8) {
        case 0:
        case 1:
        case 2:
            add(&j, ++written, (size_t)(rand() % (rand() % 9 ? 40 : 9000)));
            break;
        case 3:
        case 4: read = take(&j, read, (size_t)(rand() % 20000)); break;
        case 5:
            if (written > acked)
                acked += (uint64_t)rand() % (written - acked + 1);
            assert_true(journal_ack(&j, acked));
            if (read < acked)
                read = acked;
            break;
        case 6:
            read = acked + (uint64_t)rand() % (written - acked + 1);
            assert_true(journal_seek(&j, read));
            break;
        case 7: assert_int_equal(journal_has_more(&j), read < written); break;
        }
    }
    while (read < written)
        read = take(&j, read, 100000);
    assert_true(journal_ack(&j, written));
    assert_int_equal(j.bytes, 0);
    journal_clear(&j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order), cmocka_unit_test(test_set_back),
        cmocka_unit_test(test_bytes), cmocka_unit_test(test_random)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
