/*
 * Connections over TLS: the same as plain ones to their owner, whatever the
 * pieces that bytes come in; and the ends that only TLS has.
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
#include <event2/event.h>

#include "lib/conn_impl.h"
#include "lib/mem.h"
#include "t/unit/conn_util.h"
#include "t/unit/tls_util.h"

static struct tls *tls;
static struct owner o;
static struct tls_peer p;

static void serve(enum tls_client client)
{
    struct tls_options options = {.cert = certs_path("server.pem"),
                                  .key = certs_path("server.key"),
                                  .ca = certs_path("ca.pem"),
                                  .client = client};
    char *error = NULL;

    tls = tls_new(&options, &error);
    if (!tls)
        fail_msg("%s", error);
}

/* Both ends; no byte has gone yet. */
static void both(const struct conn_handler *handler,
                 const struct conn_limits *limits, struct pace *pace)
{
    owner_open(&o, handler, limits);
    conn_start_tls(o.conn, tls_accept(tls, o.conn->fd), pace);
    peer_begin(&p, o.loop, o.peer, NULL);
}

static void done(void)
{
    peer_end(&p);
    o.peer = -1;
    owner_end(&o);
    tls_free(tls);
    tls = NULL;
}

static void assert_got(const char *text)
{
    assert_string_equal(buf_str(&p.got), text);
    buf_reset(&p.got, 1000);
}

/* -- as it should be ------------------------------------------------------- */

/* Every byte by itself, both ways, from the first of the handshake on. */
static void test_dribble(void **state)
{
    (void)state;
    serve(TLS_CLIENT_OFF);
    both(&owner_full, NULL, NULL);
    p.step = 1;
    peer_pump(&p);
    assert_true(SSL_is_init_finished(p.ssl));
    assert_true(conn_is_secure(o.conn));
    assert_log(&o, "secured");
    peer_say(&p, "echo one\necho two\n");
    peer_pump(&p);
    assert_log(&o, "[echo one] [echo two] batch");
    assert_got("one\ntwo\n");
    peer_say(&p, "no end");
    SSL_shutdown(p.ssl);
    peer_pump(&p);
    assert_log(&o, "batch [no end] batch eof");
    assert_true(conn_is_eof(o.conn));
    done();
}

/* The peer has ended its side; ours goes on, and ends with a close_notify. */
static void test_half_close(void **state)
{
    (void)state;
    serve(TLS_CLIENT_OFF);
    both(&owner_full, NULL, NULL);
    peer_pump(&p);
    SSL_shutdown(p.ssl);
    peer_pump(&p);
    assert_log(&o, "secured batch eof");
    buf_add_str(conn_out(o.conn), "still here\n");
    conn_flush(o.conn);
    peer_pump(&p);
    assert_got("still here\n");
    assert_false(p.eof);
    buf_add_str(conn_out(o.conn), "last\n");
    conn_close(o.conn, "done");
    peer_pump(&p);
    assert_got("last\n");
    assert_true(p.eof);
    assert_log(&o, "closed: done");
    done();
}

/* What came in one piece with more than one turn takes, or while nothing is
 * taken, is not forgotten inside of OpenSSL. */
static void test_held(void **state)
{
    static const struct conn_limits few = {.line = 100, .lines_a_turn = 1};
    int i;

    (void)state;
    serve(TLS_CLIENT_OFF);
    both(&owner_plain, &few, NULL);
    peer_pump(&p);
    assert_log(&o, "secured");
    for (i = 0; i < 5; i++)
        peer_say(&p, "a\nb\n"); /* five records */
    peer_say(&p, "wait\n");
    for (i = 0; i < 5; i++)
        peer_say(&p, "c\n");
    peer_push(&p);
    turns(o.loop);
    assert_log(&o, "[a] [b] [a] [b] [a] [b] [a] [b] [a] [b] [wait]");
    conn_resume(o.conn);
    turns(o.loop);
    assert_log(&o, "[c] [c] [c] [c] [c]");
    conn_pause(o.conn);
    peer_say(&p, "d\n");
    peer_say(&p, "e\n");
    peer_push(&p);
    turns(o.loop);
    assert_log(&o, "");
    conn_unpause(o.conn);
    turns(o.loop);
    assert_log(&o, "[d] [e]");
    done();
}

/* A reader that is slow, and asks for new keys while a record to it is half
 * written. */
static void test_key_update(void **state)
{
    int i;

    (void)state;
    serve(TLS_CLIENT_OFF);
    both(&owner_plain, NULL, NULL);
    i = 4096;
    setsockopt(o.conn->fd, SOL_SOCKET, SO_SNDBUF, &i, sizeof(i));
    peer_pump(&p);
    assert_log(&o, "secured");
    p.window = 1; /* reads one piece, and stops */
    for (i = 0; i < 6; i++) {
        peer_say(&p, "flood 300000\n");
        peer_pump(&p);
        if (!o.conn)
            fail_msg("%d: %s", i, buf_str(&o.log));
        assert_true(conn_queued(o.conn) > 100000);
        assert_int_equal(
            SSL_key_update(p.ssl, i % 2 ? SSL_KEY_UPDATE_REQUESTED
                                        : SSL_KEY_UPDATE_NOT_REQUESTED),
            1);
        peer_say(&p, "x\n");
        peer_pump(&p);
    }
    p.window = 0;
    peer_pump(&p);
    assert_false(p.failed);
    assert_int_equal(buf_len(&p.got), 6 * 300000);
    assert_int_equal(conn_queued(o.conn), 0);
    buf_reset(&p.got, 0);
    peer_say(&p, "echo fine\n");
    peer_pump(&p);
    assert_got("fine\n");
    done();
}

/* Nothing but new keys, more than one turn may take. */
static void test_keys_only(void **state)
{
    unsigned i, turns_taken = 0;

    (void)state;
    serve(TLS_CLIENT_OFF);
    both(&owner_plain, NULL, NULL);
    i = 1 << 20;
    setsockopt(p.fd, SOL_SOCKET, SO_SNDBUF, &i, sizeof(i));
    peer_pump(&p);
    assert_log(&o, "secured");
    for (i = 0; i < 4000; i++) {
        SSL_key_update(p.ssl, SSL_KEY_UPDATE_NOT_REQUESTED);
        SSL_do_handshake(p.ssl);
    }
    peer_say(&p, "echo at last\n");
    peer_push(&p);
    while (o.conn && !buf_len(&o.log) && turns_taken++ < 1000)
        event_base_loop(loop_base(o.loop), EVLOOP_NONBLOCK | EVLOOP_ONCE);
    assert_true(turns_taken > 1);
    turns(o.loop);
    if (o.conn)
        assert_log(&o, "[echo at last]");
    else
        assert_log(&o, "closed: TLS: too many key updates");
    done();
}

/* Names of the peer's certificate; none without one. */
static void test_certificate(void **state)
{
    (void)state;
    serve(TLS_CLIENT_OPTIONAL);
    both(&owner_plain, NULL, NULL);
    peer_pump(&p);
    assert_log(&o, "secured");
    assert_null(conn_peer_name(o.conn, 0));
    peer_end(&p);
    o.peer = -1;
    owner_end(&o);
    owner_open(&o, &owner_plain, NULL);
    conn_start_tls(o.conn, tls_accept(tls, o.conn->fd), NULL);
    peer_begin(&p, o.loop, o.peer, "client");
    peer_pump(&p);
    assert_log(&o, "secured");
    assert_string_equal(conn_peer_name(o.conn, 0), "client");
    assert_string_equal(conn_peer_name(o.conn, 1), "localhost");
    assert_null(conn_peer_name(o.conn, 2));
    assert_null(conn_peer_name(o.conn, 99));
    done();
}

static void test_old_version(void **state)
{
    (void)state;
    serve(TLS_CLIENT_OFF);
    both(&owner_plain, NULL, NULL);
    SSL_set_max_proto_version(p.ssl, TLS1_2_VERSION);
    peer_pump(&p);
    assert_log(&o, "secured");
    peer_say(&p, "echo 1.2\n");
    peer_pump(&p);
    assert_got("1.2\n");
    /* a peer that would renegotiate is not let */
    SSL_clear_options(p.ssl, SSL_OP_NO_RENEGOTIATION);
    assert_int_equal(SSL_renegotiate(p.ssl), 1);
    SSL_do_handshake(p.ssl);
    peer_pump(&p);
    assert_true(p.failed);
    done();
}

/* -- as it should not ------------------------------------------------------ */

/* A line that was cut off is no line. */
static void test_truncated(void **state)
{
    (void)state;
    serve(TLS_CLIENT_OFF);
    both(&owner_full, NULL, NULL);
    peer_pump(&p);
    peer_say(&p, "whole\nremove all of th");
    peer_pump(&p);
    assert_log(&o, "secured [whole] batch");
    close(p.fd);
    p.fd = -1;
    turns(o.loop);
    assert_log(&o, "closed: the connection was cut off (no close_notify)");
    done();
}

static void test_foreign_bytes(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *reason;
    } cases[] = {
        {"kind web\n", 9, "closed: plain text came to a port of TLS"},
        {"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00\x00\x00\x00", 13,
         "closed: TLS: "},
        {"\x16\x03\x01\xff\xff", 5, "closed: TLS: "},
        {"\x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00\x10\x00\x00\x00\x00", 15,
         ""},
        {"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 12, "closed: "},
        {"\xff", 1, ""},
    };
    size_t i;

    (void)state;
    serve(TLS_CLIENT_OFF);
    for (i = 0; i < ARRAY_LEN(cases); i++) {
        if (i) {
            peer_end(&p);
            o.peer = -1;
            owner_end(&o);
        }
        both(&owner_full, NULL, NULL);
        assert_int_equal(send(p.fd, cases[i].bytes, cases[i].len, 0),
                         cases[i].len);
        turns(o.loop);
        if (strncmp(buf_str(&o.log), cases[i].reason,
                    strlen(cases[i].reason)) != 0)
            fail_msg("%zu: %s", i, buf_str(&o.log));
    }
    done();
}

/* Who speaks plain text can read why that is no good. */
static void test_plain_text(void **state)
{
    char text[200];
    ssize_t n;

    (void)state;
    serve(TLS_CLIENT_OFF);
    both(&owner_full, NULL, NULL);
    assert_int_equal(send(p.fd, "x", 1, 0), 1);
    turns(o.loop);
    n = recv(p.fd, text, sizeof(text) - 1, 0);
    assert_true(n > 0);
    text[n] = '\0';
    assert_string_equal(
        text, "error: 'this port speaks TLS: dial it as tls!HOST!PORT'\n");
    assert_int_equal(recv(p.fd, text, 1, 0), 0);
    done();
}

/* Garbage after a good beginning: whatever came before it stands. */
static void test_bad_record(void **state)
{
    (void)state;
    serve(TLS_CLIENT_OFF);
    both(&owner_plain, NULL, NULL);
    peer_pump(&p);
    peer_say(&p, "fine\n");
    peer_pump(&p);
    assert_log(&o, "secured [fine]");
    send(p.fd, "\x17\x03\x03\x00\x20nothing that was ever encrypted.", 37, 0);
    turns(o.loop);
    assert_true(strstr(buf_str(&o.log), "closed: TLS: ") != NULL);
    done();
}

static void test_no_certificate(void **state)
{
    (void)state;
    serve(TLS_CLIENT_REQUIRED);
    both(&owner_plain, NULL, NULL);
    peer_pump(&p);
    assert_log(&o, "closed: the client has shown no certificate, which "
                   "tls.client asks for");
    assert_true(p.failed);
    done();
}

static void test_timeout(void **state)
{
    static const struct conn_limits limits = {
        .line = 100, .greet_ms = 3000, .first_ms = 5000};

    (void)state;
    serve(TLS_CLIENT_OFF);
    both(&owner_full, &limits, NULL);
    send(p.fd, "\x16", 1, 0);
    time_passes(o.loop, 2999);
    assert_log(&o, "");
    time_passes(o.loop, 1);
    assert_log(&o, "closed: no handshake of TLS in time");
    assert_true(o.freed);
    peer_end(&p);
    o.peer = -1;
    owner_end(&o);
    /* and the first line has its own time, from the handshake on */
    both(&owner_full, &limits, NULL);
    time_passes(o.loop, 2900);
    peer_pump(&p);
    time_passes(o.loop, 4999);
    assert_log(&o, "secured");
    time_passes(o.loop, 1);
    assert_log(&o, "timeout");
    done();
}

/* So many steps in a turn; the others have theirs later. */
static void test_pace(void **state)
{
    struct pace pace;
    int i;

    (void)state;
    serve(TLS_CLIENT_OFF);
    both(&owner_plain, NULL, NULL);
    pace_init(&pace, o.loop, 1);
    o.conn->pace = &pace;
    for (i = 0; i < 3; i++)
        assert_int_equal(pace_take(&pace), i == 0);
    SSL_do_handshake(p.ssl);
    peer_push(&p);
    assert_true(conn_greets_idly(o.conn));
    conn_greet(o.conn);
    assert_false(conn_greets_idly(o.conn));
    peer_pump(&p);
    assert_log(&o, "secured");
    assert_false(conn_greets_idly(o.conn));
    pace_end(&pace);
    done();
}

/* Ended from outside before it has begun: nothing of it goes out. */
static void test_ended_early(void **state)
{
    (void)state;
    serve(TLS_CLIENT_OFF);
    both(&owner_plain, NULL, NULL);
    conn_error(o.conn, "not in plain text");
    conn_close(o.conn, "early");
    turns(o.loop);
    assert_log(&o, "closed: early");
    peer_pump(&p);
    assert_true(p.cut);
    assert_int_equal(BIO_pending(p.in), 0);
    done();
}

/* It is freed with its loop in the middle of things. */
static void test_freed(void **state)
{
    (void)state;
    serve(TLS_CLIENT_OFF);
    both(&owner_plain, NULL, NULL);
    SSL_do_handshake(p.ssl);
    peer_push(&p);
    turns(o.loop);
    done();
    serve(TLS_CLIENT_OFF);
    both(&owner_plain, NULL, NULL);
    peer_pump(&p);
    buf_add_str(conn_out(o.conn), "last words\n");
    conn_free_now(o.conn);
    o.conn = NULL;
    peer_pump(&p);
    assert_got("last words\n");
    assert_true(p.eof);
    done();
}

static int setup(void **state)
{
    (void)state;
    certs_begin();
    certs_issue("server", 30);
    certs_issue("client", 30);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    certs_end();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dribble),
        cmocka_unit_test(test_half_close),
        cmocka_unit_test(test_held),
        cmocka_unit_test(test_key_update),
        cmocka_unit_test(test_keys_only),
        cmocka_unit_test(test_certificate),
        cmocka_unit_test(test_old_version),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_foreign_bytes),
        cmocka_unit_test(test_plain_text),
        cmocka_unit_test(test_bad_record),
        cmocka_unit_test(test_no_certificate),
        cmocka_unit_test(test_timeout),
        cmocka_unit_test(test_pace),
        cmocka_unit_test(test_ended_early),
        cmocka_unit_test(test_freed),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
