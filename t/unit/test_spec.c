/* A job's directives, and what is written of a job: it reads back the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dispatcher/spec.h"

static char *set(struct dispatch_spec *s, const char *name, const char *value)
{
    return spec_set(s, name, value, strlen(value));
}

static void expect_wrong(char *wrong, const char *text)
{
    assert_non_null(wrong);
    assert_string_equal(wrong, text);
    free(wrong);
}

static void directives_set(void **state)
{
    struct dispatch_spec s = {0};

    (void)state;
    assert_null(spec_set_op(&s, "execute", 7));
    assert_null(set(&s, ".parallel", "10%"));
    assert_true(s.parallel.set && s.parallel.percent && s.parallel.n == 10);
    assert_null(set(&s, ".wait", "1.5"));
    assert_true(s.has_wait && s.wait_ms == 1500);
    expect_wrong(set(&s, ".wait", "2"), "directive .wait stands twice");
    expect_wrong(set(&s, ".fail", "x"),
                 ".fail takes a number of hosts, or 0% to 100%");
    assert_null(set(&s, ".fail", "0")); /* a refused one may come again */
    expect_wrong(set(&s, ".by", "me"), "unknown directive .by");
    expect_wrong(set(&s, ".foo", "1"), "unknown directive .foo");
    expect_wrong(spec_set(&s, ".on", "a\0b", 3),
                 ".on: a value holds a NUL or a line end");
    assert_true(spec_knows(".timeout"));
    assert_false(spec_knows(".keep") || spec_knows(".by") || spec_knows("on"));
    dispatch_spec_free(&s);
}

static void ops(void **state)
{
    struct dispatch_spec s = {0};
    char longest[SPEC_OP_MAX + 2];

    (void)state;
    memset(longest, 'x', sizeof(longest));
    expect_wrong(spec_set_op(&s, "", 0), "bad operation");
    expect_wrong(spec_set_op(&s, ".on", 3), "bad operation");
    expect_wrong(spec_set_op(&s, longest, SPEC_OP_MAX + 1), "bad operation");
    assert_null(spec_set_op(&s, longest, SPEC_OP_MAX));
    dispatch_spec_free(&s);
}

/* Written, read and written again: the same text, which is returned. */
static char *there_and_back(const struct dispatch_spec *s)
{
    struct dispatch_spec again = {0};
    struct buf one = BUF_INIT, two = BUF_INIT;
    char *text;

    spec_write(s, &one);
    assert_null(spec_read(&again, buf_data(&one), buf_len(&one)));
    spec_write(&again, &two);
    assert_string_equal(buf_str(&one), buf_str(&two));
    assert_int_equal(again.n_args, s->n_args);
    for (size_t i = 0; i < s->n_args; i++) {
        assert_string_equal(again.args[i].name, s->args[i].name);
        assert_int_equal(again.args[i].len, s->args[i].len);
        assert_memory_equal(again.args[i].value, s->args[i].value,
                            s->args[i].len + 1);
    }
    text = xstrdup(buf_str(&one));
    buf_free(&one);
    buf_free(&two);
    dispatch_spec_free(&again);
    return text;
}

static void written_as_asked(void **state)
{
    static const char *const given[][2] = {
        {".on", "role=web mem>=8G 'a b' c"},
        {".any", "1"},
        {".wait", "2m"},
        {".timeout", "30"},
        {".idle", "500ms"},
        {".parallel", "10%"},
        {".fail", "0"},
        {".min", "2"},
        {".expect", "3"},
        {".per", "rack=2"},
        {".lost", "rerun"},
    };
    struct dispatch_spec s = {0};
    char *text;

    (void)state;
    assert_null(spec_set_op(&s, "execute", 7));
    dispatch_spec_add_arg(&s, "cmd", "echo 'it''s'", 12);
    for (size_t i = 0; i < ARRAY_LEN(given); i++)
        assert_null(set(&s, given[i][0], given[i][1]));
    text = there_and_back(&s);
    assert_string_equal(text,
                        "execute cmd 'echo ''it''''s''' .on 'role=web mem>=8G "
                        "''a b'' c' .any 1 .wait 120000ms .timeout 30000ms "
                        ".idle 500ms .parallel 10% .fail 0 .min 2 .expect 3 "
                        ".per rack=2 .lost rerun");
    free(text);
    dispatch_spec_free(&s);
}

static void any_bytes(void **state)
{
    static const char bytes[] = "a\nb\0c\xff";
    struct dispatch_spec s = {0};
    char *text;

    (void)state;
    assert_null(spec_set_op(&s, "execute", 7));
    dispatch_spec_add_arg(&s, "stdin", bytes, sizeof(bytes) - 1);
    dispatch_spec_add_arg(&s, "stdin", "", 0);
    dispatch_spec_add_arg(&s, "env", "A=\xfe", 3);
    dispatch_spec_add_arg(&s, "odd:", "x", 1);
    text = there_and_back(&s);
    assert_string_equal(text, "execute stdin: YQpiAGP/ stdin '' env A=\xfe "
                              "odd:: eA==");
    free(text);
    dispatch_spec_free(&s);
}

static void hidden_ones(void **state)
{
    struct dispatch_spec s = {0}, again = {0};
    struct buf b = BUF_INIT;

    (void)state;
    assert_null(spec_set_op(&s, "ping", 4));
    assert_null(set(&s, ".hosts", "a,b"));
    s.by = xstrdup("deployer");
    s.narrowed = true;
    assert_null(
        selector_parse_text(&s.only, "role=web name~^a 'x y' 'p q'", 28));
    spec_write(&s, &b);
    assert_null(spec_read(&again, buf_data(&b), buf_len(&b)));
    assert_string_equal(again.by, "deployer");
    assert_true(again.narrowed);
    assert_int_equal(again.only.count, 3);
    assert_int_equal(again.n_hosts, 2);
    dispatch_spec_free(&s);
    dispatch_spec_free(&again);
    buf_free(&b);
}

static void damaged(void **state)
{
    static const char *const rows[][2] = {
        {"", "odd attribute/value pairs"},
        {"execute cmd", "odd attribute/value pairs"},
        {"execute cmd 'x", "a quote is not closed"},
        {"execute cmd: x", "the value behind a name with a colon is no base64"},
        {"execute .only 'a~ ['", ".only takes a selector in pairs"},
        {"execute .nope 1", "unknown directive .nope"},
        {"'' a b", "bad operation"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct dispatch_spec s = {0};

        expect_wrong(spec_read(&s, rows[i][0], strlen(rows[i][0])), rows[i][1]);
        dispatch_spec_free(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(directives_set),   cmocka_unit_test(ops),
        cmocka_unit_test(written_as_asked), cmocka_unit_test(any_bytes),
        cmocka_unit_test(hidden_ones),      cmocka_unit_test(damaged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
