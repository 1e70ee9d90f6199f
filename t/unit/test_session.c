/* Sessions: their bounds, their time, and what they depend on. */
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
#include "t/unit/kv_util.h"

static void bad_sessions_are_refused(void **state)
{
    struct kv *kv = kv_fixture_kv(state);
    struct session_request q = {.id = session_id('s'), .name = "two\nlines"};
    struct kv_told t = {0};

    session_create(kv, &q, kv_told_done, &t);
    assert_string_equal(t.text, "REFUSED 0:the name, the node or the checks of "
                                "a session hold a line end");
    q.name = NULL;
    session_create(kv, &q, kv_told_done, &t);
    assert_string_equal(t.text, "DONE 1");
    session_create(kv, &q, kv_told_done, &t);
    assert_string_equal(t.text, "REFUSED 0:there is a session of that id");
    q.id = session_id('t');
    q.checks = "one 'two";
    session_create(kv, &q, kv_told_done, &t);
    assert_string_equal(t.text, "REFUSED 0:the checks of a session are no line "
                                "of words");
    q.checks = NULL;
    q.ttl_ms = SESSION_TTL_MAX_MS + 1;
    session_create(kv, &q, kv_told_done, &t);
    assert_string_equal(t.text, "REFUSED 0:the ttl of a session is too long");
}

static void a_session_ends_with_its_keys(void **state)
{
    struct kv *kv = kv_fixture_kv(state);
    struct kv_told t = {0};

    session_make(kv, 'r', SESSION_RELEASE, 0, 5000);
    session_make(kv, 'd', SESSION_DELETE, 0, 0);
    kvs(kv, NULL, "lock a 1 r; lock b 2 r; lock c 3 d; set x 4");
    session_destroy(kv, session_id('r'), kv_told_done, &t);
    assert_string_equal(t.text, "DONE 4");
    assert_string_equal(kv_text(kv), "a=1 f0 l1 s- c3 m4\n"
                                     "b=2 f0 l1 s- c3 m4\n"
                                     "c=3 f0 l1 sd c3 m3\n"
                                     "x=4 f0 l0 s- c3 m3\n");
    session_destroy(kv, session_id('d'), kv_told_done, &t);
    assert_string_equal(t.text, "DONE 5");
    assert_null(kv_find(kv, "c", 1));
    session_destroy(kv, session_id('d'), kv_told_done, &t);
    assert_string_equal(t.text, "FALSE");
    assert_int_equal(kv_count(kv).sessions, 0);
    assert_int_equal(session_index(kv), 5);

    /* whoever lost a lock may not yet know it */
    session_make(kv, 'q', SESSION_RELEASE, 0, 0);
    kv_set_now(kv, 5999);
    kvs_give(kv, "lock a 1 q",
             "FALSE 0:the lock was lost by a session that "
             "ended: its lock delay is not over");
    kvs_give(kv, "lock c 1 q", "DONE 7 0:c=1 f0 l1 sq c7 m7");
    kvs_give(kv, "set a 1", "DONE 8 0:a=1 f0 l1 s- c3 m8");
    kv_set_now(kv, 6000);
    kvs_give(kv, "lock a 1 q", "DONE 9 0:a=1 f0 l2 sq c3 m9");
    assert_int_equal(kv_count(kv).delays, 2);
    kv_set_now(kv, 7000);
    kv_expire(kv);
    assert_int_equal(kv_count(kv).delays, 0);
}

/* -- time ------------------------------------------------------------------ */

static void lock_delays_are_bounded(void **state)
{
    struct kv *kv = kv_fixture_kv(state);

    session_make(kv, 's', SESSION_RELEASE, 0, 3600000);
    assert_int_equal(session_find(kv, session_id('s'))->lock_delay_ms,
                     KV_LOCK_DELAY_MAX_MS);
    assert_int_equal(session_find(kv, session_id('s'))->lock_delay_ns,
                     3600000000000ull);
}

static unsigned deadlines;

static void deadline(void *arg)
{
    (void)arg;
    deadlines++;
}

static void sessions_end_in_time(void **state)
{
    struct kv *kv = kv_fixture_kv(state);

    deadlines = 0;
    kv_on_deadline(kv, deadline, NULL);
    session_make(kv, 's', SESSION_DELETE, 10000, 0);
    assert_int_equal(deadlines, 1);
    assert_int_equal(kv_due_in(kv), 20000);
    kvs(kv, NULL, "lock a 1 s");
    kv_set_now(kv, 20999);
    assert_int_equal(kv_expire(kv), 1);
    assert_non_null(session_find(kv, session_id('s')));
    assert_true(session_renew(kv, session_id('s')));
    kv_set_now(kv, 21000);
    assert_int_equal(kv_expire(kv), 19999);
    assert_non_null(session_find(kv, session_id('s')));
    assert_non_null(kv_find(kv, "a", 1));
    kv_set_now(kv, 40999);
    kv_expire(kv);
    assert_null(session_find(kv, session_id('s')));
    assert_null(kv_find(kv, "a", 1));
    assert_false(session_renew(kv, session_id('s')));
}

/* -- what they depend on --------------------------------------------------- */

static bool lives(const struct kv *kv, char letter)
{
    return session_find(kv, session_id(letter)) != NULL;
}

static void make_on(struct kv *kv, char letter, const char *node,
                    const char *checks)
{
    const struct session_request q = {.id = session_id(letter),
                                      .node = node,
                                      .checks = checks,
                                      .behavior = SESSION_DELETE};

    session_create(kv, &q, NULL, NULL);
}

struct ends {
    struct session_observer observer;
    char text[1024];
};

static void note_end(struct session_observer *o, const struct session *s,
                     uint64_t revision)
{
    struct ends *e = container_of(o, struct ends, observer);

    snprintf(e->text + strlen(e->text), sizeof(e->text) - strlen(e->text),
             "%c %llu %s;", s->id[0], (unsigned long long)revision,
             s->why ? s->why : "-");
}

static void they_end_with_their_checks(void **state)
{
    struct kv *kv = kv_fixture_kv(state);
    struct ends e = {.observer.gone = note_end};

    session_observe(kv, &e.observer);
    make_on(kv, 'a', "N1", "serfHealth 'Web Health'");
    make_on(kv, 'b', "n1", "serfHealth");
    make_on(kv, 'c', "n1", "");
    make_on(kv, 'd', "n2", "serfHealth 'web health'");
    kvs(kv, NULL, "lock x 1 a; lock y 1 d");
    session_end_of(kv, "n1", "web health", "its check is critical");
    /* it has ended for everybody, though its keys are still there */
    assert_int_equal(kv_due_in(kv), 0);
    kvs_give(kv, "lock z 1 a", "REFUSED 0:no such session");
    assert_false(session_renew(kv, session_id('a')));
    kv_expire(kv);
    assert_string_equal(e.text, "a 6 its check is critical;");
    assert_null(kv_find(kv, "x", 1));
    assert_non_null(kv_find(kv, "y", 1));
    session_end_of(kv, "n1", NULL, "its node is gone");
    session_end_of(kv, "n3", "serfHealth", "none of them");
    session_end_of(kv, "n1", "nothing", "none of them");
    session_destroy(kv, session_id('b'), NULL, NULL);
    kv_expire(kv);
    assert_false(lives(kv, 'b') || lives(kv, 'c'));
    assert_true(lives(kv, 'd'));
    e.text[0] = '\0';
    session_destroy(kv, session_id('d'), NULL, NULL);
    assert_string_equal(e.text, "d 9 -;");
    session_unobserve(kv, &e.observer);
}

static const char *no_node_but_n1(void *arg, const char *node,
                                  const char *check)
{
    const char *sick = arg;

    if (strcmp(node, "n1") != 0)
        return "no such node";
    return check && !strcmp(check, sick) ? "the check is critical" : NULL;
}

static void a_judge_ends_what_cannot_be(void **state)
{
    struct kv *kv = kv_fixture_kv(state);

    make_on(kv, 'a', "n9", "");
    make_on(kv, 'b', "n1", "ill");
    make_on(kv, 'c', "n1", "well");
    session_set_judge(kv, no_node_but_n1, (void *)"ill");
    kv_expire(kv);
    assert_true(lives(kv, 'a') && lives(kv, 'b') && lives(kv, 'c'));
    session_judge_all(kv);
    kv_expire(kv);
    assert_false(lives(kv, 'a') || lives(kv, 'b'));
    assert_true(lives(kv, 'c'));
    make_on(kv, 'd', "n1", "well ill");
    make_on(kv, 'e', "n1", "well");
    kvs_give(kv, "lock z 1 d", "REFUSED 0:no such session");
    kv_expire(kv);
    assert_false(lives(kv, 'd'));
    assert_true(lives(kv, 'e'));
}

struct counted {
    struct session_waiter waiter;
    struct kv *kv;
    unsigned told;
    bool once;
};

static void count_told(struct session_waiter *w, uint64_t revision)
{
    struct counted *c = container_of(w, struct counted, waiter);

    (void)revision;
    c->told++;
    if (c->once)
        session_wait_end(c->kv, w);
}

static void who_waits_is_told(void **state)
{
    struct kv *kv = kv_fixture_kv(state);
    struct counted a = {.waiter.changed = count_told, .kv = kv};
    struct counted b = {.waiter.changed = count_told, .kv = kv, .once = true};

    session_wait(kv, &b.waiter);
    session_wait(kv, &a.waiter);
    make_on(kv, 'a', "n1", "");
    kvs(kv, NULL, "lock x 1 a");
    assert_true(session_renew(kv, session_id('a')));
    assert_int_equal(a.told, 1);
    session_destroy(kv, session_id('a'), NULL, NULL);
    assert_int_equal(a.told, 2);
    assert_int_equal(b.told, 1);
    session_wait_end(kv, &b.waiter);
    session_wait_end(kv, &a.waiter);
    make_on(kv, 'b', "n1", "");
    assert_int_equal(a.told, 2);
}

static void indexes_are_of_the_node(void **state)
{
    struct kv *kv = kv_fixture_kv(state);

    assert_int_equal(session_index(kv), 1);
    assert_int_equal(session_node_index(kv, "n1"), 1);
    make_on(kv, 'a', "n1", "");
    make_on(kv, 'b', "n2", "");
    kvs(kv, NULL, "set x 1");
    make_on(kv, 'c', "n2", "");
    assert_int_equal(session_index(kv), 4);
    assert_int_equal(session_node_index(kv, "N1"), 1);
    assert_int_equal(session_node_index(kv, "n2"), 4);
    session_destroy(kv, session_id('b'), NULL, NULL);
    assert_int_equal(session_node_index(kv, "n1"), 1);
    assert_int_equal(session_node_index(kv, "n2"), 5);
    /* the last of a node: the index of all is the least that has grown */
    session_destroy(kv, session_id('a'), NULL, NULL);
    assert_int_equal(session_node_index(kv, "n1"), 6);
}

#define ON(setup, test)                                                        \
    cmocka_unit_test_setup_teardown(test, setup, kv_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON(kv_memory, bad_sessions_are_refused),
        ON(kv_memory, a_session_ends_with_its_keys),
        ON(kv_memory, lock_delays_are_bounded),
        ON(kv_memory, sessions_end_in_time),
        ON(kv_memory, they_end_with_their_checks),
        ON(kv_memory, a_judge_ends_what_cannot_be),
        ON(kv_memory, who_waits_is_told),
        ON(kv_memory, indexes_are_of_the_node),
    };

    hash_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
