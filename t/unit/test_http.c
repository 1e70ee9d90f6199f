/*
 * The pure parts of HTTP: heads, routes, hosts and sites. What could be taken
 * for two requests is refused, whatever comes is one status or done.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "lib/http_guard.h"
#include "lib/http_head.h"
#include "lib/http_route.h"
#include "lib/mem.h"

#define HEAD_MAX 2000

/* Feeds lines that end in \n (the text has no \r: lib/line.c drops it). */
static int parse(struct http_head *h, const char *text, size_t len)
{
    const char *why = NULL;
    char *copy = xmemdup0(text, len), *line = copy, *lf;
    int status = HTTP_HEAD_MORE;
    bool first = true;

    http_head_init(h, HEAD_MAX);
    for (; status == HTTP_HEAD_MORE && line < copy + len; line = lf + 1) {
        lf = memchr(line, '\n', (size_t)(copy + len - line));
        assert_non_null(lf);
        *lf = '\0';
        status = (first ? http_head_first
                        : http_head_line)(h, line, (size_t)(lf - line), &why);
        first = false;
    }
    if (status != HTTP_HEAD_MORE && status != HTTP_HEAD_DONE)
        assert_non_null(why);
    free(copy);
    return status;
}

static const struct {
    const char *text;
    int status;
} heads[] = {
    {"GET / HTTP/1.1\nHost: a\n\n", HTTP_HEAD_DONE},
    {"GET / HTTP/1.0\n\n", HTTP_HEAD_DONE},
    {"GET / HTTP/1.9\nHost: a\n\n", HTTP_HEAD_DONE},
    {"BREW / HTTP/1.1\nHost: a\n\n", HTTP_HEAD_DONE},
    {"OPTIONS * HTTP/1.1\nHost: a\n\n", HTTP_HEAD_DONE},
    {"GET http://b:80/x?y HTTP/1.1\nHost: a\n\n", HTTP_HEAD_DONE},
    {"GET /\xc3\xa4 HTTP/1.1\nHost: a\nX:\xff\n\n", HTTP_HEAD_DONE},
    {"POST / HTTP/1.1\nHost: a\nContent-Length: 0\n\n", HTTP_HEAD_DONE},
    {"POST / HTTP/1.1\nHost: a\nTransfer-Encoding: CHUNKED\n\n",
     HTTP_HEAD_DONE},
    /* no request line */
    {"\n", 400},
    {"GET\n", 400},
    {"GET /\n", 400},
    {"GET / \n", 400},
    {"GET  / HTTP/1.1\n", 400},
    {"GET / HTTP/1.1 \n", 400},
    {" GET / HTTP/1.1\n", 400},
    {"GET / http/1.1\n", 400},
    {"GET / HTTP/1.11\n", 400},
    {"GET / HTTP/11\n", 400},
    {"GET / HTTP/2.0\n", 505},
    {"GET / HTTP/0.9\n", 505},
    {"PRI * HTTP/2.0\n", 505},
    {"G\xc3T / HTTP/1.1\n", 400},
    {"G(T / HTTP/1.1\n", 400},
    {"GET * HTTP/1.1\n", 400},
    {"GET x HTTP/1.1\n", 400},
    {"GET a.b:80 HTTP/1.1\n", 400},
    {"GET http:///x HTTP/1.1\n", 400},
    {"GET https://a/x HTTP/1.1\n", 400},
    {"GET /a#b HTTP/1.1\n", 400},
    {"GET /a\tb HTTP/1.1\n", 400},
    {"GET /a\x7f HTTP/1.1\n", 400},
    /* Host */
    {"GET / HTTP/1.1\n\n", 400},
    {"GET / HTTP/1.1\nHost: a\nhost: a\n\n", 400},
    /* what smugglers send */
    {"POST / HTTP/1.1\nHost: a\nContent-Length : 3\n", 400},
    {"POST / HTTP/1.1\nHost: a\nContent-Length\t: 3\n", 400},
    {"POST / HTTP/1.1\nHost: a\n Content-Length: 3\n", 400},
    {"POST / HTTP/1.1\nHost: a\nX: y\n\tz\n", 400},
    {"POST / HTTP/1.1\nHost: a\n: 3\n", 400},
    {"POST / HTTP/1.1\nHost: a\nContent-Length\n", 400},
    {"POST / HTTP/1.1\nHost: a\nContent-Length:\n", 400},
    {"POST / HTTP/1.1\nHost: a\nContent-Length: +3\n", 400},
    {"POST / HTTP/1.1\nHost: a\nContent-Length: -3\n", 400},
    {"POST / HTTP/1.1\nHost: a\nContent-Length: 0x3\n", 400},
    {"POST / HTTP/1.1\nHost: a\nContent-Length: 3 3\n", 400},
    {"POST / HTTP/1.1\nHost: a\nContent-Length: 3, 3\n", 400},
    {"POST / HTTP/1.1\nHost: a\nContent-Length: 1e3\n", 400},
    {"POST / HTTP/1.1\nHost: a\nContent-Length: 99999999999999999999\n", 400},
    {"POST / HTTP/1.1\nHost: a\nContent-Length: 3\nContent-Length: 3\n", 400},
    {"POST / HTTP/1.1\nHost: a\nContent-Length: 3\nContent-Length: 4\n", 400},
    {"POST / HTTP/1.1\nHost: a\nContent-Length: 3\nTransfer-Encoding: "
     "chunked\n\n",
     400},
    {"POST / HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\nContent-Length: "
     "3\n\n",
     400},
    {"POST / HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\nTransfer-Encoding: "
     "chunked\n",
     400},
    {"POST / HTTP/1.1\nHost: a\nTransfer-Encoding: xchunked\n", 501},
    {"POST / HTTP/1.1\nHost: a\nTransfer-Encoding: gzip, chunked\n", 501},
    {"POST / HTTP/1.1\nHost: a\nTransfer-Encoding: chunked, identity\n", 501},
    {"POST / HTTP/1.1\nHost: a\nTransfer-Encoding:\n", 501},
    {"POST / HTTP/1.0\nTransfer-Encoding: chunked\n", 400},
    {"POST / HTTP/1.1\nHost: a\nTransfer-Encoding: \x0b"
     "chunked\n",
     400},
    {"GET / HTTP/1.1\nHost: a\nX: a\rb\n", 400},
    {"GET / HTTP/1.1\nHost: a\r\n", 400}, /* a second CR */
    {"GET / HTTP/1.1\nHost: a\nX\xc2\xa0: b\n", 400},
    {"GET / HTTP/1.1\nHost: a\nExpect: 200-ok\n", 417},
};

static void heads_are_refused(void **state)
{
    struct http_head h;
    size_t i;
    int got;

    (void)state;
    for (i = 0; i < ARRAY_LEN(heads); i++) {
        got = parse(&h, heads[i].text, strlen(heads[i].text));
        if (got != heads[i].status)
            fail_msg("%d, not %d: %s", got, heads[i].status, heads[i].text);
        http_head_free(&h);
    }
}

static void nul_and_lengths(void **state)
{
    static const char nul_target[] = "GET /a\0b HTTP/1.1\n";
    static const char nul_value[] = "GET / HTTP/1.1\nHost: a\0b\n";
    static const char nul_name[] = "GET / HTTP/1.1\nHo\0st: a\n";
    static char text[HEAD_MAX + 100];
    struct http_head h;
    int i;

    (void)state;
    assert_int_equal(parse(&h, nul_target, sizeof(nul_target) - 1), 400);
    http_head_free(&h);
    assert_int_equal(parse(&h, nul_value, sizeof(nul_value) - 1), 400);
    http_head_free(&h);
    assert_int_equal(parse(&h, nul_name, sizeof(nul_name) - 1), 400);
    http_head_free(&h);
    memset(text, 'a', sizeof(text));
    memcpy(text, "GET /", 5);
    memcpy(text + HEAD_MAX, " HTTP/1.1\n", 10);
    assert_int_equal(parse(&h, text, HEAD_MAX + 10), 414);
    http_head_free(&h);
    memcpy(text, "GET / HTTP/1.1\nHost: ", 21);
    text[HEAD_MAX] = '\n';
    assert_int_equal(parse(&h, text, HEAD_MAX + 1), 431);
    http_head_free(&h);
    memcpy(text, "GET / HTTP/1.0\n", 15);
    for (i = 0; i <= HTTP_HEADERS_MAX; i++)
        memcpy(text + 15 + 4 * i, "a:b\n", 4);
    assert_int_equal(parse(&h, text, 15 + 4 * HTTP_HEADERS_MAX),
                     HTTP_HEAD_MORE);
    http_head_free(&h);
    assert_int_equal(parse(&h, text, 15 + 4 * (HTTP_HEADERS_MAX + 1)), 431);
    http_head_free(&h);
}

static void assert_keep(const char *text, bool keep)
{
    struct http_head h;

    assert_int_equal(parse(&h, text, strlen(text)), HTTP_HEAD_DONE);
    assert_int_equal(h.keep, keep);
    http_head_free(&h);
}

static void meaning(void **state)
{
    static const char text[] = "PUT http://b:81?q HTTP/1.1\nHost: a\n"
                               "CONTENT-length:  12 \t\nX-Y:\nx-y: 2\n"
                               "Expect: 100-Continue\n\n";
    struct http_head h;

    (void)state;
    assert_int_equal(parse(&h, text, sizeof(text) - 1), 400);
    http_head_free(&h);
    assert_int_equal(parse(&h,
                           "PUT http://b:81 HTTP/1.1\nHost: a\n"
                           "CONTENT-length:  12 \t\nX-Y:\nx-y: 2\n"
                           "Expect: 100-Continue\n\n",
                           strlen(text) - 2),
                     HTTP_HEAD_DONE);
    assert_int_equal(h.method, HTTP_PUT);
    assert_string_equal(http_head_text(&h, h.target), "/");
    assert_string_equal(http_head_text(&h, h.host), "b:81");
    assert_int_equal(h.length, 12);
    assert_true(h.expects);
    assert_string_equal(http_head_get(&h, "x-Y"), "");
    assert_int_equal(http_head_count(&h, "X-Y"), 2);
    assert_null(http_head_get(&h, "x"));
    http_head_free(&h);
    assert_keep("GET / HTTP/1.1\nHost: a\n\n", true);
    assert_keep("GET / HTTP/1.1\nHost: a\nConnection: x, Close\n\n", false);
    assert_keep("GET / HTTP/1.1\nHost: a\nConnection: closed\n\n", true);
    assert_keep("GET / HTTP/1.0\n\n", false);
    assert_keep("GET / HTTP/1.0\nConnection: Keep-Alive\n\n", true);
}

/* -- routes ---------------------------------------------------------------- */

static const struct http_route rows_a[] = {
    {.methods = HTTP_GET, .path = "/metrics"},
    {.methods = HTTP_GET | HTTP_POST, .path = "/v1/tokens"},
    {.methods = HTTP_GET, .path = "/v1/tokens/self"},
    {.methods = HTTP_GET | HTTP_DELETE, .path = "/v1/tokens/:name"},
};
static const struct http_route rows_b[] = {
    {.methods = HTTP_PUT, .path = "/metrics"},
    {.methods = HTTP_GET, .path = "/v1/kv/*key"},
    {.methods = HTTP_GET, .path = "/v1/a/:one/b/:two"},
};
static const struct http_table table_a = {rows_a, ARRAY_LEN(rows_a)};
static const struct http_table table_b = {rows_b, ARRAY_LEN(rows_b)};
static const struct http_table *const tables[] = {&table_a, &table_b};

static const struct {
    unsigned method;
    const char *path;
    const struct http_route *route;
    unsigned allowed;
    const char *params; /* in brackets */
} routes[] = {
    {HTTP_GET, "/metrics", &rows_a[0], HTTP_GET | HTTP_HEAD | HTTP_PUT, ""},
    {HTTP_HEAD, "/metrics", &rows_a[0], HTTP_GET | HTTP_HEAD | HTTP_PUT, ""},
    {HTTP_PUT, "/metrics", &rows_b[0], HTTP_GET | HTTP_HEAD | HTTP_PUT, ""},
    {HTTP_POST, "/metrics", NULL, HTTP_GET | HTTP_HEAD | HTTP_PUT, ""},
    {HTTP_GET, "/metrics/", NULL, 0, ""},
    {HTTP_GET, "/metric", NULL, 0, ""},
    {HTTP_GET, "/", NULL, 0, ""},
    {HTTP_GET, "//metrics", NULL, 0, ""},
    {HTTP_GET, "/v1/tokens/self", &rows_a[2],
     HTTP_GET | HTTP_HEAD | HTTP_DELETE, ""},
    {HTTP_DELETE, "/v1/tokens/self", &rows_a[3],
     HTTP_GET | HTTP_HEAD | HTTP_DELETE, "[self]"},
    {HTTP_GET, "/v1/tokens/a%2Fb", &rows_a[3],
     HTTP_GET | HTTP_HEAD | HTTP_DELETE, "[a%2Fb]"},
    {HTTP_GET, "/v1/tokens/", NULL, 0, ""},
    {HTTP_GET, "/v1/tokens/a/b", NULL, 0, ""},
    {HTTP_GET, "/v1/kv/", &rows_b[1], HTTP_GET | HTTP_HEAD, "[]"},
    {HTTP_GET, "/v1/kv/a/b//c", &rows_b[1], HTTP_GET | HTTP_HEAD, "[a/b//c]"},
    {HTTP_GET, "/v1/kv", NULL, 0, ""},
    {HTTP_GET, "/v1/a/x/b/y", &rows_b[2], HTTP_GET | HTTP_HEAD, "[x][y]"},
    {HTTP_GET, "/v1/a/x/c/y", NULL, 0, ""},
};

static void routes_are_found(void **state)
{
    struct buf params = BUF_INIT;
    struct http_match m;
    size_t i;
    unsigned p;

    (void)state;
    for (i = 0; i < ARRAY_LEN(routes); i++) {
        http_route_find(tables, ARRAY_LEN(tables), routes[i].method,
                        routes[i].path, strlen(routes[i].path), &m);
        /* with a route no more than its own methods need be known */
        if (m.route != routes[i].route || m.allowed & ~routes[i].allowed ||
            (!m.route && m.allowed != routes[i].allowed))
            fail_msg("%s: %s, %#x", routes[i].path,
                     m.route ? m.route->path : "none", m.allowed);
        buf_reset(&params, 100);
        for (p = 0; m.route && p < m.n_params; p++)
            buf_add_fmt(&params, "[%.*s]", (int)m.params[p].len,
                        m.params[p].at);
        assert_string_equal(buf_str(&params), routes[i].params);
    }
    buf_free(&params);
    assert_int_equal(http_route_param(&rows_b[2], "one"), 0);
    assert_int_equal(http_route_param(&rows_b[2], "two"), 1);
    assert_int_equal(http_route_param(&rows_b[2], "tw"), -1);
    assert_int_equal(http_route_param(&rows_b[1], "key"), 0);
    assert_int_equal(http_route_param(&rows_a[0], "key"), -1);
}

static void assert_decoded(const char *text, bool plus, const char *is)
{
    char *copy = xstrdup(text);
    size_t len = strlen(text);
    bool ok = http_decode(copy, &len, plus);

    assert_int_equal(ok, is != NULL);
    if (is) {
        assert_string_equal(copy, is);
        assert_int_equal(len, strlen(is));
    }
    free(copy);
}

static void decoding(void **state)
{
    struct http_query q;
    char text[] = "a=1&b&&c=x%20y+z&=v&a=2&d=%3D&";
    char wrong[] = "a=1&b=%zz";
    char many[2 * HTTP_QUERY_MAX + 3];
    int i;

    (void)state;
    assert_decoded("", false, "");
    assert_decoded("a%2fb%2Fc+", false, "a/b/c+");
    assert_decoded("a+%2B", true, "a +");
    assert_decoded("%ff", false, "\xff");
    assert_decoded("%", false, NULL);
    assert_decoded("a%2", false, NULL);
    assert_decoded("%g0", false, NULL);
    assert_decoded("%0g", false, NULL);
    assert_decoded("a%00b", false, NULL);
    assert_true(http_query_split(&q, text));
    assert_int_equal(q.count, 6);
    assert_string_equal(q.items[0].name, "a");
    assert_string_equal(q.items[0].value, "1");
    assert_string_equal(q.items[1].value, "");
    assert_string_equal(q.items[2].value, "x y z");
    assert_string_equal(q.items[3].name, "");
    assert_string_equal(q.items[5].value, "=");
    assert_false(http_query_split(&q, wrong));
    for (i = 0; i <= HTTP_QUERY_MAX; i++)
        memcpy(many + 2 * i, "a&", 3);
    assert_false(http_query_split(&q, many));
}

/* -- guards ---------------------------------------------------------------- */

static void hosts(void **state)
{
    static const char *const names[] = {"reg.Example.org", "box"};
    static const char *const good[] = {
        "127.0.0.1",  "127.0.0.1:6700",    "10.0.0.1:1",  "[::1]",
        "[::1]:6700", "localhost",         "LOCALHOST:1", "a.localhost",
        "localhost.", "reg.example.org:1", "BOX"};
    static const char *const bad[] = {"",
                                      ":80",
                                      "evil.example.org",
                                      "127.0.0.1.evil.org",
                                      "[::1",
                                      "[::1]x",
                                      "[evil.org]:80",
                                      "xlocalhost",
                                      "localhost.evil.org",
                                      "box:8x",
                                      "box:80:80",
                                      "1.2.3",
                                      "[]",
                                      "a@127.0.0.1",
                                      "127.0.0.1/",
                                      "box,evil"};
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_LEN(good); i++)
        if (!http_host_ok(good[i], names, ARRAY_LEN(names)))
            fail_msg("refused: %s", good[i]);
    for (i = 0; i < ARRAY_LEN(bad); i++)
        if (http_host_ok(bad[i], names, ARRAY_LEN(names)))
            fail_msg("taken: %s", bad[i]);
}

static bool same_site(const char *headers)
{
    struct http_head h;
    char *text = xasprintf("POST / HTTP/1.1\nHost: box:6700\n%s\n", headers);
    bool same;

    assert_int_equal(parse(&h, text, strlen(text)), HTTP_HEAD_DONE);
    same = http_same_site(&h);
    http_head_free(&h);
    free(text);
    return same;
}

static void sites(void **state)
{
    (void)state;
    assert_true(same_site(""));
    assert_true(same_site("Origin: http://box:6700\n"));
    assert_true(same_site("Origin: https://BOX:6700\n"));
    assert_true(same_site("Sec-Fetch-Site: same-origin\n"));
    assert_true(same_site("Sec-Fetch-Site: none\n"));
    assert_false(same_site("Origin: null\n"));
    assert_false(same_site("Origin: http://box\n"));
    assert_false(same_site("Origin: http://evil.org\n"));
    assert_false(same_site("Origin: http://box:6700.evil.org\n"));
    assert_false(same_site("Origin: http://box:6700\nOrigin: http://e.org\n"));
    assert_false(same_site("Sec-Fetch-Site: cross-site\n"));
    assert_false(same_site("Sec-Fetch-Site: same-site\n"));
    assert_false(same_site("Sec-Fetch-Site: cross-site\n"
                           "Origin: http://box:6700\n"));
}

/* The token, "none" or "wrong". */
static void assert_token(const char *headers, const char *is)
{
    struct http_head h;
    char *text = xasprintf("GET / HTTP/1.0\n%s\n", headers);
    const char *token;
    bool ok;

    assert_int_equal(parse(&h, text, strlen(text)), HTTP_HEAD_DONE);
    ok = http_token_find(&h, &token);
    assert_string_equal(!ok ? "wrong" : token ? token : "none", is);
    http_token_forget(&h);
    assert_false(strstr(headers, "a.b") &&
                 memmem(buf_data(&h.text), buf_len(&h.text), "a.b", 3));
    http_head_free(&h);
    free(text);
}

static void assert_line(const char *text, bool forgotten)
{
    char *line = xstrdup(text);
    size_t len = strlen(text);

    http_line_forget(line, len);
    assert_int_equal(memcmp(line, text, len) != 0, forgotten);
    free(line);
}

static void lines_forgotten(void **state)
{
    (void)state;
    assert_line("Authorization: Bearer a.b", true);
    assert_line("x-consul-TOKEN:a.b", true);
    assert_line("Authorization", false);
    assert_line("Host: authorization:", false);
    assert_line(": a.b", false);
    assert_line("", false);
}

static void tokens_and_types(void **state)
{
    struct http_head h;

    (void)state;
    assert_token("", "none");
    assert_token("Authorization: Bearer a.b\n", "a.b");
    assert_token("Authorization: bearer   a.b\n", "a.b");
    assert_token("X-Consul-Token: a.b\n", "a.b");
    assert_token("X-Consul-Token:\n", "none");
    assert_token("Authorization: Bearer a\nX-Consul-Token: a\n", "a");
    assert_token("Authorization: Bearer a\nX-Consul-Token: b\n", "wrong");
    assert_token("Authorization: Basic a\n", "wrong");
    assert_token("Authorization: Bearer\n", "wrong");
    assert_token("Authorization: Bearer a\nAuthorization: Bearer a\n", "wrong");
    assert_token("X-Consul-Token: a\nX-Consul-Token: a\n", "wrong");
    parse(&h, "GET / HTTP/1.0\nContent-Type: Application/JSON; x=y\n\n", 51);
    assert_true(http_type_is(&h, "application/json"));
    assert_false(http_type_is(&h, "application/js"));
    assert_false(http_type_is(&h, "text/plain"));
    http_head_free(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads_are_refused),
        cmocka_unit_test(nul_and_lengths),
        cmocka_unit_test(meaning),
        cmocka_unit_test(routes_are_found),
        cmocka_unit_test(decoding),
        cmocka_unit_test(hosts),
        cmocka_unit_test(sites),
        cmocka_unit_test(lines_forgotten),
        cmocka_unit_test(tokens_and_types),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
