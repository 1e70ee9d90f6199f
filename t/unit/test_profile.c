/* Configurations: what lies above what: profiles, binds and seeds, options, the
 * environment, reloads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/mem.h"
#include "t/unit/conf_util.h"

/* ---- profiles --------------------------------------------------------- */

static const char family[] = "log: {level: warn}\n"
                             "worker: {slots: 1, attrs: {a: 1, b: 1}}\n"
                             "profiles:\n"
                             "  base:\n"
                             "    worker: {slots: 2, ops: [ping, execute]}\n"
                             "  mid:\n"
                             "    parent: base\n"
                             "    worker: {attrs: {b: 2, c: 2}, ops: ping}\n"
                             "  top: {parent: mid, worker.slots: 4}\n"
                             "  box:\n"
                             "    registry.new: off\n"
                             "  empty:\n";

static void test_chain(void **state)
{
    struct conf *conf = load_profile(family, "top");

    (void)state;
    assert_string_equal(conf_profile(conf), "top");
    assert_int_equal(conf_int(conf, "worker.slots"), 4);
    assert_list(conf, "worker.ops", "ping|");
    assert_string_equal(conf_text(conf, "worker.attrs"), "{a: 1, b: 2, c: 2}");
    assert_origin(conf, "worker.slots", "profile top (F:9)");
    assert_origin(conf, "worker.attrs", "profile mid (F:8)");
    assert_origin(conf, "log.level", "F:1");
    assert_memory_equal(conf_map_at(conf, "worker.attrs", 0).origin,
                        test_path(), strlen(test_path()));
    assert_listen(conf, "registry.new", "127.0.0.1:6701|");
    conf_free(conf);
    conf = load_profile(family, "base");
    assert_int_equal(conf_int(conf, "worker.slots"), 2);
    assert_list(conf, "worker.ops", "ping|execute|");
    conf_free(conf);
    conf_free(load_profile(family, "empty"));
}

static void test_profile_of_node(void **state)
{
    struct conf *conf = load(family);

    (void)state;
    assert_string_equal(conf_profile(conf), "box");
    assert_listen(conf, "registry.new", "");
    conf_free(conf);
    conf = load("profiles: {other: {node: x}}\n");
    assert_null(conf_profile(conf));
    conf_free(conf);
}

static void test_options_above(void **state)
{
    const char *const options[] = {"worker.slots=7", "worker.attrs.c=3",
                                   "worker.attrs.d=3", "worker.slots=8",
                                   "worker.ops=execute"};
    struct conf_source src = {.file = test_path(),
                              .profile = "top",
                              .options = options,
                              .n_options = ARRAY_LEN(options)};
    struct conf *conf;

    (void)state;
    write_file(family);
    conf = load_source(&src);
    assert_int_equal(conf_int(conf, "worker.slots"), 8);
    assert_string_equal(conf_origin(conf, "worker.slots"), "-o");
    assert_list(conf, "worker.ops", "execute|");
    assert_string_equal(conf_text(conf, "worker.attrs"),
                        "{a: 1, b: 2, c: 3, d: 3}");
    assert_string_equal(conf_map_at(conf, "worker.attrs", 2).origin, "-o");
    conf_free(conf);
}

static void test_bad_profiles(void **state)
{
    struct conf_source src = {.file = test_path(), .profile = "tpo"};

    (void)state;
    refuse("profiles:\n"
           "  a: {parent: b}\n"
           "  b: {parent: c}\n"
           "  c: {parent: a}\n"
           "  self: {parent: self}\n"
           "  below: {parent: a}\n"
           "  lost: {parent: slef}\n"
           "  child: {parent: lost}\n"
           "  list: {parent: [a]}\n"
           "  text: abc\n"
           "  unused: {registry: {nwe: 1}, log.level: loud}\n"
           "  inner: {profiles: {x: {}}}\n"
           "  a b: {}\n"
           "  dup: {node: a}\n"
           "  dup: {node: b}\n"
           "parent: a\n",
           "F:2: profile a: its parents form a circle: a -> b -> c -> a\n"
           "F:5: profile self: its parents form a circle: self -> self\n"
           "F:7: profile lost: there is no profile 'slef' to be its parent; "
           "did you mean self?\n"
           "F:9: profile list: the parent is the name of one profile\n"
           "F:10: profile text: its settings go below it\n"
           "F:11: profile unused: 'registry.nwe' is no setting; did you mean "
           "registry.new?\n"
           "F:11: profile unused: log.level: 'loud' is none of: error warn "
           "info debug\n"
           "F:12: profile inner: profiles: stands at the top of the file only\n"
           "F:13: 'a b' cannot be the name of a profile: it is empty or holds "
           "a blank, a comma or a quote\n"
           "F:15: 'dup' already stands in line 14\n"
           "F:16: parent: stands in a profile only\n");
    refuse("profiles: [a]\n",
           "F:1: profiles are written NAME: with their settings below\n");
    write_file(family);
    refuse_source(&src, "F: there is no profile 'tpo'; did you mean top?\n");
    src.profile = "something";
    refuse_source(&src, "F: there is no profile 'something'\n");
    src.profile = "";
    refuse_source(&src, "F: there is no profile ''\n");
}

/* A chain of `n` profiles p0 <- p1 <- … */
static char *long_chain(int n)
{
    char *text = xcalloc(1, (size_t)n * 40 + 40), *at = text;

    at += snprintf(at, 40, "profiles:\n  p0: {worker.slots: 1}\n");
    for (int i = 1; i < n; i++)
        at += snprintf(at, 40, "  p%d: {parent: p%d}\n", i, i - 1);
    return text;
}

static void test_long_chain(void **state)
{
    char *text = long_chain(CONF_CHAIN_MAX);
    struct conf *conf = load_profile(text, "p15");

    (void)state;
    assert_int_equal(conf_int(conf, "worker.slots"), 1);
    conf_free(conf);
    free(text);
    text = long_chain(CONF_CHAIN_MAX + 1);
    refuse(text, "F:18: profile p16: more than 16 profiles in a chain of "
                 "parents\n");
    free(text);
    text = long_chain(CONF_PROFILES_MAX + 1);
    write_file(text);
    refuse_source(&(struct conf_source){.file = test_path()},
                  "F:18: profile p16: more than 16 profiles in a chain of "
                  "parents\n"
                  "F:1002: more than 1000 profiles\n");
    free(text);
}

/* ---- binds and seeds -------------------------------------------------- */

static void test_binds(void **state)
{
    struct conf *conf = load("binds: ['*', '127.0.0.1:1:2', '[::1]:5:6:7']\n"
                             "registry: {event: 127.0.0.1:9}\n");

    (void)state;
    assert_listen(conf, "registry.new", "*:6701|127.0.0.1:1|[::1]:5|");
    assert_listen(conf, "registry.find", "*:6702|127.0.0.1:2|[::1]:6|");
    assert_listen(conf, "registry.event", "127.0.0.1:9|");
    assert_listen(conf, "dispatcher.exec", "*:6704|127.0.0.1:1|[::1]:5|");
    assert_listen(conf, "worker.bind", "*:6710|127.0.0.1:1|[::1]:5|");
    assert_origin(conf, "registry.new", "F:1, by binds");
    assert_true(conf_is_set(conf, "registry.new"));
    conf_free(conf);
    conf = load("binds: []\n");
    assert_listen(conf, "registry.new", "127.0.0.1:6701|");
    conf_free(conf);
    refuse(
        "binds: ['a:99999', '::1', ':1', 'a:', 'a:1:2:3:4', "
        "'unix!/x:1', '[::1', 'a:1x']\n",
        "F:1: binds: 'a:99999' is not [tls!]HOST[:PORT[:PORT[:PORT]]] with * "
        "for "
        "every address and a V6 host in brackets\n"
        "F:1: binds: '::1' is not [tls!]HOST[:PORT[:PORT[:PORT]]] "
        "with * for every address and a V6 host in brackets\n"
        "F:1: binds: ':1' is not [tls!]HOST[:PORT[:PORT[:PORT]]] "
        "with * for every address and a V6 host in brackets\n"
        "F:1: binds: 'a:' is not [tls!]HOST[:PORT[:PORT[:PORT]]] "
        "with * for every address and a V6 host in brackets\n"
        "F:1: binds: 'a:1:2:3:4' is not [tls!]HOST[:PORT[:PORT[:PORT]]] "
        "with * for every address and a V6 host in brackets\n"
        "F:1: binds: 'unix!/x:1' is not [tls!]HOST[:PORT[:PORT[:PORT]]] "
        "with * for every address and a V6 host in brackets\n"
        "F:1: binds: '[::1' is not [tls!]HOST[:PORT[:PORT[:PORT]]] "
        "with * for every address and a V6 host in brackets\n"
        "F:1: binds: 'a:1x' is not [tls!]HOST[:PORT[:PORT[:PORT]]] "
        "with * for every address and a V6 host in brackets\n");
}

static void test_seeds(void **state)
{
    struct conf *conf = load("seeds: [r1, r2:1:2:3]\n"
                             "worker: {registry: r3}\n");

    (void)state;
    assert_list(conf, "worker.registry", "r3|");
    assert_list(conf, "dispatcher.registry", "r1|r2:1:2:3|");
    assert_list(conf, "client.registry", "r1|r2:1:2:3|");
    assert_origin(conf, "client.registry", "F:1, by seeds");
    conf_free(conf);
    conf = load("seeds: []\n");
    assert_list(conf, "client.registry", "127.0.0.1|");
    conf_free(conf);
}

#define OPEN                                                                   \
    "reached from other machines, and nothing says who may do what: name a "   \
    "tokens file as auth.tokens (muster token create NAME --file FILE makes "  \
    "one), or say what may be done without a token as auth.anonymous (auto: "  \
    "nothing from elsewhere, where the tokens are the registry's; all: "       \
    "everything by everybody); or listen on tls!HOST!PORT with tls.client "    \
    "required "                                                                \
    "(muster tls init and muster tls issue make certificates)\n"

static void test_local(void **state)
{
    struct conf *conf = load("registry: {new: 0.0.0.0:1, event: unix!/x}\n"
                             "dispatcher: {exec: 'off'}\n"
                             "worker: {bind: ['[::1]:1', '10.1.2.3:1']}\n");
    struct conf_errors errs = {0};
    char *text;

    (void)state;
    assert_true(conf_check_local(conf, CONF_DISPATCH | CONF_CLI, &errs));
    assert_false(conf_check_local(conf, CONF_ALL, &errs));
    text = mistakes(&errs);
    assert_string_equal(text, "F:1: registry.new: 0.0.0.0:1 can be " OPEN
                              "F:3: worker.bind: "
                              "10.1.2.3:1 can be " OPEN);
    free(text);
    conf_errors_free(&errs);
    conf_free(conf);
    conf = load("binds: '*'\n");
    assert_false(conf_check_local(conf, CONF_MUSTERD, &errs));
    assert_int_equal(errs.n, 3);
    conf_errors_free(&errs);
    conf_free(conf);
    conf = load("binds: ['tls!*', 'tls![::1]', '*']\ntls.client: optional\n");
    assert_false(conf_check_local(conf, CONF_WORKER, &errs));
    assert_int_equal(errs.n, 2);
    conf_errors_free(&errs);
    conf_free(conf);
}

/* Where something says who may do what, anything may be listened on. */
static void test_guarded(void **state)
{
    static const char *const rows[] = {"binds: '*'\nauth.tokens: /t\n",
                                       "binds: '*'\nauth.anonymous: none\n",
                                       "binds: '*'\nauth.anonymous: auto\n",
                                       "binds: 'tls!*'\n"
                                       "tls.client: required\n"};
    struct conf_errors errs = {0};
    struct conf *conf;
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_LEN(rows); i++) {
        conf = load(rows[i]);
        assert_true(conf_check_local(conf, CONF_ALL, &errs));
        assert_int_equal(errs.n, 0);
        conf_free(conf);
    }
}

/* ---- -o and the environment ------------------------------------------- */

static void test_options(void **state)
{
    struct conf *conf = load_option("worker.attrs.role=a=b c");

    (void)state;
    assert_string_equal(conf_map_get(conf, "worker.attrs", "role"), "a=b c");
    conf_free(conf);
    conf = load_option("worker.attrs.a.b=");
    assert_string_equal(conf_map_get(conf, "worker.attrs", "a.b"), "");
    conf_free(conf);
    conf = load_option("seeds=a,b c");
    assert_list(conf, "seeds", "a|b|c|");
    assert_string_equal(conf_joined(conf, "seeds"), "a b c");
    assert_string_equal(conf_joined(conf, "binds"), "");
    conf_free(conf);
    refuse_option("", "-o : an option is written KEY=VALUE\n");
    refuse_option("=x", "-o : an option is written KEY=VALUE\n");
    refuse_option("node", "-o node: an option is written KEY=VALUE\n");
    refuse_option("node=", "-o node: an empty text is no value\n");
    refuse_option("node=\xff", "-o node: '\\xff' is not UTF-8\n");
    refuse_option("registry=x", "-o registry: registry is a section; name a "
                                "setting in it\n");
    refuse_option("worker.attrs=x", "-o worker.attrs: worker.attrs is a map; "
                                    "write worker.attrs.NAME=VALUE\n");
    refuse_option("worker.attrs.=x", "-o worker.attrs.: the name '': an "
                                     "attribute name is empty\n");
    refuse_option("worker.attrs.a=\xff",
                  "-o worker.attrs.a: '\\xff': not UTF-8\n");
    refuse_option("registry.nwe=1", "-o registry.nwe: 'registry.nwe' is no "
                                    "setting; did you mean registry.new?\n");
    refuse_option("profiles.a.node=x",
                  "-o profiles.a.node: profiles are set in the file only\n");
    refuse_option("limits.line=1", "-o limits.line: '1' is out of range, which "
                                   "is 256 to 16M\n");
}

static void test_environment(void **state)
{
    struct conf_source src = {.file = "/dev/null", .environment = true};
    const char *option = "client.registry=third";
    struct conf *conf;

    (void)state;
    setenv("MUSTER_REGISTRY", "one two:1:2:3", 1);
    conf = load_source(&src);
    assert_list(conf, "client.registry", "one|two:1:2:3|");
    assert_string_equal(conf_origin(conf, "client.registry"),
                        "$MUSTER_REGISTRY");
    conf_free(conf);
    src.options = &option;
    src.n_options = 1;
    conf = load_source(&src);
    assert_list(conf, "client.registry", "third|");
    conf_free(conf);
    src.n_options = 0;
    setenv("MUSTER_REGISTRY", "a:b", 1);
    write_file("");
    src.file = test_path();
    refuse_somehow(&src);
    setenv("MUSTER_REGISTRY", "", 1);
    conf = load_source(&src);
    assert_list(conf, "client.registry", "127.0.0.1|");
    conf_free(conf);
    unsetenv("MUSTER_REGISTRY");
}

/* All at once: the file in its order, the rest behind it. */
static void test_all_at_once(void **state)
{
    const char *const options[] = {"x=1", "limits.line=x"};
    struct conf_source src = {.file = test_path(),
                              .profile = "nobody",
                              .options = options,
                              .n_options = 2};

    (void)state;
    write_file("profiles: {a: {node: 'b c'}}\nlog: {level: loud}\n");
    refuse_source(&src, "F:1: profile a: node: 'b c' holds a blank\n"
                        "F:2: log.level: 'loud' is none of: error warn info "
                        "debug\n"
                        "F: there is no profile 'nobody'\n"
                        "-o x: 'x' is no setting\n"
                        "-o limits.line: 'x' is not a size (bytes; 64K, 10M, "
                        "2G, 1T)\n");
}

/* ---- changes ---------------------------------------------------------- */

static void note_change(void *arg, const struct conf_setting *s,
                        const char *from, const char *to)
{
    fprintf(arg, "%s %s -> %s%s\n", s->key, from, to,
            s->reloadable ? "" : " (restart)");
}

static void test_diff(void **state)
{
    struct conf *old = load("worker: {attrs: {a: 1}}\nlog: {level: warn}\n"
                            "binds: ['127.0.0.1:1']\n");
    struct conf_source src = {
        .file = test_path(), .nodename = "box", .old = old};
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    struct conf *new;

    (void)state;
    write_file("worker: {attrs: {a: 2}}\nlog: {level: debug}\n"
               "limits: {line: 1K}\nbinds: ['127.0.0.1:2']\n");
    new = load_source(&src);
    assert_string_equal(conf_str(new, "node"), conf_str(old, "node"));
    assert_int_equal(conf_diff(old, new, CONF_WORKER, note_change, f), 5);
    fclose(f);
    assert_string_equal(text, "binds 127.0.0.1:1 -> 127.0.0.1:2 (restart)\n"
                              "worker.bind 127.0.0.1:1 -> 127.0.0.1:2 "
                              "(restart)\n"
                              "worker.attrs {a: 1} -> {a: 2}\n"
                              "log.level warn -> debug\n"
                              "limits.line 64K -> 1K\n");
    conf_keep_fixed(new, old);
    assert_listen(new, "worker.bind", "127.0.0.1:1|");
    assert_string_equal(conf_map_get(new, "worker.attrs", "a"), "2");
    assert_string_equal(conf_str(new, "log.level"), "debug");
    assert_string_equal(conf_str(new, "node"), conf_str(old, "node"));
    conf_free(old);
    conf_free(new);
    free(text);
}

/* What is shown can be read back, and is shown the same. */
static void test_show_again(void **state)
{
    const char *const options[] = {
        "worker.attrs.a=",       "worker.attrs.b=null",
        "worker.attrs.c=~",      "worker.attrs.d='x'",
        "worker.attrs.e=a: b",   "worker.attrs.f= #x",
        "worker.attrs.g=\"\\",   "worker.attrs.h=\x1b[31m\t",
        "worker.attrs.i=[a, b]", "worker.attrs.j=gr\xc3\xbc\xc3\x9f",
        "worker.attrs.k=- x",    "worker.attrs.l=a:",
        "worker.attrs.m=-",      "worker.attrs.n=---",
        "worker.attrs.o=!x",     "worker.attrs.p=&x",
        "worker.attrs.q=*x",     "worker.attrs.r=\xe2\x80\xae",
        "worker.attrs.s=-12",    "worker.attrs.t={a: b}",
        "worker.attrs.u=?",      "worker.attrs.v=a,b",
        "worker.attrs.w=%x",     "worker.attrs.x=@x",
        "worker.attrs.y=`x",     "worker.attrs.z=...",
        "worker.attrs.a:b=x",    "worker.attrs.a=b=x",
        "registry.new=off",      "binds=*,[::1]:1:2",
        "node=%n/x%%",           "log.to=file:/tmp/a b:c",
    };
    struct conf_source src = {.file = "/dev/null",
                              .nodename = "box",
                              .options = options,
                              .n_options = ARRAY_LEN(options)};
    struct conf *conf = load_source(&src), *again;
    size_t n;
    const struct conf_setting *table = conf_table(conf, &n);
    FILE *f = fopen(test_path(), "w");

    (void)state;
    for (size_t i = 0; i < n; i++)
        if (conf_text(conf, table[i].key)[0] != '\0')
            fprintf(f, "%s: %s\n", table[i].key, conf_text(conf, table[i].key));
    fclose(f);
    src.file = test_path();
    src.n_options = 0;
    again = load_source(&src);
    for (size_t i = 0; i < n; i++)
        assert_string_equal(conf_text(conf, table[i].key),
                            conf_text(again, table[i].key));
    conf_free(conf);
    conf_free(again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chain),
        cmocka_unit_test(test_profile_of_node),
        cmocka_unit_test(test_options_above),
        cmocka_unit_test(test_bad_profiles),
        cmocka_unit_test(test_long_chain),
        cmocka_unit_test(test_binds),
        cmocka_unit_test(test_seeds),
        cmocka_unit_test(test_local),
        cmocka_unit_test(test_guarded),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_all_at_once),
        cmocka_unit_test(test_diff),
        cmocka_unit_test(test_show_again),
    };

    return cmocka_run_group_tests(tests, test_begin, test_end);
}
