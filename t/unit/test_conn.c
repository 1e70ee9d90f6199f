/*
 * A connection at work: lines and batches, half close, over-long lines,
 * waiting, pausing, and the bound on its output.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>
#include <unistd.h>
#include <event2/event.h>

#include "lib/conn_impl.h"
#include "lib/mem.h"
#include "t/unit/conn_util.h"

static struct owner o;

static int teardown(void **state)
{
    (void)state;
    owner_end(&o);
    return 0;
}

static void test_lines(void **state)
{
    (void)state;
    owner_open(&o, &owner_full, NULL);
    assert_string_equal(conn_id(o.conn), "test#1");
    assert_string_equal(conn_peer(o.conn), "unix");
    assert_ptr_equal(conn_arg(o.conn), &o);
    peer_send(&o, "a\nb\r\n\nc");
    assert_log(&o, "[a] [b] [] batch");
    peer_send(&o, "d\n");
    assert_log(&o, "[cd] batch");
    peer_send(&o, "e");
    assert_log(&o, "batch");
    peer_send(&o, "echo x\n");
    assert_log(&o, "[eecho x] batch");
    peer_send(&o, "echo 1\necho 2\n");
    assert_log(&o, "[echo 1] [echo 2] batch");
    assert_string_equal(peer_read(&o), "1\n2\n");
}

/* Lines that one turn does not allow wait for the next, with a batch each. */
static void test_lines_a_turn(void **state)
{
    static const struct conn_limits limits = {.line = 100, .lines_a_turn = 2};

    (void)state;
    owner_open(&o, &owner_full, &limits);
    peer_send(&o, "1\n2\n3\n4\n5\n");
    assert_log(&o, "[1] [2] batch [3] [4] batch [5] batch");
    peer_send(&o, "1\n2\n3\nlast");
    peer_half_close(&o);
    assert_log(&o, "[1] [2] batch [3] batch [last] batch eof");
}

/* What came is looked at before it is handled, CONN_BATCH lines at a time. */
static void test_ahead(void **state)
{
    char lines[2 * CONN_BATCH + 1];
    unsigned i;

    (void)state;
    owner_open(&o, &owner_looks, NULL);
    peer_send(&o, "a\nb\nc");
    assert_log(&o, "<a\nb\nc> [a] [b]");
    peer_send(&o, "d\nwait\n1\n");
    assert_log(&o, "<cd\nwait\n1\n> [cd] [wait]");
    conn_resume(o.conn);
    turns(o.loop);
    assert_log(&o, "<1\n> [1]");
    for (i = 0; i < CONN_BATCH; i++)
        memcpy(lines + 2 * i, "x\n", 3);
    peer_send(&o, lines);
    assert_true(strstr(buf_str(&o.log), "[x] [x]") != NULL);
    buf_reset(&o.log, 0);
    memcpy(lines, "\nwait\n", 6);
    peer_send(&o, lines);
    buf_reset(&o.log, 0);
    peer_send(&o, "\n1\n");
    conn_resume(o.conn);
    turns(o.loop);
    assert_true(!strncmp(buf_str(&o.log), "<x\nx\n", 5));
}

static void test_half_close(void **state)
{
    (void)state;
    owner_open(&o, &owner_full, NULL);
    peer_send(&o, "echo a\necho b");
    peer_half_close(&o);
    assert_log(&o, "[echo a] batch [echo b] batch eof");
    assert_string_equal(peer_read(&o), "a\nb\n"); /* it stays open */
    buf_add_str(conn_out(o.conn), "more\n");
    conn_flush(o.conn);
    assert_string_equal(peer_read(&o), "more\n");
    conn_close(o.conn, "answered %d", 2);
    assert_string_equal(peer_read(&o), " EOF");
    assert_log(&o, "closed: answered 2");
    assert_true(o.freed);
}

static void test_half_close_of_plain(void **state)
{
    (void)state;
    owner_open(&o, &owner_plain, NULL);
    peer_send(&o, "echo a");
    peer_half_close(&o);
    assert_log(&o, "[echo a] closed: the peer closed the connection");
    assert_string_equal(peer_read(&o), "a\n EOF");
    assert_true(o.freed);
}

static void test_too_long(void **state)
{
    static const struct conn_limits limits = {.line = 5};

    (void)state;
    owner_open(&o, &owner_full, &limits);
    peer_send(&o, "12345\r\n1234567\n1\n");
    assert_log(&o, "[12345] too_long [1] batch");
    peer_send(&o, "123456");
    assert_log(&o, "too_long batch");
    peer_send(&o, "789");
    assert_log(&o, "batch");
    peer_send(&o, "0\n2\n");
    assert_log(&o, "[2] batch");
}

static void test_too_long_for_plain(void **state)
{
    static const struct conn_limits limits = {.line = 5};

    (void)state;
    owner_open(&o, &owner_plain, &limits);
    peer_send(&o, "1\n123456\n2\n");
    assert_log(&o, "[1] closed: line too long");
    assert_string_equal(peer_read(&o),
                        "error: 'line too long: at most 5 bytes'\n EOF");
}

static void test_wait(void **state)
{
    (void)state;
    owner_open(&o, &owner_full, NULL);
    peer_send(&o, "wait\n1\n2\n");
    assert_log(&o, "[wait] batch");
    peer_send(&o, "3\n");
    peer_half_close(&o);
    assert_log(&o, "");
    conn_resume(o.conn);
    assert_log(&o, ""); /* not from inside the call */
    turns(o.loop);
    assert_log(&o, "[1] [2] batch [3] batch batch eof");
}

static void test_batch_waits(void **state)
{
    static const struct conn_limits limits = {.line = 100, .lines_a_turn = 2};

    (void)state;
    owner_open(&o, &owner_full, &limits);
    o.batch_waits = true;
    peer_send(&o, "1\n2\n3\n");
    assert_log(&o, "[1] [2] batch");
    conn_resume(o.conn);
    turns(o.loop);
    assert_log(&o, "[3] batch");
}

static void test_wait_at_the_end(void **state)
{
    (void)state;
    owner_open(&o, &owner_full, NULL);
    peer_send(&o, "wait");
    peer_half_close(&o);
    assert_log(&o, "batch [wait] batch");
    conn_resume(o.conn);
    turns(o.loop);
    assert_log(&o, "batch eof");
    conn_resume(o.conn); /* once too often */
    turns(o.loop);
    assert_log(&o, "batch");
}

/* While it waits no more is read than a little: the peer's kernel holds it. */
static void test_wait_stops_reading(void **state)
{
    char flood[4096];
    ssize_t n, sent = 0, before;

    (void)state;
    owner_open(&o, &owner_full, NULL);
    peer_send(&o, "wait\n");
    memset(flood, '\n', sizeof(flood));
    while ((n = send(o.peer, flood, sizeof(flood), MSG_NOSIGNAL)) > 0)
        sent += n;
    turns(o.loop);
    before = sent;
    while ((n = send(o.peer, flood, sizeof(flood), MSG_NOSIGNAL)) > 0)
        sent += n;
    assert_true(sent - before <= 2 * 16384);
    turns(o.loop);
    assert_true(send(o.peer, flood, sizeof(flood), MSG_NOSIGNAL) < 0);
    conn_abort(o.conn, "enough");
    turns(o.loop);
}

static void test_pause(void **state)
{
    (void)state;
    owner_open(&o, &owner_full, NULL);
    conn_pause(o.conn);
    peer_send(&o, "1\n2\n");
    assert_log(&o, "batch"); /* none of them: but it was looked */
    peer_send(&o, "3\n");
    conn_unpause(o.conn);
    turns(o.loop);
    assert_log(&o, "[1] [2] batch [3] batch");
    conn_pause(o.conn);
    peer_send(&o, "wait\n4\n");
    buf_reset(&o.log, 0);
    conn_resume(o.conn); /* of the two only one holds */
    turns(o.loop);
    assert_log(&o, "batch");
    conn_unpause(o.conn);
    turns(o.loop);
    assert_log(&o, "[wait] batch");
}

/* -- output ---------------------------------------------------------------- */

/* Fills what the kernel takes, and from there on the buffer. */
static size_t fill(size_t more)
{
    while (!conn_queued(o.conn)) {
        memset(buf_reserve(conn_out(o.conn), 4096), 'x', 4096);
        conn_out(o.conn)->end += 4096;
        conn_flush(o.conn);
        turns(o.loop);
    }
    buf_consume(conn_out(o.conn), buf_len(conn_out(o.conn)));
    memset(buf_reserve(conn_out(o.conn), more), 'y', more);
    conn_out(o.conn)->end += more;
    conn_flush(o.conn);
    turns(o.loop);
    return conn_queued(o.conn);
}

/* Reads so much of it. */
static void drink(size_t bytes)
{
    static char trash[1 << 16];
    ssize_t n;

    while (bytes &&
           (n = recv(o.peer, trash,
                     bytes < sizeof(trash) ? bytes : sizeof(trash), 0)) > 0)
        bytes -= (size_t)n;
    turns(o.loop);
}

static void test_full_stops_reading(void **state)
{
    (void)state;
    owner_open(&o, &owner_full, NULL);
    fill(999);
    conn_set_output(o.conn, 1000);
    buf_reset(&o.log, 0);
    assert_false(conn_is_full(o.conn));
    peer_send(&o, "flood 1\n1\n2\n"); /* the first of them fills it */
    assert_log(&o, "[flood 1] batch");
    assert_true(conn_is_full(o.conn));
    drink(1 << 22);
    assert_log(&o, "drain [1] [2] batch");
    assert_int_equal(conn_queued(o.conn), 0);
}

static void test_drain_at_half(void **state)
{
    size_t queued;

    (void)state;
    owner_open(&o, &owner_full, NULL);
    queued = fill(400000);
    conn_set_output(o.conn, 400000);
    conn_flush(o.conn);
    assert_true(queued >= 400000);
    buf_reset(&o.log, 0);
    while (conn_queued(o.conn) > 200000) {
        assert_log(&o, "");
        drink(4096);
    }
    assert_log(&o, "drain batch");
    drink(1 << 22);
    assert_log(&o, ""); /* only once */
}

static void test_drain_when_empty(void **state)
{
    (void)state;
    owner_open(&o, &owner_full, NULL);
    conn_drain_when_empty(o.conn); /* it is already */
    turns(o.loop);
    assert_log(&o, "drain batch");
    fill(500);
    buf_reset(&o.log, 0);
    conn_drain_when_empty(o.conn);
    turns(o.loop);
    assert_log(&o, "");
    drink(1 << 22);
    assert_log(&o, "drain batch");
    fill(500);
    drink(1 << 22);
    assert_log(&o, ""); /* it was for once */
}

static void test_no_bound(void **state)
{
    (void)state;
    owner_open(&o, &owner_full, NULL);
    fill(1 << 20);
    buf_reset(&o.log, 0);
    assert_false(conn_is_full(o.conn));
    peer_send(&o, "1\n");
    assert_log(&o, "[1] batch");
}

static void test_errors(void **state)
{
    (void)state;
    owner_open(&o, &owner_full, NULL);
    conn_error(o.conn, "no such service");
    conn_error(o.conn, "short");
    conn_error(o.conn, "%s's", "it\nerror: x");
    conn_error(o.conn, "%s", "");
    assert_string_equal(peer_read(&o), "error: 'no such service'\n"
                                       "error: 'short'\n"
                                       "error: 'it error: x''s'\n"
                                       "error: ''\n");
}

/* What is no line comes as it is, NULs and line ends too; then lines again. */
static void test_bytes(void **state)
{
    (void)state;
    owner_open(&o, &owner_http, NULL);
    peer_send(&o, "bytes 5\na\r\n\nbrest\r\nbytes 3\nx");
    assert_log(&o, "[bytes 5] {a\r\n\nb} [rest] [bytes 3] {x}");
    peer_send(&o, "y");
    assert_log(&o, "{y}");
    peer_send(&o, "zlast");
    assert_log(&o, "{z}");
    peer_send(&o, "\nbytes 4\naw");
    assert_log(&o, "[last] [bytes 4] {aw}");
    peer_send(&o, "bc\n");
    assert_log(&o, "");
    conn_resume(o.conn);
    turns(o.loop);
    assert_log(&o, "{bc} []");
    peer_send(&o, "bytes 9\nx");
    peer_half_close(&o);
    assert_log(&o, "[bytes 9] {x} eof");
}

/* Who waits for an answer is noticed when it hangs up; whoever has sent more
 * already is not: nothing is read then. */
static void test_hangup(void **state)
{
    (void)state;
    owner_open(&o, &owner_http, NULL);
    peer_send(&o, "wait\n");
    assert_log(&o, "[wait]");
    peer_half_close(&o);
    assert_log(&o, "hangup");
    turns(o.loop);
    conn_resume(o.conn);
    turns(o.loop);
    assert_log(&o, "eof");
    owner_end(&o);

    owner_open(&o, &owner_http, NULL);
    peer_send(&o, "wait\nwait\n");
    peer_half_close(&o);
    assert_log(&o, "[wait]");
    conn_resume(o.conn);
    turns(o.loop);
    assert_log(&o, "[wait] hangup");
}

/* Lines that come faster than they have their turns wait in the socket. */
static void test_flood_of_lines(void **state)
{
    static const struct conn_limits few = {.line = 100, .lines_a_turn = 1};
    char *lines = xcalloc(1, 300001);
    ssize_t n;
    int i;

    (void)state;
    owner_open(&o, &owner_plain, &few);
    memset(lines, '\n', 300000);
    for (i = 0; i < 200; i++) {
        n = send(o.peer, lines, 300000, MSG_DONTWAIT);
        event_base_loop(loop_base(o.loop), EVLOOP_NONBLOCK | EVLOOP_ONCE);
        assert_true(line_pending(&o.conn->in) < 150000);
    }
    assert_int_equal(n, -1); /* it has to wait */
    free(lines);
}

int main(int argc, char **argv)
{
#define TEST(fn) cmocka_unit_test_teardown(fn, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_lines),
        TEST(test_lines_a_turn),
        TEST(test_ahead),
        TEST(test_half_close),
        TEST(test_half_close_of_plain),
        TEST(test_too_long),
        TEST(test_too_long_for_plain),
        TEST(test_wait),
        TEST(test_batch_waits),
        TEST(test_wait_at_the_end),
        TEST(test_wait_stops_reading),
        TEST(test_pause),
        TEST(test_full_stops_reading),
        TEST(test_drain_at_half),
        TEST(test_drain_when_empty),
        TEST(test_no_bound),
        TEST(test_errors),
        TEST(test_bytes),
        TEST(test_hangup),
        TEST(test_flood_of_lines),
    };

    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
