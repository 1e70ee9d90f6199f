/* Tokens in the store: put, replace, remove, bounds, and a replay. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/auth/rights.h"
#include "lib/auth/secret.h"
#include "lib/mem.h"
#include "server/state/token_store.h"
#include "t/unit/store_delayed.h"

/* What its user was told: "+name" and "-name", a blank before each. */
static char news[200];
static char answer[200];
static enum token_status status;

static void user_put(void *arg, struct principal *p)
{
    (void)arg;
    snprintf(news + strlen(news), sizeof(news) - strlen(news), " +%s", p->name);
    principal_unref(p);
}

static void user_drop(void *arg, const char *name)
{
    (void)arg;
    snprintf(news + strlen(news), sizeof(news) - strlen(news), " -%s", name);
}

static void done(void *arg, enum token_status s, const char *text)
{
    (void)arg;
    status = s;
    snprintf(answer, sizeof(answer), "%s", text ? text : "ok");
}

static const struct token_user user = {.put = user_put, .drop = user_drop};

static struct principal *token(const char *name, const char *find)
{
    struct principal *p = principal_new(name);

    p->has_hash = true;
    memset(p->hash, name[0], sizeof(p->hash));
    assert_null(rights_set(p, "find", find));
    assert_null(rights_set(p, "register", "web* 'a b'"));
    assert_null(rights_set(p, "pin.role", "it's web"));
    return p;
}

static void put(struct token_store *ts, const char *name, const char *find,
                bool replace)
{
    news[0] = answer[0] = '\0';
    token_store_put(ts, token(name, find), replace, done, NULL);
}

static void drop(struct token_store *ts, const char *name)
{
    news[0] = answer[0] = '\0';
    token_store_remove(ts, name, done, NULL);
}

static void test_life(void **state)
{
    struct store *s = store_memory_new();
    struct token_store *ts = token_store_new(s, 2, &user);
    struct token_kept k;

    (void)state;
    put(ts, "web", "all", false);
    assert_string_equal(answer, "ok");
    assert_string_equal(news, " +web");
    assert_true(token_store_get(ts, "web", &k));
    assert_int_equal(k.created, 1);
    assert_int_equal(k.changed, 1);

    put(ts, "web", "none", false);
    assert_int_equal(status, TOKEN_EXISTS);
    assert_string_equal(news, "");
    put(ts, "web", "role web", true);
    assert_int_equal(status, TOKEN_OK);
    assert_true(token_store_get(ts, "web", &k));
    assert_int_equal(k.created, 1);
    assert_int_equal(k.changed, 2);
    assert_int_equal(k.principal->find.kind, SCOPE_SELECTED);

    put(ts, "db", "all", false);
    put(ts, "third", "all", false);
    assert_int_equal(status, TOKEN_FULL);
    assert_int_equal(token_store_count(ts), 2);

    drop(ts, "web");
    assert_int_equal(status, TOKEN_OK);
    assert_string_equal(news, " -web");
    assert_false(token_store_get(ts, "web", &k));
    drop(ts, "web");
    assert_int_equal(status, TOKEN_MISSING);
    assert_int_equal(token_store_count(ts), 1);
    store_close(s);
    token_store_free(ts);
}

/* Nothing is there before it is committed, and one change at a time. */
static void test_under_way(void **state)
{
    struct store *s = store_delayed_new();
    struct token_store *ts = token_store_new(s, 10, &user);
    struct token_kept k;

    (void)state;
    put(ts, "web", "all", false);
    assert_string_equal(answer, "");
    assert_false(token_store_get(ts, "web", &k));
    put(ts, "web", "all", true);
    assert_int_equal(status, TOKEN_BUSY);
    drop(ts, "web");
    assert_int_equal(status, TOKEN_BUSY);
    delayed_refuse(s, STORE_FAILED);
    assert_int_equal(status, TOKEN_FAILED);
    assert_string_equal(answer, "the disk is full");
    assert_int_equal(token_store_count(ts), 0);

    put(ts, "web", "all", false);
    delayed_commit(s);
    assert_string_equal(news, " +web");
    drop(ts, "web");
    delayed_refuse(s, STORE_FAILED);
    assert_true(token_store_get(ts, "web", &k));
    assert_string_equal(news, "");
    drop(ts, "web");
    store_close(s); /* who waits is told */
    assert_int_equal(status, TOKEN_FAILED);
    token_store_free(ts);
}

static void note(void *arg, const struct token_kept *k)
{
    struct buf *out = arg;

    buf_add_fmt(out, "%s %llu %llu", k->principal->name,
                (unsigned long long)k->created, (unsigned long long)k->changed);
    rights_write(k->principal, true, out);
    buf_add_char(out, '\n');
}

/* What is written can be loaded, and is the same. */
static void test_replay(void **state)
{
    struct store *s = store_delayed_new(), *s2 = store_memory_new();
    struct token_store *ts = token_store_new(s, 10, &user);
    struct token_store *copy = token_store_new(s2, 10, &user);
    const struct store_client *from = store_find_client(s, "token");
    const struct store_client *to = store_find_client(s2, "token");
    struct store_text text = {.key = BUF_INIT, .value = BUF_INIT};
    struct buf a = BUF_INIT, b = BUF_INIT;
    struct store_row row;
    char *error = NULL;

    (void)state;
    put(ts, "web", "role web mem>=8G", false);
    assert_true(from->write(from->arg, delayed_first(s), &text));
    delayed_commit(s);
    row = (struct store_row){.key = buf_str(&text.key),
                             .key_len = buf_len(&text.key),
                             .value = buf_str(&text.value),
                             .value_len = buf_len(&text.value),
                             .created = 1,
                             .changed = 1};
    assert_true(to->load(to->arg, &row, &error));
    token_store_each(ts, note, &a);
    token_store_each(copy, note, &b);
    assert_string_equal(buf_str(&a), buf_str(&b));

    assert_false(to->load(to->arg, &row, &error)); /* twice */
    assert_non_null(strstr(error, "web"));
    free(error);
    row.key = "other";
    row.key_len = 5;
    row.value = " find";
    row.value_len = 5;
    assert_false(to->load(to->arg, &row, &error));
    free(error);
    row.value = " nonsense x";
    row.value_len = 11;
    assert_false(to->load(to->arg, &row, &error));
    free(error);
    row.key = "a b";
    row.key_len = 3;
    assert_false(to->load(to->arg, &row, &error));
    free(error);
    assert_int_equal(token_store_count(copy), 1);

    buf_free(&text.key);
    buf_free(&text.value);
    buf_free(&a);
    buf_free(&b);
    store_close(s);
    store_close(s2);
    token_store_free(ts);
    token_store_free(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_life),
        cmocka_unit_test(test_under_way),
        cmocka_unit_test(test_replay),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
