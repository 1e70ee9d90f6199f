/* client/cli/args.c and verbs.c: command lines, right and wrong ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/cli/args.h"

static struct args a;
static struct args_error error;

/* Parses "muster" and the words of line, split at blanks; _ is an empty one. */
static bool parse(const char *line)
{
    static char text[512];
    static char *argv[64];
    int argc = 0;

    args_free(&a);
    args_error_free(&error);
    argv[argc++] = "muster";
    snprintf(text, sizeof(text), "%s", line);
    for (char *rest = text, *w; (w = strsep(&rest, " "));)
        argv[argc++] = strcmp(w, "_") == 0 ? "" : w;
    argv[argc] = NULL;
    return args_parse(&a, argc, argv, &error);
}

static void right_ones(void **state)
{
    (void)state;
    assert_true(parse("find --limit=3 role=web --names -v os linux"));
    assert_string_equal(a.verb->word, "find");
    assert_int_equal(a.n_words, 3);
    assert_string_equal(a.words[0], "role=web");
    assert_string_equal(a.words[2], "linux");
    assert_int_equal(args_number(&a, "limit", 9), 3);
    assert_true(args_has(&a, "names"));
    assert_true(args_has(&a, "verbose"));
    assert_null(args_get(&a, "after"));

    assert_true(parse("--registry h:1 -o a=1 find -o b=2 --table"));
    assert_string_equal(args_get(&a, "registry"), "h:1");
    assert_string_equal(args_nth(&a, "option", 0), "a=1");
    assert_string_equal(args_nth(&a, "option", 1), "b=2");
    assert_null(args_nth(&a, "option", 2));
    assert_string_equal(args_get(&a, "table"), "");

    assert_true(parse("find -- --limit 1"));
    assert_int_equal(a.n_words, 2);
    assert_string_equal(a.words[0], "--limit");
}

/* A verb's own letter wins over the global one. */
static void letters(void **state)
{
    (void)state;
    assert_true(parse("-c file exec -c text --all -qv"));
    assert_string_equal(args_get(&a, "config"), "file");
    assert_string_equal(args_get(&a, "shell"), "text");
    assert_true(args_has(&a, "quiet"));
    assert_true(args_has(&a, "verbose"));
    assert_true(parse("exec -srole=web -vHweb1"));
    assert_string_equal(args_get(&a, "selector"), "role=web");
    assert_string_equal(args_get(&a, "hosts"), "web1");
}

static void commands(void **state)
{
    (void)state;
    assert_true(parse("exec --all -- ls -l --json --"));
    assert_true(a.has_command);
    assert_int_equal(a.n_command, 4);
    assert_string_equal(a.command[3], "--");
    assert_false(args_has(&a, "json"));
    assert_true(parse("register n --"));
    assert_true(a.has_command);
    assert_int_equal(a.n_command, 0);
}

static void wrong_ones(void **state)
{
    static const struct {
        const char *line, *text, *hint;
    } t[] = {
        {"fnid", "no verb fnid", "did you mean muster find?"},
        {"comp", "no verb comp", "did you mean muster completion?"},
        {"xyzzy", "no verb xyzzy", "muster help lists them"},
        {"find --nmaes", "find: no option --nmaes", "did you mean --names?"},
        {"find --xyzzy=1", "find: no option --xyzzy", "see muster help find"},
        {"find -z", "find: no option -z", "see muster help find"},
        {"--jsn find", "no option --jsn", "did you mean --json?"},
        {"find --limit", "--limit needs a value", NULL},
        {"find --limit x", "--limit x: not a whole number", NULL},
        {"find --limit -1", "--limit -1: not a whole number", NULL},
        {"find --limit _", "--limit : not a whole number", NULL},
        {"find --limit 99999999999999999999", NULL, NULL},
        {"find --names=1", "--names takes no value", NULL},
        {"find --color blue", "--color blue: not one of auto|always|never",
         NULL},
        {"exec --fail 101%", "--fail 101%: not a number, or a percentage N%",
         NULL},
        {"exec --fail %", NULL, NULL},
        {"exec --timeout 5x", NULL, NULL},
        {"job", "job: too few words", "usage: muster job JID"},
        {"job a b", "job: unexpected word b", "usage: muster job JID"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        assert_false(parse(t[i].line));
        assert_non_null(error.text);
        if (t[i].text)
            assert_string_equal(error.text, t[i].text);
        if (t[i].hint)
            assert_string_equal(error.hint, t[i].hint);
    }
}

static bool one_line(const char *text)
{
    return text && *text && !strchr(text, '\n');
}

static void options_are_sound(const struct verb_option *o)
{
    for (; o && o->name; o++) {
        assert_true(one_line(o->help));
        assert_true(strlen(o->help) <= 49); /* 80 columns of help */
        assert_true(o->help[strlen(o->help) - 1] != '.');
        assert_true((o->kind == VALUE_NONE) == (o->value == NULL));
        for (const struct verb_option *p = o + 1; p->name; p++) {
            assert_string_not_equal(o->name, p->name);
            assert_true(o->letter == 0 || o->letter != p->letter);
        }
    }
}

/* What completion and help take for granted. */
static void the_table(void **state)
{
    size_t count;
    const struct verb *v = verbs_table(&count);

    (void)state;
    options_are_sound(verbs_globals());
    for (size_t i = 0; i < count; i++) {
        assert_true(one_line(v[i].help));
        assert_non_null(v[i].usage);
        assert_non_null(v[i].run);
        assert_true(v[i].max < 0 || v[i].min <= v[i].max);
        assert_ptr_equal(verbs_find(v[i].word), &v[i]);
        options_are_sound(v[i].options);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(right_ones), cmocka_unit_test(letters),
        cmocka_unit_test(commands),   cmocka_unit_test(wrong_ones),
        cmocka_unit_test(the_table),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    args_free(&a);
    args_error_free(&error);
    return failed;
}
