/*
 * What a check does, as a line and back; URLs and where they lead; answers of
 * HTTP servers, in whatever pieces they come.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/mem.h"
#include "server/probe.h"
#include "server/probe_answer.h"
#include "server/probe_url.h"

/* -- specs ----------------------------------------------------------------- */

/* Reads the line, and it must be written the same. */
static struct probe_spec read_back(const char *line)
{
    struct probe_spec s;
    struct buf b = BUF_INIT;

    assert_null(probe_spec_read(&s, line, strlen(line)));
    probe_spec_write(&s, &b);
    assert_string_equal(buf_str(&b), line);
    buf_free(&b);
    return s;
}

static void test_lines(void **state)
{
    struct probe_spec s;

    (void)state;
    s = read_back("probe ttl ttl 40");
    assert_int_equal(s.method, PROBE_TTL);
    assert_int_equal(s.ttl_ms, 40);
    probe_spec_free(&s);
    s = read_back("probe http interval 10000 timeout 2000 fails 3 warns 2 "
                  "passes 2 insecure 1 target https://h:1/x?y verb POST "
                  "header X-A value 'it''s' header B value ''");
    assert_int_equal(s.interval_ms, 10000);
    assert_int_equal(s.fails, 3);
    assert_int_equal(s.warns, 2);
    assert_int_equal(s.passes, 2);
    assert_true(s.insecure);
    assert_int_equal(s.header_count, 2);
    assert_string_equal(s.headers[0].value, "it's");
    assert_string_equal(s.headers[1].value, "");
    probe_spec_free(&s);
    s = read_back("probe tcp interval 1000 reap 60000 target [::1]:80");
    assert_int_equal(s.reap_ms, 60000);
    probe_spec_free(&s);
    s = read_back("probe script interval 1000 arg sh arg -c arg: "
                  "ZWNobyBhCmVjaG8gYg==");
    assert_int_equal(s.arg_count, 3);
    assert_string_equal(s.args[2], "echo a\necho b");
    assert_null(s.args[3]);
    probe_spec_free(&s);
}

static void test_no_lines(void **state)
{
    static const char *const lines[] = {
        "",
        "probe",
        "probe ping interval 1000 target x",
        "interval 1000 probe ttl ttl 1",
        "probe ttl",
        "probe ttl ttl 0",
        "probe ttl ttl -1",
        "probe ttl ttl 1 x",
        "probe ttl ttl 1 unknown 1",
        "probe http target http://h/",
        "probe http interval 1000",
        "probe http interval 1000 target ftp://h/",
        "probe http interval 1000 target 'http://h/a b'",
        "probe http interval 1000 target http://h/ verb 'GET /'",
        "probe http interval 1000 target http://h/ header 'A:' value b",
        "probe http interval 1000 target http://h/ value b",
        "probe http interval 1000 target http://h/ header A value: DQpC",
        "probe tcp interval 1000 target h",
        "probe tcp interval 1000 target h:0",
        "probe tcp interval 1000 target off",
        "probe tcp interval 1000 target unix!/x",
        "probe script interval 1000",
        "probe script interval 1000 arg ''",
        "probe script interval 1000 arg: AGE=",
        "probe tcp interval 1000 target h:1 fails 1001",
        "probe tcp interval 1000 target h:1 fails 2 warns 3",
        "probe 'tcp",
    };
    struct probe_spec s;
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_LEN(lines); i++) {
        const char *why = probe_spec_read(&s, lines[i], strlen(lines[i]));

        if (!why)
            fail_msg("taken: %s", lines[i]);
        assert_null(s.target);
        assert_int_equal(s.arg_count, 0);
    }
}

static void test_bounds(void **state)
{
    struct probe_spec s;
    const char *line = "probe tcp interval 10 timeout 0 reap 1 target h:1";

    (void)state;
    assert_null(probe_spec_read(&s, line, strlen(line)));
    assert_int_equal(s.interval_ms, 1000);
    assert_int_equal(s.reap_ms, 60000);
    assert_int_equal(probe_timeout_ms(&s), 1000);
    s.interval_ms = 60000;
    assert_int_equal(probe_timeout_ms(&s), 10000);
    s.timeout_ms = 30000;
    assert_int_equal(probe_timeout_ms(&s), 30000);
    s.timeout_ms = 70000; /* not shorter than the interval: it does not count */
    assert_int_equal(probe_timeout_ms(&s), 10000);
    probe_spec_free(&s);
    line = "probe script interval 1000 arg x";
    assert_null(probe_spec_read(&s, line, strlen(line)));
    assert_int_equal(probe_timeout_ms(&s), 30000);
    probe_spec_free(&s);
}

/* -- URLs ------------------------------------------------------------------ */

static void assert_url(const char *text, bool tls, const char *host,
                       unsigned port, const char *target)
{
    struct probe_url u;

    assert_null(probe_url_parse(&u, text, strlen(text)));
    assert_int_equal(u.tls, tls);
    assert_string_equal(u.host, host);
    assert_int_equal(u.port, port);
    assert_int_equal(u.target_len, strlen(target));
    assert_memory_equal(u.target, target, u.target_len);
}

static void test_urls(void **state)
{
    static const char *const wrong[] = {
        "",           "http://",     "http:///x",     "http://h:x/",
        "http://h:0", "http://[::1", "http://[::1]x", "http://h:65536/",
        "h:80",       "http://h\n/", "http://u@/",    "gopher://h/",
    };
    struct probe_url u;
    size_t i;

    (void)state;
    assert_url("http://127.0.0.1:8500/v1/x?y=1#z", false, "127.0.0.1", 8500,
               "/v1/x?y=1");
    assert_url("HTTPS://h", true, "h", 443, "");
    assert_url("http://[fe80::1]/", false, "fe80::1", 80, "/");
    assert_url("http://[::1]:81?q", false, "::1", 81, "?q");
    assert_url("http://me:se@cret@h:9/p@q", false, "h", 9, "/p@q");
    for (i = 0; i < ARRAY_LEN(wrong); i++)
        assert_non_null(probe_url_parse(&u, wrong[i], strlen(wrong[i])));
    assert_null(probe_url_parse(&u, "http://me:pw@h/", 15));
    assert_int_equal(u.user_len, 5);
    assert_memory_equal(u.user, "me:pw", 5);
}

static void test_joined(void **state)
{
    static const struct {
        const char *base, *location, *leads;
    } rows[] = {
        {"http://h:1/a/b?c/d", "http://o/", "http://o/"},
        {"http://h:1/a/b?c/d", "//o:2/x", "http://o:2/x"},
        {"https://h:1/a/b", "/x", "https://h:1/x"},
        {"http://h:1/a/b?c/d", "x", "http://h:1/a/x"},
        {"http://h", "x", "http://h/x"},
        {"http://h/", "", "http://h/"},
        {"http://h/", "a b", NULL},
        {"http://h/", "//", NULL},
    };
    struct probe_url u;
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_LEN(rows); i++) {
        char *text;

        assert_null(probe_url_parse(&u, rows[i].base, strlen(rows[i].base)));
        text = probe_url_join(&u, rows[i].location, strlen(rows[i].location));
        if (rows[i].leads)
            assert_string_equal(text, rows[i].leads);
        else
            assert_null(text);
        free(text);
    }
}

/* -- answers --------------------------------------------------------------- */

#define HEAD "HTTP/1.1 200 OK\r\n"

static const struct {
    const char *text;
    bool needs_end; /* its end says that it is whole */
    unsigned status;
    const char *body;
} answers[] = {
    {HEAD "Content-Length: 3\r\n\r\nabc", false, 200, "abc"},
    {HEAD "content-length:3 \n\nabcdef", false, 200, "abc"},
    {HEAD "\r\nall that comes", true, 200, "all that comes"},
    {"HTTP/1.0 503 Not now\r\n\r\n", true, 503, ""},
    {"HTTP/1.1 429\r\nContent-Length: 0\r\n\r\n", false, 429, ""},
    {"HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\n", false, 204, ""},
    {"HTTP/1.1 100 Go on\r\n\r\nHTTP/1.1 404 Gone\r\nContent-Length: 1\r\n\r\n"
     "x",
     false, 404, "x"},
    {HEAD "Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\nA\r\n0123456789"
          "\r\n0\r\n\r\n",
     false, 200, "abc0123456789"},
    {HEAD "Content-Length: 100\r\n\r\n0123456789abcdef0123456789abcdef!", false,
     200, "0123456789abcdef0123456789abcdef"}, /* 32 are enough */
};

static void test_answers(void **state)
{
    struct probe_answer a;
    size_t i, step, at, len;
    bool over;

    (void)state;
    for (i = 0; i < ARRAY_LEN(answers); i++)
        for (step = 1; step < 40; step += 6) {
            probe_answer_init(&a, 32, false);
            len = strlen(answers[i].text);
            over = false;
            for (at = 0; at < len && !over; at += step)
                over = probe_answer_feed(&a, answers[i].text + at,
                                         len - at < step ? len - at : step);
            assert_int_equal(over, !answers[i].needs_end);
            assert_true(probe_answer_end(&a));
            assert_int_equal(a.status, answers[i].status);
            assert_int_equal(buf_len(&a.body), strlen(answers[i].body));
            assert_string_equal(buf_str(&a.body), answers[i].body);
            probe_answer_free(&a);
        }
}

static void test_no_answers(void **state)
{
    static const char *const texts[] = {
        "",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "HTTP/2 200\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 20",
        HEAD "Content-Length: 3\r\n\r\nab",
        HEAD "Content-Length: -3\r\n\r\n",
        HEAD "Content-Length: 3x\r\n\r\n",
        HEAD "Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
        HEAD "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    };
    struct probe_answer a;
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_LEN(texts); i++) {
        probe_answer_init(&a, 32, false);
        probe_answer_feed(&a, texts[i], strlen(texts[i]));
        if (probe_answer_end(&a))
            fail_msg("an answer: %s", texts[i]);
        probe_answer_free(&a);
    }
}

static void test_answer_without_end(void **state)
{
    struct probe_answer a;
    char line[1000];
    int i;

    (void)state;
    memset(line, 'x', sizeof(line));
    probe_answer_init(&a, 32, false);
    assert_false(probe_answer_feed(&a, HEAD, strlen(HEAD)));
    for (i = 0; i < 9 && !probe_answer_feed(&a, line, sizeof(line)); i++)
        ;
    assert_int_equal(a.part, ANSWER_BROKEN); /* a line over 8 KiB */
    probe_answer_free(&a);
    memcpy(line, "A: b\r\n", 6);
    probe_answer_init(&a, 32, false);
    assert_false(probe_answer_feed(&a, HEAD, strlen(HEAD)));
    for (i = 0; i < 20000 && !probe_answer_feed(&a, line, 6); i++)
        ;
    assert_int_equal(a.part, ANSWER_BROKEN); /* 64 KiB of headers */
    probe_answer_free(&a);
}

static void test_location(void **state)
{
    static const char text[] =
        "HTTP/1.1 301 Moved\r\nLocation: /ui/ \r\nContent-Length: 0\r\n\r\n";
    struct probe_answer a;

    (void)state;
    probe_answer_init(&a, 32, true);
    assert_true(probe_answer_feed(&a, text, strlen(text)));
    assert_string_equal(a.location, "/ui/");
    probe_answer_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_no_lines),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_urls),
        cmocka_unit_test(test_joined),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_no_answers),
        cmocka_unit_test(test_answer_without_end),
        cmocka_unit_test(test_location),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
