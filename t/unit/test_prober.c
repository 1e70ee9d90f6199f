/*
 * When checks run and what is made of it: intervals, one run of a check at a
 * time and so many in all, timeouts, thresholds; by connections of TCP and
 * answers of HTTP. Time is the test's own. Those that nobody runs are in
 * test_prober_ttl.c.
 */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/prober.h"
#include "t/unit/fake_time.h"
#include "t/unit/prober_util.h"

/* -- TCP ------------------------------------------------------------------- */

/* The kernel carries what is sent over the loopback when it has time to: time
 * stands still until it has. */
#define PATIENCE 60000 /* real ms */

static bool comes_by_now(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    turns(world()->loop);
    return poll(&p, 1, 1) > 0;
}

static void wait_for(int fd)
{
    unsigned i;

    for (i = 0; !comes_by_now(fd); i++)
        assert_true(i < PATIENCE);
}

/* Until every run has come to something. */
static void run_out(void)
{
    unsigned i;

    turns(world()->loop); /* what is due begins */
    for (i = 0; prober_counts(world()->prober)->running; i++) {
        assert_true(i < PATIENCE);
        (void)comes_by_now(world()->listening);
    }
}

/* Nobody else connects, though something may run. */
static void assert_nobody(void)
{
    assert_false(comes_by_now(world()->listening));
}

/* Who has connected, or does while something runs; -1: nobody. */
static int taken(void)
{
    bool comes;
    int fd;

    do
        comes = comes_by_now(world()->listening);
    while (!comes && prober_counts(world()->prober)->running);
    fd = accept(world()->listening, NULL, NULL);
    turns(world()->loop);
    return fd;
}

static void assert_taken(unsigned count)
{
    int fd;

    run_out();
    while (count--) {
        wait_for(world()->listening);
        fd = taken();
        assert_true(fd >= 0);
        close(fd);
    }
    assert_int_equal(taken(), -1);
}

static void test_tcp(void **state)
{
    uint16_t gone;
    char want[100];

    (void)state;
    put("t", PROBE_CRITICAL, "probe tcp interval 16000 target 127.0.0.1:%u",
        world()->port);
    assert_taken(1);
    snprintf(want, sizeof(want), "TCP connect 127.0.0.1:%u: Success",
             world()->port);
    assert_heard(1, "n/t", PROBE_PASSING, want);
    time_passes(world()->loop, 14990); /* an interval is a sixteenth less … */
    assert_taken(0);
    time_passes(world()->loop, 2020); /* … or more */
    assert_taken(1);
    assert_int_equal(world()->heard.reports, 2);
    close(listen_any(&gone));
    put("t", PROBE_PASSING, "probe tcp interval 16000 target 127.0.0.1:%u",
        gone);
    run_out();
    snprintf(want, sizeof(want),
             "TCP connect 127.0.0.1:%u: cannot connect to 127.0.0.1:%u: "
             "Connection refused",
             gone, gone);
    assert_heard(3, "n/t", PROBE_CRITICAL, want);
}

/* Intervals are not all of one length, and none is out of bounds. */
static void test_jitter(void **state)
{
    uint64_t at, before = 0, least = UINT64_MAX, most = 0;
    unsigned i;

    (void)state;
    put("t", PROBE_CRITICAL, "probe tcp interval 1600 target 127.0.0.1:%u",
        world()->port);
    run_out();
    for (i = 1, at = 0; i < 40; at++) {
        time_passes(world()->loop, 1);
        run_out();
        if (world()->heard.reports < i)
            continue;
        if (i > 1) {
            least = at - before < least ? at - before : least;
            most = at - before > most ? at - before : most;
        }
        before = at;
        i++;
    }
    assert_in_range(least, 1500, 1599);
    assert_in_range(most, 1601, 1700);
}

/* With its jitter at its longest. */
static void interval_passes(void)
{
    time_passes(world()->loop, 1063);
    run_out();
}

static void test_thresholds(void **state)
{
    unsigned i;

    (void)state;
    put("t", PROBE_CRITICAL,
        "probe tcp interval 1000 fails 3 passes 2 target 127.0.0.1:%u",
        world()->port);
    run_out();
    assert_int_equal(world()->heard.reports, 0); /* one is not enough */
    interval_passes();
    assert_int_equal(world()->heard.reports, 1);
    assert_int_equal(world()->heard.status, PROBE_PASSING);
    close(world()->listening);
    for (i = 0; i < 2; i++)
        interval_passes();
    assert_int_equal(world()->heard.status, PROBE_PASSING);
    assert_int_equal(world()->heard.reports, 1);
    interval_passes();
    assert_int_equal(world()->heard.reports, 2);
    assert_int_equal(world()->heard.status, PROBE_CRITICAL);
    world()->listening = listen_any(&world()->port);
}

static void comes_to(unsigned reports, enum probe_status status)
{
    interval_passes();
    assert_int_equal(world()->heard.reports, reports);
    assert_int_equal(world()->heard.status, status);
}

/* Some failures warn, some more are critical; and what warns so passes as late
 * as what is critical. */
static void test_warns(void **state)
{
    uint16_t port;
    int fd = bind_any(&port);

    (void)state;
    put("t", PROBE_PASSING,
        "probe tcp interval 1000 fails 4 warns 2 passes 2 target 127.0.0.1:%u",
        port);
    run_out();
    assert_int_equal(world()->heard.reports, 0);
    comes_to(1, PROBE_WARNING);
    comes_to(2, PROBE_WARNING);
    comes_to(3, PROBE_CRITICAL);
    put("t", PROBE_PASSING,
        "probe tcp interval 1000 fails 4 warns 1 passes 2 target 127.0.0.1:%u",
        port);
    run_out();
    assert_int_equal(world()->heard.reports, 4);
    assert_int_equal(world()->heard.status, PROBE_WARNING);
    assert_int_equal(listen(fd, 100), 0);
    comes_to(4, PROBE_WARNING); /* one is not enough */
    comes_to(5, PROBE_PASSING);
    put("t", PROBE_PASSING, "probe ttl ttl 1000 fails 2");
    comes_to(6, PROBE_CRITICAL); /* a TTL is over once */
    close(fd);
}

/* -- HTTP ------------------------------------------------------------------ */

/* The request of the connection is in text. */
static void asked(int fd, char *text, size_t size)
{
    ssize_t n;

    wait_for(fd);
    n = read(fd, text, size - 1);
    assert_true(n > 0);
    text[n] = '\0';
}

static void answer(int fd, const char *text)
{
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    turns(world()->loop);
}

static void test_http(void **state)
{
    char request[2000], want[300];
    int fd;

    (void)state;
    put("h", PROBE_CRITICAL,
        "probe http interval 10000 header X-A value b header Host value c "
        "target http://u:p@127.0.0.1:%u/x?y#z",
        world()->port);
    fd = taken();
    asked(fd, request, sizeof(request));
    assert_string_equal(request, "GET /x?y HTTP/1.1\r\n"
                                 "User-Agent: Consul Health Check\r\n"
                                 "Accept: text/plain, text/*, */*\r\n"
                                 "Authorization: Basic dTpw\r\n"
                                 "X-A: b\r\nHost: c\r\n"
                                 "Connection: close\r\n\r\n");
    answer(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    run_out();
    snprintf(want, sizeof(want),
             "HTTP GET http://127.0.0.1:%u/x?y: 200 OK Output: ok",
             world()->port);
    assert_heard(1, "n/h", PROBE_PASSING, want);
    wait_for(fd);
    assert_int_equal(read(fd, request, 1), 0); /* and it hangs up */
    close(fd);
    time_passes(world()->loop, 10650);
    fd = taken();
    answer(fd, "HTTP/1.1 429 Slow\r\n\r\n");
    shutdown(fd, SHUT_WR);
    run_out();
    assert_int_equal(world()->heard.status, PROBE_WARNING);
    close(fd);
    time_passes(world()->loop, 10650);
    fd = taken();
    close(fd);
    run_out();
    assert_int_equal(world()->heard.status, PROBE_CRITICAL);
    assert_non_null(strstr(world()->heard.output, "its answer broke off"));
    assert_int_equal(world()->heard.reports, 3);
}

/* A page elsewhere is asked for without the headers that were for here. */
static void test_redirects(void **state)
{
    char request[2000], text[400];
    uint16_t other_port;
    int other = listen_any(&other_port), fd;

    (void)state;
    put("h", PROBE_CRITICAL,
        "probe http interval 60000 verb POST header X-A value b "
        "target http://127.0.0.1:%u/x/y",
        world()->port);
    fd = taken();
    answer(fd, "HTTP/1.1 307 There\r\nLocation: z\r\n\r\n");
    shutdown(fd, SHUT_WR);
    close(fd);
    fd = taken();
    asked(fd, request, sizeof(request));
    assert_ptr_equal(strstr(request, "POST /x/z HTTP/1.1\r\n"), request);
    assert_non_null(strstr(request, "X-A"));
    snprintf(text, sizeof(text),
             "HTTP/1.1 302 There\r\nContent-Length: 0\r\n"
             "Location: http://127.0.0.1:%u/\r\n\r\n",
             other_port);
    answer(fd, text);
    close(fd);
    wait_for(other);
    fd = accept(other, NULL, NULL);
    asked(fd, request, sizeof(request));
    assert_ptr_equal(strstr(request, "GET / HTTP/1.1\r\n"), request);
    assert_null(strstr(request, "X-A"));
    answer(fd, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    close(fd);
    close(other);
    run_out();
    assert_int_equal(world()->heard.reports, 1);
    assert_int_equal(world()->heard.status, PROBE_PASSING);
}

static void test_redirects_without_end(void **state)
{
    unsigned i;
    int fd;

    (void)state;
    put("h", PROBE_CRITICAL,
        "probe http interval 60000 target http://127.0.0.1:%u/", world()->port);
    for (i = 0; (fd = taken()) >= 0; i++) {
        answer(fd, "HTTP/1.1 302 Here\r\nLocation: /\r\nContent-Length: 0"
                   "\r\n\r\n");
        close(fd);
        turns(world()->loop);
    }
    assert_int_equal(i, 11);
    assert_int_equal(world()->heard.reports, 1);
    assert_int_equal(world()->heard.status, PROBE_CRITICAL);
}

static void test_timeout(void **state)
{
    char want[100], request[2000];
    int fd;

    (void)state;
    put("h", PROBE_PASSING,
        "probe http interval 10000 timeout 2500 "
        "target http://me:secret@127.0.0.1:%u/",
        world()->port);
    fd = taken();
    answer(fd, "HTTP/1.1 200 OK\r\n\r\nand it goes on");
    time_passes(world()->loop, 2499);
    assert_int_equal(world()->heard.reports, 0);
    assert_int_equal(prober_counts(world()->prober)->running, 1);
    time_passes(world()->loop, 1);
    snprintf(want, sizeof(want),
             "HTTP http://127.0.0.1:%u/: no answer within 2.5s", world()->port);
    assert_heard(1, "n/h", PROBE_CRITICAL, want);
    assert_int_equal(prober_counts(world()->prober)->running, 0);
    assert_int_equal(prober_counts(world()->prober)->timeouts[PROBE_HTTP], 1);
    wait_for(fd);
    assert_true(read(fd, request, sizeof(request)) > 0);
    wait_for(fd);
    assert_int_equal(read(fd, request, sizeof(request)), 0);
    close(fd);
}

/* -- how many -------------------------------------------------------------- */

static void test_seats(void **state)
{
    int fds[5], i;
    char id[2] = "a";

    (void)state;
    for (i = 0; i < 5; i++, id[0]++)
        put(id, PROBE_CRITICAL,
            "probe http interval 10000 target http://127.0.0.1:%u/",
            world()->port);
    fds[0] = taken();
    fds[1] = taken();
    assert_true(fds[0] >= 0 && fds[1] >= 0);
    assert_nobody(); /* two at once */
    assert_int_equal(prober_counts(world()->prober)->running, 2);
    assert_int_equal(prober_counts(world()->prober)->waiting, 3);
    answer(fds[1], "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    fds[2] = taken();
    assert_true(fds[2] >= 0);
    assert_int_equal(world()->heard.reports, 1);
    assert_nobody();
    prober_drop(world()->prober, named("e")); /* one that waits */
    assert_int_equal(prober_counts(world()->prober)->waiting, 1);
    prober_drop(world()->prober, named("a")); /* one that runs */
    fds[3] = taken();
    assert_true(fds[3] >= 0);
    assert_int_equal(prober_counts(world()->prober)->waiting, 0);
    for (i = 0; i < 4; i++)
        close(fds[i]);
}

/* A run that lasts longer than its interval is not joined by another. */
static void test_one_at_a_time(void **state)
{
    (void)state;
    put("s", PROBE_CRITICAL, "probe script interval 1000 arg sleep arg 60");
    time_passes(world()->loop, 20000);
    assert_int_equal(prober_counts(world()->prober)->running, 1);
    assert_int_equal(world()->heard.reports, 0);
    time_passes(world()->loop, 10000);
    assert_heard(1, "n/s", PROBE_CRITICAL, "Timed out (30s) running check");
    assert_int_equal(prober_counts(world()->prober)->running,
                     1); /* it was due */
}

int main(void)
{
#define TEST(f)                                                                \
    cmocka_unit_test_setup_teardown(f, prober_setup, prober_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_tcp),
        TEST(test_jitter),
        TEST(test_thresholds),
        TEST(test_warns),
        TEST(test_http),
        TEST(test_redirects),
        TEST(test_redirects_without_end),
        TEST(test_timeout),
        TEST(test_seats),
        TEST(test_one_at_a_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
