/* The directory: what a service says of itself, and what is registered. */
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

#define ME  "me 10.0.0.1 own {consul-network-segment=}\n"
#define OWN ME "  consul consul :6701 c1 m1\n"
#define SERF_AT(n)                                                             \
    "  serfHealth passing implied \"Agent alive and reachable\" c" n " m" n "\n"
#define SERF SERF_AT("1")

static int setup(void **state)
{
    struct place *p = xcalloc(1, sizeof(*p));

    place_open(p, store_memory_new(), false);
    *state = p;
    return 0;
}

static int teardown(void **state)
{
    place_close(*state);
    free(*state);
    return 0;
}

/* -- what a service says --------------------------------------------------- */

static void fresh(void **state)
{
    assert_string_equal(dir_text(*state), OWN SERF);
}

/* line registers a service, and its row is that. */
static void assert_row(struct place *p, const char *line, const char *node,
                       const char *row)
{
    const struct dir_node *n;
    struct told t;
    char name[64];
    char *want = xasprintf("\n%s\n", row);
    const char *text;

    dir_line(p, line);
    text = dir_text(p);
    if (!strstr(text, want))
        fail_msg("no row '%s' in:\n%s", row, text);
    n = directory_node(p->d, node);
    assert_non_null(n);
    assert_string_equal(n->name, node);
    assert_int_equal(sscanf(line, "%63s", name), 1);
    state_remove(p->c, &t, name);
    free(want);
}

static void words(void **state)
{
    struct place *p = *state;

    (void)dir_text(p);
    assert_row(p, "web", "me", "  web web :0 c1 m1");
    assert_row(p, "a service web id w1 node n1 addr tcp!1.2.3.4!80", "n1",
               "  w1 web 1.2.3.4:80 c3 m3");
    assert_row(p, "a addr 1.2.3.4:80", "me", "  a a 1.2.3.4:80 c5 m5");
    assert_row(p, "a addr [fe80::1]:80", "me", "  a a fe80::1:80 c7 m7");
    assert_row(p, "a addr tcp!fe80::1!http", "me", "  a a fe80::1:80 c9 m9");
    assert_row(p, "a addr tls!h!styx", "me", "  a a h:0 c11 m11");
    assert_row(p, "a port 8080", "me", "  a a :8080 c13 m13");
    assert_row(p, "a addr nonsense port 9 host h1", "h1",
               "  a a :9 {host=h1} c15 m15");
    assert_row(p, "tcp!h!styx", "me", "  tcp!h!styx styx h:0 c17 m17");
    assert_row(p, "tcp!h!http", "me", "  tcp!h!http http h:80 c19 m19");
    assert_row(p, "tcp!h!99 kind worker host h2", "h2",
               "  tcp!h!99 worker h:99 {kind=worker host=h2} c21 m21");
    assert_row(p, "tcp!h!99", "me", "  tcp!h!99 tcp!h!99 h:99 c23 m23");
    assert_row(p, "gopher!h!99 kind x", "me",
               "  gopher!h!99 gopher!h!99 :0 {kind=x} c25 m25");
}

static void tags_and_meta(void **state)
{
    struct place *p = *state;

    (void)dir_text(p);
    assert_row(p, "a tags b,c", "me", "  a a :0 [b c] c1 m1");
    assert_row(p, "a tags ,b,,c,", "me", "  a a :0 [b c] c3 m3");
    assert_row(p, "a tags b\\,c\\\\,d", "me", "  a a :0 [b,c\\ d] c5 m5");
    assert_row(p, "a tags b\\", "me", "  a a :0 [b\\] c7 m7");
    assert_row(p, "a role x meta.id y check.http u persist 0", "me",
               "  a a :0 {role=x id=y} c9 m9");
    assert_row(p, "a role x load 1 .volatile load,tags tags t", "me",
               "  a a :0 [t] {role=x} c11 m11");
    assert_row(p, "a tag_override 1", "me", "  a a :0 override c13 m13");
    assert_row(p, "a tag_override 0", "me", "  a a :0 c15 m15");
}

static void implied_nodes(void **state)
{
    struct place *p = *state;

    dir_line(p, "a node N1");
    dir_line(p, "b node n1 addr tcp!10.9.9.9!1");
    assert_string_equal(
        dir_text(p),
        ME "  consul consul :6701 c2 m2\n" SERF_AT(
            "2") "N1 192.0.2.7\n  a a :0 c1 m1\n  b b 10.9.9.9:1 c2 m2\n" SERF);
    assert_non_null(directory_node(p->d, "n1"));
    *p->events = '\0';
    dir_hang_up(p);
    assert_null(directory_node(p->d, "n1"));
    assert_string_equal(p->events,
                        "-service a;=node N1;-service b;-check serfHealth;"
                        "-node N1;");
}

static void own_word(void **state)
{
    struct place *p = *state;

    (void)dir_text(p);
    dir_line(p, "a status warning");
    assert_string_equal(dir_text(p),
                        ME "  a a :0 c1 m1\n"
                           "    service:a warning implied \"\" c1 m1\n"
                           "  consul consul :6701 c1 m1\n" SERF);
    dir_line(p, "a status odd");
    assert_null(directory_check_of(p->d, "me", "service:a"));
}

/* -- what is registered ---------------------------------------------------- */

static void register_all(void **state)
{
    struct place *p = *state;
    struct dir_told t;

    (void)dir_text(p);
    dir_register(p, &t,
                 "node Ext | address 127.0.0.9 | id 99 | tagged lan=1.1.1.1 | "
                 "meta env=prod | service web | sid w1 | saddr 10.0.0.5 | port "
                 "80 | tag a,b | tag c | smeta k=v | smeta node=x | override | "
                 "check c1 passing w1 | output ok");
    dir_assert_done(&t);
    assert_int_equal(t.revision, 1);
    assert_string_equal(
        dir_text(p),
        "Ext 127.0.0.9 recorded {env=prod}\n"
        "  w1 web 10.0.0.5:80 [a,b c] {k=v node=x} override c1 m1\n"
        "    c1 passing \"ok\" c1 m1\n" OWN SERF);
    assert_state(p->c,
                 "w1@Ext service web node Ext id w1 tags a\\,b,c addr "
                 "tcp!10.0.0.5!80 tag_override 1 k v meta.node x persist 1 "
                 "status passing\n");
}

static void register_the_same(void **state)
{
    struct place *p = *state;
    struct dir_told t;
    const char *const text =
        "node n | address a | service web | port 80 | tag x | smeta k=v | "
        "check c passing web";

    dir_register(p, &t, text);
    dir_assert_done(&t);
    dir_register(p, &t, text);
    dir_assert_done(&t);
    assert_int_equal(t.revision, 1);
    assert_int_equal(p->store->revision, 1);
}

static void register_another(void **state)
{
    struct place *p = *state;
    struct dir_told t;

    (void)dir_text(p);
    dir_register(p, &t,
                 "node n | address a | service web | port 80 | tag x | smeta "
                 "k=v");
    dir_register(p, &t,
                 "node N | address b | service web2 | sid WEB | saddr h | "
                 "smeta j=w");
    dir_assert_done(&t);
    assert_int_equal(t.revision, 2);
    assert_string_equal(dir_text(p), OWN SERF "n b recorded\n"
                                              "  web web2 h:0 {j=w} c1 m2\n");
    assert_state(p->c, "web@n service web2 node n id web persist 1 addr "
                       "tcp!h!0 j w\n");
}

static void refusals(void **state)
{
    struct place *p = *state;
    struct dir_told t;

    dir_register(p, &t, "node n");
    dir_assert_refused(&t, "Must provide address if SkipNodeUpdate is not set");
    dir_register(p, &t, "node n | skip");
    dir_assert_refused(&t, "Missing node registration");
    dir_register(p, &t, "node n | address a | check c passing s");
    dir_assert_refused(&t,
                       "failed inserting check: Missing service registration");
    dir_register(p, &t, "node n | address a | service s | tag a\nb");
    dir_assert_refused(&t, "a value holds a NUL or a line end");
    dir_register(p, &t, "node n | address a | service s | smeta .x=y");
    dir_assert_refused(&t, "an attribute name begins with a dot");
    assert_int_equal(p->store->revision, 0);
}

/* A node that answers for itself has one check of that id, which nobody else
 * sets; of others it is a check as any. */
static void serfs_own(void **state)
{
    struct place *p = *state;
    struct dir_told t;

    dir_register(p, &t, "node me | check serfHealth critical");
    dir_assert_done(&t);
    assert_int_equal(p->store->revision, 0);
    assert_string_equal(dir_text(p), OWN SERF);
    dir_register(p, &t, "node n | address a | check SerfHealth critical");
    dir_assert_done(&t);
    assert_string_equal(dir_text(p), OWN SERF
                        "n a recorded\n  SerfHealth critical \"\" c1 m1\n");
    dir_line(p, "web node n");
    assert_string_equal(dir_text(p), OWN SERF
                        "n a recorded\n  web web :0 c2 m2\n" SERF_AT("2"));
    directory_settle(p->d);
    dir_hang_up(p);
    assert_string_equal(dir_text(p), OWN SERF "n a recorded\n");
}

static void names_taken(void **state)
{
    struct place *p = *state;
    struct dir_told t;

    dir_line(p, "web node elsewhere");
    dir_register(p, &t, "node me | service web");
    dir_assert_done(&t);
    dir_register(p, &t, "node me | service s | sid a/b");
    dir_register(p, &t, "node me | service s | sid new");
    dir_assert_done(&t);
    assert_state(p->c, "web node elsewhere\n"
                       "web@me service web node me id web persist 1\n"
                       "a_b service s node me id a/b persist 1\n"
                       "new@me service s node me id new persist 1\n");
}

/* An update over HTTP reaches what a connection registered, and leaves it the
 * connection's. */
static void update_netcats(void **state)
{
    struct place *p = *state;
    struct dir_told t;

    dir_line(p, "web role x host h tags a addr tcp!1.1.1.1!1");
    dir_register(p, &t,
                 "node h | skip | service web | saddr 1.1.1.1 | port 2 | "
                 "tag b | smeta host=h | smeta k=v");
    dir_assert_done(&t);
    assert_state(p->c, "web host h tags b addr tcp!1.1.1.1!2 k v\n");
    dir_hang_up(p);
    assert_state(p->c, "");
    assert_null(directory_node(p->d, "h"));
}

/* -- checks ---------------------------------------------------------------- */

static void worst_of_checks(void **state)
{
    struct place *p = *state;
    struct dir_told t;

    (void)dir_text(p);
    dir_register(p, &t,
                 "node me | service web | check a passing web | check b "
                 "warning web | check c critical");
    dir_assert_done(&t);
    assert_int_equal(t.revision, 1);
    assert_state(p->c,
                 "web service web node me id web persist 1 status warning\n");
    directory_check(p->d, "me", "A", DIR_CRITICAL, "down", dir_told_done,
                    (t = (struct dir_told){0}, &t));
    dir_assert_done(&t);
    assert_int_equal(t.revision, 2);
    assert_state(p->c,
                 "web service web node me id web persist 1 status critical\n");
    assert_string_equal(dir_text(p), OWN "  web web :0 c1 m1\n"
                                         "    a critical \"down\" c1 m2\n"
                                         "    b warning \"\" c1 m1\n"
                                         "  c critical \"\" c1 m1\n" SERF);
    dir_deregister(p, &t, "me check:a");
    dir_assert_done(&t);
    assert_state(p->c,
                 "web service web node me id web persist 1 status warning\n");
    dir_deregister(p, &t, "me check:b");
    assert_state(p->c, "web service web node me id web persist 1\n");
    assert_null(directory_check_of(p->d, "me", "b"));
    assert_int_equal(directory_count(p->d).checks, 2);
}

static void same_status_is_silent(void **state)
{
    struct place *p = *state;
    struct dir_told t = {0};
    const struct dir_name *n;
    uint64_t version;

    dir_register(p, &t, "node me | service web | check a passing web");
    n = directory_name(p->d, "web");
    version = n->version;
    t.count = 0;
    directory_check(p->d, NULL, "a", DIR_PASSING, "fine", dir_told_done, &t);
    dir_assert_done(&t);
    assert_int_equal(p->store->revision, 1);
    assert_string_equal(directory_check_of(p->d, "me", "a")->output, "fine");
    assert_true(n->version > version);
    t.count = 0;
    directory_check(p->d, NULL, "b", DIR_PASSING, "", dir_told_done, &t);
    dir_assert_refused(&t, "there is no such check");
}

/* A connection's service may have checks; they go with it. */
static void checks_go_with_it(void **state)
{
    struct place *p = *state;
    struct dir_told t;

    dir_line(p, "web status passing");
    dir_register(p, &t, "node me | check a critical web");
    dir_assert_done(&t);
    assert_state(p->c, "web status critical\n");
    assert_int_equal(directory_instance(p->d, "me", "web")->checks.count, 1);
    dir_hang_up(p);
    assert_null(directory_check_of(p->d, "me", "a"));
    directory_settle(p->d);
    dir_line(p, "web x y");
    assert_null(directory_check_of(p->d, "me", "a"));
    assert_string_equal(dir_text(p), ME "  consul consul :6701 c1 m1\n"
                                        "  web web :0 {x=y} c5 m5\n" SERF);
}

static void keeps(void **state)
{
    struct place *p = *state;
    struct dir_told t;

    dir_register(p, &t, "node me | check a critical | output bad");
    dir_register(p, &t, "node me | check a passing | keep");
    dir_assert_done(&t);
    assert_int_equal(directory_check_of(p->d, NULL, "a")->status, DIR_CRITICAL);
    assert_string_equal(directory_check_of(p->d, NULL, "a")->output, "bad");
    assert_int_equal(p->store->revision, 1);
    dir_register(p, &t, "node me | check a passing ");
    assert_int_equal(directory_check_of(p->d, NULL, "a")->status, DIR_PASSING);
}

static unsigned criticals, goings;

static void on_critical(void *arg, const struct dir_check *c, bool gone)
{
    (void)arg;
    (void)c;
    (*(gone ? &goings : &criticals))++;
}

static void critical_is_told(void **state)
{
    struct place *p = *state;
    struct dir_told t;

    criticals = goings = 0;
    directory_on_critical(p->d, on_critical, NULL);
    dir_register(p, &t, "node me | check a passing");
    (void)dir_text(p);
    assert_int_equal(criticals, 0);
    /* even if it is over before anybody looks */
    directory_check(p->d, NULL, "a", DIR_CRITICAL, NULL, NULL, NULL);
    directory_check(p->d, NULL, "a", DIR_PASSING, NULL, NULL, NULL);
    (void)dir_text(p);
    assert_int_equal(criticals, 1);
    dir_deregister(p, &t, "me check:a");
    (void)dir_text(p);
    assert_int_equal(goings, 1);
}

static void health(void **state)
{
    struct place *p = *state;
    struct dir_told t;
    const struct dir_check *c = NULL;
    struct buf b = BUF_INIT;

    dir_register(p, &t,
                 "node n | address a | service web | check zz passing web | "
                 "check aa warning web | check mm passing | check xx critical");
    while ((c = dir_next_check(directory_instance(p->d, "n", "web"), c)))
        buf_add_fmt(&b, "%s ", c->id);
    assert_string_equal(buf_str(&b), "aa mm xx zz ");
    buf_free(&b);
    assert_int_equal(dir_health(directory_instance(p->d, "n", "web")),
                     DIR_CRITICAL);
}

/* -- what is deregistered -------------------------------------------------- */

static void deregister(void **state)
{
    struct place *p = *state;
    struct dir_told t;

    (void)dir_text(p);
    dir_register(p, &t,
                 "node n | address a | service web | check c passing web "
                 "| check d passing");
    dir_register(p, &t, "node n | address a | service db");
    dir_line(p, "nc node n");
    dir_deregister(p, &t, "n service:web");
    dir_assert_done(&t);
    assert_null(directory_check_of(p->d, "n", "c"));
    assert_state(p->c, "db@n service db node n id db persist 1\nnc node n\n");
    dir_deregister(p, &t, "n service:web");
    dir_assert_done(&t);
    dir_deregister(p, &t, "N");
    dir_assert_done(&t);
    assert_state(p->c, "");
    assert_string_equal(dir_text(p), OWN SERF);
    assert_int_equal(directory_count(p->d).checks, 1);
    dir_deregister(p, &t, "N");
    dir_assert_done(&t);
    dir_deregister(p, &t, "me");
    dir_assert_done(&t);
    assert_string_equal(dir_text(p), OWN SERF);
}

/* Somebody else's stays, and so does the node. */
static void deregister_refused(void **state)
{
    struct place *p = *state;
    struct dir_told t;

    p->holder.owner.fixed = "it is fixed";
    dir_line(p, "nc node n");
    dir_register(p, &t, "node n | address a | service web");
    dir_deregister(p, &t, "n");
    dir_assert_refused(&t, "it is fixed");
    assert_state(p->c, "nc node n\n");
    assert_true(directory_node(p->d, "n")->recorded);
    /* what its checks say is the registry's to set */
    dir_register(p, &t, "node n | skip | check c passing nc");
    dir_assert_done(&t);
    assert_state(p->c, "nc node n status passing\n");
    p->holder.owner.fixed = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(fresh, setup, teardown),
        cmocka_unit_test_setup_teardown(words, setup, teardown),
        cmocka_unit_test_setup_teardown(tags_and_meta, setup, teardown),
        cmocka_unit_test_setup_teardown(implied_nodes, setup, teardown),
        cmocka_unit_test_setup_teardown(own_word, setup, teardown),
        cmocka_unit_test_setup_teardown(register_all, setup, teardown),
        cmocka_unit_test_setup_teardown(register_the_same, setup, teardown),
        cmocka_unit_test_setup_teardown(register_another, setup, teardown),
        cmocka_unit_test_setup_teardown(refusals, setup, teardown),
        cmocka_unit_test_setup_teardown(serfs_own, setup, teardown),
        cmocka_unit_test_setup_teardown(names_taken, setup, teardown),
        cmocka_unit_test_setup_teardown(update_netcats, setup, teardown),
        cmocka_unit_test_setup_teardown(worst_of_checks, setup, teardown),
        cmocka_unit_test_setup_teardown(same_status_is_silent, setup, teardown),
        cmocka_unit_test_setup_teardown(checks_go_with_it, setup, teardown),
        cmocka_unit_test_setup_teardown(keeps, setup, teardown),
        cmocka_unit_test_setup_teardown(critical_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(health, setup, teardown),
        cmocka_unit_test_setup_teardown(deregister, setup, teardown),
        cmocka_unit_test_setup_teardown(deregister_refused, setup, teardown),
    };

    hash_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
