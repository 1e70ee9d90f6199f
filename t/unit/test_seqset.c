/*
 * Sets in the order of registration: insertions at the end and in the middle,
 * splits, removals down to nothing, and finding a place, against an array.
 */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/mem.h"
#include "server/state/seqset.h"
#include "server/state/service.h"

#define MANY 3000

static struct service *services;
static bool in[MANY];

/* Seqs as they come, those about 2^32, those far apart, and a gap. */
static uint64_t seq_plain(uint64_t i)
{
    return i + 1;
}

static uint64_t seq_about_32_bits(uint64_t i)
{
    return ((uint64_t)1 << 32) - MANY / 2 + i;
}

static uint64_t seq_far_apart(uint64_t i)
{
    return (i + 1) * 0x90000001ull;
}

static uint64_t seq_with_gaps(uint64_t i)
{
    return i + 1 + i / 100 * 0x100000000ull;
}

typedef uint64_t seq_fn(uint64_t i);

static seq_fn *seqs[] = {seq_plain, seq_about_32_bits, seq_far_apart,
                         seq_with_gaps};

static int setup(void **state)
{
    seq_fn *seq = *(seq_fn **)*state;
    uint64_t i;

    services = xcalloc(MANY, sizeof(*services));
    for (i = 0; i < MANY; i++) {
        services[i].seq = seq(i);
        in[i] = false;
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(services);
    return 0;
}

/* From that member on it is what the array says, to the end. */
static void check_from(const struct seqset *s, uint64_t from)
{
    struct seqset_pos pos;
    uint64_t after = 0, i;
    struct service *v;

    if (from) /* the seq before it, or the last one that nobody has */
        after = from % 2 ? services[from].seq - 1 : services[from - 1].seq;
    v = seqset_first(s, after, &pos);

    for (i = from; i < MANY; i++) {
        if (!in[i])
            continue;
        assert_ptr_equal(v, &services[i]);
        v = seqset_next(&pos);
    }
    assert_null(v);
}

static void check(const struct seqset *s)
{
    uint32_t count = 0;
    uint64_t i;

    for (i = 0; i < MANY; i++)
        count += in[i];
    assert_int_equal(s->count, count);
    check_from(s, 0);
    for (i = 1; i < MANY; i += 1 + i / 3)
        check_from(s, i);
}

static void add(struct seqset *s, unsigned i)
{
    in[i] = true;
    seqset_add(s, &services[i]);
}

static void drop(struct seqset *s, unsigned i)
{
    in[i] = false;
    seqset_remove(s, &services[i]);
}

static void test_small(void **state)
{
    struct seqset s = {.count = 0};

    (void)state;
    check(&s);
    add(&s, 5);
    check(&s);
    add(&s, 2);
    check(&s);
    add(&s, 9);
    add(&s, 7);
    check(&s);
    drop(&s, 2);
    drop(&s, 9);
    drop(&s, 5);
    check(&s);
    assert_ptr_equal(s.u.one, &services[7]);
    drop(&s, 7);
    check(&s);
    add(&s, 1);
    add(&s, 0);
    seqset_free(&s);
    assert_int_equal(s.count, 0);
}

static void test_at_the_end(void **state)
{
    struct seqset s = {.count = 0};
    unsigned i;

    (void)state;
    for (i = 0; i < MANY; i++) {
        add(&s, i);
        if (i % 127 == 0)
            check(&s);
    }
    check(&s);
    for (i = 0; i < MANY; i++) { /* the oldest first */
        drop(&s, i);
        if (i % 127 == 0)
            check(&s);
    }
    assert_int_equal(s.count, 0);
}

static void test_at_the_front(void **state)
{
    struct seqset s = {.count = 0};
    unsigned i;

    (void)state;
    for (i = MANY; i--;) {
        add(&s, i);
        if (i % 127 == 0)
            check(&s);
    }
    check(&s);
    for (i = MANY; i--;) { /* the newest first */
        drop(&s, i);
        if (i % 127 == 0)
            check(&s);
    }
    assert_int_equal(s.count, 0);
}

/* Full chunks in the middle are split, wherever the new one goes. */
static void test_in_the_middle(void **state)
{
    struct seqset s = {.count = 0};
    unsigned i, k;

    (void)state;
    for (i = 0; i < MANY; i += 4)
        add(&s, i);
    for (k = 1; k < 4; k++)
        for (i = k; i < MANY; i += 4) {
            add(&s, i);
            if (i % 61 == 0)
                check(&s);
        }
    check(&s);
    for (i = 256; i < 512; i++) /* a whole stretch goes */
        drop(&s, i);
    check(&s);
    for (i = 512; i-- > 256;)
        add(&s, i);
    check(&s);
    seqset_free(&s);
}

static void test_random_life(void **state)
{
    struct seqset s = {.count = 0};
    uint32_t seed = 3;
    unsigned i, step;

    (void)state;
    for (step = 0; step < 30000; step++) {
        seed = seed * 1664525 + 1013904223;
        i = (seed >> 8) % MANY;
        /* it fills, empties to a few, and fills again */
        if (in[i] && (seed >> 28 < 8 || step / 10000 == 1))
            drop(&s, i);
        else if (!in[i] && step / 10000 != 1)
            add(&s, i);
        if (step % 500 == 0)
            check(&s);
    }
    check(&s);
    for (i = 0; i < MANY; i++)
        if (in[i])
            drop(&s, i);
    check(&s);
}

/* After a fall it takes about what its members need. (Under a sanitizer that
 * counts for itself both are 0.) */
static void test_fall(void **state)
{
    struct seqset s = {.count = 0};
    size_t before = mallinfo2().uordblks, full, fallen;
    unsigned i;

    (void)state;
    for (i = 0; i < MANY; i++)
        add(&s, i);
    full = mallinfo2().uordblks - before;
    for (i = 0; i < MANY; i++)
        if (i % 50)
            drop(&s, i);
    check(&s);
    fallen = mallinfo2().uordblks - before;
    assert_true(fallen <= full / 8);
    for (i = 0; i < MANY; i++)
        if (!in[i])
            add(&s, i);
    check(&s);
    for (i = MANY - 1; i > 2; i--)
        drop(&s, i);
    check(&s);
    seqset_free(&s);
    /* but for what malloc keeps at hand */
    assert_true(mallinfo2().uordblks <= before + 8192);
}

int main(void)
{
#define TESTS(n)                                                               \
    {"small", test_small, setup, teardown, (void *)&seqs[n]},                  \
        {"at the end", test_at_the_end, setup, teardown, (void *)&seqs[n]},    \
        {"at the front", test_at_the_front, setup, teardown,                   \
         (void *)&seqs[n]},                                                    \
        {"in the middle", test_in_the_middle, setup, teardown,                 \
         (void *)&seqs[n]},                                                    \
        {"fall", test_fall, setup, teardown, (void *)&seqs[n]},                \
    {                                                                          \
        "random", test_random_life, setup, teardown, (void *)&seqs[n]          \
    }
    const struct CMUnitTest tests[] = {TESTS(0), TESTS(1), TESTS(2), TESTS(3)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
