/* Named actions: what is taken, what fills a hole, what comes of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/action.h"

static struct action *good(const char *text)
{
    char *why = NULL;
    struct action *a = action_parse("act", text, &why);

    if (!a)
        print_error("%s: %s\n", text, why);
    assert_non_null(a);
    assert_null(why);
    return a;
}

/* What is said against it holds these words. */
static void bad(const char *text, const char *words)
{
    char *why = NULL;

    assert_null(action_parse("act", text, &why));
    assert_non_null(why);
    if (!strstr(why, words))
        print_error("%s: %s, not: %s\n", text, why, words);
    assert_non_null(strstr(why, words));
    free(why);
}

static void test_fields(void **state)
{
    struct action *a =
        good("{argv: [ls, '-l', '{dir}/{{x}}'], args: {dir: path /srv, n: int "
             "0 9}, env: {N: '{n}'}, defaults: {n: 3}, user: www, cwd: /, "
             "timeout: 1m, idle: 5s, output: 64K, stdin: on, secrets: [pw], "
             "doc: 'lists a folder'}");

    (void)state;
    assert_string_equal(a->argv[2], "{dir}/{{x}}");
    assert_string_equal(a->env[0], "N={n}");
    assert_null(a->env[1]);
    assert_int_equal(a->n_holes, 2);
    assert_string_equal(action_hole(a, "n")->def, "3");
    assert_null(action_hole(a, "dir")->def);
    assert_null(action_hole(a, "x"));
    assert_int_equal(a->timeout_ms, 60000);
    assert_int_equal(a->output, 65536);
    assert_int_equal(a->idle_ms, 5000);
    assert_true(a->input);
    assert_string_equal(a->secrets[0], "pw");
    assert_string_equal(a->user, "www");
    action_free(a);
}

static void test_wrong(void **state)
{
    char *why = NULL;

    (void)state;
    bad("{}", "argv is missing");
    bad("x", "");
    bad("{argv: ls}", "argv takes a list");
    bad("{argv: []}", "argv names no program");
    bad("{argv: [[a]]}", "an item is one text");
    bad("{argv: ['{x}'], args: {x: word}}", "cannot be the program");
    bad("{argv: [ls, '{x}']}", "{x} is no argument");
    bad("{argv: [ls], args: {x: word}}", "x is used nowhere");
    bad("{argv: [ls, '{x'], args: {x: word}}", "written twice");
    bad("{argv: [ls, 'x}']}", "written twice");
    bad("{argv: [ls, '{}']}", "written twice");
    bad("{argv: [ls, '{x}'], args: {x: wrod}}", "args: x: a type is word");
    bad("{argv: [ls, '{x}'], args: {x: int 5 1}}", "int MIN MAX");
    bad("{argv: [ls, '{x}'], args: {x: enum}}", "names no value");
    bad("{argv: [ls, '{x}'], args: {x: match}}", "regular expression");
    bad("{argv: [ls, '{x}'], args: {x: match (}}", "match: ");
    bad("{argv: [ls, '{x}'], args: {x: path srv}}", "path takes a folder");
    bad("{argv: [ls, '{x}'], args: {x: int 1 2}, defaults: {x: 3}}",
        "x takes int 1 2");
    bad("{argv: [ls], defaults: {x: 3}}", "no argument x");
    bad("{argv: [ls], cwd: tmp}", "absolute path");
    bad("{argv: [ls], output: much}", "output takes a size");
    bad("{argv: [ls], timeout: soon}", "timeout takes a time");
    bad("{argv: [ls], env: {MUSTER_JOB: x}}", "the worker's own");
    bad("{argv: [ls], arg: {}}", "there is no arg in an action");
    bad("{argv: [ls], user: ~}", "user has no value");
    bad("{argv: [ls, '{stdin}'], args: {stdin: text}}", "no ARGUMENT: TYPE");
    assert_null(action_parse("execute", "{argv: [ls]}", &why));
    assert_string_equal(why, "that name is taken");
    free(why);
    assert_null(action_parse("../x", "{argv: [ls]}", &why));
    free(why);
}

/* No hole in what a shell runs, but numbers and words that are listed. */
static void test_shells(void **state)
{
    (void)state;
    bad("{argv: [sh, -c, 'echo {x}'], args: {x: word}}", "text of a shell");
    bad("{argv: [/bin/bash, -ec, 'echo {x}'], args: {x: text}}",
        "text of a shell");
    bad("{argv: [env, sh, -c, '{x}'], args: {x: match .*}}", "text of a shell");
    bad("{argv: [perl, -e, 'print {x}'], args: {x: word}}", "text of a shell");
    action_free(good("{argv: [sh, -c, 'echo {x}'], args: {x: int 1 5}}"));
    action_free(good("{argv: [sh, -c, 'echo {x}'], args: {x: enum a b}}"));
    action_free(
        good("{argv: [sh, -c, 'echo \"$1\"', sh, '{x}'], args: {x: text}}"));
}

static void fits(const char *type, const char *value, bool does)
{
    char text[300], *why;
    struct action *a;

    snprintf(text, sizeof(text), "{argv: [x, '{h}'], args: {h: '%s'}}", type);
    a = good(text);
    why = hole_wrong(&a->holes[0], value, strlen(value));
    if (!why != does)
        print_error("%s: '%s': %s\n", type, value, why ? why : "taken");
    assert_int_equal(!why, does);
    if (why) {
        snprintf(text, sizeof(text), "h takes %s", type);
        assert_string_equal(why, text);
    }
    free(why);
    action_free(a);
}

static void test_types(void **state)
{
    static const struct {
        const char *type, *value;
        bool does;
    } cells[] = {
        {"word", "nginx", true},
        {"word", "a;$(b)`c`'\"", true},
        {"word", "", false},
        {"word", "a b", false},
        {"word", "a\tb", false},
        {"word", "a\nb", false},
        {"word", "-rf", false},
        {"word", "a-b", true},
        {"word", "\x7f", false},
        {"int", "5", true},
        {"int", "-5", true},
        {"int", "5x", false},
        {"int", "", false},
        {"int", "-", false},
        {"int", " 5", false},
        {"int", "0x5", false},
        {"int", "99999999999999999999", false},
        {"int 1 9", "9", true},
        {"int 1 9", "10", false},
        {"int 1 9", "0", false},
        {"int 1 9", "-1", false},
        {"enum on off", "on", true},
        {"enum on off", "ON", false},
        {"enum on off", "on off", false},
        {"enum on off", "", false},
        {"match [a-z]+", "abc", true},
        {"match [a-z]+", "abc1", false},
        {"match [a-z]+", "1abc", false},
        {"match [a-z]+", "abc\n", false},
        {"match a|b", "ab", false},
        {"match a|b", "b", true},
        {"match x y", "x y", true},
        {"path /srv", "/srv/a", true},
        {"path /srv", "/srv/a/b.c", true},
        {"path /srv", "/srv", false},
        {"path /srv", "/srv/", false},
        {"path /srv", "/srvx/a", false},
        {"path /srv", "/srv/../etc", false},
        {"path /srv", "/srv/a/..", false},
        {"path /srv", "/srv/./a", false},
        {"path /srv", "/srv//a", false},
        {"path /srv", "/srv/a/", false},
        {"path /srv", "srv/a", false},
        {"path /srv", "/srv/a\nb", false},
        {"path /srv", "/srv/...", true},
        {"path /", "/etc/passwd", true},
        {"text", "", true},
        {"text", "-x\n;'$(y)", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++)
        fits(cells[i].type, cells[i].value, cells[i].does);
}

static void test_bounds(void **state)
{
    struct action *a = good("{argv: [x, '{h}'], args: {h: text}}");
    char *big = calloc(1, ACTION_VALUE_MAX + 2), *why;

    (void)state;
    memset(big, 'x', ACTION_VALUE_MAX + 1);
    why = hole_wrong(&a->holes[0], big, ACTION_VALUE_MAX + 1);
    assert_non_null(why);
    free(why);
    assert_null(hole_wrong(&a->holes[0], big, ACTION_VALUE_MAX));
    why = hole_wrong(&a->holes[0], "a\0b", 3);
    assert_non_null(why);
    free(why);
    free(big);
    action_free(a);
}

static const char *value(const void *arg, const char *hole)
{
    (void)arg;
    return strcmp(hole, "a") == 0 ? "{b}" : strcmp(hole, "b") == 0 ? "2" : "";
}

static void filled(const char *text, const char *what)
{
    char *got = action_fill(text, value, NULL);

    assert_string_equal(got, what);
    free(got);
}

/* A value is not looked into again. */
static void test_fill(void **state)
{
    (void)state;
    filled("plain", "plain");
    filled("", "");
    filled("{a}", "{b}");
    filled("x{b}y{b}", "x2y2");
    filled("{{a}}", "{a}");
    filled("{{{b}}}", "{2}");
    filled("{c}", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields), cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_shells), cmocka_unit_test(test_types),
        cmocka_unit_test(test_bounds), cmocka_unit_test(test_fill),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
