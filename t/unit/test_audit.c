/* lib/audit_chain.c, audit_verify.c, audit_body.c: lines and what binds them */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/audit_body.h"
#include "lib/audit_chain.h"
#include "lib/audit_verify.h"
#include "lib/mem.h"

static char broken[4096]; /* "2: text\n" of each break */

static void on_broken(void *arg, const char *file, uint64_t line,
                      const char *text)
{
    size_t len = strlen(broken);

    (void)arg;
    (void)file;
    snprintf(broken + len, sizeof(broken) - len, "%llu: %s\n",
             (unsigned long long)line, text);
}

/* A log of n lines that says 1, 2, 3 ... */
static void make_log(struct buf *out, int n)
{
    struct audit_chain c;
    char body[32];
    int i;

    audit_chain_init(&c);
    for (i = 1; i <= n; i++) {
        snprintf(body, sizeof(body), "\"what\":\"line %d\"", i);
        audit_chain_add(&c, body, strlen(body), out);
    }
}

static bool verify(struct audit_verify *v, const char *text, size_t len,
                   const char *expect)
{
    const char *end = text + len, *lf;
    uint64_t line = 0;
    char *copy;

    broken[0] = '\0';
    audit_verify_init(v);
    v->broken = on_broken;
    v->expect = expect;
    for (; text < end; text = lf ? lf + 1 : end) {
        lf = memchr(text, '\n', (size_t)(end - text));
        len = (size_t)((lf ? lf : end) - text);
        copy = xmemdup0(text, len);
        audit_verify_line(v, "F", ++line, copy, len, lf != NULL);
        free(copy);
    }
    return audit_verify_end(v);
}

/* The n-th line (from 1), with its LF. */
static const char *line_at(const struct buf *log, int n, size_t *len)
{
    const char *p = buf_data(log), *end = p + buf_len(log);

    while (--n)
        p = memchr(p, '\n', (size_t)(end - p)), p++;
    *len = (size_t)((const char *)memchr(p, '\n', (size_t)(end - p)) + 1 - p);
    return p;
}

static void add_line(struct buf *to, const struct buf *log, int n)
{
    size_t len;
    const char *line = line_at(log, n, &len);

    buf_add(to, line, len);
}

static void test_whole(void **state)
{
    struct buf log = BUF_INIT;
    struct audit_verify v;
    char first[] = "{\"seq\":1,\"what\":\"line 1\",\"prev\":\""
                   "00000000000000000000000000000000"
                   "00000000000000000000000000000000\"";
    char hash[AUDIT_HASH_LEN + 1];

    (void)state;
    make_log(&log, 9);
    assert_true(verify(&v, buf_data(&log), buf_len(&log), NULL));
    assert_string_equal(broken, "");
    assert_int_equal(v.lines, 9);
    assert_int_equal(v.first, 1);
    assert_int_equal(v.chain.seq, 9);
    /* a line is what its header says: nothing else is hashed */
    assert_memory_equal(buf_data(&log), first, strlen(first));
    audit_hash(first, strlen(first), hash);
    assert_memory_equal(buf_data(&log) + strlen(first) + strlen(",\"hash\":\""),
                        hash, AUDIT_HASH_LEN);
    audit_hash("abc", 3, hash); /* FIPS 180-2, B.1 */
    assert_string_equal(hash, "ba7816bf8f01cfea414140de5dae2223"
                              "b00361a396177a9cb410ff61f20015ad");
    buf_free(&log);
}

/* Whatever byte is another one, it is noticed. */
static void test_changed(void **state)
{
    struct buf log = BUF_INIT;
    struct audit_verify v;
    size_t i;
    int bit;

    (void)state;
    make_log(&log, 4);
    for (i = 0; i < buf_len(&log); i++) {
        for (bit = 0; bit < 8; bit++) {
            buf_data(&log)[i] ^= (char)(1 << bit);
            if (verify(&v, buf_data(&log), buf_len(&log), NULL))
                fail_msg("bit %d of byte %zu", bit, i);
            buf_data(&log)[i] ^= (char)(1 << bit);
        }
    }
    assert_true(verify(&v, buf_data(&log), buf_len(&log), NULL));
    buf_free(&log);
}

static void test_removed(void **state)
{
    struct buf log = BUF_INIT, bad = BUF_INIT;
    struct audit_verify v;

    (void)state;
    make_log(&log, 6);
    add_line(&bad, &log, 1);
    add_line(&bad, &log, 3);
    add_line(&bad, &log, 6);
    assert_false(verify(&v, buf_data(&bad), buf_len(&bad), NULL));
    assert_string_equal(broken,
                        "2: seq 3 stands behind seq 1: 1 line is missing\n"
                        "3: seq 6 stands behind seq 3: 2 lines are missing\n");
    buf_free(&bad);
    buf_free(&log);
}

static void test_moved(void **state)
{
    struct buf log = BUF_INIT, bad = BUF_INIT;
    struct audit_verify v;

    (void)state;
    make_log(&log, 3);
    add_line(&bad, &log, 1);
    add_line(&bad, &log, 3);
    add_line(&bad, &log, 2);
    assert_false(verify(&v, buf_data(&bad), buf_len(&bad), NULL));
    assert_non_null(strstr(broken, "3: seq 2 stands behind seq 3: lines were"));
    buf_free(&bad);
    add_line(&bad, &log, 1);
    add_line(&bad, &log, 1);
    assert_false(verify(&v, buf_data(&bad), buf_len(&bad), NULL));
    buf_free(&bad);
    buf_free(&log);
}

/* A whole line of another log with the right number. */
static void test_replaced(void **state)
{
    struct buf log = BUF_INIT, bad = BUF_INIT, other = BUF_INIT;
    struct audit_verify v;
    struct audit_chain c;

    (void)state;
    make_log(&log, 4);
    audit_chain_init(&c);
    audit_chain_add(&c, "\"a\":1", 5, &other);
    audit_chain_add(&c, "\"b\":2", 5, &other);
    add_line(&bad, &log, 1);
    add_line(&bad, &other, 2);
    add_line(&bad, &log, 3);
    assert_false(verify(&v, buf_data(&bad), buf_len(&bad), NULL));
    assert_non_null(strstr(broken, "2: seq 2 does not follow the line before"));
    assert_non_null(strstr(broken, "3: seq 3 does not follow the line before"));
    assert_int_equal(v.breaks, 2);
    buf_free(&bad);
    buf_free(&other);
    buf_free(&log);
}

/* Older files are gone: that is known, and no break. */
static void test_begins_late(void **state)
{
    struct buf log = BUF_INIT, part = BUF_INIT;
    struct audit_verify v;

    (void)state;
    make_log(&log, 4);
    add_line(&part, &log, 3);
    add_line(&part, &log, 4);
    assert_true(verify(&v, buf_data(&part), buf_len(&part), NULL));
    assert_int_equal(v.first, 3);
    buf_free(&part);
    buf_free(&log);
}

static void test_expected(void **state)
{
    struct buf log = BUF_INIT;
    struct audit_verify v;
    char hash[AUDIT_HASH_LEN + 1];
    size_t len;

    (void)state;
    make_log(&log, 5);
    assert_true(verify(&v, buf_data(&log), buf_len(&log), NULL));
    memcpy(hash, v.chain.hash, sizeof(hash));
    (void)line_at(&log, 5, &len);
    /* its last line cut off whole: only the hash knows */
    assert_true(verify(&v, buf_data(&log), buf_len(&log) - len, NULL));
    assert_false(verify(&v, buf_data(&log), buf_len(&log) - len, hash));
    assert_true(verify(&v, buf_data(&log), buf_len(&log), hash));
    assert_int_equal(v.after_expected, 0);
    buf_reset(&log, 0);
    make_log(&log, 7);
    assert_true(verify(&v, buf_data(&log), buf_len(&log), hash));
    assert_int_equal(v.after_expected, 2);
    buf_free(&log);
}

/* A line of which a part was written, and what the daemon says of it. */
static void add_torn(struct buf *log, struct audit_chain *c, bool declared)
{
    static const char torn[] = "{\"seq\":2,\"wh";
    char hash[AUDIT_HASH_LEN + 1];
    char *body;

    audit_hash(torn, strlen(torn), hash);
    if (!declared)
        hash[0] = hash[0] == '0' ? '1' : '0';
    body = xasprintf("\"action\":\"torn\",\"torn\":\"%s\"", hash);
    buf_add_str(log, torn);
    buf_add_char(log, '\n');
    audit_chain_add(c, body, strlen(body), log);
    free(body);
}

static void test_torn(void **state)
{
    struct buf log = BUF_INIT;
    struct audit_verify v;
    struct audit_chain c;
    int declared;

    (void)state;
    for (declared = 0; declared < 2; declared++) {
        audit_chain_init(&c);
        audit_chain_add(&c, "\"a\":1", 5, &log);
        add_torn(&log, &c, declared);
        assert_int_equal(verify(&v, buf_data(&log), buf_len(&log), NULL),
                         declared);
        assert_int_equal(v.torn, declared);
        assert_int_equal(v.breaks, !declared);
        buf_reset(&log, 0);
    }
    make_log(&log, 3);
    assert_false(verify(&v, buf_data(&log), buf_len(&log) - 1, NULL));
    assert_non_null(strstr(broken, "3: the log ends in the middle"));
    buf_free(&log);
}

static void test_lost(void **state)
{
    struct buf log = BUF_INIT;
    struct audit_verify v;
    struct audit_chain c;
    const char *lost = "\"time\":\"x\",\"action\":\"lost\",\"lost\":41";

    (void)state;
    audit_chain_init(&c);
    audit_chain_add(&c, lost, strlen(lost), &log);
    audit_chain_add(&c, lost, strlen(lost), &log);
    assert_true(verify(&v, buf_data(&log), buf_len(&log), NULL));
    assert_int_equal(v.lost, 82);
    buf_free(&log);
}

/* -- bodies ---------------------------------------------------------------- */

static const struct timespec when = {.tv_sec = 1732241585,
                                     .tv_nsec = 123456789};

static void test_body(void **state)
{
    struct word attrs[] = {{.text = (char *)"kind", .len = 4},
                           {.text = (char *)"a\"b", .len = 3}};
    struct audit_event e = {.who = "web",
                            .from = "10.0.0.1:99",
                            .face = "new",
                            .action = "register",
                            .what = "x\ny\\\xff\xc3\xa4",
                            .what_len = 7,
                            .attrs = attrs,
                            .attr_count = 2,
                            .revision = 12};
    struct buf out = BUF_INIT;

    (void)state;
    audit_body(&out, &when, &e);
    assert_string_equal(
        buf_str(&out),
        "\"time\":\"2024-11-22T02:13:05.123Z\",\"who\":\"web\","
        "\"from\":\"10.0.0.1:99\",\"face\":\"new\",\"action\":\"register\","
        "\"what\":\"x\\\\x0ay\\\\\\\\\\\\xff\xc3\xa4\","
        "\"attrs\":[\"kind\",\"a\\\"b\"],\"outcome\":\"ok\",\"revision\":12");
    buf_free(&out);
}

/* The worst that there can be fits into a line. */
static void test_body_bounds(void **state)
{
    struct word attrs[AUDIT_NAMES_MAX + 5];
    char text[3000];
    struct audit_event e = {.outcome = AUDIT_REFUSED, .revision = UINT64_MAX};
    struct buf out = BUF_INIT, line = BUF_INIT;
    struct audit_chain c;
    size_t i;

    (void)state;
    memset(text, 1, sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    for (i = 0; i < ARRAY_LEN(attrs); i++)
        attrs[i] = (struct word){.text = text, .len = sizeof(text) - 1};
    e.who = e.from = e.face = e.action = e.what = e.code = e.reason = text;
    e.what_len = sizeof(text) - 1;
    e.op = e.on = text;
    e.attrs = attrs;
    e.attr_count = ARRAY_LEN(attrs);
    audit_body(&out, &when, &e);
    assert_true(buf_len(&out) <= AUDIT_BODY_MAX);
    assert_non_null(strstr(buf_str(&out), "\\\\x01...\""));
    assert_non_null(strstr(buf_str(&out), "\"more_attrs\":5"));
    audit_chain_init(&c);
    c.seq = UINT64_MAX - 1;
    audit_chain_add(&c, buf_data(&out), buf_len(&out), &line);
    assert_true(buf_len(&line) <= AUDIT_LINE_MAX);
    buf_free(&line);
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),       cmocka_unit_test(test_changed),
        cmocka_unit_test(test_removed),     cmocka_unit_test(test_moved),
        cmocka_unit_test(test_replaced),    cmocka_unit_test(test_begins_late),
        cmocka_unit_test(test_expected),    cmocka_unit_test(test_torn),
        cmocka_unit_test(test_lost),        cmocka_unit_test(test_body),
        cmocka_unit_test(test_body_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
