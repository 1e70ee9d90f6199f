/*
 * Lifetimes as musterd keeps them, on a clock of the test's own: what has a ttl
 * of T goes in [T, T + 1 s] after it was last heard of, by exactly one change
 * that says why, and a step of the wall clock changes nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/auth/auth.h"
#include "lib/conf.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "server/musterd.h"
#include "server/self.h"
#include "server/state/kv.h"
#include "t/unit/fake_time.h"
#include "t/unit/kv_util.h"
#include "t/unit/state_util.h"

#define HOUR 3600000

struct fixture {
    struct loop *loop;
    struct conf *conf;
    struct auth *auth;
    struct musterd m;
    struct holder holder;
};

static int setup(void **state)
{
    static const char *const options[] = {"registry.store=memory"};
    struct conf_source src = {
        .file = "/dev/null", .options = options, .n_options = 1};
    struct conf_errors errs = {0};
    struct fixture *f = xcalloc(1, sizeof(*f));

    log_set(MLOG_ERROR, LOG_TEXT);
    f->loop = loop_new(NULL);
    f->conf = conf_load(&src, &errs);
    f->auth = auth_new(f->loop);
    assert_non_null(f->conf);
    assert_true(musterd_init(&f->m, f->loop, f->auth, f->conf));
    holder_init(&f->holder);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    catalog_owner_gone(f->m.catalog, &f->holder.owner);
    musterd_free(&f->m);
    auth_free(f->auth);
    conf_free(f->conf);
    loop_free(f->loop);
    free(f);
    return 0;
}

/* The session `s` of the own node, by a ttl in ms. */
static void session_here(struct musterd *m, uint64_t ttl_ms)
{
    const struct session_request q = {.id = session_id('s'),
                                      .node = m->self->node,
                                      .checks = "serfHealth",
                                      .behavior = SESSION_DELETE,
                                      .ttl_ms = ttl_ms};

    session_create(m->kv, &q, NULL, NULL);
}

/* As a line of port new does it; .ttl in ms. */
static void registers(struct fixture *f, const char *line)
{
    struct told t;

    musterd_tick(&f->m);
    catalog_heard(f->m.catalog, &f->holder.owner);
    state_register(f->m.catalog, &f->holder, &t, line);
    assert_int_equal(t.status, CATALOG_OK);
}

static bool is_there(const struct fixture *f, const char *name)
{
    return catalog_find(f->m.catalog, name, strlen(name)) != NULL;
}

/* How often the stream tells of the end of a service, and why it says. */
static unsigned ends_of(const struct fixture *f, const char *name,
                        enum change_reason *why)
{
    const struct changes *s = &f->m.catalog->changes;
    const struct change *ch;
    unsigned n = 0;
    uint64_t r;

    for (r = s->head - s->count + 1; r <= s->head && s->count; r++) {
        ch = changes_at(s, r);
        if (ch->kind != CHANGE_GONE || strcmp(ch->service->name, name) != 0)
            continue;
        *why = ch->reason;
        n++;
    }
    return n;
}

static void assert_end(const struct fixture *f, const char *name,
                       enum change_reason expected)
{
    enum change_reason why = CHANGE_ASKED;

    assert_false(is_there(f, name));
    assert_int_equal(ends_of(f, name, &why), 1);
    assert_int_equal(why, expected);
}

static void a_ttl_is_kept_to_the_second(void **state)
{
    static const unsigned ttls[] = {1, 2, 7, 10, 59, 60, 3600, 86400};
    struct fixture *f = *state;
    char line[64], name[16];
    size_t i;

    for (i = 0; i < ARRAY_LEN(ttls); i++) {
        time_passes(f->loop, 137); /* not at whole seconds */
        snprintf(name, sizeof(name), "s%u", ttls[i]);
        snprintf(line, sizeof(line), "%s a b .ttl %u000", name, ttls[i]);
        registers(f, line);
        time_passes(f->loop, (uint64_t)ttls[i] * 1000 - 1);
        assert_true(is_there(f, name));
        time_passes(f->loop, 1001);
        assert_end(f, name, CHANGE_EXPIRED);
    }
}

static void what_is_heard_of_lives_on(void **state)
{
    struct fixture *f = *state;
    unsigned i;

    registers(f, "a b c .ttl 3000");
    for (i = 0; i < 20; i++) {
        time_passes(f->loop, 2999);
        musterd_tick(&f->m);
        catalog_heard(f->m.catalog, &f->holder.owner);
        assert_true(is_there(f, "a"));
    }
    time_passes(f->loop, 2999);
    assert_true(is_there(f, "a"));
    time_passes(f->loop, 1001);
    assert_end(f, "a", CHANGE_EXPIRED);
}

static void many_end_each_in_its_time(void **state)
{
    struct fixture *f = *state;
    char line[64], name[16];
    unsigned i;

    for (i = 0; i < 3000; i++) {
        snprintf(line, sizeof(line), "s%u a b .ttl %u000", i, 1 + i * 7 % 40);
        registers(f, line);
    }
    for (i = 1; i <= 40; i++) {
        time_passes(f->loop, 999);
        assert_int_equal(catalog_count(f->m.catalog), 3000 - 75 * (i - 1));
        time_passes(f->loop, 1);
    }
    time_passes(f->loop, 1000);
    for (i = 0; i < 3000; i++) {
        snprintf(name, sizeof(name), "s%u", i);
        assert_end(f, name, CHANGE_EXPIRED);
    }
}

static const char *status_of(const struct fixture *f, const char *name)
{
    const struct service *v = catalog_find(f->m.catalog, name, strlen(name));
    const char *value;
    size_t len;

    assert_non_null(v);
    value = record_lookup(v->record, "status", strlen("status"), &len);
    return value ? value : "";
}

/* What its checks come to is the registry's word, not the service's. */
static void a_status_is_no_sign_of_life(void **state)
{
    struct fixture *f = *state;

    registers(f, "a b c check.ttl 2s .ttl 3000");
    time_passes(f->loop, 1);
    assert_string_equal(status_of(f, "a"), "passing");
    time_passes(f->loop, 1998);
    assert_string_equal(status_of(f, "a"), "passing");
    time_passes(f->loop, 1);
    assert_string_equal(status_of(f, "a"), "critical");
    time_passes(f->loop, 500);
    assert_string_equal(status_of(f, "a"), "critical");
    time_passes(f->loop, 1500);
    assert_end(f, "a", CHANGE_EXPIRED);
}

static void who_is_critical_for_too_long_goes(void **state)
{
    struct fixture *f = *state;

    registers(f, "a b c check.ttl 2s check.deregister_after 1m");
    registers(f, "d b c check.ttl 2s");
    time_passes(f->loop, 2000);
    assert_string_equal(status_of(f, "a"), "critical");
    time_passes(f->loop, 59000);
    assert_true(is_there(f, "a"));
    time_passes(f->loop, 31000);
    assert_end(f, "a", CHANGE_ASKED);
    assert_string_equal(status_of(f, "d"), "critical");
}

static void a_stepped_wall_clock_changes_nothing(void **state)
{
    struct fixture *f = *state;

    registers(f, "a b c .ttl 10000");
    musterd_tick(&f->m);
    session_here(&f->m, 5000);
    wall_steps(HOUR);
    time_passes(f->loop, 9999);
    assert_true(is_there(f, "a"));
    assert_non_null(session_find(f->m.kv, session_id('s')));
    wall_steps(-2 * (int64_t)HOUR);
    time_passes(f->loop, 1001);
    assert_end(f, "a", CHANGE_EXPIRED);
    assert_null(session_find(f->m.kv, session_id('s')));
    wall_steps(HOUR);
}

static void other_ends_are_one_change_each(void **state)
{
    struct fixture *f = *state;
    struct told t;

    registers(f, "asked a b .ttl 5000");
    registers(f, "closed a b .ttl 5000");
    registers(f, "kept persist 1 .ttl 5000");
    state_remove(f->m.catalog, &t, "asked");
    time_passes(f->loop, 2000);
    musterd_tick(&f->m);
    catalog_owner_gone(f->m.catalog, &f->holder.owner);
    assert_end(f, "asked", CHANGE_ASKED);
    assert_end(f, "closed", CHANGE_CLOSED);
    time_passes(f->loop, 2999);
    assert_true(is_there(f, "kept"));
    time_passes(f->loop, HOUR);
    assert_end(f, "kept", CHANGE_EXPIRED);
    assert_end(f, "asked", CHANGE_ASKED);
    assert_end(f, "closed", CHANGE_CLOSED);
}

static void a_session_is_kept_to_the_second(void **state)
{
    struct fixture *f = *state;

    musterd_tick(&f->m);
    session_here(&f->m, 15000);
    time_passes(f->loop, 29999);
    musterd_tick(&f->m);
    assert_true(session_renew(f->m.kv, session_id('s')));
    time_passes(f->loop, 29999);
    assert_non_null(session_find(f->m.kv, session_id('s')));
    time_passes(f->loop, 1001);
    assert_null(session_find(f->m.kv, session_id('s')));
}

/* -- over a restart -------------------------------------------------------- */

static struct musterd *musterd_on(struct fixture *f, const char *path)
{
    char option[80];
    const char *const options[] = {option};
    struct conf_source src = {
        .file = "/dev/null", .options = options, .n_options = 1};
    struct conf_errors errs = {0};
    struct musterd *m = xcalloc(1, sizeof(*m));

    snprintf(option, sizeof(option), "registry.store=sqlite:%s", path);
    conf_free(f->conf);
    f->conf = conf_load(&src, &errs);
    assert_non_null(f->conf);
    assert_true(musterd_init(m, f->loop, f->auth, f->conf));
    musterd_finish(m); /* the writer, whose clock is no other, expects no two */
    musterd_tick(m);
    return m;
}

static void musterd_ends(struct musterd *m)
{
    musterd_finish(m);
    musterd_free(m);
    free(m);
}

static void keys_and_sessions_outlive_the_daemon(void **state)
{
    struct fixture *f = *state;
    char folder[] = "/tmp/muster-lives-XXXXXX", path[64];
    struct musterd *m;
    struct kv_counts n;

    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/registry.db", folder);
    m = musterd_on(f, path);
    session_here(m, 15000);
    musterd_finish(m);
    kvs(m->kv, NULL, "lock a/b 1 s; set c 2");
    musterd_finish(m);
    time_passes(f->loop, 14000);
    musterd_ends(m);

    m = musterd_on(f, path);
    n = kv_count(m->kv);
    assert_int_equal(n.keys, 2);
    assert_int_equal(n.locks, 1);
    assert_int_equal(n.sessions, 1);
    /* its whole time once more, and no longer */
    time_passes(f->loop, 29999);
    assert_non_null(session_find(m->kv, session_id('s')));
    time_passes(f->loop, 1001);
    musterd_finish(m);
    assert_null(session_find(m->kv, session_id('s')));
    assert_null(kv_find(m->kv, "a/b", 3));
    musterd_ends(m);

    m = musterd_on(f, path);
    assert_null(session_find(m->kv, session_id('s')));
    assert_int_equal(kv_count(m->kv).keys, 1);
    musterd_ends(m);
    unlink(path);
    snprintf(path, sizeof(path), "%s/registry.db.lock", folder);
    unlink(path);
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_ttl_is_kept_to_the_second, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_is_heard_of_lives_on, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(many_end_each_in_its_time, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_status_is_no_sign_of_life, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(who_is_critical_for_too_long_goes,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_stepped_wall_clock_changes_nothing,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(other_ends_are_one_change_each, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_session_is_kept_to_the_second, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(keys_and_sessions_outlive_the_daemon,
                                        setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
