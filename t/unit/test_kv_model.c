/*
 * Keys and sessions against the naive model, behind a store that is done at
 * once, one that takes its time and fails, and two that are closed and opened
 * again.
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

#include "server/state/hash.h"
#include "t/unit/kv_life.h"
#include "t/unit/store_delayed.h"
#include "t/unit/store_kept.h"

static void nothing(struct store *s)
{
    (void)s;
}

static void at_once(void **state)
{
    static const struct kv_life_kind kind = {.open = store_memory_new,
                                             .some = nothing,
                                             .all = nothing,
                                             .steps = 40000};

    (void)state;
    kv_live(&kind);
}

static void delayed_some(struct store *s)
{
    while (delayed_count(s) && kv_life_below(3)) {
        if (kv_life_below(10))
            delayed_commit(s);
        else
            delayed_refuse(s, STORE_FAILED);
    }
}

static void delayed_all(struct store *s)
{
    delayed_commit_all(s);
}

static void in_its_time(void **state)
{
    static const struct kv_life_kind kind = {.open = store_delayed_new,
                                             .some = delayed_some,
                                             .all = delayed_all,
                                             .fails = true,
                                             .steps = 40000};

    (void)state;
    kv_live(&kind);
}

static struct kept_rows disk;

static struct store *open_kept(void)
{
    return store_kept_open(&disk);
}

static void fail_now_and_then(struct store *s)
{
    (void)s;
    disk.fails = !kv_life_below(20);
}

static void fail_no_more(struct store *s)
{
    (void)s;
    disk.fails = false;
}

static void kept(void **state)
{
    static const struct kv_life_kind kind = {.open = open_kept,
                                             .some = fail_now_and_then,
                                             .all = fail_no_more,
                                             .keeps = true,
                                             .fails = true,
                                             .steps = 20000};

    (void)state;
    kv_live(&kind);
    kept_free(&disk);
}

static char folder[] = "/tmp/muster-kv-XXXXXX";

static struct store *open_sqlite(void)
{
    char path[64], *error = NULL;
    struct store *s;

    snprintf(path, sizeof(path), "%s/registry.db", folder);
    s = store_sqlite_open(path, 1 << 20, &error);
    if (!s)
        fail_msg("%s", error);
    return s;
}

/* Now and then all of it, however slow the disk is. */
static void sqlite_some(struct store *s)
{
    store_hand_over(s);
    if (!kv_life_below(8))
        store_finish(s);
    else
        store_collect(s);
}

static void sqlite_all(struct store *s)
{
    store_finish(s);
}

static void on_a_disk(void **state)
{
    static const struct kv_life_kind kind = {.open = open_sqlite,
                                             .some = sqlite_some,
                                             .all = sqlite_all,
                                             .keeps = true,
                                             .steps = 2000};
    static const char *const files[] = {"registry.db", "registry.db-wal",
                                        "registry.db-shm", "registry.db.lock"};
    char path[64];
    size_t i;

    (void)state;
    assert_non_null(mkdtemp(folder));
    kv_live(&kind);
    for (i = 0; i < sizeof(files) / sizeof(*files); i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, files[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_once),
        cmocka_unit_test(in_its_time),
        cmocka_unit_test(kept),
        cmocka_unit_test(on_a_disk),
    };

    hash_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
