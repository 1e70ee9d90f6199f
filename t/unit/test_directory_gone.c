/* The directory: a node that is deregistered goes with all it has, at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/mem.h"
#include "server/state/directory_impl.h"
#include "server/state/hash.h"
#include "t/unit/directory_util.h"
#include "t/unit/store_delayed.h"

static struct service *entry(struct place *p, const char *name)
{
    return catalog_find(p->c, name, strlen(name));
}

/* A line whose change is kept at once: who sent it is told in here. */
static void line_now(struct place *p, const char *line)
{
    delayed_at_once(p->store, true);
    dir_line(p, line);
    delayed_at_once(p->store, false);
}

static void services(struct place *p, const char *const *names, size_t count)
{
    struct dir_told t;
    char text[80];
    size_t i;

    for (i = 0; i < count; i++) {
        snprintf(text, sizeof(text),
                 "node n | address a | service %s | "
                 "check c%s passing %s",
                 names[i], names[i], names[i]);
        dir_register(p, &t, text);
        delayed_commit_all(p->store);
        dir_assert_done(&t);
    }
}

/* Each has a revision of its own, and they are one change. */
static void it_goes_whole(void **state)
{
    static const char *const names[] = {"a", "b"};
    struct store *s = store_delayed_new();
    uint64_t revision;
    struct dir_waits w;
    struct dir_told t;
    struct place p;

    (void)state;
    place_open(&p, s, false);
    services(&p, names, ARRAY_LEN(names));
    line_now(&p, "nc node n");
    revision = catalog_revision(p.c);
    dir_waits(&p, &w, "node:n");
    dir_deregister(&p, &t, "n");
    assert_int_equal(delayed_count(s), 1);
    assert_int_equal(t.count, 0);
    delayed_commit(s);
    dir_assert_done(&t);
    assert_int_equal(t.revision, revision + 3);
    assert_int_equal(catalog_revision(p.c), revision + 3);
    assert_null(directory_node(p.d, "n"));
    assert_null(directory_check_of(p.d, "n", "ca"));
    assert_int_equal(w.told, 1);
    assert_state(p.c, "");
    place_close(&p);
}

/* Or it stays whole. */
static void it_fails_whole(void **state)
{
    static const char *const names[] = {"a", "b"};
    struct store *s = store_delayed_new();
    struct dir_told t;
    struct place p;

    (void)state;
    place_open(&p, s, false);
    services(&p, names, ARRAY_LEN(names));
    dir_deregister(&p, &t, "n");
    delayed_refuse(s, STORE_FAILED);
    assert_int_equal(t.outcome, DIR_FAILED);
    assert_non_null(directory_instance(p.d, "n", "a"));
    assert_non_null(directory_check_of(p.d, "n", "cb"));
    assert_int_equal(delayed_count(s), 0);
    /* its names are nobody's turn any longer */
    dir_deregister(&p, &t, "n");
    delayed_commit(s);
    dir_assert_done(&t);
    assert_null(directory_node(p.d, "n"));
    place_close(&p);
}

/* Who is being changed goes when that is done, and those behind him. */
static void who_is_busy_goes_later(void **state)
{
    static const char *const names[] = {"a", "b", "c"};
    struct word set[] = {{.text = (char *)"x", .len = 1},
                         {.text = (char *)"1", .len = 1}};
    const struct catalog_request q = {.edit = {.sets = set, .set_count = 1},
                                      .may_all = true};
    struct store *s = store_delayed_new();
    struct service *v;
    struct dir_told t;
    struct place p;
    unsigned i;

    (void)state;
    place_open(&p, s, false);
    for (i = 0; i < 2; i++) {
        services(&p, names, ARRAY_LEN(names));
        v = entry(&p, i ? "b@n" : "a@n");
        catalog_update(p.c, v, &q, NULL, NULL);
        assert_true(catalog_is_busy(p.c, v));
        dir_deregister(&p, &t, "n");
        /* that; a; the others and the node */
        assert_int_equal(delayed_commit_all(s), 3);
        dir_assert_done(&t);
        assert_null(directory_node(p.d, "n"));
        assert_state(p.c, "");
    }
    place_close(&p);
}

/* Who goes by himself meanwhile is not one that may not go. */
static void who_goes_meanwhile_is_gone(void **state)
{
    static const char *const names[] = {"a", "b", "c"};
    static const char *const who[] = {"a@n", "b@n", "c@n"};
    const struct catalog_request q = {.may_all = true};
    struct store *s = store_delayed_new();
    struct dir_told t;
    struct place p;
    size_t i;

    (void)state;
    place_open(&p, s, false);
    for (i = 0; i < ARRAY_LEN(who); i++) {
        services(&p, names, ARRAY_LEN(names));
        catalog_remove(p.c, entry(&p, who[i]), &q, NULL, NULL);
        dir_deregister(&p, &t, "n");
        delayed_commit_all(s);
        dir_assert_done(&t);
        assert_null(directory_node(p.d, "n"));
        assert_state(p.c, "");
    }
    place_close(&p);
}

/* Its own who may not be removed stays, and the node with it. */
static void the_rest_of_it_goes(void **state)
{
    static const char *const names[] = {"a", "z"};
    struct store *s = store_delayed_new();
    struct dir_told t;
    struct place p;

    (void)state;
    place_open(&p, s, false);
    services(&p, names, ARRAY_LEN(names));
    p.holder.owner.fixed = "it is fixed";
    line_now(&p, "nc node n");
    dir_deregister(&p, &t, "n");
    assert_int_equal(delayed_commit_all(s), 1);
    dir_assert_refused(&t, "it is fixed");
    assert_state(p.c, "nc node n\n");
    assert_true(directory_node(p.d, "n")->recorded);
    dir_deregister(&p, &t, "n");
    assert_int_equal(delayed_count(s), 0);
    dir_assert_refused(&t, "it is fixed");
    p.holder.owner.fixed = NULL;
    place_close(&p);
}

/* Very many go in pieces, and the node with the last. */
static void many(void **state)
{
    struct store *s = store_delayed_new();
    struct dir_told t;
    struct place p;
    char line[40];
    unsigned i;

    (void)state;
    place_open(&p, s, false);
    for (i = 0; i < 1200; i++) {
        snprintf(line, sizeof(line), "s%u node n persist 1", i);
        line_now(&p, line);
    }
    dir_register(&p, &t, "node n | address a | check c passing");
    delayed_commit_all(s);
    dir_deregister(&p, &t, "n");
    for (i = 0; delayed_count(s); i++) {
        assert_int_equal(t.count, 0);
        assert_true(directory_node(p.d, "n")->recorded);
        delayed_commit(s);
        while (directory_go_on(p.d))
            continue;
    }
    assert_int_equal(i, 3);
    dir_assert_done(&t);
    assert_null(directory_node(p.d, "n"));
    place_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_goes_whole),
        cmocka_unit_test(it_fails_whole),
        cmocka_unit_test(who_is_busy_goes_later),
        cmocka_unit_test(who_goes_meanwhile_is_gone),
        cmocka_unit_test(the_rest_of_it_goes),
        cmocka_unit_test(many),
    };

    hash_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
