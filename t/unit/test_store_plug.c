/*
 * The durable store on a disk that fails, or whose plug is pulled: what was
 * acknowledged is there, what was refused is not.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/mem.h"
#include "t/unit/plug_vfs.h"
#include "t/unit/store_util.h"

#define KEYS 24

static struct box box;

static void nothing_pending(void *arg)
{
    (void)arg;
}

static void start(const char *name)
{
    char *error;
    struct store *s = store_sqlite_open(store_path(name), 1 << 20, &error);

    if (!s)
        fail_msg("%s", error);
    box_init(&box, s, "box");
    s->pending = nothing_pending; /* groups are handed over together */
    assert_true(store_replay(s, &error));
}

static int setup(void **state)
{
    (void)state;
    plug_use();
    plug_fail_syncs(0, 0);
    plug_fail_writes(0, 0);
    store_path("db");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    store_clear();
    return 0;
}

/* -- the plug -------------------------------------------------------------- */

struct said {
    unsigned key, value;
};

/* Changes groups of records until it is killed; says what is acknowledged. */
static void change_until_killed(int out, unsigned seed)
{
    static char keys[KEYS][8], values[KEYS][16];
    static struct box_txn t[KEYS];
    unsigned value = seed * 100000, n, i;
    struct said said;

    srand(seed);
    start("db");
    for (;;) {
        n = 1 + (unsigned)rand() % KEYS;
        for (i = 0; i < n; i++) {
            snprintf(keys[i], sizeof(keys[i]), "k%u", i);
            snprintf(values[i], sizeof(values[i]), "%u", ++value);
            box_ask(&box, &t[i], keys[i], values[i]);
            store_commit(box.store, &t[i].txn);
            if (rand() % 4 == 0)
                store_hand_over(box.store);
        }
        for (i = 0; i < n; i++) {
            box_wait(&box, &t[i]);
            said = (struct said){i, (unsigned)atoi(values[i])};
            if (t[i].status != STORE_OK ||
                write(out, &said, sizeof(said)) != sizeof(said))
                _exit(1);
        }
    }
}

static void test_plug(void **state)
{
    unsigned acknowledged[KEYS] = {0}, run, i, count = 0;
    uint64_t random = 88172645463325252ull, revision = 0;
    const struct box_record *r;
    struct said said;
    char key[8];
    int p[2];
    pid_t pid;

    (void)state;
    for (run = 1; run <= 20; run++) {
        assert_int_equal(pipe(p), 0);
        pid = fork();
        if (!pid)
            change_until_killed(p[1], run);
        close(p[1]);
        for (i = 0; i < run * 5; i++) {
            assert_int_equal(read(p[0], &said, sizeof(said)), sizeof(said));
            acknowledged[said.key] = said.value;
        }
        kill(pid, SIGKILL);
        while (read(p[0], &said, sizeof(said)) == sizeof(said))
            acknowledged[said.key] = said.value, count++;
        close(p[0]);
        waitpid(pid, NULL, 0);
        plug_pull(store_path("db"), &random);
        start("db");
        assert_true(box.store->revision > revision);
        revision = box.store->revision;
        for (i = 0; i < KEYS; i++) {
            snprintf(key, sizeof(key), "k%u", i);
            r = box_find(&box, key);
            if (!r && acknowledged[i])
                fail_msg("run %u: %s is lost", run, key);
            if (r && (unsigned)atoi(r->value) < acknowledged[i])
                fail_msg("run %u: %s is %s, not %u", run, key, r->value,
                         acknowledged[i]);
        }
        store_close(box.store);
    }
}

/* -- errors ---------------------------------------------------------------- */

/* What the files of now hold, to somebody who opens them. */
static void check_files(const char *key, const char *value)
{
    struct box mine = box;
    char *from = xstrdup(store_path("db"));

    plug_copy(from, store_path("copy"));
    free(from);
    start("copy");
    assert_string_equal(box_find(&box, key)->value, value);
    store_close(box.store);
    box = mine;
    /* the records' client is where it was */
    box.client.arg = &box;
}

/* One sync that fails is made up for; when none works, nothing of it was. */
static void test_sync(void **state)
{
    struct box_txn t;

    (void)state;
    start("db");
    box_put(&box, &t, "a", "1");
    plug_fail_syncs(0, 1);
    box_put(&box, &t, "a", "2");
    assert_int_equal(t.status, STORE_OK);
    check_files("a", "2");
    plug_fail_syncs(0, UINT32_MAX);
    box_put(&box, &t, "a", "3");
    assert_int_equal(t.status, STORE_FAILED);
    plug_fail_syncs(0, 0);
    check_files("a", "2");
    box_put(&box, &t, "a", "4");
    assert_int_equal(t.status, STORE_OK);
    check_files("a", "4");
    store_close(box.store);
}

/* A write that fails at each place there is. */
static void test_writes(void **state)
{
    char values[40][8];
    const char *last = "0";
    unsigned i, failed = 0;
    struct box_txn t;

    (void)state;
    start("db");
    box_put(&box, &t, "a", "0");
    for (i = 0; i < 40; i++) {
        snprintf(values[i], sizeof(values[i]), "%u", i + 1);
        plug_fail_writes(i % 20, i < 20 ? 1 : UINT32_MAX);
        box_put(&box, &t, "a", values[i]);
        plug_fail_writes(0, 0);
        if (t.status == STORE_OK)
            last = values[i];
        else
            failed++;
        assert_string_equal(box_find(&box, "a")->value, last);
        check_files("a", last);
    }
    assert_true(failed > 1 && failed < 30);
    store_close(box.store);
}

int main(int argc, char **argv)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_plug),
        TEST(test_sync),
        TEST(test_writes),
    };

    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
