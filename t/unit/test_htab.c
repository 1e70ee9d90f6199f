/*
 * The hash table: growing, gravestones, removal while it grows, colliding
 * hashes, and a long random life against an array.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/mem.h"
#include "server/state/hash.h"
#include "server/state/htab.h"

#define MANY 20000

struct thing {
    struct hnode node;
    unsigned n;
    bool in;
    unsigned met; /* by htab_each() */
};

static bool thing_same(const struct hnode *n, const void *key)
{
    return container_of(n, struct thing, node)->n == *(const unsigned *)key;
}

static struct thing *find(const struct htab *t, uint32_t hash, unsigned n)
{
    struct hnode *found = htab_find(t, hash, thing_same, &n);

    return found ? container_of(found, struct thing, node) : NULL;
}

static void meet(struct hnode *n, void *arg)
{
    container_of(n, struct thing, node)->met++;
    ++*(size_t *)arg;
}

/* Hashes that are usual, that all collide, that are the table's own marks. */
static uint32_t hash_spread(unsigned n)
{
    return (uint32_t)hash_mix(n, 0x9e3779b97f4a7c15ull);
}

static uint32_t hash_crowd(unsigned n)
{
    return n % 7;
}

static uint32_t hash_high(unsigned n)
{
    return n << 20; /* equal in all the bits that choose a place */
}

static void check_all(const struct htab *t, struct thing *things, unsigned n,
                      uint32_t (*hash)(unsigned))
{
    size_t count = 0, met = 0;
    unsigned i;

    for (i = 0; i < n; i++) {
        things[i].met = 0;
        count += things[i].in;
        assert_ptr_equal(find(t, hash(i), i), things[i].in ? &things[i] : NULL);
    }
    assert_int_equal(t->count, count);
    htab_each((struct htab *)t, meet, &met);
    assert_int_equal(met, count);
    for (i = 0; i < n; i++)
        assert_int_equal(things[i].met, things[i].in);
}

static void put(struct htab *t, struct thing *things, unsigned i,
                uint32_t (*hash)(unsigned))
{
    things[i].n = i;
    things[i].in = true;
    htab_insert(t, &things[i].node, hash(i));
}

static void take(struct htab *t, struct thing *things, unsigned i)
{
    things[i].in = false;
    htab_remove(t, &things[i].node);
}

static void test_empty(void **state)
{
    struct htab t;
    size_t met = 0;

    (void)state;
    htab_init(&t);
    assert_null(find(&t, 0, 0));
    assert_null(htab_guess(&t, 5));
    htab_warm(&t, 5);
    htab_each(&t, meet, &met);
    assert_int_equal(met, 0);
    htab_free(&t);
}

/* At every size on the way up and down, whatever moves meanwhile. */
static void grow_and_shrink(uint32_t (*hash)(unsigned), unsigned n)
{
    struct thing *things = xcalloc(n, sizeof(*things));
    struct htab t;
    unsigned i;

    htab_init(&t);
    for (i = 0; i < n; i++) {
        put(&t, things, i, hash);
        assert_ptr_equal(find(&t, hash(i), i), &things[i]);
        assert_ptr_equal(find(&t, hash(i / 2), i / 2), &things[i / 2]);
        assert_null(find(&t, hash(i + 1), i + 1));
        if (i % 257 == 0)
            check_all(&t, things, n, hash);
    }
    for (i = 0; i < n; i++) {
        take(&t, things, i);
        assert_null(find(&t, hash(i), i));
        if (i % 257 == 0)
            check_all(&t, things, n, hash);
        if (t.now.mask >= 64 && !t.old.hashes)
            assert_true(t.count >= (t.now.mask + 1) / 8);
    }
    check_all(&t, things, n, hash);
    assert_true(t.now.mask < 64 && !t.old.hashes);
    htab_free(&t);
    free(things);
}

static void test_grow_and_shrink(void **state)
{
    (void)state;
    grow_and_shrink(hash_spread, MANY / 4);
    grow_and_shrink(hash_crowd, 600);
    grow_and_shrink(hash_high, 600);
}

/* A fall to a few, and a rise in the midst of it: insertions may come as fast
 * as removals went. */
static void test_fall_and_rise(void **state)
{
    struct thing *things = xcalloc(MANY, sizeof(*things));
    unsigned left, i, k;
    struct htab t;

    (void)state;
    htab_init(&t);
    for (left = MANY / 2; left > 3; left = left * 2 / 3) {
        for (i = 0; i < MANY; i++)
            if (!things[i].in)
                put(&t, things, i, hash_spread);
        for (i = left; i < MANY; i++)
            take(&t, things, i);
        check_all(&t, things, MANY, hash_spread);
        for (i = left, k = 0; k < 2 * left && i < MANY; i++, k++)
            put(&t, things, i, hash_spread);
        check_all(&t, things, MANY, hash_spread);
    }
    for (i = 0; i < MANY; i++)
        if (things[i].in)
            take(&t, things, i);
    assert_true(t.now.mask < 64 && !t.old.hashes);
    htab_free(&t);
    free(things);
}

/* The marks of free places and gravestones are hashes, too. */
static void test_hashes_that_are_marks(void **state)
{
    struct thing things[8] = {{.n = 0}};
    struct htab t;
    uint32_t h;
    unsigned i;

    (void)state;
    htab_init(&t);
    for (i = 0; i < 8; i++) {
        things[i].n = i;
        htab_insert(&t, &things[i].node, i % 4);
    }
    for (i = 0; i < 8; i++)
        assert_ptr_equal(find(&t, i % 4, i), &things[i]);
    for (h = 0; h < 4; h++)
        assert_non_null(htab_guess(&t, h));
    for (i = 0; i < 8; i++) {
        htab_remove(&t, &things[i].node);
        assert_null(find(&t, i % 4, i));
    }
    assert_int_equal(t.count, 0);
    htab_free(&t);
}

/* Coming and going for long leaves gravestones everywhere: the table must not
 * grow for those, nor look-ups search for ever. */
static void test_gravestones(void **state)
{
    struct thing *things = xcalloc(MANY, sizeof(*things));
    struct htab t;
    unsigned i;

    (void)state;
    htab_init(&t);
    for (i = 0; i < MANY; i++) {
        put(&t, things, i, hash_spread);
        if (i >= 10)
            take(&t, things, i - 10);
    }
    assert_int_equal(t.count, 10);
    assert_true(t.now.mask < 64);
    check_all(&t, things, MANY, hash_spread);
    htab_free(&t);
    free(things);
}

static void test_random_life(void **state)
{
    struct thing *things = xcalloc(3000, sizeof(*things));
    uint32_t seed = 1, step;
    struct htab t;
    unsigned i;

    (void)state;
    htab_init(&t);
    for (step = 0; step < 60000; step++) {
        seed = seed * 1664525 + 1013904223;
        i = (seed >> 8) % (step < 30000 ? 3000 : 300);
        if (things[i].in)
            take(&t, things, i);
        else
            put(&t, things, i, hash_spread);
        if (step % 1000 == 0)
            check_all(&t, things, 3000, hash_spread);
    }
    check_all(&t, things, 3000, hash_spread);
    htab_free(&t);
    free(things);
}

static void let_go(struct hnode *n, void *arg)
{
    (void)arg;
    free(container_of(n, struct thing, node));
}

/* As the end of the catalog does it, in the middle of growing. */
static void test_each_may_free(void **state)
{
    struct thing *thing;
    struct htab t;
    unsigned i;

    (void)state;
    htab_init(&t);
    for (i = 0; i < 100; i++) {
        thing = xcalloc(1, sizeof(*thing));
        htab_insert(&t, &thing->node, hash_spread(i));
    }
    assert_non_null(t.old.hashes);
    htab_each(&t, let_go, NULL);
    htab_free(&t);
}

/* Every bit of a key must count, at every length. */
static void test_hash_bytes(void **state)
{
    unsigned char text[40] = {0};
    uint32_t h;
    size_t len, i;
    int bit;

    (void)state;
    for (len = 0; len <= sizeof(text); len++) {
        h = hash_bytes(7, text, len);
        if (len < sizeof(text))
            assert_int_not_equal(h, hash_bytes(7, text, len + 1));
        assert_int_not_equal(h, hash_bytes(8, text, len));
        for (i = 0; i < len; i++)
            for (bit = 0; bit < 8; bit++) {
                text[i] ^= (unsigned char)(1 << bit);
                assert_int_not_equal(h, hash_bytes(7, text, len));
                text[i] ^= (unsigned char)(1 << bit);
            }
    }
}

/* The constants of the construction, chosen as text, must not make the rest of
 * it count for nothing. */
static void test_hash_of_its_constants(void **state)
{
    static const uint64_t constants[] = {
        0xa0761d6478bd642full, 0xe7037ed1a0b428dbull, 0x8ebc6af09c88c6e3ull,
        0x9e3779b97f4a7c15ull};
    uint64_t text[3];
    uint32_t seen[64];
    unsigned i, k, same;
    size_t n;

    (void)state;
    for (n = 0; n < ARRAY_LEN(constants); n++) {
        for (i = same = 0; i < 64; i++) {
            text[0] = constants[n];
            text[1] = (uint64_t)1 << i;
            text[2] = 7;
            seen[i] = hash_bytes(12345, text, sizeof(text));
            for (k = 0; k < i; k++)
                same += seen[k] == seen[i];
        }
        assert_int_equal(same, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_grow_and_shrink),
        cmocka_unit_test(test_fall_and_rise),
        cmocka_unit_test(test_hashes_that_are_marks),
        cmocka_unit_test(test_gravestones),
        cmocka_unit_test(test_random_life),
        cmocka_unit_test(test_each_may_free),
        cmocka_unit_test(test_hash_bytes),
        cmocka_unit_test(test_hash_of_its_constants),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
