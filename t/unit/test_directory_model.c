/* The directory, after steps chosen by chance: the view that is kept up is the
 * one that would be made from nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/mem.h"
#include "server/state/hash.h"
#include "t/unit/directory_util.h"

static unsigned drawn(unsigned *seed, unsigned n)
{
    *seed = *seed * 1103515245 + 12345;
    return (*seed >> 16) % n;
}

/* One step, chosen by chance, of what lines and requests may do. */
static void step(struct place *p, unsigned *seed)
{
    static const char *const status[] = {"passing", "warning", "critical"};
    unsigned node = drawn(seed, 4), id = drawn(seed, 4), n = drawn(seed, 3);
    struct dir_told t;
    struct told told;
    char text[200], check[8];

    switch (drawn(seed, 9)) {
    case 0:
    case 1:
        snprintf(text, sizeof(text),
                 "s%u node n%u service %s tags t%u status %s", id, node,
                 n ? "web" : "DB", n, status[n]);
        dir_line(p, text);
        break;
    case 2:
        snprintf(text, sizeof(text), "s%u", id);
        if (catalog_find(p->c, text, strlen(text)))
            state_remove(p->c, &told, text);
        break;
    case 3: dir_hang_up(p); break;
    case 4:
    case 5:
        snprintf(text, sizeof(text),
                 "node n%u | address a%u | service web | sid s%u | port %u | "
                 "check c%u %s s%u",
                 node, n, id, n, id, status[n], id);
        dir_register(p, &t, text);
        break;
    case 6:
        snprintf(text, sizeof(text), "n%u %s:%c%u", node,
                 n ? "service" : "check", n ? 's' : 'c', id);
        dir_deregister(p, &t, text);
        break;
    case 7:
        snprintf(text, sizeof(text), "n%u", node);
        dir_deregister(p, &t, text);
        break;
    default:
        snprintf(text, sizeof(text), "n%u", node);
        snprintf(check, sizeof(check), "c%u", id);
        directory_check(p->d, text, check, (enum dir_status)n, NULL, NULL,
                        NULL);
    }
}

/* Without the revisions, and what was a moment ago. */
static char *stripped(const char *text)
{
    char *copy = xstrdup(text), *from = copy, *to = copy;

    while (*from) {
        if (from[0] == ' ' && (from[1] == 'c' || from[1] == 'm') &&
            from[2] >= '0' && from[2] <= '9' &&
            strchr(" \n", from[2 + strspn(from + 2, "0123456789")]))
            from += 2 + strspn(from + 2, "0123456789");
        else
            *to++ = *from++;
    }
    *to = '\0';
    return copy;
}

/* The view that is kept up is the one that would be made from nothing: two do
 * the same, and one of them was asleep till the end. Every second one sleeps in
 * between. */
static void as_from_nothing(void **state)
{
    struct place a, b;
    unsigned seed, i, left, slept = 0;
    char *x, *y;

    (void)state;
    for (i = 1; i <= 60; i++) {
        place_open(&a, store_memory_new(), false);
        (void)dir_text(&a);
        seed = i;
        for (left = 150; left--;) {
            step(&a, &seed);
            if (drawn(&seed, 3) == 0)
                directory_settle(a.d);
            if (i % 2 && drawn(&seed, 8) == 0 && directory_may_sleep(a.d)) {
                directory_sleep(a.d);
                slept++;
            }
        }
        directory_settle(a.d);
        x = stripped(dir_text(&a));
        /* the same catalog and records, seen by who has just come */
        b = a;
        b.d = directory_again(&a);
        y = stripped(dir_text(&b));
        assert_string_equal(x, y);
        free(x);
        free(y);
        directory_free(b.d);
        place_close(&a);
    }
    assert_true(slept > 100);
}

/* Who needs it awake; and what is given back is forgotten. */
static void sleeps(void **state)
{
    struct dir_waits w;
    struct dir_told t;
    struct place p;
    uint64_t index;

    (void)state;
    place_open(&p, store_memory_new(), false);
    assert_false(directory_may_sleep(p.d)); /* it has not woken */
    dir_register(&p, &t, "node n | address a | service web | check c passing");
    index = dir_index(&p, "node:n");
    dir_waits(&p, &w, "node:n");
    assert_false(directory_may_sleep(p.d));
    directory_wait_end(p.d, &w.waiter);
    assert_true(directory_may_sleep(p.d));
    directory_sleep(p.d);
    assert_int_equal(directory_count(p.d).nodes, 0);
    assert_int_equal(directory_count(p.d).checks, 0);
    dir_line(&p, "nc node far");
    assert_int_equal(directory_count(p.d).nodes, 0);
    assert_non_null(directory_instance(p.d, "n", "web"));
    assert_non_null(directory_check_of(p.d, "n", "c"));
    assert_non_null(directory_node(p.d, "far"));
    assert_true(dir_index(&p, "node:n") > index);
    dir_register(&p, &t, "node n | skip | check run passing web ttl 10s");
    dir_assert_done(&t);
    directory_settle(p.d);
    assert_false(directory_may_sleep(p.d));
    dir_deregister(&p, &t, "n check:run");
    directory_settle(p.d);
    assert_true(directory_may_sleep(p.d));
    dir_line(&p, "nc2 check.ttl 10s");
    directory_settle(p.d);
    assert_false(directory_may_sleep(p.d));
    place_close(&p);
}

/* Made in pieces, while things go on. */
static void in_pieces(void **state)
{
    struct place p, again;
    struct dir_told t;
    struct told told;
    char line[32], *text, *other;
    unsigned i;

    (void)state;
    place_open(&p, store_memory_new(), false);
    for (i = 0; i < 20; i++) {
        snprintf(line, sizeof(line), "s%u node n%u service web", i, i % 3);
        dir_line(&p, line);
    }
    assert_false(directory_wake_some(p.d, 5));
    state_remove(p.c, &told, "s1");
    state_remove(p.c, &told, "s10");
    dir_line(&p, "s2 tags new");
    dir_line(&p, "s12 tags new");
    dir_line(&p, "s20 service db");
    directory_settle(p.d);
    assert_int_equal(directory_count(p.d).instances, 6);
    for (i = 1; !directory_wake_some(p.d, 5); i++)
        assert_true(i < 10);
    assert_int_equal(i, 3);
    directory_settle(p.d);
    text = stripped(dir_text(&p));
    again = p;
    again.d = directory_again(&p);
    other = stripped(dir_text(&again));
    assert_string_equal(text, other);
    directory_free(again.d);
    free(text);
    free(other);
    assert_int_equal(directory_name(p.d, "web")->count, 18);
    place_close(&p);

    /* what is read in between is whole */
    place_open(&p, store_memory_new(), false);
    for (i = 0; i < 20; i++) {
        snprintf(line, sizeof(line), "s%u", i);
        dir_line(&p, line);
    }
    assert_false(directory_wake_some(p.d, 5));
    dir_register(&p, &t, "node me | service web | check c passing web");
    assert_int_equal(t.outcome, DIR_DONE);
    assert_non_null(directory_instance(p.d, "me", "s19"));
    assert_non_null(directory_check_of(p.d, "me", "c"));
    place_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(as_from_nothing),
                                       cmocka_unit_test(in_pieces),
                                       cmocka_unit_test(sleeps)};

    hash_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
