/* Tokens over HTTP that the daemon asks another one about: who waits for the
 * answer, and what comes after it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/auth/ask.h"
#include "lib/mem.h"
#include "t/unit/httpd_util.h"

#define BEARER "Authorization: Bearer a.secret\r\n"
#define GET    "GET /hello HTTP/1.1\r\nHost: x\r\n" BEARER "\r\n"

static struct {
    struct ask_question *open; /* NULL: answered or cancelled */
    unsigned count;
} asked;

static void fake_ask(void *arg, struct ask_question *q, const char *token)
{
    (void)arg;
    assert_string_equal(token, "a.secret");
    asked.open = q;
    asked.count++;
}

static void fake_cancel(void *arg, struct ask_question *q)
{
    (void)arg;
    assert_ptr_equal(q, asked.open);
    asked.open = NULL;
}

static void answer(enum ask_answer a)
{
    struct ask_question *q = asked.open;

    assert_non_null(q);
    asked.open = NULL;
    ask_answer(q, a, a == ASK_KNOWN ? principal_new("a") : NULL);
    turns(web()->loop);
}

static int setup(void **state)
{
    static const struct asker asker = {.ask = fake_ask, .cancel = fake_cancel};

    memset(&asked, 0, sizeof(asked));
    web_setup(state);
    auth_set_ask(web()->auth, ask_new(web()->auth, web()->loop, &asker));
    return 0;
}

static int teardown(void **state)
{
    auth_set_ask(web()->auth, NULL);
    return web_teardown(state);
}

/* It waits, and with it what is behind it; then both are answered, and the
 * next one is known. */
static void test_known(void **state)
{
    (void)state;
    web_send(GET "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_string_equal(web_received(), "");
    assert_int_equal(asked.count, 1);
    answer(ASK_KNOWN);
    assert_non_null(strstr(web_received(), "hello\nHTTP/1.1 200 "));
    assert_answer(GET, "HTTP/1.1 200 ", GOES_ON);
    assert_int_equal(asked.count, 1);
}

/* The body is read after the answer. */
static void test_body(void **state)
{
    const char *got;

    (void)state;
    web_send("POST /echo/n HTTP/1.1\r\nHost: x\r\n" BEARER
             "Content-Length: 4\r\n\r\nbo");
    answer(ASK_KNOWN);
    assert_string_equal(web_received(), "");
    web_send("dy");
    got = web_received();
    assert_non_null(strstr(got, "body=body who=a\n"));
}

/* A handler that answers later still may. */
static void test_later(void **state)
{
    (void)state;
    web_send("GET /later HTTP/1.1\r\nHost: x\r\n" BEARER "\r\n");
    answer(ASK_KNOWN);
    assert_non_null(web()->kept);
    http_reply(web()->kept, 200, NULL, NULL, 0);
    turns(web()->loop);
    assert_answer(GET, "HTTP/1.1 200 ", GOES_ON);
}

static void test_refused(void **state)
{
    (void)state;
    web_send(GET);
    answer(ASK_UNKNOWN);
    assert_memory_equal(web_received(), "HTTP/1.1 401 ", 13);
    assert_answer(GET, "HTTP/1.1 401 ", GOES_ON); /* without asking again */
    assert_int_equal(asked.count, 1);
    time_passes(web()->loop, ASK_KEEP_MS + 2000);
    web_send(GET);
    answer(ASK_SILENT);
    assert_memory_equal(web_received(), "HTTP/1.1 503 ", 13);
}

/* The client goes before the answer comes. */
static void test_gone(void **state)
{
    (void)state;
    web_send(GET);
    close(web()->peer);
    turns(web()->loop);
    time_passes(web()->loop, 2000);
    assert_null(web()->conn);
    answer(ASK_KNOWN);
    web_open();
    assert_answer(GET, "HTTP/1.1 200 ", GOES_ON);
}

int main(int argc, char **argv)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
    const struct CMUnitTest tests[] = {TEST(test_known), TEST(test_body),
                                       TEST(test_later), TEST(test_refused),
                                       TEST(test_gone)};

    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
