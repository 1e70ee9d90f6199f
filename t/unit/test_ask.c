/* Tokens that are asked about: who waits, what is kept, what is asked again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/auth/ask.h"
#include "lib/auth/auth.h"
#include "lib/mem.h"
#include "t/unit/conn_util.h"

#define ASKED_MAX 100

/* The asker: it writes down what it was asked, and answers when told to. */
static struct {
    struct ask_question *open[ASKED_MAX]; /* NULL: answered or cancelled */
    char tokens[ASKED_MAX][32];
    unsigned count, cancelled;
} asked;

static struct auth *auth;
static struct owner o;

static void fake_ask(void *arg, struct ask_question *q, const char *token)
{
    (void)arg;
    assert_true(asked.count < ASKED_MAX);
    snprintf(asked.tokens[asked.count], sizeof(asked.tokens[0]), "%s", token);
    asked.open[asked.count++] = q;
}

static void fake_cancel(void *arg, struct ask_question *q)
{
    unsigned i;

    (void)arg;
    for (i = 0; i < asked.count; i++)
        if (asked.open[i] == q)
            asked.open[i] = NULL;
    asked.cancelled++;
}

static void answer(unsigned n, enum ask_answer a, struct principal *p)
{
    struct ask_question *q = asked.open[n];

    assert_non_null(q);
    asked.open[n] = NULL;
    ask_answer(q, a, p);
    turns(o.loop);
}

static struct principal *known(const char *name)
{
    struct principal *p = principal_new(name);

    p->find.kind = SCOPE_ALL;
    return p;
}

static void begin(void)
{
    static const struct asker asker = {.ask = fake_ask, .cancel = fake_cancel};

    memset(&asked, 0, sizeof(asked));
    owner_open(&o, &owner_plain, NULL);
    auth = auth_new(o.loop);
    auth_set_ask(auth, ask_new(auth, o.loop, &asker));
    conn_set_gate(o.conn, &auth_listen()->gate, auth);
}

static void end(void)
{
    struct loop *l = o.loop;

    (void)l;
    if (o.conn)
        conn_set_principal(o.conn, principal_nobody());
    auth_free(auth);
    owner_end(&o);
}

static void test_known(void **state)
{
    (void)state;
    begin();
    peer_send(&o, "zeta .token a.secret\nzwei\n");
    turns(o.loop);
    assert_int_equal(asked.count, 1);
    assert_string_equal(asked.tokens[0], "a.secret");
    assert_log(&o, ""); /* nothing is handled before it is known */
    answer(0, ASK_KNOWN, known("a"));
    assert_string_equal(conn_principal(o.conn)->name, "a");
    assert_log(&o, "[zeta] [zwei]");
    assert_non_null(auth_by_token(auth, "a.secret", 8));
    assert_null(auth_by_token(auth, "a.secres", 8));
    end();
}

static void refused(enum ask_answer a, struct principal *p, const char *text)
{
    begin();
    peer_send(&o, "zeta .token a.secret\nzwei\n");
    turns(o.loop);
    answer(0, a, p);
    assert_non_null(strstr(peer_read(&o), text));
    turns(o.loop);
    assert_null(o.conn);
    end();
}

static void test_refused(void **state)
{
    (void)state;
    refused(ASK_UNKNOWN, NULL, "error: 'unknown or expired token'");
    refused(ASK_SILENT, NULL, "error: 'no registry could be asked");
    /* a registry that says another name is not believed */
    refused(ASK_KNOWN, known("b"), "error: 'unknown or expired token'");
}

static void told(void *arg, struct principal *p, enum ask_answer a,
                 const char *why)
{
    (void)arg;
    (void)p;
    (void)a;
    fail_msg("nobody waits: %s", why);
}

/* Who is no token is refused without a question, and a known wrong one, too. */
static void test_never(void **state)
{
    const char *why;

    (void)state;
    begin();
    assert_int_equal(ask_token(auth_ask(auth), "h:1", "secret", told, &o, &why),
                     ASK_NEVER);
    assert_int_equal(ask_token(auth_ask(auth), "h:1", "a.", told, &o, &why),
                     ASK_NEVER);
    assert_int_equal(ask_token(auth_ask(auth), "h:1", ".b", told, &o, &why),
                     ASK_NEVER);
    assert_int_equal(asked.count, 0);
    assert_int_equal(ask_token(auth_ask(auth), "h:1", "a.b", told, &o, &why),
                     ASK_WAITS);
    ask_gone(auth_ask(auth), &o);
    answer(0, ASK_UNKNOWN, NULL);
    assert_int_equal(ask_token(auth_ask(auth), "h:1", "a.b", told, &o, &why),
                     ASK_NEVER);
    assert_string_equal(why, "unknown or expired token");
    time_passes(o.loop, ASK_KEEP_MS + 2000);
    assert_int_equal(ask_token(auth_ask(auth), "h:1", "a.b", told, &o, &why),
                     ASK_WAITS);
    assert_int_equal(asked.count, 2); /* the answer was too old */
    ask_gone(auth_ask(auth), &o);
    end();
}

/* It is revoked there while somebody here speaks for it. */
static void test_revoked(void **state)
{
    (void)state;
    begin();
    peer_send(&o, "zeta .token a.secret\n");
    turns(o.loop);
    answer(0, ASK_KNOWN, known("a"));
    time_passes(o.loop, ASK_KEEP_MS + 2000);
    assert_int_equal(asked.count, 2);
    answer(1, ASK_SILENT, NULL); /* what was known stays */
    assert_non_null(o.conn);
    time_passes(o.loop, ASK_KEEP_MS + 2000);
    assert_int_equal(asked.count, 3);
    answer(2, ASK_KNOWN, known("a")); /* the same again */
    assert_non_null(o.conn);
    time_passes(o.loop, ASK_KEEP_MS + 2000);
    assert_int_equal(asked.count, 4);
    answer(3, ASK_UNKNOWN, NULL);
    assert_non_null(strstr(peer_read(&o), "error: 'the token was revoked'"));
    turns(o.loop);
    assert_null(o.conn);
    assert_null(auth_by_token(auth, "a.secret", 8));
    end();
}

/* Nobody speaks for it any more: it is forgotten without a question. */
static void test_forgotten(void **state)
{
    (void)state;
    begin();
    peer_send(&o, "zeta .token a.secret\n");
    turns(o.loop);
    answer(0, ASK_KNOWN, known("a"));
    conn_set_principal(o.conn, principal_nobody());
    time_passes(o.loop, ASK_KEEP_MS + 2000);
    assert_int_equal(asked.count, 1);
    assert_null(auth_by_token(auth, "a.secret", 8));
    end();
}

/* The connection ends before there is an answer. */
static void test_gone(void **state)
{
    (void)state;
    begin();
    peer_send(&o, "zeta .token a.secret\n");
    turns(o.loop);
    conn_abort(o.conn, "of no use");
    turns(o.loop);
    assert_null(o.conn);
    answer(0, ASK_KNOWN, known("a"));
    end();
}

/* The daemon ends before there is an answer. */
static void test_cancelled(void **state)
{
    (void)state;
    begin();
    peer_send(&o, "zeta .token a.secret\n");
    turns(o.loop);
    auth_set_ask(auth, NULL);
    assert_int_equal(asked.cancelled, 1);
    conn_abort(o.conn, "the end");
    turns(o.loop);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),     cmocka_unit_test(test_refused),
        cmocka_unit_test(test_never),     cmocka_unit_test(test_revoked),
        cmocka_unit_test(test_forgotten), cmocka_unit_test(test_gone),
        cmocka_unit_test(test_cancelled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
