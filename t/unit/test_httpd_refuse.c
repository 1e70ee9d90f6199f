/*
 * What an HTTP face refuses, with which status, and whether the connection may
 * go on afterwards.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/auth/secret.h"
#include "lib/mem.h"
#include "t/unit/httpd_util.h"

static void refusals(void **state)
{
    static const struct {
        const char *text, *answer;
        bool goes_on;
    } cases[] = {
        {"nonsense\r\n", "HTTP/1.1 400 ", CLOSES},
        {"GET /none HTTP/1.1\r\n" L "\r\n", "HTTP/1.1 404 ", GOES_ON},
        {"GET /echo/a%00 HTTP/1.1\r\n" L "\r\n", "HTTP/1.1 405 ", GOES_ON},
        {"PUT /echo/a%00 HTTP/1.1\r\n" L "\r\n", "HTTP/1.1 400 ", GOES_ON},
        {"PUT /echo/a?%zz HTTP/1.1\r\n" L "\r\n", "HTTP/1.1 400 ", GOES_ON},
        {"BREW /hello HTTP/1.1\r\n" L "\r\n", "HTTP/1.1 501 ", GOES_ON},
        {"POST /none HTTP/1.1\r\n" L "Content-Length: 9\r\n\r\n",
         "HTTP/1.1 404 ", CLOSES},
        {"GET /hello HTTP/1.1\r\n" L "Content-Length: 9\r\n\r\n",
         "HTTP/1.1 413 ", CLOSES},
        {"PUT /echo/ HTTP/1.1\r\n" L "Content-Length: 101\r\n\r\n",
         "HTTP/1.1 413 ", CLOSES},
        {"PUT /echo/ HTTP/1.1\r\n" L "Transfer-Encoding: chunked\r\n\r\n65\r\n",
         "HTTP/1.1 413 ", CLOSES},
        {"PUT /echo/ HTTP/1.1\r\n" L "Transfer-Encoding: chunked\r\n\r\n"
         "1\r\nab\r\n",
         "HTTP/1.1 400 ", CLOSES},
        {"PUT /echo/ HTTP/1.1\r\n" L "Transfer-Encoding: chunked\r\n\r\n-1\r\n",
         "HTTP/1.1 400 ", CLOSES},
        {"PUT /echo/ HTTP/1.1\r\n" L "Transfer-Encoding: chunked\r\n\r\n"
         "ffffffffffffffff1\r\n",
         "HTTP/1.1 400 ", CLOSES},
        {"PUT /echo/ HTTP/1.1\r\n" L "Transfer-Encoding: chunked\r\n\r\n\r\n",
         "HTTP/1.1 400 ", CLOSES},
        {"PUT /echo/ HTTP/1.1\r\n" L "Expect: a\r\n\r\n", "HTTP/1.1 417 ",
         CLOSES},
        {"GET /hello HTTP/1.1\r\nHost: evil.org\r\n\r\n", "HTTP/1.1 421 ",
         GOES_ON},
        {"GET http://evil.org/hello HTTP/1.1\r\n" L "\r\n", "HTTP/1.1 421 ",
         GOES_ON},
        {"PUT /echo/ HTTP/1.1\r\n" L "Origin: http://evil.org\r\n\r\n",
         "HTTP/1.1 403 ", GOES_ON},
        {"PUT /echo/ HTTP/1.1\r\n" L "Origin: http://localhost\r\n\r\n",
         "HTTP/1.1 200 ", GOES_ON},
        {"POST /json/x HTTP/1.1\r\n" L "Content-Length: 2\r\n\r\n{}",
         "HTTP/1.1 415 ", CLOSES},
        {"POST /json/x HTTP/1.1\r\n" L "Content-Type: application/json\r\n"
         "Content-Length: 2\r\n\r\n{}",
         "HTTP/1.1 200 ", GOES_ON},
        {"GET /hello HTTP/1.1\r\n" L "Authorization: Bearer a.b\r\n\r\n",
         "HTTP/1.1 401 ", GOES_ON},
        {"GET /hello HTTP/1.1\r\n" L "Authorization: Basic a\r\n\r\n",
         "HTTP/1.1 400 ", GOES_ON},
        {"GET /secret HTTP/1.1\r\n" L "\r\n", "HTTP/1.1 403 ", GOES_ON},
        {"GET / HTTP/2.0\r\n", "HTTP/1.1 505 ", CLOSES},
        {"\r\n\r\n", "HTTP/1.1 400 ", CLOSES},
    };
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_LEN(cases); i++)
        assert_answer(cases[i].text, cases[i].answer, cases[i].goes_on);
    assert_int_equal(web()->posted, 2);
    web_send("GET /x\x01 HTTP/1.1\r\n");
    assert_non_null(strstr(web_received(), "\r\nConnection: close\r\n"
                                           "Content-Length: 45\r\n\r\n"
                                           "{\"status\":400,\"error\":\"the "
                                           "path is not one\"}\n"));
}

static void methods(void **state)
{
    (void)state;
    web_send("DELETE /echo/x HTTP/1.1\r\n" L "\r\n");
    assert_non_null(
        strstr(web_received(), "\r\nAllow: POST, PUT, OPTIONS\r\n"));
    web_send("OPTIONS /hello HTTP/1.1\r\n" L "\r\n");
    assert_string_equal(web_received(), "HTTP/1.1 204 No Content\r\n"
                                        "X-Face: yes\r\n"
                                        "Allow: GET, HEAD, OPTIONS\r\n\r\n");
    assert_answer("OPTIONS * HTTP/1.1\r\n" L "\r\n", "HTTP/1.1 204 ", GOES_ON);
    assert_answer("OPTIONS /none HTTP/1.1\r\n" L "\r\n", "HTTP/1.1 404 ",
                  GOES_ON);
}

static void expectations(void **state)
{
    (void)state;
    web_send("PUT /echo/x HTTP/1.1\r\n" L "Expect: 100-continue\r\n"
             "Content-Length: 2\r\n\r\n");
    assert_string_equal(web_received(), "HTTP/1.1 100 Continue\r\n\r\n");
    assert_answer("ab", "HTTP/1.1 200 ", GOES_ON);
    assert_answer("PUT /echo/x HTTP/1.1\r\n" L "Expect: 100-continue\r\n"
                  "Content-Length: 200\r\n\r\n",
                  "HTTP/1.1 413 ", CLOSES);
}

static void too_much(void **state)
{
    char text[6000];

    (void)state;
    memset(text, 'a', sizeof(text));
    memcpy(text, "GET /", 5);
    text[5000] = '\0';
    assert_answer(text, "HTTP/1.1 414 ", CLOSES);
    memcpy(text, "GET / HTTP/1.1\r\nX:", 18);
    assert_answer(text, "HTTP/1.1 431 ", CLOSES);
    text[3000] = '\n';
    text[3001] = '\0';
    assert_answer(text, "HTTP/1.1 431 ", CLOSES);
}

/* As many as may wait do; one more is refused at once. */
static void busy(void **state)
{
    struct conn *first = web()->conn;
    int first_peer = web()->peer;

    (void)state;
    web_send("GET /later HTTP/1.1\r\nHost: localhost\r\n\r\n");
    web_open();
    assert_answer("GET /hello HTTP/1.1\r\n" L "\r\n", "HTTP/1.1 503 ", GOES_ON);
    http_reply(web()->kept, 200, NULL, NULL, 0);
    turns(web()->loop);
    assert_answer("GET /hello HTTP/1.1\r\n" L "\r\n", "HTTP/1.1 200 ", GOES_ON);
    conn_abort(web()->conn, "the test is over");
    turns(web()->loop);
    close(web()->peer);
    web()->conn = first;
    web()->peer = first_peer;
}

static void tokens(void **state)
{
    struct principal *p = principal_new("boss");
    char *token = secret_token("boss"), *text;

    (void)state;
    secret_hash(token, strlen(token), p->hash);
    p->has_hash = p->admin = true;
    auth_put(web()->auth, AUTH_FILE, p);
    text = xasprintf("GET /secret HTTP/1.1\r\nHost: evil.org\r\n"
                     "Authorization: Bearer %s\r\n\r\n",
                     token);
    assert_answer(text, "HTTP/1.1 200 ", GOES_ON);
    free(text);
    text = xasprintf("GET /later HTTP/1.1\r\nHost: localhost\r\n"
                     "X-Consul-Token: %s\r\n\r\n",
                     token);
    web_send(text);
    assert_int_equal(web()->gone, 0);
    auth_drop(web()->auth, AUTH_FILE, "boss", "the token was revoked");
    turns(web()->loop);
    assert_int_equal(web()->gone, 1);
    assert_string_equal(web_received(), " EOF");
    close(web()->peer);
    turns(web()->loop);
    web_open();
    assert_answer(text, "HTTP/1.1 401 ", GOES_ON);
    free(text);
    secret_free(token);
}

int main(int argc, char **argv)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, web_setup, web_teardown)
    const struct CMUnitTest tests[] = {
        TEST(refusals), TEST(methods), TEST(expectations),
        TEST(too_much), TEST(busy),    TEST(tokens),
    };

    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
