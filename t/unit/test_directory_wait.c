/* The directory: indexes of answers, who is woken by what; stores that take
 * their time, and what is kept over a restart. */
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
#include "t/unit/store_kept.h"

static const char *const scopes[] = {"nodes",
                                     "services",
                                     "instances",
                                     "node:me",
                                     "node:n",
                                     "node-checks:me",
                                     "node-checks:n",
                                     "service:web",
                                     "service:db",
                                     "service-checks:web",
                                     "service-checks:db",
                                     "health:web",
                                     "health:db",
                                     "state:any",
                                     "state:passing",
                                     "state:warning",
                                     "state:critical",
                                     "state:odd"};

struct watched {
    struct dir_waits waits[ARRAY_LEN(scopes)];
    uint64_t index[ARRAY_LEN(scopes)];
};

static void watch(struct place *p, struct watched *w)
{
    size_t i;

    for (i = 0; i < ARRAY_LEN(scopes); i++) {
        dir_waits(p, &w->waits[i], scopes[i]);
        w->index[i] = dir_index(p, scopes[i]);
    }
}

/* Those that were told, and only those, have an index that is greater; they are
 * that. All begin anew. */
static void assert_woken(struct place *p, struct watched *w, const char *those)
{
    struct buf woken = BUF_INIT;
    size_t i;

    directory_settle(p->d);
    for (i = 0; i < ARRAY_LEN(scopes); i++) {
        uint64_t now = dir_index(p, scopes[i]);
        bool told = w->waits[i].told;

        if (told != (now > w->index[i]))
            fail_msg("%s: told %u times, index %llu, was %llu", scopes[i],
                     w->waits[i].told, (unsigned long long)now,
                     (unsigned long long)w->index[i]);
        if (told)
            buf_add_fmt(&woken, " %s", scopes[i]);
        w->index[i] = now;
        w->waits[i].told = 0;
    }
    assert_string_equal(buf_str(&woken), those);
    buf_free(&woken);
}

static void watch_end(struct place *p, struct watched *w)
{
    size_t i;

    for (i = 0; i < ARRAY_LEN(scopes); i++)
        directory_wait_end(p->d, &w->waits[i].waiter);
    assert_int_equal(directory_count(p->d).waiters, 0);
}

static void each_its_own(void **state)
{
    struct place p;
    struct watched w;
    struct dir_told t;

    (void)state;
    place_open(&p, store_memory_new(), false);
    dir_line(&p, "first node far"); /* no index is that of nothing */
    watch(&p, &w);
    dir_line(&p, "web");
    assert_woken(&p, &w, " services instances node:me service:web health:web");
    dir_line(&p, "web role x");
    assert_woken(&p, &w, " instances node:me service:web health:web");
    dir_line(&p, "web tags a");
    assert_woken(&p, &w, " services instances node:me service:web health:web");
    dir_line(&p, "web status passing");
    assert_woken(&p, &w,
                 " node-checks:me service-checks:web health:web state:any "
                 "state:passing");
    dir_line(&p, "web status warning");
    assert_woken(&p, &w,
                 " node-checks:me service-checks:web health:web state:any "
                 "state:passing state:warning");
    dir_register(&p, &t, "node n | address a | service db");
    assert_woken(&p, &w,
                 " nodes services instances node:n service:db health:db");
    dir_register(&p, &t, "node n | address b");
    assert_woken(&p, &w, " nodes instances node:n service:db health:db");
    dir_register(&p, &t, "node n | skip | check c critical");
    assert_woken(&p, &w, " node-checks:n health:db state:any state:critical");
    dir_register(&p, &t, "node n | skip | check c critical | output x");
    assert_woken(&p, &w, "");
    dir_register(&p, &t, "node n | address b | service db");
    assert_woken(&p, &w, "");
    dir_register(&p, &t, "node else | address b | service other");
    assert_woken(&p, &w, " nodes services instances");
    dir_deregister(&p, &t, "n");
    assert_woken(&p, &w,
                 " nodes services instances node:n node-checks:n service:db "
                 "health:db state:any state:critical");
    dir_hang_up(&p);
    assert_woken(&p, &w,
                 " nodes services instances node:me node-checks:me "
                 "service:web service-checks:web health:web state:any "
                 "state:passing state:warning");
    watch_end(&p, &w);
    place_close(&p);
}

static void by_table(void **state)
{
    struct place p;
    struct watched w;
    struct dir_told t;

    (void)state;
    place_open(&p, store_memory_new(), true);
    dir_line(&p, "first node far");
    watch(&p, &w);
    dir_line(&p, "web");
    assert_woken(&p, &w,
                 " services instances node:me node:n service:web service:db "
                 "health:web health:db");
    dir_register(&p, &t, "node else | address b");
    assert_woken(&p, &w,
                 " nodes instances node:me node:n service:web service:db "
                 "health:web health:db");
    dir_register(&p, &t, "node else | address b | check c passing");
    assert_woken(&p, &w,
                 " node-checks:me node-checks:n service-checks:web "
                 "service-checks:db health:web health:db state:any "
                 "state:passing state:warning state:critical state:odd");
    watch_end(&p, &w);
    place_close(&p);
}

/* What is asleep has missed nothing, and no index is below what it was. */
static void wakes(void **state)
{
    struct place p;
    struct dir_told t;

    (void)state;
    place_open(&p, store_memory_new(), false);
    dir_line(&p, "a");
    dir_line(&p, "b");
    dir_line(&p, "a x y");
    assert_int_equal(directory_count(p.d).instances, 0);
    assert_int_equal(dir_index(&p, "service:a"), 3);
    assert_int_equal(dir_index(&p, "service:b"), 3);
    assert_int_equal(dir_index(&p, "service:c"), 3);
    assert_int_equal(directory_name(p.d, "b")->count, 1);
    assert_int_equal(p.pending, 0);
    dir_line(&p, "b x y");
    assert_int_equal(p.pending, 1);
    dir_line(&p, "b x z");
    assert_int_equal(p.pending, 1);
    assert_int_equal(dir_index(&p, "service:a"), 3);
    assert_int_equal(dir_index(&p, "service:b"), 5);
    dir_register(&p, &t, "node me | service b | sid b2");
    assert_int_equal(dir_index(&p, "service:c"), 3);
    place_close(&p);
}

/* A name that is gone keeps its index, as long as there are not too many; then
 * all that are forgotten have the greatest of theirs. */
static void gone(void **state)
{
    struct place p;
    struct told t;
    char line[64];
    unsigned i;
    uint64_t was = 0;

    (void)state;
    place_open(&p, store_memory_new(), false);
    (void)dir_text(&p);
    for (i = 0; i < 5000; i++) {
        snprintf(line, sizeof(line), "s%u node n%u", i, i);
        dir_line(&p, line);
        directory_settle(p.d);
        snprintf(line, sizeof(line), "s%u", i);
        state_remove(p.c, &t, line);
        directory_settle(p.d);
        if (!i)
            was = dir_index(&p, "service:s0");
    }
    assert_int_equal(was, 2);
    assert_int_equal(dir_index(&p, "service:s4999"), 10000);
    assert_int_equal(dir_index(&p, "service:s4000"), 8002);
    assert_int_equal(dir_index(&p, "service:never"), 1808);
    assert_int_equal(dir_index(&p, "service:s0"), 1808);
    assert_int_equal(dir_index(&p, "node:n0"), 1808);
    place_close(&p);
}

/* Who sets the status of what has checks does not do so for long. */
static void status_is_mended(void **state)
{
    struct place place, *p = &place;
    struct dir_told t;

    (void)state;
    place_open(p, store_memory_new(), false);
    dir_line(p, "web");
    dir_register(p, &t, "node me | check a critical web");
    directory_settle(p->d);
    dir_line(p, "web status passing");
    directory_settle(p->d);
    assert_state(p->c, "web status critical\n");
    dir_line(p, "web .unset status");
    directory_settle(p->d);
    assert_state(p->c, "web status critical\n");
    assert_int_equal(p->store->revision, 6);
    directory_settle(p->d);
    assert_int_equal(p->store->revision, 6);
    place_close(p);
}

/* -- stores ---------------------------------------------------------------- */

static void takes_its_time(void **state)
{
    struct store *s = store_delayed_new();
    struct place p;
    struct dir_told t[4];

    (void)state;
    place_open(&p, s, false);
    (void)dir_text(&p);
    dir_register(&p, &t[0],
                 "node n | address a | service web | check c passing "
                 "web");
    /* of the same node: one after another; of another: side by side */
    dir_register(&p, &t[1], "node N | address a | service web | port 1");
    dir_register(&p, &t[2], "node m | address a");
    directory_check(p.d, "n", "c", DIR_CRITICAL, NULL, dir_told_done,
                    (t[3] = (struct dir_told){0}, &t[3]));
    assert_int_equal(delayed_count(s), 2);
    assert_int_equal(t[0].count, 0);
    assert_null(directory_node(p.d, "n"));
    delayed_commit(s);
    assert_int_equal(t[0].count, 1);
    assert_int_equal(t[1].count, 0);
    assert_non_null(directory_check_of(p.d, "n", "c"));
    delayed_commit_all(s);
    assert_int_equal(t[1].count + t[2].count + t[3].count, 3);
    assert_int_equal(t[3].outcome, DIR_DONE);
    assert_state(p.c, "web@n service web node n id web persist 1 status "
                      "critical port 1\n");
    place_close(&p);
}

static void store_fails(void **state)
{
    struct store *s = store_delayed_new();
    struct place p;
    struct dir_told t[2];

    (void)state;
    place_open(&p, s, false);
    dir_register(&p, &t[0],
                 "node n | address a | service web | check c passing");
    dir_register(&p, &t[1], "node n | skip");
    delayed_refuse(s, STORE_FAILED);
    assert_int_equal(t[0].outcome, DIR_FAILED);
    assert_null(directory_node(p.d, "n"));
    assert_state(p.c, "");
    assert_int_equal(t[1].outcome, DIR_REFUSED);
    dir_register(&p, &t[0],
                 "node n | address a | service web | check c passing");
    delayed_commit_all(s);
    assert_int_equal(t[0].outcome, DIR_DONE);
    dir_deregister(&p, &t[0], "n");
    assert_int_equal(t[0].count, 0);
    delayed_refuse(s, STORE_FAILED);
    assert_int_equal(t[0].outcome, DIR_FAILED);
    assert_non_null(directory_instance(p.d, "n", "web"));
    assert_non_null(directory_check_of(p.d, "n", "c"));
    place_close(&p);
}

/* Changes that are under way when it ends are told so. */
static void ends_under_way(void **state)
{
    struct place p;
    struct dir_told t[2];

    (void)state;
    place_open(&p, store_delayed_new(), false);
    dir_register(&p, &t[0], "node n | address a | check c passing");
    dir_register(&p, &t[1], "node n | address b");
    place_close(&p);
    assert_int_equal(t[0].count, 1);
    assert_int_equal(t[1].count, 1);
}

static void restarts(void **state)
{
    struct kept_rows disk = {0};
    struct place p;
    struct dir_told t;
    char *before;

    (void)state;
    place_open(&p, store_kept_open(&disk), false);
    dir_line(&p, "nc");
    dir_register(
        &p, &t,
        "node N | address a\nb | id 7 | tagged lan=x | meta k=v | meta "
        "l= | service web | tag a,b | check c passing web | output "
        "o\n\nx | check D warning web probe http");
    assert_int_equal(t.outcome, DIR_DONE);
    dir_register(&p, &t, "node me | check e critical nc | check f critical");
    assert_int_equal(t.outcome, DIR_DONE);
    dir_hang_up(&p);
    directory_settle(p.d);
    before = xstrdup(strchr(dir_text(&p), 'N'));
    place_close(&p);
    assert_non_null(strstr(before, "web web :0 [a,b]"));

    place_open(&p, store_kept_open(&disk), false);
    /* there is a check to run */
    assert_int_equal(directory_count(p.d).checks, 4);
    assert_string_equal(strchr(dir_text(&p), 'N'), before);
    assert_non_null(directory_check_of(p.d, "me", "f"));
    assert_null(directory_check_of(p.d, "me", "e"));
    dir_deregister(&p, &t, "n");
    dir_deregister(&p, &t, "me check:F");
    place_close(&p);

    place_open(&p, store_kept_open(&disk), false);
    assert_int_equal(directory_count(p.d).checks, 0);
    assert_null(directory_node(p.d, "n"));
    assert_int_equal(disk.count, 0);
    place_close(&p);
    kept_free(&disk);
    free(before);
}

/* The record of a check whose service went while nobody looked is left over,
 * and goes. */
static void orphans(void **state)
{
    struct kept_rows disk = {0};
    struct place p;
    struct dir_told t;
    struct told told;

    (void)state;
    place_open(&p, store_kept_open(&disk), false);
    dir_register(&p, &t, "node me | service web | check c passing web");
    place_close(&p);
    place_open(&p, store_kept_open(&disk), false);
    state_remove(p.c, &told, "web");
    assert_null(directory_check_of(p.d, "me", "c"));
    assert_int_equal(disk.count, 1);
    directory_settle(p.d);
    assert_int_equal(disk.count, 0);
    place_close(&p);
    kept_free(&disk);
}

/* Names that nobody ever registers, waited for while nothing changes. */
static void waits_for_nothing(void **state)
{
    static const char *const kinds[] = {"health:", "node:"};
    struct dir_waits w, stays;
    struct place p;
    char scope[32];
    unsigned i;

    (void)state;
    place_open(&p, store_memory_new(), false);
    dir_line(&p, "web");
    dir_waits(&p, &stays, "health:later");
    for (i = 0; i < 2 * (DIR_GONE_MAX + 100); i++) {
        snprintf(scope, sizeof(scope), "%sx%u", kinds[i % 2], i);
        dir_waits(&p, &w, scope);
        directory_wait_end(p.d, &w.waiter);
    }
    assert_true(p.d->gone_name_count <= DIR_GONE_MAX + 1);
    assert_true(p.d->gone_node_count <= DIR_GONE_MAX + 1);
    dir_line(&p, "l service later");
    directory_settle(p.d);
    assert_int_equal(stays.told, 1);
    directory_wait_end(p.d, &stays.waiter);
    place_close(&p);
}

static unsigned rested;

static void rests(void *arg)
{
    (void)arg;
    rested++;
}

/* A node with many services goes over several turns. */
static void much_rests(void **state)
{
    struct place p;
    struct dir_told t;
    char line[48];
    unsigned round, i;

    (void)state;
    place_open(&p, store_memory_new(), false);
    p.d->setup.rests = rests;
    for (round = 0; round < 2; round++) {
        for (i = 0; i < 2 * DIR_A_TURN + 10; i++) {
            snprintf(line, sizeof(line), "s%u service web node far", i);
            dir_line(&p, line);
        }
        assert_int_equal(directory_name(p.d, "web")->count, i);
        rested = 0;
        dir_deregister(&p, &t, "far");
        assert_int_equal(rested, 1);
        assert_int_equal(t.count, 0);
        assert_int_equal(directory_name(p.d, "web")->count, i - DIR_A_TURN);
        if (round) {
            directory_finish(p.d);
        } else {
            assert_true(directory_go_on(p.d));
            assert_int_equal(t.count, 0);
            assert_false(directory_go_on(p.d));
        }
        assert_int_equal(t.count, 1);
        assert_int_equal(t.outcome, DIR_DONE);
        assert_null(directory_node(p.d, "far"));
    }
    place_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_its_own),
        cmocka_unit_test(by_table),
        cmocka_unit_test(wakes),
        cmocka_unit_test(gone),
        cmocka_unit_test(takes_its_time),
        cmocka_unit_test(store_fails),
        cmocka_unit_test(ends_under_way),
        cmocka_unit_test(restarts),
        cmocka_unit_test(orphans),
        cmocka_unit_test(status_is_mended),
        cmocka_unit_test(waits_for_nothing),
        cmocka_unit_test(much_rests),
    };

    hash_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
