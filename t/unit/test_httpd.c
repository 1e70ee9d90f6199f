/*
 * An HTTP face at work: answers whole, late and in pieces; clients that go, or
 * come slowly.
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

#include "lib/mem.h"
#include "t/unit/httpd_util.h"

/* -- answers --------------------------------------------------------------- */

static void whole_answers(void **state)
{
    (void)state;
    web_send("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_string_equal(web_received(), "HTTP/1.1 200 OK\r\n"
                                        "Content-Type: text/plain\r\n"
                                        "X-Face: yes\r\n"
                                        "Content-Length: 6\r\n\r\nhello\n");
    web_send("HEAD /hello HTTP/1.1\nHost: localhost\n\n");
    assert_string_equal(web_received(), "HTTP/1.1 200 OK\r\n"
                                        "Content-Type: text/plain\r\n"
                                        "X-Face: yes\r\n"
                                        "Content-Length: 6\r\n\r\n");
    web_send("PUT /echo/a%2Fb/c?x=%41+b HTTP/1.0\r\n"
             "Connection: keep-alive\r\nContent-Length: 3\r\n\r\nxyz");
    assert_string_equal(web_received(),
                        "HTTP/1.1 200 OK\r\n"
                        "Content-Type: text/plain\r\n"
                        "X-Face: yes\r\n"
                        "X-Injected: a  b: c\r\n"
                        "Connection: keep-alive\r\n"
                        "Content-Length: 40\r\n\r\n"
                        "name=a/b/c x=A b body=xyz who=anonymous\n");
    web_send("GET /hello HTTP/1.0\r\n\r\n");
    assert_string_equal(web_received(), "HTTP/1.1 200 OK\r\n"
                                        "Content-Type: text/plain\r\n"
                                        "X-Face: yes\r\n"
                                        "Connection: close\r\n"
                                        "Content-Length: 6\r\n\r\nhello\n EOF");
}

/* Requests in one piece, and each of its bytes in a piece. */
static void pipelined(void **state)
{
    static const char text[] =
        "PUT /echo/1 HTTP/1.1\r\nHost: [::1]\r\n"
        "Content-Length: 1\r\n\r\na"
        "\r\n" /* one too many */
        "PUT /echo/2 HTTP/1.1\r\nHost: [::1]\r\n"
        "Transfer-Encoding: chunked\r\n\r\n"
        "2;x=\"y\"\r\nb\n\r\n01\r\nc\r\n0\r\nT: r\r\n\r\n"
        "GET /hello HTTP/1.1\r\nHost: [::1]\r\n\r\n";
    char *whole;
    const char *at;
    struct buf pieces = BUF_INIT;

    (void)state;
    web_send(text);
    whole = xstrdup(web_received());
    assert_non_null(strstr(whole, "name=1 x=- body=a who="));
    assert_non_null(strstr(whole, "name=2 x=- body=b\nc who="));
    assert_string_equal(whole + strlen(whole) - 6, "hello\n");
    for (at = text; *at; at++) {
        send(web()->peer, at, 1, 0);
        buf_add_str(&pieces, web_received());
    }
    assert_string_equal(buf_str(&pieces), whole);
    assert_int_equal(web()->posted, 4);
    buf_free(&pieces);
    free(whole);
}

static void later_answers(void **state)
{
    (void)state;
    web_send("GET /later HTTP/1.1\r\nHost: localhost\r\n\r\n"
             "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_string_equal(web_received(), "");
    assert_int_equal(httpd_waiting(web()->httpd), 1);
    time_passes(web()->loop, 3600000); /* waiting is no idleness */
    assert_string_equal(web_received(), "");
    http_reply(web()->kept, 200, "text/plain", "at last\n", 8);
    http_reply(web()->kept, 200, "text/plain", "twice\n", 6);
    assert_non_null(strstr(web_received(), "at last\nHTTP/1.1 200 OK\r\n"));
    assert_int_equal(httpd_waiting(web()->httpd), 0);
    assert_answer("GET /forgets HTTP/1.1\r\nHost: localhost\r\n\r\n",
                  "HTTP/1.1 500 ", GOES_ON);
    assert_answer("GET /leaves HTTP/1.1\r\n" L "\r\n", "HTTP/1.1 200 ", CLOSES);
    assert_int_equal(web()->gone, 0);
}

static void clients_that_go(void **state)
{
    (void)state;
    web_send("GET /later HTTP/1.1\r\nHost: localhost\r\n\r\n");
    close(web()->peer);
    web()->peer = -1;
    turns(web()->loop);
    assert_int_equal(web()->gone,
                     0); /* it may have closed its sending side only */
    time_passes(web()->loop, 1000);
    assert_int_equal(web()->gone, 1);
    assert_null(web()->conn);
    assert_int_equal(httpd_waiting(web()->httpd), 0);

    web_open(); /* such a one gets its answer, if that comes soon */
    web_send("GET /later HTTP/1.1\r\nHost: localhost\r\n\r\n");
    shutdown(web()->peer, SHUT_WR);
    turns(web()->loop);
    http_reply(web()->kept, 200, "text/plain", "soon\n", 5);
    assert_non_null(strstr(web_received(), "soon\n EOF"));
    close(web()->peer);

    web_open();
    web_send("GET /later HTTP/1.1\r\nHost: localhost\r\n\r\n");
    httpd_stop(web()->httpd, 503, "going down");
    assert_int_equal(web()->gone, 2);
    assert_non_null(strstr(web_received(), "HTTP/1.1 503 "));
}

static void streams(void **state)
{
    char bytes[OUTPUT];
    int i;

    (void)state;
    memset(bytes, 'x', sizeof(bytes));
    web_send("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_true(http_stream_add(web()->kept, "a\n", 2));
    assert_string_equal(web_received(), "HTTP/1.1 200 OK\r\n"
                                        "Content-Type: text/event-stream\r\n"
                                        "X-Face: yes\r\n"
                                        "Transfer-Encoding: chunked\r\n\r\n"
                                        "2\r\na\n\r\n");
    for (i = 0; http_stream_add(web()->kept, bytes, sizeof(bytes) / 2); i++)
        turns(web()->loop); /* until the socket takes no more */
    assert_false(http_stream_has_room(web()->kept));
    assert_int_equal(web()->rooms, 0);
    while (strlen(web_received()) > 0)
        ;
    assert_true(web()->rooms > 0);
    http_stream_end(web()->kept);
    http_stream_end(web()->kept);
    assert_string_equal(web_received(), "0\r\n\r\n");
    assert_answer("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n",
                  "HTTP/1.1 200 ", GOES_ON);

    web_send("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    http_stream_add(web()->kept, "a\n", 2);
    http_stream_end(web()->kept);
    assert_string_equal(web_received(), "HTTP/1.1 200 OK\r\n"
                                        "Content-Type: text/event-stream\r\n"
                                        "X-Face: yes\r\n"
                                        "Connection: close\r\n\r\na\n EOF");
    close(web()->peer);
    web_open();
    web_send("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
    http_stream_fail(web()->kept, "it broke");
    assert_null(strstr(web_received(), "\r\n0\r\n"));
    close(web()->peer);
    web_open();
    web_send("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
    httpd_stop(web()->httpd, 503, "going down");
    assert_int_equal(web()->gone, 1);
}

/* -- time ------------------------------------------------------------------ */

static void slow_clients(void **state)
{
    int i;

    (void)state;
    web_send("GET /hello HTTP/1.1\r\n");
    for (i = 0; i < 4; i++) { /* a header each second */
        time_passes(web()->loop, 1000);
        web_send("X: y\r\n");
        assert_string_equal(web_received(), "");
    }
    time_passes(web()->loop, 1001);
    assert_answer("X: y\r\n", "HTTP/1.1 408 ", CLOSES);

    web_send("GET /hello HTTP/1.1\r\n"); /* then nothing */
    time_passes(web()->loop, 5000);
    assert_answer("", "HTTP/1.1 408 ", CLOSES);

    web_send("PUT /echo/x HTTP/1.1\r\n" L "Content-Length: 100\r\n\r\n");
    for (i = 0; i < 5; i++) {
        time_passes(web()->loop, 1000);
        web_send("b");
    }
    time_passes(web()->loop, 1);
    assert_answer("b", "HTTP/1.1 408 ", CLOSES);

    web_send("G"); /* not even a line */
    time_passes(web()->loop, 10000);
    assert_string_equal(web_received(), " EOF");
    close(web()->peer);

    web_open();
    assert_answer("GET /hello HTTP/1.1\r\n" L "\r\n", "HTTP/1.1 200 ", GOES_ON);
    time_passes(web()->loop, 59000);
    assert_string_equal(web_received(), "");
    time_passes(web()->loop, 1000);
    assert_string_equal(web_received(),
                        " EOF"); /* nothing is said to the idle */
}

int main(int argc, char **argv)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, web_setup, web_teardown)
    const struct CMUnitTest tests[] = {
        TEST(whole_answers),   TEST(pipelined), TEST(later_answers),
        TEST(clients_that_go), TEST(streams),   TEST(slow_clients),
    };

    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
