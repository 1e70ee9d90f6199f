/* client/cli/diff.c, similar.c, against.c: what is other in a text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/cli/against.h"
#include "client/cli/diff.h"
#include "client/cli/similar.h"

/* -- diff ------------------------------------------------------------------ */

#define MOST 64

static struct {
    const uint32_t *from, *to;
    uint32_t made[2 * MOST]; /* from, with the changes */
    size_t made_count, taken, changes;
} d;

static void copy_until(size_t end)
{
    while (d.taken < end)
        d.made[d.made_count++] = d.from[d.taken++];
}

static void apply(void *arg, enum diff_kind kind, size_t at, size_t before)
{
    (void)arg;
    d.changes++;
    copy_until(before);
    if (kind == DIFF_REMOVED) {
        assert_int_equal(at, d.taken);
        d.taken++;
    } else {
        d.made[d.made_count++] = d.to[at];
    }
}

/* The changes turn one into the other; how many there are, -1: too many. */
static int changes(const uint32_t *a, size_t n, const uint32_t *b, size_t m,
                   size_t most)
{
    memset(&d, 0, sizeof(d));
    d.from = a;
    d.to = b;
    if (!diff_lists(a, n, b, m, most, apply, NULL)) {
        assert_int_equal(d.changes, 0);
        return -1;
    }
    copy_until(n);
    assert_int_equal(d.made_count, m);
    if (m)
        assert_memory_equal(d.made, b, m * sizeof(*b));
    return (int)d.changes;
}

static void shortest_ways(void **state)
{
    /* the example of Myers' paper: ABCABBA, CBABAC */
    const uint32_t a[] = {1, 2, 3, 1, 2, 2, 1}, b[] = {3, 2, 1, 2, 1, 3};

    (void)state;
    assert_int_equal(changes(a, 7, b, 6, 100), 5);
    assert_int_equal(changes(a, 7, b, 6, 5), 5);
    assert_int_equal(changes(a, 7, b, 6, 4), -1);
    assert_int_equal(changes(a, 7, a, 7, 0), 0);
    assert_int_equal(changes(a, 0, b, 0, 10), 0);
    assert_int_equal(changes(a, 7, b, 0, 10), 7);
    assert_int_equal(changes(a, 0, b, 6, 10), 6);
    assert_int_equal(changes(a, 3, a, 7, 10), 4);
}

static void any_lists(void **state)
{
    uint32_t a[MOST], b[MOST], seed = 1;

    (void)state;
    for (int round = 0; round < 2000; round++) {
        size_t n = (seed = seed * 1103515245 + 12345) >> 16 & (MOST / 2 - 1);
        size_t m = (seed = seed * 1103515245 + 12345) >> 16 & (MOST / 2 - 1);

        for (size_t i = 0; i < n; i++)
            a[i] = (seed = seed * 1103515245 + 12345) >> 16 & 3;
        for (size_t i = 0; i < m; i++)
            b[i] = (seed = seed * 1103515245 + 12345) >> 16 & 3;
        assert_true(changes(a, n, b, m, n + m) <= (int)(n + m));
    }
}

/* -- similar --------------------------------------------------------------- */

static bool alike(const char *host_a, const char *a, const char *host_b,
                  const char *b)
{
    struct similar x, y;
    bool equal;

    similar_make(&x, host_a, a, strlen(a));
    similar_make(&y, host_b, b, strlen(b));
    equal = similar_equal(&x, &y);
    similar_free(&x);
    similar_free(&y);
    return equal;
}

static void what_is_alike(void **state)
{
    (void)state;
    assert_true(alike("web1", "up 3 days,  load 0.05\n", "web2",
                      "up 12 days, load 11.50\n"));
    assert_true(alike("web1.example.org", "I am web1 at 10.0.0.1\n", "db",
                      "I am db at 192.168.17.200\n"));
    assert_true(alike("a", "mac 02:42:ac:11:00:02 v6 fe80::1", "b",
                      "mac fe:dc:ba:98:76:54 v6 ::1"));
    assert_true(alike("a", "rev 1cc5aae96d61fd49", "b", "rev 99aa00bb11cc22"));
    assert_true(alike("a", "1,234,567 bytes on eth0", "b", "9 bytes on eth12"));
    assert_true(alike("a", "", "b", ""));
}

static void what_is_not(void **state)
{
    (void)state;
    assert_false(alike("a", "nginx is running", "b", "nginx is stopped"));
    assert_false(alike("a", "one\ntwo", "b", "one two"));
    assert_false(alike("a", "3", "b", "three"));
    assert_false(alike("a", "x", "b", ""));
    /* a host's name is a word, not a part of one */
    assert_false(alike("we", "welcome", "be", "belcome"));
    assert_false(alike("web1", "I am web2", "web2", "I am db"));
    assert_false(alike("a", "deadbeefs", "b", "feedfaces"));
}

/* -- against --------------------------------------------------------------- */

static struct buf told = BUF_INIT;

static void tell(void *arg, char sign, const char *line, size_t len)
{
    (void)arg;
    buf_add_char(&told, sign);
    buf_add(&told, line, len);
    buf_add_char(&told, '|');
}

static const char *against(const char *from, const char *text)
{
    struct against *a = against_new(from, strlen(from), text, strlen(text));

    buf_reset(&told, 0);
    if (!a)
        return "nothing";
    against_each(a, tell, NULL);
    against_free(a);
    return buf_str(&told);
}

static void what_is_other(void **state)
{
    (void)state;
    assert_string_equal(against("a\nup 1\nb\nc\nd\n", "a\nup 2\nx\nc\nd\n"),
                        "@ line 3|-b|+x|");
    assert_string_equal(against("a\nb\nc\nd\ne\n", "b\nc\nd\ne\nf\n"),
                        "@ line 1|-a|@ line 6|+f|");
    assert_string_equal(against("a\nb\nc\n", "a\nb\nc\nlast"),
                        "@ line 4|+last|");
    /* as long as the text itself, or no difference */
    assert_string_equal(against("a\nb\n", "c\nd\n"), "nothing");
    assert_string_equal(against("a\n", "b\n"), "nothing");
    assert_string_equal(against("a 1\nb\n", "a 2\nb\n"), "nothing");
    assert_string_equal(against("", "a\nb\n"), "nothing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shortest_ways), cmocka_unit_test(any_lists),
        cmocka_unit_test(what_is_alike), cmocka_unit_test(what_is_not),
        cmocka_unit_test(what_is_other),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    buf_free(&told);
    return failed;
}
