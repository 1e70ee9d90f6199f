/* Consul's tokens in the store: made, changed, destroyed, held, replayed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/mem.h"
#include "server/state/acl.h"
#include "t/unit/store_delayed.h"
#include "t/unit/store_kept.h"

#define RULES "key \"\" {\n  policy = \"read\"\n}\n"

static enum acl_status status;
static char answer[300];
static unsigned answers;

static void done(void *arg, enum acl_status s, const char *text)
{
    (void)arg;
    status = s;
    answers++;
    snprintf(answer, sizeof(answer), "%s", text ? text : "ok");
}

static void put(struct acls *a, const char *id, const char *name,
                const char *rules)
{
    acl_put(a, &(struct acl_request){.id = id, .name = name, .rules = rules},
            done, NULL);
}

static bool reads(const struct acls *a, const char *id, const char *key)
{
    const struct acl_token *t = acl_find(a, id, strlen(id));

    return acl_rules_allow(t->rules, ACL_KEY, key, strlen(key), ACL_READ,
                           false);
}

struct held {
    struct acl_holder h;
    unsigned changed, gone;
};

static void on_changed(struct acl_holder *h)
{
    container_of(h, struct held, h)->changed++;
}

static void on_gone(struct acl_holder *h)
{
    assert_null(h->token);
    container_of(h, struct held, h)->gone++;
}

static void on_wake(struct acl_waiter *w)
{
    (void)w;
    answers += 100;
}

static void test_life(void **state)
{
    struct store *s = store_memory_new();
    struct acls *a = acls_new(s);
    struct held x = {.h = {.changed = on_changed, .gone = on_gone}};
    struct acl_token *t;
    char label[ACL_LABEL_MAX];

    (void)state;
    acls_start(a, false, NULL, done, NULL);
    assert_int_equal(acl_index(a), 1);
    put(a, "b", "Its name", RULES);
    assert_string_equal(answer, "ok");
    put(a, "a", NULL, NULL);
    t = acl_find(a, "b", 1);
    assert_string_equal(t->name, "Its name");
    assert_string_equal(t->text, RULES);
    assert_string_equal(acl_token_label(t, label), "consul:1");
    assert_true(reads(a, "b", "x"));
    assert_null(acl_find(a, "bb", 2));
    assert_ptr_equal(acl_next(a, acl_next(a, NULL)), t);
    assert_null(acl_next(a, t));

    acl_hold(t, &x.h);
    put(a, "b", "Another", "");
    assert_int_equal(x.changed, 1);
    assert_ptr_equal(acl_find(a, "b", 1), t);
    assert_string_equal(t->name, "Another");
    assert_false(reads(a, "b", "x"));
    assert_int_equal(t->created, 1);
    assert_int_equal(t->changed, 3);
    assert_int_equal(acl_index(a), 3);
    acl_remove(a, "b", done, NULL);
    assert_int_equal(x.gone, 1);
    assert_int_equal(status, ACL_OK);
    assert_null(acl_find(a, "b", 1));
    acl_remove(a, "b", done, NULL);
    assert_int_equal(status, ACL_OK);
    assert_int_equal(acl_count(a), 1);
    store_close(s);
    acls_free(a);
}

static void test_refusals(void **state)
{
    struct store *s = store_memory_new();
    struct acls *a = acls_new(s);
    char *big = xasprintf("%0300d", 0);

    (void)state;
    put(a, "a", NULL, "key \"\" { policy = \"x\" }");
    assert_int_equal(status, ACL_WRONG);
    assert_non_null(strstr(answer, "ACL rule compilation failed: Failed to "
                                   "parse ACL rules: line 1"));
    put(a, "", NULL, NULL);
    assert_int_equal(status, ACL_WRONG);
    put(a, "a\n", NULL, NULL);
    assert_int_equal(status, ACL_WRONG);
    put(a, big, NULL, NULL);
    assert_int_equal(status, ACL_WRONG);
    put(a, "a", "b\nc", NULL);
    assert_int_equal(status, ACL_WRONG);
    put(a, "manage", NULL, NULL);
    assert_int_equal(status, ACL_FORBIDDEN);
    acl_remove(a, "anonymous", done, NULL);
    assert_int_equal(status, ACL_FORBIDDEN);
    assert_int_equal(acl_count(a), 0);
    acls_set_max(a, 1);
    put(a, "a", NULL, NULL);
    put(a, "b", NULL, NULL);
    assert_int_equal(status, ACL_FAILED);
    put(a, "a", "again", NULL);
    assert_int_equal(status, ACL_OK);
    free(big);
    store_close(s);
    acls_free(a);
}

/* Changes of one token wait for each other, those of others do not. */
static void test_turns(void **state)
{
    struct store *s = store_delayed_new();
    struct acls *a = acls_new(s);
    struct acl_waiter w = {.changed = on_wake};

    (void)state;
    put(a, "a", "1", NULL);
    put(a, "a", "2", NULL);
    acl_remove(a, "a", done, NULL);
    put(a, "b", "3", NULL);
    assert_null(acl_find(a, "a", 1));
    assert_int_equal(delayed_count(s), 2);
    answers = 0;
    acl_wait(a, &w);
    delayed_commit(s);
    assert_int_equal(answers, 101);
    assert_string_equal(acl_find(a, "a", 1)->name, "1");
    acl_wait_end(a, &w);
    assert_int_equal(delayed_commit_all(s), 3);
    assert_int_equal(answers, 104);
    assert_null(acl_find(a, "a", 1));
    assert_non_null(acl_find(a, "b", 1));
    put(a, "c", NULL, NULL);
    delayed_refuse(s, STORE_FAILED);
    assert_int_equal(status, ACL_FAILED);
    assert_null(acl_find(a, "c", 1));
    put(a, "c", NULL, NULL);
    store_close(s); /* who waits is told */
    assert_int_equal(status, ACL_FAILED);
    acls_free(a);
}

static struct acls *opened(struct kept_rows *disk, struct store **s)
{
    char *error = NULL;
    struct acls *a;

    *s = store_kept_open(disk);
    a = acls_new(*s);
    assert_true(store_replay(*s, &error));
    return a;
}

/* What is written is read again as the same; the first tokens are made once,
 * and a bootstrap is once for all. */
static void test_again(void **state)
{
    struct kept_rows disk = {0};
    const struct acl_token *t;
    struct store *s;
    struct acls *a = opened(&disk, &s);

    (void)state;
    acls_start(a, true, "root", done, NULL);
    assert_int_equal(status, ACL_OK);
    assert_int_equal(acl_count(a), 2);
    assert_true(acl_find(a, "root", 4)->management);
    assert_string_equal(acl_find(a, "root", 4)->name, "Master Token");
    assert_string_equal(acl_find(a, "anonymous", 9)->name, "Anonymous Token");
    put(a, "it's a token", "it's 'a' name", "\n" RULES "\n");
    put(a, "anonymous", "Other", RULES);
    acl_bootstrap(a, "boot", done, NULL);
    assert_int_equal(status, ACL_FORBIDDEN);
    store_close(s);
    acls_free(a);

    a = opened(&disk, &s);
    acls_start(a, true, "root", done, NULL);
    assert_int_equal(acl_count(a), 3);
    assert_int_equal(acl_index(a), 4);
    t = acl_find(a, "it's a token", 12);
    assert_string_equal(t->name, "it's 'a' name");
    assert_string_equal(t->text, "\n" RULES "\n");
    assert_int_equal(t->created, 3);
    assert_true(reads(a, "anonymous", "x"));
    acl_remove(a, "root", done, NULL);
    acl_bootstrap(a, "boot", done, NULL);
    assert_int_equal(status, ACL_OK);
    acl_remove(a, "boot", done, NULL);
    store_close(s);
    acls_free(a);

    a = opened(&disk, &s);
    assert_null(acl_find(a, "boot", 4));
    acl_bootstrap(a, "boot", done, NULL);
    assert_int_equal(status, ACL_FORBIDDEN);
    store_close(s);
    acls_free(a);
    kept_free(&disk);
}

static void test_damaged(void **state)
{
    static const char *const values[] = {
        "",
        "client\n",
        "client x",
        "client x y\n",
        "client 'x\n",
        "client x\nkey \"\" { policy = \"x\" }"};
    struct store *s = store_memory_new();
    struct acls *a = acls_new(s);
    const struct store_client *c = store_find_client(s, "acl");
    struct store_row row = {.key = "a", .key_len = 1};
    char *error;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        error = NULL;
        row.value = values[i];
        row.value_len = strlen(values[i]);
        assert_false(c->load(c->arg, &row, &error));
        assert_non_null(error);
        free(error);
    }
    error = NULL;
    row.value = "client x\n";
    row.value_len = 9;
    assert_true(c->load(c->arg, &row, &error));
    assert_false(c->load(c->arg, &row, &error));
    free(error);
    store_close(s);
    acls_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_life),    cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_turns),   cmocka_unit_test(test_again),
        cmocka_unit_test(test_damaged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
