/*
 * The end of a connection: reasons told once, from every callback, aborts,
 * lingering; and what time does to it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/mem.h"
#include "t/unit/conn_util.h"

static struct owner o;

static int teardown(void **state)
{
    (void)state;
    owner_end(&o);
    return 0;
}

/* -- closing --------------------------------------------------------------- */

static void test_close(void **state)
{
    (void)state;
    owner_open(&o, &owner_full, NULL);
    buf_add_str(conn_out(o.conn), "bye\n");
    conn_close(o.conn, "the first %s", "reason");
    conn_close(o.conn, "another");
    assert_true(conn_is_closing(o.conn));
    assert_log(&o, ""); /* not from inside the call */
    peer_send(&o, "1\n2\n");
    assert_log(&o, "closed: the first reason");
    assert_string_equal(peer_read(&o), "bye\n EOF");
    assert_false(o.freed); /* the peer may still send */
    peer_close(&o);
    assert_true(o.freed);
    assert_log(&o, "");
}

static void test_abort(void **state)
{
    (void)state;
    owner_open(&o, &owner_full, NULL);
    buf_add_str(conn_out(o.conn), "bye\n");
    conn_flush(o.conn);
    conn_abort(o.conn, "at once");
    turns(o.loop);
    assert_log(&o, "closed: at once");
    assert_true(o.freed);
    assert_string_equal(peer_read(&o), " EOF");
}

static void test_abort_while_closing(void **state)
{
    struct conn *c;

    (void)state;
    owner_open(&o, &owner_full, NULL);
    c = o.conn;
    conn_close(c, "slowly");
    conn_abort(c, "at once");
    turns(o.loop);
    assert_log(&o, "closed: slowly");
    assert_true(o.freed);
}

static void test_peer_resets(void **state)
{
    (void)state;
    owner_open(&o, &owner_full, NULL);
    peer_close(&o);
    assert_log(&o, "batch eof");
    buf_add_str(conn_out(o.conn), "too late\n");
    conn_flush(o.conn);
    turns(o.loop);
    assert_log(&o, "closed: the peer closed the connection");
    assert_true(o.freed);
}

/* It went with bytes of ours unread: the read fails. */
static void test_peer_resets_unread(void **state)
{
    (void)state;
    owner_open(&o, &owner_full, NULL);
    buf_add_str(conn_out(o.conn), "unread\n");
    conn_flush(o.conn);
    turns(o.loop);
    peer_close(&o);
    assert_log(&o, "closed: the peer closed the connection");
    assert_true(o.freed);
}

static void test_writing_while_closing(void **state)
{
    (void)state;
    owner_open(&o, &owner_plain, NULL);
    conn_close(o.conn, "x");
    conn_error(o.conn, "one more thing");
    assert_string_equal(peer_read(&o), "error: 'one more thing'\n EOF");
    peer_close(&o);
    assert_true(o.freed);
}

/* What arrived before the end is not handled after it. */
static void test_lines_behind_the_end(void **state)
{
    (void)state;
    owner_open(&o, &owner_full, NULL);
    o.kill = "line";
    peer_send(&o, "1\n2\n3\n");
    assert_log(&o, "[1] closed: in line");
}

static const char *const calls[] = {"line", "batch", "too_long",
                                    "eof",  "drain", "timeout"};

/* Makes that call happen. */
static void provoke(const char *call)
{
    if (!strcmp(call, "too_long")) {
        peer_send(&o, "123456789012\n1\n");
    } else if (!strcmp(call, "eof")) {
        peer_half_close(&o);
    } else if (!strcmp(call, "drain")) {
        conn_drain_when_empty(o.conn);
        turns(o.loop);
    } else if (!strcmp(call, "timeout")) {
        time_passes(o.loop, 1000);
    } else {
        peer_send(&o, "1\n2\n");
    }
}

static void test_end_in_every_call(void **state)
{
    static const struct conn_limits limits = {
        .line = 10, .first_ms = 1000, .idle_ms = 1000};
    size_t i;
    int abort_it;

    (void)state;
    for (i = 0; i < ARRAY_LEN(calls); i++)
        for (abort_it = 0; abort_it < 2; abort_it++) {
            owner_open(&o, &owner_full, &limits);
            o.kill = calls[i];
            o.abort = abort_it;
            provoke(calls[i]);
            turns(o.loop);
            assert_null(o.conn);
            assert_non_null(strstr(buf_str(&o.log), "closed: "));
            assert_null(
                strstr(strstr(buf_str(&o.log), "closed: ") + 1, "closed: "));
            if (!o.freed)
                peer_close(&o);
            assert_true(o.freed);
            if (i + 1 < ARRAY_LEN(calls) || !abort_it)
                owner_end(&o);
        }
}

/* The owner is freed in closed(), and the loop in the middle of lingering. */
static void test_loop_ends_first(void **state)
{
    (void)state;
    owner_open(&o, &owner_full, NULL);
    buf_add_str(conn_out(o.conn), "bye\n");
    conn_close(o.conn, "x");
    turns(o.loop);
    assert_false(o.freed);
    /* owner_end() frees the loop */
}

static void test_loop_ends_with_it_open(void **state)
{
    char text[8] = "";

    (void)state;
    owner_open(&o, &owner_full, NULL);
    buf_add_str(conn_out(o.conn), "bye\n");
    loop_free(o.loop);
    assert_true(o.freed);
    assert_log(&o, ""); /* closed() is not called */
    assert_int_equal(read(o.peer, text, sizeof(text)), 4);
    assert_string_equal(text, "bye\n");
    close(o.peer);
    buf_free(&o.log);
    owner_open(&o, &owner_full, NULL); /* for the teardown */
}

static void test_free_now(void **state)
{
    (void)state;
    owner_open(&o, &owner_full, NULL);
    peer_send(&o, "wait\n1\n");
    buf_reset(&o.log, 0);
    buf_add_str(conn_out(o.conn), "bye\n");
    conn_free_now(o.conn);
    assert_true(o.freed);
    assert_log(&o, "");
    assert_string_equal(peer_read(&o), "bye\n EOF");
}

/* -- lingering ------------------------------------------------------------- */

static void flood(size_t bytes)
{
    memset(buf_reserve(conn_out(o.conn), bytes), 'x', bytes);
    conn_out(o.conn)->end += bytes;
    conn_flush(o.conn);
    turns(o.loop);
}

static void test_linger_until_read(void **state)
{
    static char text[1 << 16];
    size_t got = 0;
    ssize_t n;

    (void)state;
    owner_open(&o, &owner_full, NULL);
    flood(1 << 22);
    conn_close(o.conn, "x");
    turns(o.loop);
    assert_log(&o, "closed: x"); /* told at once, written on */
    time_passes(o.loop, CONN_LINGER_MS - 1);
    assert_false(o.freed);
    while ((n = read(o.peer, text, sizeof(text))) > 0) {
        got += (size_t)n;
        turns(o.loop);
    }
    assert_int_equal(n, 0);
    assert_int_equal(got, 1 << 22);
    peer_close(&o);
    assert_true(o.freed);
}

static void test_linger_is_bounded(void **state)
{
    (void)state;
    owner_open(&o, &owner_full, NULL);
    flood(1 << 22);
    conn_close(o.conn, "x");
    time_passes(o.loop, CONN_LINGER_MS - 1);
    assert_false(o.freed);
    time_passes(o.loop, 1);
    assert_true(o.freed);
}

/* A peer that does not close its side, or never stops sending. */
static void test_linger_for_the_peer(void **state)
{
    char flood_back[4096];
    int i;

    (void)state;
    owner_open(&o, &owner_full, NULL);
    conn_close(o.conn, "x");
    assert_string_equal(peer_read(&o), " EOF");
    time_passes(o.loop, CONN_LINGER_MS);
    assert_true(o.freed);
    owner_end(&o);

    owner_open(&o, &owner_full, NULL);
    conn_close(o.conn, "x");
    memset(flood_back, 'y', sizeof(flood_back));
    for (i = 0; i < 3000 && !o.freed; i++) {
        send(o.peer, flood_back, sizeof(flood_back), MSG_NOSIGNAL);
        turns(o.loop);
    }
    assert_true(o.freed);
    /* more than a body is long that is refused for its length: 4 MiB */
    assert_true(i > 1000 && i < 2000);
}

/* -- time ------------------------------------------------------------------ */

static const struct conn_limits timed = {
    .line = 100, .first_ms = 1000, .idle_ms = 5000};

static void test_first_line_in_time(void **state)
{
    (void)state;
    owner_open(&o, &owner_plain, &timed);
    time_passes(o.loop, 999);
    peer_send(&o, "half a line");
    assert_log(&o, "");
    time_passes(o.loop, 1);
    assert_log(&o, "closed: no first line in time");
    assert_string_equal(peer_read(&o),
                        "error: 'no whole line came within 1 s'\n EOF");
}

static void test_idle(void **state)
{
    (void)state;
    owner_open(&o, &owner_plain, &timed);
    time_passes(o.loop, 900);
    peer_send(&o, "1\n");
    time_passes(o.loop, 4999);
    peer_send(&o, "2\n");
    time_passes(o.loop, 4999);
    peer_send(&o, "3"); /* no line */
    assert_log(&o, "[1] [2]");
    time_passes(o.loop, 1);
    assert_log(&o, "closed: idle for too long");
    assert_string_equal(peer_read(&o), "error: 'nothing came for 5 s'\n EOF");
}

static void test_idle_without_first(void **state)
{
    static const struct conn_limits limits = {.line = 100, .idle_ms = 5000};

    (void)state;
    owner_open(&o, &owner_plain, &limits);
    time_passes(o.loop, 100000);
    peer_send(&o, "1\n");
    assert_log(&o, "[1]");
    time_passes(o.loop, 4999);
    assert_log(&o, "");
    time_passes(o.loop, 1);
    assert_log(&o, "closed: idle for too long");
}

static void test_idle_shorter_than_first(void **state)
{
    static const struct conn_limits limits = {
        .line = 100, .first_ms = 60000, .idle_ms = 5000};

    (void)state;
    owner_open(&o, &owner_plain, &limits);
    peer_send(&o, "1\n");
    time_passes(o.loop, 5000);
    assert_log(&o, "[1] closed: idle for too long");
}

static void test_set_idle(void **state)
{
    (void)state;
    owner_open(&o, &owner_plain, &timed);
    peer_send(&o, "1\n");
    conn_set_idle(o.conn, 0);
    time_passes(o.loop, 100000);
    assert_log(&o, "[1]");
    conn_set_idle(o.conn, 200000);
    time_passes(o.loop, 99999);
    assert_log(&o, "");
    time_passes(o.loop, 1);
    assert_log(&o, "closed: idle for too long");
}

/* The owner decides; each time it is asked anew. */
static void test_timeout_call(void **state)
{
    (void)state;
    owner_open(&o, &owner_full, &timed);
    time_passes(o.loop, 999);
    assert_log(&o, "");
    time_passes(o.loop, 1);
    assert_log(&o, "timeout");
    time_passes(o.loop, 1000);
    assert_log(&o, "timeout");
    peer_send(&o, "1\n");
    time_passes(o.loop, 10000);
    assert_log(&o, "[1] batch timeout timeout");
}

/* Who waits for an answer is not idle; and waiting costs nothing. */
static void test_waiting_is_not_idle(void **state)
{
    unsigned fired;

    (void)state;
    owner_open(&o, &owner_plain, &timed);
    peer_send(&o, "wait\n");
    fired = timers_fired();
    time_passes(o.loop, 1000000);
    assert_log(&o, "[wait]");
    assert_true(timers_fired() - fired <= 1000000 / 5000 + 1);
    conn_resume(o.conn);
    time_passes(o.loop, 4999);
    assert_log(&o, "");
    time_passes(o.loop, 5000);
    assert_log(&o, "closed: idle for too long");
}

static void test_paused_is_not_idle(void **state)
{
    (void)state;
    owner_open(&o, &owner_plain, &timed);
    peer_send(&o, "1\n");
    conn_pause(o.conn);
    peer_send(&o, "2\n");
    time_passes(o.loop, 100000);
    assert_log(&o, "[1]");
    conn_unpause(o.conn);
    turns(o.loop);
    assert_log(&o, "[2]");
}

int main(int argc, char **argv)
{
#define TEST(fn) cmocka_unit_test_teardown(fn, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_close),
        TEST(test_abort),
        TEST(test_abort_while_closing),
        TEST(test_peer_resets),
        TEST(test_peer_resets_unread),
        TEST(test_writing_while_closing),
        TEST(test_lines_behind_the_end),
        TEST(test_end_in_every_call),
        TEST(test_loop_ends_first),
        TEST(test_loop_ends_with_it_open),
        TEST(test_free_now),
        TEST(test_linger_until_read),
        TEST(test_linger_is_bounded),
        TEST(test_linger_for_the_peer),
        TEST(test_first_line_in_time),
        TEST(test_idle),
        TEST(test_idle_without_first),
        TEST(test_idle_shorter_than_first),
        TEST(test_set_idle),
        TEST(test_timeout_call),
        TEST(test_waiting_is_not_idle),
        TEST(test_paused_is_not_idle),
    };

    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
