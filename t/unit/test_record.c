/*
 * Records and the index: edits of every size against a plain list, what stays
 * when an edit is given up, sharing, and that nothing stays in the end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/attrs.h"
#include "lib/mem.h"
#include "server/state/record.h"
#include "t/unit/state_util.h"

#define MOST 100 /* pairs of an edit */

static struct record_index x;

static int setup(void **state)
{
    (void)state;
    record_index_init(&x);
    return 0;
}

/* Whatever was done, nobody holds anything any more. */
static int teardown(void **state)
{
    (void)state;
    assert_int_equal(x.pairs.count, 0);
    assert_int_equal(x.keys.count, 0);
    record_index_free(&x);
    return 0;
}

/* An edit of pairs whose names and values are small numbers. */
struct numbers {
    struct record_edit edit;
    struct word sets[2 * MOST], unsets[MOST];
    char text[4 * MOST][8];
    unsigned used;
};

static struct word number_word(struct numbers *n, unsigned number)
{
    char *text = n->text[n->used++];

    snprintf(text, sizeof(n->text[0]), "%u", number);
    return (struct word){.text = text, .len = (unsigned)strlen(text)};
}

static void set(struct numbers *n, struct attrs *a, unsigned name,
                unsigned value)
{
    struct word *w = &n->sets[2 * n->edit.set_count++];

    w[0] = number_word(n, name);
    w[1] = number_word(n, value);
    attrs_set(a, w[0].text, w[1].text);
    n->edit.sets = n->sets;
}

static void unset(struct numbers *n, struct attrs *a, unsigned name)
{
    struct word *w = &n->unsets[n->edit.unset_count++];

    *w = number_word(n, name);
    attrs_unset(a, w->text);
    n->edit.unsets = n->unsets;
}

static void assert_record(const struct record *r, const struct attrs *a)
{
    struct buf want = BUF_INIT, got = BUF_INIT;
    const char *value;
    size_t i, len;

    attrs_write(a, &want);
    record_write(r, &got);
    assert_true(buf_len(&got) <= r->text_len);
    assert_string_equal(buf_str(&got) + (buf_len(&got) > 0), buf_str(&want));
    for (i = 0; i < a->count; i++) {
        value =
            record_lookup(r, a->list[i].name, strlen(a->list[i].name), &len);
        assert_string_equal(value, a->list[i].value);
        assert_int_equal(len, strlen(value));
    }
    assert_null(record_lookup(r, "none", 4, &len));
    buf_free(&want);
    buf_free(&got);
}

/* The record of base and edit, which is given up at once or kept counted. */
static struct record *edited(const struct record *base, const struct numbers *n,
                             const struct attrs *a, bool keep)
{
    struct attr_pair *pairs[MOST];
    struct record_pins pins = {.pairs = pairs};
    struct record *r = record_edit(&x, base, &n->edit, &pins);

    assert_record(r, a);
    if (keep)
        record_count(r);
    record_unpin(&x, &pins);
    if (keep)
        return r;
    record_unref(&x, r);
    return NULL;
}

static void test_new_records(void **state)
{
    struct numbers n;
    struct attrs a;
    unsigned count, i;

    (void)state;
    for (count = 0; count <= MOST; count++) {
        n = (struct numbers){.used = 0};
        a = (struct attrs){0};
        for (i = 0; i < count; i++) /* some of them twice */
            set(&n, &a, i * 7 % 60, i);
        assert_null(edited(NULL, &n, &a, false));
        assert_int_equal(x.pairs.count, 0);
        record_unref(&x, edited(NULL, &n, &a, true));
        attrs_free(&a);
    }
}

/* A chain of edits, each of the record before. */
static void test_edits(void **state)
{
    struct record *r = NULL, *next;
    struct attrs a = {0};
    uint32_t seed = 6;
    struct numbers n;
    unsigned round, i, count;

    (void)state;
    for (round = 0; round < 3000; round++) {
        n = (struct numbers){.used = 0};
        seed = seed * 1664525 + 1013904223;
        count = (seed >> 8) % (seed >> 30 ? 4 : MOST);
        for (i = 0; i < count / 2; i++)
            unset(&n, &a, (seed >> 4) % 97 + i * 3);
        for (i = 0; i < count; i++) {
            seed = seed * 1664525 + 1013904223;
            set(&n, &a, (seed >> 8) % 150, seed >> 29);
        }
        next = edited(r, &n, &a, true);
        record_unref(&x, r);
        r = next;
    }
    assert_int_equal(x.pairs.count, r->count);
    record_unref(&x, r);
    attrs_free(&a);
}

/* The index has v exactly where r (NULL: nothing) says so. */
static void assert_indexed(const struct record *r)
{
    const struct attr_pair *pair;
    const struct attr_key *key;
    char name[8], value[8];
    unsigned i, k;

    for (i = 0; i < 150; i++) {
        snprintf(name, sizeof(name), "%u", i);
        key = record_find_key(&x, name, strlen(name));
        if (key)
            assert_int_equal(key->services.count,
                             r && record_pair_of(r, key) ? 1 : 0);
        for (k = 0; k < 3; k++) {
            snprintf(value, sizeof(value), "%u", k);
            pair = record_find_pair(&x, name, strlen(name), value, 1);
            if (pair)
                assert_int_equal(pair->services.count,
                                 r && record_has(r, pair) ? 1 : 0);
        }
    }
}

/* A service that says ever other things, in another order, of many attributes
 * and of few. */
static void test_moves(void **state)
{
    struct service *v = service_new("v", 1);
    struct record *r = NULL, *next;
    uint32_t seed = 8;
    struct numbers n;
    struct attrs a;
    unsigned round, i, count, step;

    (void)state;
    for (round = 0; round < 600; round++) {
        n = (struct numbers){.used = 0};
        a = (struct attrs){0};
        seed = seed * 1664525 + 1013904223;
        count = (seed >> 8) % MOST;
        step = 1 + (seed >> 20) % 7;
        for (i = 0; i < count; i++) {
            seed = seed * 1664525 + 1013904223;
            set(&n, &a, (round % 5 + i * step) % 149, (seed >> 24) % 3);
        }
        next = edited(NULL, &n, &a, true);
        record_index_move(&x, v, r, next, round % 2);
        if (round % 2)
            record_forget(&x, r, next);
        assert_indexed(next);
        record_unref(&x, r);
        r = next;
        attrs_free(&a);
    }
    record_index_move(&x, v, r, NULL, true);
    assert_indexed(NULL);
    record_forget(&x, r, NULL);
    record_unref(&x, r);
    service_unref(&x, v);
}

static void test_shared(void **state)
{
    struct numbers n = {.used = 0};
    struct attrs a = {0};
    struct record *r, *s;

    (void)state;
    set(&n, &a, 1, 2);
    set(&n, &a, 3, 2);
    r = edited(NULL, &n, &a, true);
    s = edited(NULL, &n, &a, true);
    assert_int_equal(x.pairs.count, 2);
    assert_ptr_equal(r->pairs[0], s->pairs[0]);
    assert_ptr_not_equal(r->pairs[0], r->pairs[1]); /* one value, two names */
    assert_true(record_has(r, s->pairs[1]));
    assert_ptr_equal(record_find_pair(&x, "3", 1, "2", 1), r->pairs[1]);
    assert_null(record_find_pair(&x, "3", 1, "1", 1));
    assert_null(record_find_pair(&x, "2", 1, "2", 1));
    assert_ptr_equal(record_find_key(&x, "1", 1), r->pairs[0]->key);
    assert_ptr_equal(record_pair_of(r, record_find_key(&x, "3", 1)),
                     r->pairs[1]);
    record_unref(&x, r);
    assert_int_equal(x.pairs.count, 2);
    record_unref(&x, record_ref(s));
    assert_int_equal(x.pairs.count, 2);
    record_unref(&x, s);
    record_unref(&x, NULL);
    attrs_free(&a);
}

/* What must be quoted is, and fits what was said of its length. */
static void test_written(void **state)
{
    static const struct {
        const char *name, *value;
    } pairs[] = {{"a", ""},       {"a b", "c"},  {"it's", "'''"},
                 {"x", "a b\tc"}, {"y", "\x7f"}, {"z", "plain"}};
    struct word sets[2 * ARRAY_LEN(pairs)];
    struct attr_pair *pinned[ARRAY_LEN(pairs)];
    struct record_pins pins = {.pairs = pinned};
    struct record_edit edit = {.sets = sets, .set_count = ARRAY_LEN(pairs)};
    struct buf out = BUF_INIT;
    struct record *r;
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_LEN(pairs); i++) {
        sets[2 * i].text = (char *)pairs[i].name;
        sets[2 * i].len = (unsigned)strlen(pairs[i].name);
        sets[2 * i + 1].text = (char *)pairs[i].value;
        sets[2 * i + 1].len = (unsigned)strlen(pairs[i].value);
    }
    r = record_edit(&x, NULL, &edit, &pins);
    buf_add_char(&out, '>');
    record_write(r, &out);
    assert_string_equal(buf_str(&out),
                        "> a '' 'a b' c 'it''s' '''''''' x 'a b\tc' "
                        "y '\x7f' z plain");
    assert_true(buf_len(&out) - 1 <= r->text_len);
    record_unpin(&x, &pins);
    free(out.data);
    record_unref(&x, r);
}

static void test_bounds(void **state)
{
    static const struct catalog_limits limits = {.attrs = 3, .text = 40};
    struct catalog *c = catalog_new(store_memory_new(), &limits, 10, 1 << 20);
    struct holder h;
    struct told t;

    (void)state;
    holder_init(&h);
    state_register(c, &h, &t, "s a 1 b 2 c 3 d 4");
    assert_string_equal(t.text, "too many attributes for one service");
    state_register(c, &h, &t, "s a 1 b 2 c 3 a 4");
    assert_int_equal(t.status, CATALOG_OK);
    state_update(c, &t, "s", "d 1");
    assert_string_equal(t.text, "too many attributes for one service");
    state_update(c, &t, "s", ".unset a d 1");
    assert_int_equal(t.status, CATALOG_OK);
    state_update(c, &t, "s", "d 12345678901234567890123456789");
    assert_string_equal(t.text, "the service would be longer than a line may "
                                "be");
    assert_state(c, "s b 2 c 3 d 1\n");
    state_register(c, &h, &t, "long-name-of-forty-bytes-is-too-long-here x 1");
    assert_int_equal(t.status, CATALOG_REFUSED);
    assert_int_equal(c->index.pairs.count, 4); /* a change still has a 4 */
    catalog_owner_gone(c, &h.owner);
    state_free(c);
}

int main(int argc, char **argv)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_new_records), TEST(test_edits),   TEST(test_moves),
        TEST(test_shared),      TEST(test_written), TEST(test_bounds),
    };

    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
