/* The parser of answer lines: client/reply.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "client/reply.h"
#include "lib/mem.h"

static struct reply_parser parser;
static char *line_copy;

/* The line in memory of exactly its size, for the sanitizer. */
static enum reply_kind parse_bytes(reply_parse_fn *parse, const char *line,
                                   size_t len, struct reply *r)
{
    free(line_copy);
    line_copy = xmemdup0(line, len);
    parse(&parser, line_copy, len, r);
    return r->kind;
}

static enum reply_kind parse(reply_parse_fn *fn, const char *line,
                             struct reply *r)
{
    return parse_bytes(fn, line, strlen(line), r);
}

static void new_answers(void **state)
{
    struct reply r;

    (void)state;
    assert_int_equal(parse(reply_parse_new, "ok 17", &r), REPLY_OK);
    assert_int_equal(r.number, 17);
    assert_int_equal(parse(reply_parse_new, "error: 'no way'", &r),
                     REPLY_ERROR);
    assert_string_equal(r.text, "no way");
    assert_int_equal(parse(reply_parse_new, "ok 18446744073709551615", &r),
                     REPLY_OK);
    assert_true(r.number == UINT64_MAX);
}

static void new_answers_bad(void **state)
{
    static const char *const lines[] = {
        "",         "ok",     "ok 1 2",       "ok x",
        "ok -1",    "ok ''",  "OK 1",         "error: a b",
        "ok 'open", "error:", "error: 'open", "ok 18446744073709551616",
    };
    struct reply r;
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_LEN(lines); i++) {
        assert_int_equal(parse(reply_parse_new, lines[i], &r), REPLY_BAD);
        assert_non_null(r.text);
    }
}

static void find_answers(void **state)
{
    struct reply r;

    (void)state;
    assert_int_equal(
        parse(reply_parse_find, "tcp!h!80 kind web note 'it''s' e ''", &r),
        REPLY_SERVICE);
    assert_string_equal(r.service.name, "tcp!h!80");
    assert_int_equal(r.service.attr_count, 3);
    assert_string_equal(r.service.attrs[1].name, "note");
    assert_string_equal(r.service.attrs[1].value, "it's");
    assert_string_equal(muster_service_get(&r.service, "e"), "");
    assert_null(muster_service_get(&r.service, "none"));
    assert_int_equal(parse(reply_parse_find, ".end 3", &r), REPLY_END);
    assert_int_equal(r.number, 3);
    assert_int_equal(parse(reply_parse_find, "a", &r), REPLY_SERVICE);
    assert_int_equal(r.service.attr_count, 0);
    assert_int_equal(parse(reply_parse_find, "error: x", &r), REPLY_ERROR);
}

static void find_answers_bad(void **state)
{
    struct reply r;

    (void)state;
    assert_int_equal(parse(reply_parse_find, "", &r), REPLY_BAD);
    assert_int_equal(parse(reply_parse_find, "''", &r), REPLY_BAD);
    assert_int_equal(parse(reply_parse_find, "a b", &r), REPLY_BAD);
    assert_int_equal(parse(reply_parse_find, "a '' c", &r), REPLY_BAD);
    assert_int_equal(parse(reply_parse_find, ".end x", &r), REPLY_BAD);
    assert_int_equal(parse_bytes(reply_parse_find, "a\0b c d", 7, &r),
                     REPLY_BAD);
    assert_int_equal(parse_bytes(reply_parse_find, "a b c\0d", 7, &r),
                     REPLY_BAD);
}

static void event_answers(void **state)
{
    struct reply r;

    (void)state;
    assert_int_equal(parse(reply_parse_event, "READY", &r), REPLY_VERSION);
    assert_int_equal(parse(reply_parse_event, "00000012", &r), REPLY_VERSION);
    assert_int_equal(parse(reply_parse_event, "READY 12", &r), REPLY_READY);
    assert_int_equal(r.number, 12);
    assert_int_equal(parse(reply_parse_event, "+ 7 a k v", &r), REPLY_ADD);
    assert_int_equal(r.number, 7);
    assert_string_equal(r.service.name, "a");
    assert_int_equal(r.service.attr_count, 1);
    assert_int_equal(parse(reply_parse_event, "= 8 a", &r), REPLY_CHANGE);
    assert_int_equal(parse(reply_parse_event, "= 8", &r), REPLY_SYNCED);
    assert_int_equal(parse(reply_parse_event, "- 9 a", &r), REPLY_GONE);
    assert_int_equal(parse(reply_parse_event, "! 10", &r), REPLY_MISSED);
    assert_int_equal(parse(reply_parse_event, "error: 'x y'", &r), REPLY_ERROR);
}

static void event_answers_bad(void **state)
{
    static const char *const lines[] = {
        "",    "READY x", "READY 1 a", "+ 1", "- 1",   "! 1 a",
        "! x", "+ x a",   "+ 1 a b",   "? 1", "1 2 3", "+",
        "= x", "ready",   "= 1 ''",    "-1",
    };
    struct reply r;
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_LEN(lines); i++)
        assert_int_equal(parse(reply_parse_event, lines[i], &r), REPLY_BAD);
}

static void exec_output(void **state)
{
    static const char out[] = "out web1 stderr 'a\0b '' \x1b[31m'";
    struct reply r;

    (void)state;
    assert_int_equal(parse_bytes(reply_parse_exec, out, sizeof(out) - 1, &r),
                     REPLY_OUT);
    assert_string_equal(r.name, "web1");
    assert_int_equal(r.stream, MUSTER_STDERR);
    assert_int_equal(r.text_len, 11);
    assert_memory_equal(r.text, "a\0b ' \x1b[31m", 11);
    assert_int_equal(parse(reply_parse_exec, "part h stdout ''", &r),
                     REPLY_PART);
    assert_int_equal(r.text_len, 0);
    assert_int_equal(r.stream, MUSTER_STDOUT);
    assert_int_equal(parse(reply_parse_exec, "cut h stdout 12", &r), REPLY_CUT);
    assert_int_equal(r.number, 12);
}

static void exec_results(void **state)
{
    static const char *const bad[] = {"result h",         "result h a b",
                                      "result+",          "progress h 40",
                                      "progress h 101 x", "progress h x y",
                                      "progress h -1 x",  "cut h nonsense 12",
                                      "out h result x",   "part h progress x"};
    struct reply r;
    size_t i;

    (void)state;
    assert_int_equal(parse(reply_parse_exec, "result+ h '{\"a\": '", &r),
                     REPLY_RESULT_MORE);
    assert_string_equal(r.text, "{\"a\": ");
    assert_int_equal(parse(reply_parse_exec, "result h 'it''s'", &r),
                     REPLY_RESULT);
    assert_string_equal(r.name, "h");
    assert_int_equal(r.text_len, 4);
    assert_int_equal(parse(reply_parse_exec, "progress h 40 'a b'", &r),
                     REPLY_PROGRESS);
    assert_int_equal(r.number, 40);
    assert_string_equal(r.text, "a b");
    assert_int_equal(parse(reply_parse_exec, "cut h result 7", &r), REPLY_CUT);
    assert_int_equal(r.stream, MUSTER_RESULTS);
    for (i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(parse(reply_parse_exec, bad[i], &r), REPLY_BAD);
}

static void exec_life(void **state)
{
    struct reply r;

    (void)state;
    assert_int_equal(parse(reply_parse_exec, "submit AB-1 2", &r),
                     REPLY_SUBMIT);
    assert_string_equal(r.name, "AB-1");
    assert_int_equal(r.number, 2);
    assert_int_equal(parse(reply_parse_exec, "ack h", &r), REPLY_ACK);
    assert_int_equal(parse(reply_parse_exec,
                           "exit h - a b state 3 reason 'signal 9' c d", &r),
                     REPLY_EXIT);
    assert_int_equal(r.result.rc, -1);
    assert_int_equal(r.result.state, 3);
    assert_string_equal(r.result.reason, "signal 9");
    assert_int_equal(r.result.attr_count, 2);
    assert_string_equal(r.result.attrs[1].name, "c");
    assert_int_equal(parse(reply_parse_exec, "exit h 0 state 0", &r),
                     REPLY_EXIT);
    assert_int_equal(r.result.rc, 0);
    assert_string_equal(r.result.reason, "exited");
    assert_int_equal(
        parse(reply_parse_exec,
              "done J state 2 ok 1 failed 2 unreachable 3 changed 4 x y", &r),
        REPLY_DONE);
    assert_int_equal(r.summary.state, 2);
    assert_int_equal(r.summary.ok, 1);
    assert_int_equal(r.summary.failed, 2);
    assert_int_equal(r.summary.unreachable, 3);
    assert_int_equal(r.summary.changed, 4);
    assert_int_equal(r.summary.skipped, 0);
    assert_int_equal(r.summary.attr_count, 6);
}

static void exec_answers_bad(void **state)
{
    static const char *const lines[] = {
        "",
        "submit",
        "submit J",
        "submit J x",
        "submit J 1 2",
        "ack",
        "ack ''",
        "ack h x",
        "out h stdout",
        "out h stdin x",
        "out h stdout a b",
        "cut h stdout",
        "cut h stdout x",
        "exit h",
        "exit h 0",
        "exit h 0 reason exited",
        "exit h x state 0",
        "exit h -1 state 0",
        "exit h 0 state x",
        "exit h 0 state",
        "exit h 99999999999 state 0",
        "done",
        "done J state",
        "done J state x",
        "done J ok -1",
        "hello h",
        "out h stdout 'open",
    };
    struct reply r;
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_LEN(lines); i++)
        assert_int_equal(parse(reply_parse_exec, lines[i], &r), REPLY_BAD);
}

static void words(void **state)
{
    char line[] = "job J-1 cmd 'a b'", nul[] = "a b\0c", bad[] = "a 'b";
    const struct word *w;
    struct reply r;
    size_t count;

    (void)state;
    w = reply_parse_words(&parser, line, sizeof(line) - 1, &r, &count);
    assert_non_null(w);
    assert_int_equal(count, 4);
    assert_string_equal(w[3].text, "a b");
    assert_null(reply_parse_words(&parser, nul, sizeof(nul) - 1, &r, &count));
    assert_int_equal(r.kind, REPLY_BAD);
    assert_null(reply_parse_words(&parser, bad, sizeof(bad) - 1, &r, &count));
    assert_int_equal(r.kind, REPLY_BAD);
}

static int end(void **state)
{
    (void)state;
    free(line_copy);
    reply_parser_free(&parser);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_answers),   cmocka_unit_test(new_answers_bad),
        cmocka_unit_test(find_answers),  cmocka_unit_test(find_answers_bad),
        cmocka_unit_test(event_answers), cmocka_unit_test(event_answers_bad),
        cmocka_unit_test(exec_output),   cmocka_unit_test(exec_results),
        cmocka_unit_test(exec_life),     cmocka_unit_test(exec_answers_bad),
        cmocka_unit_test(words),
    };

    return cmocka_run_group_tests(tests, NULL, end);
}
