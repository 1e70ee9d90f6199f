/*
 * The durable store on a real file: what is kept, in which order it is visible,
 * what a crash leaves, what happens when the disk does not take it.
 */
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/mem.h"
#include "t/unit/store_util.h"

#define QUEUE 100000

static struct box box;

static int teardown(void **state)
{
    (void)state;
    if (box.store)
        store_close(box.store);
    box.store = NULL;
    store_clear();
    return 0;
}

static void start_with(size_t queue)
{
    char *error;
    struct store *s = store_sqlite_open(store_path("db"), queue, &error);

    assert_null(error);
    assert_non_null(s);
    box_init(&box, s, "box");
    assert_true(store_replay(s, &error));
}

static void start(void)
{
    start_with(QUEUE);
}

/* Ends in order and starts again. */
static void again(void)
{
    store_close(box.store);
    start();
}

static void check_record(const char *key, const char *value, uint64_t created,
                         uint64_t changed)
{
    const struct box_record *r = box_find(&box, key);

    assert_non_null(r);
    assert_string_equal(r->value, value);
    assert_int_equal(r->created, created);
    assert_int_equal(r->changed, changed);
}

/* -- what is kept ---------------------------------------------------------- */

static void test_kept(void **state)
{
    struct box_txn t;

    (void)state;
    start();
    box_put(&box, &t, "a", "1");
    assert_int_equal(t.revision, 1);
    box_put(&box, &t, "b", "2");
    box_put(&box, &t, "c", "");
    box_put(&box, &t, "a", "it's 'new'");
    box_put(&box, &t, "b", NULL);
    assert_int_equal(t.revision, 5);
    again();
    assert_int_equal(box.loaded, 2);
    assert_string_equal(box.records[0].key, "a"); /* in order of creation */
    check_record("a", "it's 'new'", 1, 4);
    check_record("c", "", 3, 3);
    /* a revision that nobody can have been told, and no more */
    assert_int_equal(box.store->revision, 6);
    assert_int_equal(box.store->counts.records, 2);
    box_put(&box, &t, "b", "again");
    assert_int_equal(t.revision, 7);
    box_put(&box, &t, "c", "changed");
    again();
    assert_string_equal(box.records[2].key, "b");
    check_record("b", "again", 7, 7);
    check_record("c", "changed", 3, 8);
}

/* A record that was not kept and becomes one keeps its place in the order. */
static void test_promoted(void **state)
{
    struct box_txn t;

    (void)state;
    start();
    box_ask(&box, &t, "a", "1");
    t.txn.durable = false;
    store_commit(box.store, &t.txn);
    assert_int_equal(t.done, 1);
    assert_int_equal(t.revision, 1);
    box_put(&box, &t, "b", "2");
    box_put(&box, &t, "a", "now");
    again();
    assert_string_equal(box.records[0].key, "a");
    check_record("a", "now", 1, 3);
    check_record("b", "2", 2, 2);
    box_put(&box, &t, "a", NULL);
    again();
    assert_null(box_find(&box, "a"));
}

static void test_silent(void **state)
{
    struct box_txn t;

    (void)state;
    start();
    box_put(&box, &t, "a", "1");
    box_ask(&box, &t, "a", "2");
    t.txn.silent = true;
    store_commit(box.store, &t.txn);
    box_wait(&box, &t);
    assert_int_equal(t.status, STORE_OK);
    assert_int_equal(t.revision, 1); /* none of its own */
    assert_int_equal(box.other_count, 1);
    again();
    check_record("a", "2", 1, 1);
}

/* Several changes that are committed together. */
static void chain(struct box_txn *t, unsigned n)
{
    while (n-- > 1)
        t[n - 1].txn.also = &t[n].txn;
}

static void test_together(void **state)
{
    struct box_txn t[3];

    (void)state;
    start();
    box_put(&box, &t[0], "b", "0");
    box_ask(&box, &t[0], "a", "1");
    box_ask(&box, &t[1], "b", "2");
    box_ask(&box, &t[2], "c", "3");
    chain(t, 3);
    t[1].txn.durable = false; /* this one need not be kept */
    store_commit(box.store, &t[0].txn);
    box_wait(&box, &t[0]);
    assert_int_equal(t[1].done + t[2].done, 0);
    check_record("a", "1", 2, 2);
    check_record("b", "2", 1, 2);
    check_record("c", "3", 2, 2);
    assert_int_equal(box.other_count, 2);
    /* one condition does not hold: nothing of it happens */
    box_ask(&box, &t[0], "a", "4");
    box_ask(&box, &t[1], "c", NULL);
    t[1].txn.expect = 1;
    chain(t, 2);
    store_commit(box.store, &t[0].txn);
    assert_int_equal(t[0].done, 1);
    assert_int_equal(t[0].status, STORE_CONFLICT);
    check_record("a", "1", 2, 2);
    again();
    assert_string_equal(box.records[1].key, "a"); /* as they were written */
    assert_string_equal(box.records[2].key, "c");
    check_record("b", "0", 1, 1);
    check_record("c", "3", 2, 2);
}

/* The same, each with the next revision. */
static void test_next(void **state)
{
    struct box_txn t[4];

    (void)state;
    start();
    box_put(&box, &t[0], "a", "0");
    box_ask(&box, &t[0], "a", "1");
    box_ask(&box, &t[1], "b", "2");
    box_ask(&box, &t[2], "c", "3");
    box_ask(&box, &t[3], "d", "4");
    chain(t, 4);
    t[1].txn.next = t[3].txn.next = true;
    store_commit(box.store, &t[0].txn);
    box_wait(&box, &t[0]);
    assert_int_equal(t[0].revision, 4);
    assert_int_equal(box.other_count, 4); /* no revision is left out */
    again();
    check_record("a", "1", 1, 2);
    check_record("b", "2", 3, 3);
    check_record("d", "4", 4, 4);
}

/* -- the order ------------------------------------------------------------- */

static void test_order(void **state)
{
    struct box_txn durable, light, after;

    (void)state;
    start();
    assert_true(store_is_immediate(box.store, false));
    assert_false(store_is_immediate(box.store, true));
    box_ask(&box, &durable, "a", "1");
    store_commit(box.store, &durable.txn);
    assert_false(store_is_immediate(box.store, false));
    box_ask(&box, &light, "b", "2");
    light.txn.durable = false;
    store_commit(box.store, &light.txn);
    assert_int_equal(durable.done + light.done, 0);
    assert_null(box_find(&box, "a")); /* not visible before it is kept */
    assert_null(box_find(&box, "b")); /* nor is what comes behind it */
    box_wait(&box, &light);
    assert_int_equal(durable.revision, 1);
    assert_int_equal(light.revision, 2);
    box_ask(&box, &after, "c", "3");
    after.txn.durable = false;
    store_commit(box.store, &after.txn);
    assert_int_equal(after.done, 1);
    assert_int_equal(after.revision, 3);
}

static void test_queue(void **state)
{
    static struct box_txn t[40];
    static char keys[40][16];
    unsigned i, refused = 0;

    (void)state;
    start_with(2000);
    for (i = 0; i < ARRAY_LEN(t); i++) {
        snprintf(keys[i], sizeof(keys[i]), "k%u", i);
        box_ask(&box, &t[i], keys[i], "x");
        store_commit(box.store, &t[i].txn);
        refused += t[i].done;
    }
    assert_true(refused > 10 && refused < 35);
    assert_int_equal(t[39].status, STORE_FAILED);
    assert_non_null(strstr(t[39].txn.error, "too many changes wait"));
    box_wait(&box, &t[39 - refused]);
    assert_int_equal(box.store->counts.refusals, refused);
    assert_int_equal(box.store->counts.bytes, 0);
    box_put(&box, &t[39], "k39", "x");
    assert_int_equal(t[39].status, STORE_OK);
}

/* Somebody else has the database locked for a while: changes wait, the loop
 * does not. */
static void test_locked(void **state)
{
    struct box_txn t, light;
    sqlite3 *sql;

    (void)state;
    start();
    box_put(&box, &t, "a", "1");
    assert_int_equal(sqlite3_open(store_path("db"), &sql), SQLITE_OK);
    assert_int_equal(sqlite3_exec(sql, "BEGIN IMMEDIATE", NULL, NULL, NULL),
                     SQLITE_OK);
    box_ask(&box, &t, "a", "2");
    store_commit(box.store, &t.txn);
    store_hand_over(box.store);
    usleep(50000);
    store_collect(box.store);
    assert_int_equal(t.done, 0);
    assert_int_equal(sqlite3_exec(sql, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(sql);
    box_wait(&box, &t);
    assert_int_equal(t.status, STORE_OK);
    box_ask(&box, &light, "b", "1");
    light.txn.durable = false;
    store_commit(box.store, &light.txn);
    assert_int_equal(light.revision, 3);
}

/* What was asked for is kept, if the program ends in order. */
static void test_end(void **state)
{
    struct box_txn t, u;

    (void)state;
    start();
    box_ask(&box, &t, "a", "1");
    store_commit(box.store, &t.txn);
    store_close(box.store);
    assert_int_equal(t.done, 1);
    assert_int_equal(t.status, STORE_OK);
    start();
    check_record("a", "1", 1, 1);
    box_ask(&box, &u, "b", "1");
    store_commit(box.store, &u.txn);
    store_finish(box.store);
    assert_int_equal(u.done, 1);
}

/* -- crashes --------------------------------------------------------------- */

/* A process that is killed in the middle of writing; what it was told is done
 * it says in a pipe: its revision, and the number of its record. */
static void write_and_die(int out, unsigned run)
{
    uint64_t said[2];
    struct box_txn t;
    char key[16];
    unsigned i;

    start();
    for (i = 0; i < 20; i++) {
        snprintf(key, sizeof(key), "%u-%u", run, i);
        box_put(&box, &t, key, "x");
        said[0] = t.revision;
        said[1] = i;
        if (write(out, said, sizeof(said)) != sizeof(said))
            _exit(1);
    }
    box_ask(&box, &t, "never told", "x");
    store_commit(box.store, &t.txn);
    store_hand_over(box.store);
    kill(getpid(), SIGKILL);
}

static void test_crash(void **state)
{
    uint64_t said[2], last = 0;
    char key[16];
    unsigned run;
    int p[2];
    pid_t pid;

    (void)state;
    store_path("db"); /* the same for all */
    for (run = 0; run < 3; run++) {
        assert_int_equal(pipe(p), 0);
        pid = fork();
        if (!pid)
            write_and_die(p[1], run);
        close(p[1]);
        while (read(p[0], said, sizeof(said)) == sizeof(said)) {
            assert_true(said[0] > last);
            last = said[0];
        }
        close(p[0]);
        waitpid(pid, NULL, 0);
        assert_int_equal(said[1], 19);
        start();
        snprintf(key, sizeof(key), "%u-19", run);
        assert_non_null(box_find(&box, key));
        assert_true(box.store->revision > last);
        assert_true(box.loaded >= 20 * (run + 1));
        store_close(box.store);
    }
    box.store = NULL;
}

/* -- damage that only we can see ------------------------------------------- */

static void refused(const char *text)
{
    char *error;
    struct store *s = store_sqlite_open(store_path("db"), QUEUE, &error);

    assert_non_null(s);
    box_init(&box, s, "box");
    assert_false(store_replay(s, &error));
    if (!strstr(error, text))
        fail_msg("'%s' does not say '%s'", error, text);
    assert_non_null(strstr(error, "it is left alone"));
    free(error);
    store_close(s);
}

static void run_sql(const char *text)
{
    sqlite3 *sql;

    assert_int_equal(sqlite3_open(store_path("db"), &sql), SQLITE_OK);
    assert_int_equal(sqlite3_exec(sql, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(sql);
}

static void test_damage(void **state)
{
    struct box_txn t;

    (void)state;
    start();
    box_put(&box, &t, "a", "value");
    box_put(&box, &t, "b", "bad");
    store_close(box.store);
    run_sql("UPDATE records SET value='valve' WHERE key=x'61'");
    refused("the record of kind 'box' with id 1024 is damaged");
    run_sql("UPDATE records SET value='value' WHERE key=x'61'");
    refused("a bad one");
    run_sql("DELETE FROM records WHERE key=x'62'");
    start();
    box.client.name = "other";
    box_put(&box, &t, "c", "1");
    box.client.name = "box";
    store_close(box.store);
    refused("a record of kind 'other' is not known here");
    box.store = NULL;
}

/* -- a disk that does not take it ------------------------------------------ */

static void limit_files(rlim_t bytes)
{
    struct rlimit r;

    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &r);
    r.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &r), 0);
}

static unsigned told_count;
static bool told_degraded;

static void told(void *arg, const char *degraded)
{
    (void)arg;
    told_count++;
    told_degraded = degraded != NULL;
}

static void nothing_pending(void *arg)
{
    (void)arg;
}

static void test_disk(void **state)
{
    struct box_txn t, light;
    unsigned i;

    (void)state;
    start();
    told_count = 0;
    box.store->told = told;
    box.store->pending = nothing_pending;
    box_put(&box, &t, "a", "1");
    limit_files(4096); /* the log is longer than that */
    box_put(&box, &t, "a", "2");
    assert_int_equal(t.status, STORE_FAILED);
    assert_non_null(strstr(t.txn.error, "not kept: the disk"));
    assert_non_null(box.store->degraded);
    assert_true(told_count == 1 && told_degraded);
    check_record("a", "1", 1, 1);
    /* its revision tells of nothing */
    assert_int_equal(box.others[box.other_count - 1], t.revision);
    box_ask(&box, &light, "b", "2");
    light.txn.durable = false;
    store_commit(box.store, &light.txn);
    assert_int_equal(light.done, 1); /* needs no disk */
    assert_int_equal(light.status, STORE_OK);
    assert_true(light.revision > t.revision);
    box_put(&box, &t, "a", "3");
    assert_int_equal(t.status, STORE_FAILED);
    limit_files(RLIM_INFINITY);
    for (i = 0; box.store->degraded && i < 6000; i++) {
        usleep(10000);
        store_collect(box.store); /* it finds out by itself */
    }
    assert_null(box.store->degraded);
    assert_true(told_count == 2 && !told_degraded);
    box_put(&box, &t, "a", "4");
    assert_int_equal(t.status, STORE_OK);
    again();
    check_record("a", "4", 1, t.revision);
}

int main(int argc, char **argv)
{
#define TEST(f) cmocka_unit_test_teardown(f, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_kept),     TEST(test_promoted), TEST(test_silent),
        TEST(test_together), TEST(test_next),     TEST(test_order),
        TEST(test_queue),    TEST(test_end),      TEST(test_damage),
        TEST(test_locked),   TEST(test_crash),    TEST(test_disk)};

    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
