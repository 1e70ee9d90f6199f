/* The tree of keys and the sessions that lock them, one rule at a time. */
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

#define NO_SESSION "that session does not hold the lock"

/* -- writing --------------------------------------------------------------- */

static void set_get_delete(void **state)
{
    struct kv *kv = kv_fixture_kv(state);

    kvs_give(kv, "get a", "FALSE 0:no such key");
    kvs_give(kv, "set a 1", "DONE 1 0:a=1 f0 l0 s- c1 m1");
    kvs_give(kv, "set a 2 7", "DONE 2 0:a=2 f7 l0 s- c1 m2");
    kvs_give(kv, "get a", "DONE 2 0:a=2 f7 l0 s- c1 m2");
    kvs_give(kv, "set a _", "DONE 3 0:a= f0 l0 s- c1 m3");
    kvs_give(kv, "del a", "DONE 4");
    kvs_give(kv, "del a", "DONE 4"); /* nothing to do: no revision */
    kvs_give(kv, "set a 1", "DONE 5 0:a=1 f0 l0 s- c5 m5");
    kvs_give(kv, "set _ 1", "REFUSED 0:a key is empty");
}

static void compare_and_set(void **state)
{
    struct kv *kv = kv_fixture_kv(state);

    kvs_give(kv, "cas a 1 42", "FALSE 0:the key has another index");
    kvs_give(kv, "cas a 1 0", "DONE 1 0:a=1 f0 l0 s- c1 m1");
    kvs_give(kv, "cas a 1 0", "FALSE 0:the key has another index");
    kvs_give(kv, "cas a 2 1 9", "DONE 2 0:a=2 f9 l0 s- c1 m2");
    kvs_give(kv, "cas a 3 1", "FALSE 0:the key has another index");
    kvs_give(kv, "delcas a 1", "FALSE 0:the key has another index");
    kvs_give(kv, "delcas b 1", "DONE 2");
    kvs_give(kv, "delcas a 2", "DONE 3");
    assert_string_equal(kv_text(kv), "");
}

static void trees(void **state)
{
    struct kv *kv = kv_fixture_kv(state);

    kvs_give(kv, "set b/2 x; set b/1 y; set a z; set b w; set c v",
             "DONE 1 0:b/2=x f0 l0 s- c1 m1 1:b/1=y f0 l0 s- c1 m1 "
             "2:a=z f0 l0 s- c1 m1 3:b=w f0 l0 s- c1 m1 "
             "4:c=v f0 l0 s- c1 m1");
    kvs_give(kv, "tree b/",
             "DONE 1 0:b/1=y f0 l0 s- c1 m1 "
             "0:b/2=x f0 l0 s- c1 m1");
    kvs_give(kv, "tree d", "DONE 1");
    kvs_give(kv, "deltree b", "DONE 2");
    assert_string_equal(kv_text(kv),
                        "a=z f0 l0 s- c1 m1\nc=v f0 l0 s- c1 m1\n");
    kvs_give(kv, "deltree b", "DONE 2");
    kvs_give(kv, "deltree _", "DONE 3");
    assert_string_equal(kv_text(kv), "");
}

struct step {
    unsigned count;
    uint64_t revision;
    struct kv_entry *last;
};

static void stepped(void *arg, const struct kv_result *r)
{
    struct step *s = arg;

    assert_int_equal(r->status, KV_DONE);
    s->count++;
    s->revision = r->revision;
    kv_entry_unref(s->last);
    s->last = r->last ? kv_entry_ref(r->last) : NULL;
}

static void a_tree_goes_in_steps(void **state)
{
    struct kv *kv = kv_fixture_kv(state);
    struct step s = {0};
    struct kv_op op = {
        .verb = KV_DELETE_TREE, .key = "b", .key_len = 1, .most = 2};

    kvs(kv, NULL, "set b3 1; set a 1; set b1 1; set b4 1; set c 1; set b2 1");
    kv_request(kv, &op, 1, stepped, &s);
    assert_non_null(s.last);
    assert_string_equal(s.last->key, "b2");
    /* what comes before where it stands is another's, and stays */
    kvs(kv, NULL, "set b1 2; set b31 2");
    op.after = s.last;
    kv_request(kv, &op, 1, stepped, &s);
    assert_non_null(s.last);
    assert_string_equal(s.last->key, "b31");
    op.after = s.last;
    kv_request(kv, &op, 1, stepped, &s);
    assert_null(s.last);
    assert_int_equal(s.count, 3);
    assert_int_equal(s.revision, 5);
    assert_string_equal(kv_text(kv), "a=1 f0 l0 s- c1 m1\n"
                                     "b1=2 f0 l0 s- c3 m3\n"
                                     "c=1 f0 l0 s- c1 m1\n");
}

static void names_are_cut_at_the_separator(void **state)
{
    struct kv *kv = kv_fixture_kv(state);
    const struct kv_entry *e;
    const char *after = NULL;
    char got[200] = "", name[64];
    size_t len = 0;

    kvs(kv, NULL,
        "set a/x/1 1; set a/x/2 1; set a/y/1 1; set a/z 1; "
        "set a/zz 1; set a/ 1; set b 1");
    while (kv_next_name(kv, "a/", 2, "/", 1, after, len, &e, &len)) {
        snprintf(name, sizeof(name), "%.*s", (int)len, e->key);
        snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s ", name);
        after = name;
    }
    assert_string_equal(got, "a/ a/x/ a/y/ a/z a/zz ");
    got[0] = '\0';
    for (after = NULL; kv_next_name(kv, "", 0, "", 0, after, len, &e, &len);
         after = name) {
        snprintf(name, sizeof(name), "%.*s", (int)len, e->key);
        snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s ", name);
    }
    assert_string_equal(got, "a/ a/x/1 a/x/2 a/y/1 a/z a/zz b ");
}

/* -- transactions ---------------------------------------------------------- */

static void all_or_nothing(void **state)
{
    struct kv *kv = kv_fixture_kv(state);

    kvs_give(kv, "set a 1; cas b 1 7; get c; set d 1",
             "FALSE 1:the key has another index 2:no such key");
    assert_string_equal(kv_text(kv), "");
    kvs_give(kv, "set a 1; get a; set a 2; tree a; del a; absent a; set b 1",
             "DONE 1 0:a=1 f0 l0 s- c1 m1 1:a=1 f0 l0 s- c1 m1 "
             "2:a=2 f0 l0 s- c1 m1 3:a=2 f0 l0 s- c1 m1 "
             "6:b=1 f0 l0 s- c1 m1");
    assert_string_equal(kv_text(kv), "b=1 f0 l0 s- c1 m1\n");
    kvs_give(kv, "index b 1; set b 2; deltree _; set b 3; set c 1; del c",
             "DONE 2 0:b=1 f0 l0 s- c1 m1 1:b=2 f0 l0 s- c1 m2 "
             "3:b=3 f0 l0 s- c1 m2 4:c=1 f0 l0 s- c2 m2");
    assert_string_equal(kv_text(kv), "b=3 f0 l0 s- c1 m2\n");
    kvs_give(kv, "absent b; index b 1; session b s; index x 1",
             "FALSE 0:the key is there 1:the key has another index "
             "2:" NO_SESSION " 3:no such key");
}

static void too_many_operations(void **state)
{
    struct kv *kv = kv_fixture_kv(state);
    struct kv_op ops[KV_OPS_MAX + 1];
    struct kv_told t = {0};
    unsigned i;

    for (i = 0; i < ARRAY_LEN(ops); i++)
        ops[i] = (struct kv_op){.verb = KV_DELETE, .key = "k", .key_len = 1};
    kv_request(kv, ops, KV_OPS_MAX, kv_told_done, &t);
    assert_string_equal(t.text, "DONE 0");
    kv_request(kv, ops, KV_OPS_MAX + 1, kv_told_done, &t);
    assert_string_equal(t.text, "REFUSED 0:too many operations in one request");
    kv_request(kv, ops, 0, kv_told_done, &t);
    assert_int_equal(t.count, 3);
}

/* -- locks ----------------------------------------------------------------- */

static void locks(void **state)
{
    struct kv *kv = kv_fixture_kv(state);

    kvs_give(kv, "lock a 1 s", "REFUSED 0:no such session");
    session_make(kv, 's', SESSION_RELEASE, 0, 0);
    session_make(kv, 't', SESSION_RELEASE, 0, 0);
    kvs_give(kv, "lock a 1 s", "DONE 3 0:a=1 f0 l1 ss c3 m3");
    kvs_give(kv, "lock a 2 s", "DONE 4 0:a=2 f0 l1 ss c3 m4");
    kvs_give(kv, "lock a 3 t", "FALSE 0:another session holds the lock");
    kvs_give(kv, "session a s", "DONE 4 0:a=2 f0 l1 ss c3 m4");
    /* a lock is advice: others may write, and it stays */
    kvs_give(kv, "set a 4", "DONE 5 0:a=4 f0 l1 ss c3 m5");
    kvs_give(kv, "unlock a 5 t", "FALSE 0:" NO_SESSION);
    kvs_give(kv, "unlock a 5 s 6", "DONE 6 0:a=5 f6 l1 s- c3 m6");
    kvs_give(kv, "unlock a 5 s", "FALSE 0:" NO_SESSION);
    kvs_give(kv, "unlock b 5 s", "FALSE 0:" NO_SESSION);
    kvs_give(kv, "lock a 7 t", "DONE 7 0:a=7 f0 l2 st c3 m7");
    assert_int_equal(kv_count(kv).locks, 1);
    kvs_give(kv, "del a", "DONE 8");
    assert_int_equal(kv_count(kv).locks, 0);
    kvs_give(kv, "lock a 1 s; unlock a 2 s; lock a 3 t",
             "DONE 9 0:a=1 f0 l1 ss c9 m9 1:a=2 f0 l1 s- c9 m9 "
             "2:a=3 f0 l2 st c9 m9");
    assert_int_equal(session_find(kv, session_id('t'))->held_count, 1);
}

/* A snapshot is restored: how often it was locked is said, not counted. */
static void a_lock_as_it_once_was(void **state)
{
    struct kv *kv = kv_fixture_kv(state);
    struct kv_op o = {KV_RESTORE, "a", 1, "x", 1, .flags = 7, .index = 42};

    o.session = session_id('s');
    session_make(kv, 's', SESSION_RELEASE, 0, 0);
    kv_request(kv, &o, 1, NULL, NULL);
    kvs_give(kv, "session a s", "DONE 2 0:a=x f7 l42 ss c2 m2");
    assert_int_equal(kv_count(kv).locks, 1);
    o.session = session_id('t'); /* of whom there is nothing */
    kv_request(kv, &o, 1, NULL, NULL);
    kvs_give(kv, "get a", "DONE 3 0:a=x f7 l42 s- c2 m3");
    assert_int_equal(kv_count(kv).locks, 0);
}

/* Its end writes all that it holds at once. */
static void a_session_holds_only_so_much(void **state)
{
    struct kv *kv = kv_fixture_kv(state);
    static char value[16 << 20];
    struct kv_op op = {.verb = KV_LOCK,
                       .key = "0",
                       .key_len = 1,
                       .value = value,
                       .value_len = sizeof(value)};
    struct kv_told t = {0};
    unsigned i;

    session_make(kv, 's', SESSION_RELEASE, 0, 0);
    op.session = session_id('s');
    for (i = 0; i < 3; i++) {
        op.key = &"012"[i];
        kv_request(kv, &op, 1, NULL, NULL);
    }
    assert_int_equal(session_find(kv, op.session)->held_bytes,
                     3 * (sizeof(value) + 1));
    op.key = "3";
    kv_request(kv, &op, 1, kv_told_done, &t);
    assert_string_equal(t.text, "REFUSED 0:the session holds too many locks");
    op.verb = KV_SET;
    kv_request(kv, &op, 1, NULL, NULL);
    kvs(kv, NULL, "del 0; unlock 1 _ s");
    assert_int_equal(session_find(kv, op.session)->held_bytes,
                     sizeof(value) + 1);
}

/* -- indexes and waiting --------------------------------------------------- */

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

static void indexes(void **state)
{
    struct kv *kv = kv_fixture_kv(state);

    assert_int_equal(index_of(kv, "", true), 1);
    assert_int_equal(index_of(kv, "a", false), 1);
    kvs(kv, NULL, "set a/1 x");
    kvs(kv, NULL, "set a/2 x");
    kvs(kv, NULL, "set b x");
    assert_int_equal(index_of(kv, "a/1", false), 1);
    assert_int_equal(index_of(kv, "a/", true), 2);
    assert_int_equal(index_of(kv, "", true), 3);
    assert_int_equal(index_of(kv, "nobody", false), 3);
    assert_int_equal(index_of(kv, "nobody/", true), 3);
    assert_false(changed(kv, "nobody", false, 2));
    assert_false(changed(kv, "nobody/", true, 2));
    kvs(kv, NULL, "del a/1");
    assert_int_equal(index_of(kv, "a/", true), 4);
    assert_true(changed(kv, "a/1", false, 3));
    assert_false(changed(kv, "a/2", false, 3));
    /* for as long as anybody may wait; not for ever */
    kv_set_now(kv, 1000 + 15 * 60 * 1000);
    kv_expire(kv);
    assert_int_equal(kv_count(kv).tombstones, 0);
    assert_int_equal(index_of(kv, "a/", true), 2);
}

struct waits {
    struct kv_waiter waiter;
    struct kv *kv;
    unsigned told;
    uint64_t revision;
    bool once;
};

static void told(struct kv_waiter *waiter, uint64_t revision)
{
    struct waits *w = container_of(waiter, struct waits, waiter);

    w->told++;
    w->revision = revision;
    if (w->once)
        kv_wait_end(w->kv, waiter);
}

static void waits_for(struct waits *w, struct kv *kv, const char *key,
                      bool tree)
{
    struct kv_scope s = scope(key, tree);

    w->kv = kv;
    w->waiter.changed = told;
    kv_wait(kv, &w->waiter, &s);
}

static void only_who_waits_for_it_is_told(void **state)
{
    struct kv *kv = kv_fixture_kv(state);
    struct waits w[6] = {{.told = 0}};
    unsigned i;

    waits_for(&w[0], kv, "a/1", false);
    waits_for(&w[1], kv, "a/", true);
    waits_for(&w[2], kv, "", true);
    waits_for(&w[3], kv, "a", false);
    waits_for(&w[4], kv, "a/1/", true);
    w[5].once = true;
    waits_for(&w[5], kv, "a/", true);
    assert_int_equal(kv_count(kv).waiters, 6);
    assert_int_equal(kv_count(kv).watches, 5);
    kvs(kv, NULL, "set a/1 x");
    kvs(kv, NULL, "set a/2 x");
    kvs(kv, NULL, "deltree a/1");
    kvs(kv, NULL, "set b x");
    kvs(kv, NULL, "cas b x 77");
    assert_int_equal(w[0].told, 2);
    assert_int_equal(w[0].revision, 3);
    assert_int_equal(w[1].told, 3);
    assert_int_equal(w[2].told, 4);
    assert_int_equal(w[3].told, 0);
    assert_int_equal(w[4].told, 0);
    assert_int_equal(w[5].told, 1);
    for (i = 0; i < 6; i++)
        kv_wait_end(kv, &w[i].waiter);
    assert_int_equal(kv_count(kv).watches, 0);
    kvs(kv, NULL, "set a/1 x");
    assert_int_equal(w[0].told, 2);
}

/* -- bounds ---------------------------------------------------------------- */

#define TREE 2100 /* keys: below a 64th of KV_LOOKS_MAX a bit too many */

static void takes_status(void *arg, const struct kv_result *r)
{
    *(enum kv_status *)arg = r->status;
}

/* What so many operations on one tree come to. */
static enum kv_status many_times(struct kv *kv, enum kv_verb verb, unsigned n)
{
    struct kv_op ops[KV_OPS_MAX];
    enum kv_status status = KV_FAILED;
    unsigned i;

    for (i = 0; i < n; i++)
        ops[i] = (struct kv_op){.verb = verb, .key = "t/", .key_len = 2};
    kv_request(kv, ops, n, takes_status, &status);
    return status;
}

/* A request that names one tree again and again looks at it in one turn. */
static void trees_are_looked_at_so_often(void **state)
{
    struct kv *kv = kv_fixture_kv(state);
    char text[16];
    unsigned i;

    for (i = 0; i < TREE; i++) {
        snprintf(text, sizeof(text), "set t/%u x", i);
        kvs(kv, NULL, text);
    }
    assert_int_equal(many_times(kv, KV_GET_TREE, KV_OPS_MAX - 2), KV_DONE);
    assert_int_equal(many_times(kv, KV_GET_TREE, KV_OPS_MAX), KV_REFUSED);
    assert_int_equal(many_times(kv, KV_DELETE_TREE, KV_OPS_MAX), KV_REFUSED);
    assert_int_equal(kv_count(kv).keys, TREE);
}

static void bounds_hold(void **state)
{
    struct kv *kv = kv_fixture_kv(state);
    const struct kv_limits limits = {
        .value = 4, .keys = 2, .bytes = 12, .sessions = 1};
    struct kv_told t = {0};
    char key[KV_KEY_MAX + 1];
    struct kv_op op = {.verb = KV_SET, .key = key, .key_len = sizeof(key)};
    struct session_request q = {0};

    kv_limit(kv, &limits);
    kvs_give(kv, "set a 12345", "REFUSED 0:a value is too long");
    kvs_give(kv, "set a 123; set b 12",
             "REFUSED 0:the values of one request are too long");
    kvs_give(kv, "set a 1; set b 1; set c 1",
             "REFUSED 2:too many keys in this registry");
    kvs_give(kv, "set a 1234", "DONE 1 0:a=1234 f0 l0 s- c1 m1");
    kvs_give(kv, "set 12345 1234",
             "REFUSED 0:keys and values would take too much memory");
    kvs_give(kv, "set b 1234", "DONE 2 0:b=1234 f0 l0 s- c2 m2");
    kvs_give(kv, "set b 123", "DONE 3 0:b=123 f0 l0 s- c2 m3");
    assert_int_equal(kv_count(kv).bytes, 9);
    kvs_give(kv, "set c 1", "REFUSED 0:too many keys in this registry");
    kvs_give(kv, "del a", "DONE 4");
    kvs_give(kv, "set c 1", "DONE 5 0:c=1 f0 l0 s- c5 m5");
    memset(key, 'k', sizeof(key));
    kv_request(kv, &op, 1, kv_told_done, &t);
    assert_string_equal(t.text, "REFUSED 0:a key is too long");
    session_make(kv, 's', SESSION_RELEASE, 0, 0);
    q.id = session_id('t');
    session_create(kv, &q, kv_told_done, &t);
    assert_string_equal(t.text, "REFUSED 0:too many sessions in this registry");
    q.id = "short";
    session_create(kv, &q, kv_told_done, &t);
    assert_string_equal(t.text, "REFUSED 0:a session's id has 36 characters");
    assert_int_equal(kv_count(kv).refused, 8);
}

#define ON(setup, test)                                                        \
    cmocka_unit_test_setup_teardown(test, setup, kv_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON(kv_memory, set_get_delete),
        ON(kv_memory, compare_and_set),
        ON(kv_memory, trees),
        ON(kv_memory, a_tree_goes_in_steps),
        ON(kv_memory, trees_are_looked_at_so_often),
        ON(kv_memory, names_are_cut_at_the_separator),
        ON(kv_memory, all_or_nothing),
        ON(kv_memory, too_many_operations),
        ON(kv_memory, locks),
        ON(kv_memory, a_lock_as_it_once_was),
        ON(kv_memory, a_session_holds_only_so_much),
        ON(kv_memory, indexes),
        ON(kv_memory, only_who_waits_for_it_is_told),
        ON(kv_memory, bounds_hold),
    };

    hash_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
