/*
 * The pool of the catalog's objects: a long random life in which every object
 * keeps what was written to it. (Under the address sanitizer the pool is
 * malloc: this is for all other builds.)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/mem.h"
#include "server/state/pool.h"

#define OBJECTS 20000

struct object {
    unsigned char *p; /* NULL: free */
    size_t size;
    unsigned char mark;
};

static struct object objects[OBJECTS];
static uint32_t seed;

static uint32_t random_number(void)
{
    seed = seed * 1664525 + 1013904223;
    return seed >> 8;
}

static void take(struct object *o, size_t size)
{
    o->size = size;
    o->mark = (unsigned char)random_number();
    o->p = pool_alloc(size);
    assert_int_equal((uintptr_t)o->p % 16, 0);
    memset(o->p, o->mark, size);
}

static void check(const struct object *o)
{
    size_t i;

    for (i = 0; o->p && i < o->size; i++)
        if (o->p[i] != o->mark)
            fail_msg("byte %zu of %zu was written to", i, o->size);
}

static void give_back(struct object *o)
{
    check(o);
    pool_free(o->p, o->size);
    o->p = NULL;
}

static void all_back(void)
{
    size_t i;

    for (i = 0; i < OBJECTS; i++)
        give_back(&objects[i]);
}

/* Small ones mostly, of every size, and some that are malloc's. */
static size_t random_size(void)
{
    uint32_t n = random_number();

    return n % 100 == 0 ? n % 5000 : n % 10 ? n % 90 : n % 600;
}

static void test_random_life(void **state)
{
    unsigned step;
    size_t i;

    (void)state;
    seed = 1;
    for (step = 0; step < 400000; step++) {
        i = random_number() % OBJECTS;
        /* it fills, empties almost, and fills again */
        if (objects[i].p && (step / 100000 % 2 || random_number() % 3 == 0))
            give_back(&objects[i]);
        else if (!objects[i].p && step / 100000 % 2 == 0)
            take(&objects[i], random_size());
    }
    all_back();
}

/* Every size by itself, forwards and backwards. */
static void test_every_size(void **state)
{
    size_t size, i;

    (void)state;
    for (size = 0; size < 560; size += size < 40 ? 1 : 13) {
        for (i = 0; i < 3000; i++)
            take(&objects[i], size);
        for (i = 0; i < 3000; i += 2)
            give_back(&objects[i]);
        for (i = 0; i < 3000; i += 2)
            take(&objects[i], size);
        for (i = 3000; i--;)
            give_back(&objects[i]);
    }
    pool_free(NULL, 10);
}

/* No two of those that are there overlap. */
static int by_place(const void *a, const void *b)
{
    const struct object *x = a, *y = b;

    return x->p < y->p ? -1 : x->p > y->p;
}

static void test_apart(void **state)
{
    size_t i;

    (void)state;
    seed = 7;
    for (i = 0; i < OBJECTS; i++)
        take(&objects[i], 1 + random_size());
    for (i = 0; i < OBJECTS; i += 3)
        give_back(&objects[i]);
    for (i = 0; i < OBJECTS; i += 3)
        take(&objects[i], 1 + random_size());
    qsort(objects, OBJECTS, sizeof(objects[0]), by_place);
    for (i = 1; i < OBJECTS; i++)
        assert_true(objects[i - 1].p + objects[i - 1].size <= objects[i].p);
    all_back();
}

/* After a fall some memory is kept for a while, but not for ever, and what was
 * given back comes again. */
static void test_trim(void **state)
{
    enum { FALL = 200000, SIZE = 512 };
    void **p = xcalloc(FALL, sizeof(*p));
    size_t i, back = 0, bytes;
    unsigned round;

    (void)state;
    for (round = 0; round < 2; round++) {
        for (i = 0; i < FALL; i++)
            p[i] = memset(pool_alloc(SIZE), (int)i, SIZE);
        assert_int_equal(pool_trim(), 0); /* nothing of it is kept in vain */
        for (i = 0; i < FALL; i++)
            pool_free(p[i], SIZE);
        while ((bytes = pool_trim()))
            back += bytes;
    }
#ifndef __SANITIZE_ADDRESS__ /* there it is malloc */
    assert_true(back > 0);
#endif
    free(p);
}

static void test_arrays(void **state)
{
    static const size_t sizes[] = {
        1, 4096, 100000, 1 << 20, (1 << 20) - 1, (1 << 20) + 1, 5000001};
    unsigned char *p[ARRAY_LEN(sizes)];
    size_t i, k;

    (void)state;
    for (i = 0; i < ARRAY_LEN(sizes); i++) {
        p[i] = pool_array(sizes[i]);
        for (k = 0; k < sizes[i]; k += 1 + k / 7)
            assert_int_equal(p[i][k], 0);
        memset(p[i], 0xff, sizes[i]);
    }
    for (i = 0; i < ARRAY_LEN(sizes); i++)
        pool_array_free(p[i], sizes[i]);
    pool_array_free(NULL, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_life), cmocka_unit_test(test_every_size),
        cmocka_unit_test(test_apart),       cmocka_unit_test(test_trim),
        cmocka_unit_test(test_arrays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
