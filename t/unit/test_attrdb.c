/* The text of static entries: what is read, and every mistake with its line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/buf.h"
#include "server/attrdb.h"

static const struct attrdb_limits no_limits,
    tight = {.name = 8, .value = 10, .attrs = 3};

/* Everything of a text as lines "LINE NAME attr value …", or its mistakes. */
static char *reads(const char *text, size_t len,
                   const struct attrdb_limits *limits)
{
    struct conf_errors errs = {0};
    struct buf out = BUF_INIT;
    struct attrdb db;
    size_t i;
    unsigned k;
    char *result;

    if (attrdb_read(&db, text, len, "f", limits, &errs))
        assert_int_equal(errs.n, 0);
    else
        assert_int_equal(db.count, 0);
    for (i = 0; i < db.count; i++) {
        const struct attrdb_entry *e = &db.entries[i];

        buf_add_fmt(&out, "%d %s", e->line, e->name.text);
        for (k = 0; k < 2 * e->count; k++) {
            const struct word *w = &attrdb_pairs(&db, e)[k];

            assert_int_equal(strlen(w->text), w->len);
            buf_add_word(&out, w->text, w->len);
        }
        buf_add_char(&out, '\n');
        assert_ptr_equal(attrdb_find(&db, e->name.text, e->name.len), e);
    }
    assert_null(attrdb_find(&db, "nobody", 6));
    for (i = 0; i < errs.n; i++)
        buf_add_fmt(&out, "%s: %s\n", errs.items[i].where, errs.items[i].text);
    attrdb_free(&db);
    conf_errors_free(&errs);
    result = strdup(buf_str(&out));
    buf_free(&out);
    return result;
}

static void expect_under(const struct attrdb_limits *limits, const char *text,
                         const char *expected)
{
    char *got = reads(text, strlen(text), limits);

    assert_string_equal(got, expected);
    free(got);
}

static void expect(const char *text, const char *expected)
{
    expect_under(&no_limits, text, expected);
}

static void entries_are_read(void **state)
{
    (void)state;
    expect("", "");
    expect("# only\n\n   # comments\n \t\n", "");
    expect("service=net!click!1234\n", "1 net!click!1234 persist 1\n");
    expect("service=a\n\tkind=web\n        os=linux",
           "1 a kind web os linux persist 1\n");
    expect("service=a kind=web os=linux # and that is all\nservice=b\n",
           "1 a kind web os linux persist 1\n2 b persist 1\n");
    expect("service=a\r\n kind=web\r\n", "1 a kind web persist 1\n");
    expect("service=a\n 'service'=web\n", "1 a service web persist 1\n");
    expect("\n\nservice=a\n\n # between\n\n kind=web\n",
           "3 a kind web persist 1\n");
    expect("service=a persist=2 x=y\nservice=b x=y\n",
           "1 a persist 2 x y\n2 b x y persist 1\n");
}

static void quotes_are_read(void **state)
{
    (void)state;
    expect("service='a' b='c d' e=\"f 'g'\" h='it''s' i=\"say \"\"x\"\"\"\n",
           "1 a b 'c d' e 'f ''g''' h 'it''s' i 'say \"x\"' persist 1\n");
    expect("service=a b='#c=d' e=x'y z'w\n",
           "1 a b #c=d e 'xy zw' persist 1\n");
    expect("service=a b='' c=\"\" d=\n", "1 a b '' c '' d '' persist 1\n");
    expect("service=a b = c  d= e\n", "1 a b c d e persist 1\n");
    expect("service=a b=c#d\n", "1 a b c persist 1\n");
    expect("service=a b=back\\slash c=\xc3\xa9\n",
           "1 a b back\\slash c \xc3\xa9 persist 1\n");
}

static void mistakes_are_told_at_once(void **state)
{
    (void)state;
    expect(" x=y\nservice=a\n",
           "f:1: an attribute before the first entry: an entry begins with "
           "service=NAME at the first column\n");
    expect("server=a\n x=y\nservice=b\n x\n y=z\n z='open\n",
           "f:1: 'server': an entry begins with service=NAME; what goes on "
           "with one is indented\n"
           "f:4: 'x' has no value: write x=VALUE\n"
           "f:6: a quote is not closed\n");
    expect("service=a x=y=z\n", "f:1: the value of x holds a =: quote it\n");
    expect("service=a x\n", "f:1: 'x' has no value: write x=VALUE\n");
    expect("service=a service=b\n", "f:1: service=b: an entry begins with it, "
                                    "at the first column of a line\n");
    expect("service=a\n service=b\n", "f:2: service=b: an entry begins with "
                                      "it, at the first column of a line\n");
    expect("service=new\nservice=a/b\nservice=\n",
           "f:1: 'new': bad service name\nf:2: 'a/b': bad character in service "
           "name\n"
           "f:3: '': bad service name\n");
    expect("service=a .x=1\n", "f:1: '.x': an attribute name begins with a "
                               "dot\n");
    expect("service=a persist=0\n",
           "f:1: persist '0': a static entry is persistent\n");
}

static void what_is_there_twice_is_a_mistake(void **state)
{
    (void)state;
    expect("service=a x=1\n y=2 x=3\n", "f:1: a has the attribute x twice\n");
    expect("service=b\nservice=a\nservice=b\nservice=b\n",
           "f:3: b is there already, in line 1\n"
           "f:4: b is there already, in line 3\n");
}

static void limits_hold(void **state)
{
    (void)state;
    expect_under(&tight, "service=12345678 a=1234567890 b=c\n",
                 "1 12345678 a 1234567890 b c persist 1\n");
    expect_under(&tight, "service=123456789\n",
                 "f:1: the name of the service is too long: at most 8 bytes\n");
    expect_under(&tight, "service=a a23456789=1 b=12345678901\n",
                 "f:1: the name of an attribute is too long: at most 8 bytes\n"
                 "f:1: the value of b is too long: at most 10 bytes\n");
    expect_under(&tight, "service=a b=1 c=1 d=1\n",
                 "f:1: a has 4 attributes: at most 3\n");
}

static void a_nul_is_a_mistake(void **state)
{
    static const char text[] = "service=a\n x=y\0z\n";
    char *got;

    (void)state;
    got = reads(text, sizeof(text) - 1, &no_limits);
    assert_string_equal(got, "f:2: the line holds a NUL\n");
    free(got);
}

static void many_entries_are_found(void **state)
{
    struct conf_errors errs = {0};
    struct buf text = BUF_INIT;
    struct attrdb db;
    char name[32];
    int i;

    (void)state;
    for (i = 0; i < 5000; i++)
        buf_add_fmt(&text, "service=s%d n=%d\n", i * 7919 % 5000, i);
    assert_true(attrdb_read(&db, buf_str(&text), buf_len(&text), "f",
                            &no_limits, &errs));
    assert_int_equal(db.count, 5000);
    for (i = 0; i < 5000; i++) {
        const struct attrdb_entry *e;

        snprintf(name, sizeof(name), "s%d", i);
        e = attrdb_find(&db, name, strlen(name));
        assert_non_null(e);
        assert_string_equal(e->name.text, name);
    }
    attrdb_free(&db);
    buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_are_read),
        cmocka_unit_test(quotes_are_read),
        cmocka_unit_test(mistakes_are_told_at_once),
        cmocka_unit_test(what_is_there_twice_is_a_mistake),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(a_nul_is_a_mistake),
        cmocka_unit_test(many_entries_are_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
