/* Who may: principals, their holders, the table, the gate. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/auth/auth.h"
#include "lib/auth/gate.h"
#include "lib/auth/secret.h"
#include "lib/mem.h"

struct held {
    struct principal_holder holder;
    char why[80];
};

static void held_revoked(struct principal_holder *h, const char *why)
{
    struct held *held = container_of(h, struct held, holder);

    snprintf(held->why, sizeof(held->why), "%s", why);
    principal_release(h);
}

static struct loop *loop;
static struct auth *auth;

static int setup(void **state)
{
    (void)state;
    loop = loop_new(NULL);
    auth = auth_new(loop);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    auth_free(auth);
    loop_free(loop);
    return 0;
}

/* A principal with a token, which is returned as well. */
static struct principal *with_token(const char *name, char **token)
{
    struct principal *p = principal_new(name);

    *token = secret_token(name);
    assert_non_null(*token);
    secret_hash(*token, strlen(*token), p->hash);
    p->has_hash = true;
    return p;
}

static struct principal *shown(const char *token)
{
    return auth_by_token(auth, token, strlen(token));
}

static void test_secret(void **state)
{
    unsigned char hash[PRINCIPAL_HASH], back[PRINCIPAL_HASH];
    char text[HASH_TEXT_MAX], *a = secret_token("ops"),
                              *b = secret_token("ops");

    (void)state;
    assert_int_equal(strlen(a), 4 + 43);
    assert_memory_equal(a, "ops.", 4);
    assert_string_not_equal(a, b);
    secret_hash("abc", 3, hash);
    secret_hash_write(hash, text);
    assert_string_equal(text, "sha256:ba7816bf8f01cfea414140de5dae2223"
                              "b00361a396177a9cb410ff61f20015ad");
    assert_true(secret_hash_read(text, back));
    assert_true(secret_same(hash, back));
    back[31] ^= 1;
    assert_false(secret_same(hash, back));
    text[10] = 'g';
    assert_false(secret_hash_read(text, back));
    assert_false(secret_hash_read("sha256:ab", back));
    assert_false(secret_hash_read("md5:ab", back));
    secret_free(a);
    secret_free(b);
}

static void test_by_token(void **state)
{
    struct principal *p;
    char *token, *wrong;

    (void)state;
    p = with_token("ops", &token);
    wrong = xstrdup(token);
    wrong[10] = wrong[10] == 'x' ? 'y' : 'x';
    assert_null(shown(token));
    auth_put(auth, AUTH_FILE, p);
    assert_ptr_equal(shown(token), p);
    assert_null(shown(wrong));
    assert_null(shown("ops"));
    assert_null(shown("ops."));
    assert_null(shown(""));
    assert_null(auth_by_token(auth, token, strlen(token) - 1));
    assert_int_equal(auth_count(auth), 1);
    p->expires = 1; /* long ago */
    assert_null(shown(token));
    free(token);
    free(wrong);
}

/* A name without a hash is nobody's token, whatever is shown. */
static void test_no_hash(void **state)
{
    (void)state;
    auth_put(auth, AUTH_FILE, principal_new("guest"));
    assert_null(shown("guest."));
    assert_null(shown("guest.x"));
    assert_int_equal(auth_count(auth), 0);
}

static void test_replace_and_drop(void **state)
{
    struct held held = {.holder.revoked = held_revoked};
    struct principal *p, *same;
    char *token;

    (void)state;
    p = with_token("ops", &token);
    auth_put(auth, AUTH_FILE, p);
    principal_hold(p, &held.holder);

    same = principal_new("ops");
    memcpy(same->hash, p->hash, sizeof(p->hash));
    same->has_hash = true;
    auth_put(auth, AUTH_FILE, same);
    assert_ptr_equal(shown(token), p); /* nothing has changed */
    assert_string_equal(held.why, "");

    same = principal_new("ops");
    memcpy(same->hash, p->hash, sizeof(p->hash));
    same->has_hash = same->admin = true;
    auth_put(auth, AUTH_FILE, same);
    assert_ptr_equal(shown(token), same);
    assert_non_null(strstr(held.why, "rights have changed"));

    principal_hold(same, &held.holder);
    assert_false(auth_drop(auth, AUTH_STORE, "ops", "gone"));
    assert_true(auth_drop(auth, AUTH_FILE, "ops", "the token was revoked"));
    assert_string_equal(held.why, "the token was revoked");
    assert_null(shown(token));
    assert_false(auth_drop(auth, AUTH_FILE, "ops", "again"));
    free(token);
}

/* One name of two sources: two secrets, and each goes by itself. */
static void test_sources(void **state)
{
    struct principal *a, *b;
    char *first, *second;

    (void)state;
    a = with_token("ops", &first);
    b = with_token("ops", &second);
    auth_put(auth, AUTH_FILE, a);
    auth_put(auth, AUTH_STORE, b);
    assert_ptr_equal(shown(first), a);
    assert_ptr_equal(shown(second), b);
    assert_true(auth_drop(auth, AUTH_FILE, "ops", "gone"));
    assert_null(shown(first));
    assert_ptr_equal(shown(second), b);
    assert_ptr_equal(auth_get(auth, AUTH_STORE, "ops"), b);
    free(first);
    free(second);
}

static void test_expiry_is_noticed(void **state)
{
    struct held held = {.holder.revoked = held_revoked};
    struct principal *p;
    char *token;

    (void)state;
    p = with_token("ops", &token);
    p->expires = 1;
    principal_hold(p, &held.holder);
    auth_put(auth, AUTH_FILE, p);
    while (!*held.why)
        event_base_loop(loop_base(loop), EVLOOP_ONCE);
    assert_string_equal(held.why, "the token has expired");
    free(token);
}

static void test_anonymous(void **state)
{
    struct held held = {.holder.revoked = held_revoked};
    struct principal *p;

    (void)state;
    assert_true(auth_anonymous(auth, true)->all);
    assert_false(auth_anonymous(auth, false)->all);
    principal_hold(auth_anonymous(auth, true), &held.holder);
    auth_set_anonymous(auth, "auto");
    assert_string_equal(held.why, "");
    auth_set_anonymous(auth, "all");
    assert_string_not_equal(held.why, "");
    assert_true(auth_anonymous(auth, true)->all);
    assert_true(auth_anonymous(auth, false)->all);
    auth_set_anonymous(auth, "none");
    assert_false(auth_anonymous(auth, true)->all);
    assert_false(auth_anonymous(auth, false)->all);
    auth_set_anonymous(auth, "guest");
    assert_ptr_equal(auth_anonymous(auth, true), principal_nobody());
    p = principal_new("guest");
    auth_put(auth, AUTH_FILE, p);
    assert_ptr_equal(auth_anonymous(auth, true), p);
    assert_ptr_equal(auth_anonymous(auth, false), p);
}

static void test_by_cert(void **state)
{
    struct principal *p = principal_new("workers");

    (void)state;
    p->cert = xstrdup("*.workers.example");
    auth_put(auth, AUTH_FILE, p);
    assert_ptr_equal(auth_by_cert(auth, "web1.workers.example"), p);
    assert_null(auth_by_cert(auth, "web1.example"));
    assert_int_equal(auth_count(auth), 1);
}

static void test_checks(void **state)
{
    struct principal *p = principal_new("web");

    (void)state;
    assert_true(principal_may_register(principal_all(), "x"));
    assert_true(principal_may_set(principal_all(), "x"));
    assert_true(principal_may_op(principal_all(), "x"));
    assert_false(principal_may_register(principal_nobody(), "x"));
    assert_false(principal_may_set(principal_nobody(), "x"));
    assert_false(principal_may_op(principal_nobody(), "x"));
    globs_add(&p->names, "web*");
    globs_add(&p->names, "tcp!*");
    globs_add(&p->sets, "load");
    globs_add(&p->ops, "ping");
    assert_true(principal_may_register(p, "web1"));
    assert_true(principal_may_register(p, "tcp!a!1"));
    assert_false(principal_may_register(p, "Web1"));
    assert_false(principal_may_register(p, "db"));
    assert_true(principal_may_set(p, "load"));
    assert_false(principal_may_set(p, "role"));
    assert_false(principal_may_op(p, "ping")); /* nowhere */
    p->exec.kind = SCOPE_ALL;
    assert_true(principal_may_op(p, "ping"));
    assert_false(principal_may_op(p, "execute"));
    principal_unref(p);
}

static void test_scope(void **state)
{
    const struct principal *p = principal_nobody();
    struct scope scope = {0};
    struct selector s = {0};
    char *error;

    (void)state;
    error = scope_narrow(p, &scope, "find", &s);
    assert_string_equal(error, "no right to find: show a token (.token T on "
                               "the first line)");
    free(error);
    scope.kind = SCOPE_ALL;
    assert_null(scope_narrow(p, &scope, "find", &s));
    assert_int_equal(s.count, 0);
    scope.kind = SCOPE_SELECTED;
    assert_null(
        selector_parse_text(&scope.selector, "os linux role=web,db", 20));
    assert_null(scope_narrow(p, &scope, "find", &s));
    assert_int_equal(s.count, 2);
    while (!(error = scope_narrow(p, &scope, "find", &s)))
        continue;
    assert_int_equal(s.count, SELECTOR_TERMS_MAX);
    assert_non_null(strstr(error, "at most"));
    free(error);
    scope_free(&scope);
    selector_free(&s);
}

/* What the gate makes of a line: NULL means it leaves it alone. */
static void gate(const char *line, const char *token, const char *rest)
{
    struct buf b = BUF_INIT;
    char *got = NULL;

    if (!gate_take_token(line, strlen(line), &b, &got)) {
        assert_null(token);
        assert_int_equal(buf_len(&b), 0);
        return;
    }
    assert_non_null(token);
    assert_string_equal(got, token);
    assert_string_equal(buf_str(&b), rest);
    secret_free(got);
    buf_free(&b);
}

static void test_gate(void **state)
{
    (void)state;
    gate(".token a.b", "a.b", "");
    gate("web1 role web .token a.b", "a.b", "web1 role web");
    gate("web1 .token a.b role web", "a.b", "web1 role web");
    gate("web1 .token a.b", "a.b", "web1");
    gate("job J1 .token a.b", "a.b", "job J1");
    gate("hello d1 .token a.b", "a.b", "hello d1");
    gate(".keep 1 .token a.b role 'a b'", "a.b", ".keep 1 role 'a b'");
    gate(".token '' role web", "", "role web");
    gate("'.token' a.b", "a.b", "");
    gate("role web", NULL, NULL);
    gate("", NULL, NULL);
    gate(".token", NULL, NULL);
    gate("note .token", NULL, NULL);          /* a value */
    gate("web1 note .token x y", NULL, NULL); /* a value */
    gate("web1 note '.token a.b'", NULL, NULL);
    gate("note '.token a.b", NULL, NULL); /* the face says what is wrong */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_secret),
        cmocka_unit_test_setup_teardown(test_by_token, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_hash, setup, teardown),
        cmocka_unit_test_setup_teardown(test_replace_and_drop, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sources, setup, teardown),
        cmocka_unit_test_setup_teardown(test_expiry_is_noticed, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_anonymous, setup, teardown),
        cmocka_unit_test_setup_teardown(test_by_cert, setup, teardown),
        cmocka_unit_test(test_checks),
        cmocka_unit_test(test_scope),
        cmocka_unit_test(test_gate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
