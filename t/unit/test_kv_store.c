/* The tree of keys behind a store: one that takes its time, one that fails, one
 * that is opened again. */
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
#include "t/unit/store_delayed.h"
#include "t/unit/store_kept.h"

static const struct kv_limits no_limits;

static int delayed(void **state)
{
    return kv_fixture(state, store_delayed_new());
}

/* -- a store that takes its time ------------------------------------------- */

static void different_keys_go_together(void **state)
{
    struct kv_fixture *f = *state;
    struct kv_told a, b, c;

    kvs(f->kv, &a, "set a 1");
    kvs(f->kv, &b, "set b 1");
    kvs(f->kv, &c, "cas a 2 1");
    assert_int_equal(delayed_count(f->store), 2);
    assert_string_equal(kv_text(f->kv), "");
    assert_int_equal(kv_count(f->kv).pending, 3);
    delayed_commit(f->store);
    assert_string_equal(a.text, "DONE 1 0:a=1 f0 l0 s- c1 m1");
    delayed_commit_all(f->store);
    assert_string_equal(b.text, "DONE 2 0:b=1 f0 l0 s- c2 m2");
    assert_string_equal(c.text, "DONE 3 0:a=2 f0 l0 s- c1 m3");
    assert_int_equal(kv_count(f->kv).pending, 0);
}

static void a_tree_waits_and_is_waited_for(void **state)
{
    struct kv_fixture *f = *state;
    struct kv_told a, tree, b;

    kvs(f->kv, &a, "set a/1 1");
    kvs(f->kv, &tree, "deltree a/");
    kvs(f->kv, &b, "set a/2 1");
    assert_int_equal(delayed_count(f->store), 1);
    delayed_commit_all(f->store);
    assert_string_equal(tree.text, "DONE 2");
    assert_string_equal(kv_text(f->kv), "a/2=1 f0 l0 s- c3 m3\n");
}

static void what_failed_has_not_happened(void **state)
{
    struct kv_fixture *f = *state;
    struct kv_told a, b, s = {0};

    session_make(f->kv, 's', SESSION_DELETE, 10000, 0);
    delayed_commit(f->store);
    kvs(f->kv, NULL, "lock k 1 s");
    delayed_commit_all(f->store);
    kvs(f->kv, &a, "set a 1");
    kvs(f->kv, &b, "set a 2");
    delayed_refuse(f->store, STORE_FAILED);
    assert_string_equal(a.text, "FAILED the disk is full");
    delayed_commit_all(f->store);
    assert_string_equal(b.text, "DONE 3 0:a=2 f0 l0 s- c3 m3");
    session_destroy(f->kv, session_id('s'), kv_told_done, &s);
    delayed_refuse(f->store, STORE_FAILED);
    assert_string_equal(s.text, "FAILED the disk is full");
    assert_non_null(session_find(f->kv, session_id('s')));
    /* an end that failed is tried again */
    kv_set_now(f->kv, 21000);
    kv_expire(f->kv);
    delayed_refuse(f->store, STORE_FAILED);
    assert_int_equal(kv_expire(f->kv), 1000);
    kv_set_now(f->kv, 22000);
    kv_expire(f->kv);
    delayed_commit_all(f->store);
    assert_null(session_find(f->kv, session_id('s')));
    assert_null(kv_find(f->kv, "k", 1));
}

static void an_end_is_told_when_it_has_come(void **state)
{
    struct kv_fixture *f = *state;
    struct kv_told a = {0}, b = {0}, c = {0};

    session_make(f->kv, 's', SESSION_DELETE, 0, 0);
    delayed_commit(f->store);
    session_destroy(f->kv, session_id('s'), kv_told_done, &a);
    session_destroy(f->kv, session_id('s'), kv_told_done, &b);
    assert_int_equal(a.count + b.count, 0);
    /* the first fails: the second tries it */
    delayed_refuse(f->store, STORE_FAILED);
    assert_string_equal(a.text, "FAILED the disk is full");
    assert_int_equal(b.count, 0);
    session_destroy(f->kv, session_id('s'), kv_told_done, &c);
    delayed_commit_all(f->store);
    assert_string_equal(b.text, "DONE 2");
    assert_string_equal(c.text, "FALSE");
    assert_null(session_find(f->kv, session_id('s')));
}

static void what_waits_ends_with_the_store(void **state)
{
    struct kv_fixture *f = *state;
    static struct kv_told a, b, c;

    kvs(f->kv, &a, "set a 1");
    kvs(f->kv, &b, "set a 2");
    kvs(f->kv, &c, "deltree _");
    store_close(f->store);
    f->store = NULL;
    assert_string_equal(a.text, "FAILED the disk is full");
    assert_string_equal(b.text, "FAILED the disk is full");
    assert_string_equal(c.text, "DONE 0");
}

static struct kv_scope scope(const char *key, bool tree)
{
    return (struct kv_scope){.key = key, .key_len = strlen(key), .tree = tree};
}

static uint64_t index_of(struct kv *kv, const char *key, bool tree)
{
    struct kv_scope s = scope(key, tree);

    return kv_index(kv, &s);
}

static bool changed(struct kv *kv, const char *key, bool tree, uint64_t since)
{
    struct kv_scope s = scope(key, tree);

    return kv_has_changed(kv, &s, since);
}

/* -- kept ------------------------------------------------------------------ */

static struct kv *reopen(struct kept_rows *disk, struct store **store,
                         uint64_t now)
{
    struct kv *kv;
    char *error = NULL;

    *store = store_kept_open(disk);
    kv = kv_new(*store, &no_limits);
    if (!store_replay(*store, &error))
        fail_msg("%s", error);
    kv_start(kv, now);
    return kv;
}

static void all_of_it_is_kept(void **state)
{
    struct kept_rows disk = {0};
    struct store *store;
    struct kv *kv = reopen(&disk, &store, 1000);
    const struct session *s;

    (void)state;
    session_make(kv, 's', SESSION_DELETE, 15000, 7000);
    kvs(kv, NULL, "lock a/b 1 s 8; set c _");
    kvs(kv, NULL, "set c 2");
    kvs(kv, NULL, "set d 2");
    kvs(kv, NULL, "del d");
    assert_string_equal(kept_value(&disk, "kv", "a/b"),
                        "flags 8 locks 1 session "
                        "ssssssss-ssss-ssss-ssss-ssssssssssss\n1");
    assert_string_equal(kept_value(&disk, "session", session_id('s')),
                        "name 'it''s mine' node web1 checks "
                        "'serfHealth ''a b''' behavior delete "
                        "lock_delay 7000000000 "
                        "ttl_ms 15000 ttl 15000ms");
    store_close(store);
    kv_free(kv);

    kv = reopen(&disk, &store, 500000);
    assert_string_equal(kv_text(kv),
                        "a/b=1 f8 l1 ss c2 m2\nc=2 f0 l0 s- c2 m3\n");
    s = session_find(kv, session_id('s'));
    assert_non_null(s);
    assert_string_equal(s->name, "it's mine");
    assert_string_equal(s->checks, "serfHealth 'a b'");
    assert_string_equal(s->ttl, "15000ms");
    assert_int_equal(s->lock_delay_ms, 7000);
    assert_int_equal(session_created(s), 1);
    assert_int_equal(s->held_count, 1);
    /* what was deleted is not known any more: look at all of it again */
    assert_true(changed(kv, "d", false, 4));
    assert_int_equal(index_of(kv, "d", false), 5);
    assert_int_equal(index_of(kv, "c", false), 3);
    assert_true(changed(kv, "a/", true, 4));
    assert_int_equal(index_of(kv, "a/", true), 5);
    assert_false(changed(kv, "a/", true, 5));
    /* one whole time from the start on */
    kv_set_now(kv, 529999);
    kv_expire(kv);
    assert_non_null(session_find(kv, session_id('s')));
    kv_set_now(kv, 530000);
    kv_expire(kv);
    assert_string_equal(kv_text(kv), "c=2 f0 l0 s- c2 m3\n");
    assert_null(kept_value(&disk, "session", session_id('s')));
    assert_null(kept_value(&disk, "kv", "a/b"));
    store_close(store);
    kv_free(kv);
    kept_free(&disk);
}

static char *load_error(const char *table, const char *key, const char *value)
{
    const struct store_row row = {.key = key,
                                  .key_len = strlen(key),
                                  .value = value,
                                  .value_len = strlen(value),
                                  .created = 1,
                                  .changed = 2};
    struct store *store = store_memory_new();
    struct kv *kv = kv_new(store, &no_limits);
    const struct store_client *k = store_find_client(store, table);
    char *error = NULL;

    if (k->load(k->arg, &row, &error))
        error = xasprintf("%zu orphans", kv_start(kv, 1));
    store_close(store);
    kv_free(kv);
    return error;
}

static void assert_load(const char *table, const char *key, const char *value,
                        const char *expected)
{
    char *error = load_error(table, key, value);

    assert_string_equal(error, expected);
    free(error);
}

static void what_was_not_written_is_not_read(void **state)
{
    static const char key[] = "key 'a': its record makes no sense";
    static const char id[] = "ssssssss-ssss-ssss-ssss-ssssssssssss";

    (void)state;
    assert_load("kv", "a", "flags 1 locks 2\nv", "0 orphans");
    assert_load("kv", "a",
                "flags 1 locks 2 session "
                "ssssssss-ssss-ssss-ssss-ssssssssssss\nv",
                "1 orphans");
    assert_load("kv", "a", "flags 1 locks 2", key);
    assert_load("kv", "a", "flags 1 locks x\n", key);
    assert_load("kv", "a", "flags 1 locks 2 session s\n", key);
    assert_load("kv", "a", "flags 1 locks 2 more 1\n", key);
    assert_load("kv", "a", "\n", key);
    assert_load("session", "a", "", "session 'a': its record makes no sense");
    assert_load("session", id,
                "name a node b checks c behavior release lock_delay 1 "
                "ttl_ms 0 ttl ''",
                "0 orphans");
    assert_load("session", id,
                "name a node b checks c behavior other lock_delay 1 "
                "ttl_ms 0 ttl ''",
                "session 'ssssssss-ssss-ssss-ssss-ssssssssssss': its record "
                "makes no sense");
}

#define ON(setup, test)                                                        \
    cmocka_unit_test_setup_teardown(test, setup, kv_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON(delayed, different_keys_go_together),
        ON(delayed, a_tree_waits_and_is_waited_for),
        ON(delayed, what_failed_has_not_happened),
        ON(delayed, an_end_is_told_when_it_has_come),
        ON(delayed, what_waits_ends_with_the_store),
        cmocka_unit_test(all_of_it_is_kept),
        cmocka_unit_test(what_was_not_written_is_not_read),
    };

    hash_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
