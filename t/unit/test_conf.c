/* Configurations: the values and files that are taken, and those that are
 * refused, with their places. */
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
#include "lib/settings.h"
#include "lib/suggest.h"
#include "t/unit/conf_util.h"

/* A table of our own has types that no program uses yet. */
static const struct conf_setting small_table[] = {
    {.key = "s.text", .type = CONF_STRING, .def = "a", .programs = CONF_ALL},
    {.key = "s.flag", .type = CONF_BOOL, .def = "off", .programs = CONF_ALL},
    {.key = "s.int",
     .type = CONF_INT,
     .min = -5,
     .max = 5,
     .def = "0",
     .programs = CONF_ALL},
};

/* ---- the table -------------------------------------------------------- */

static void test_table(void **state)
{
    size_t n;
    const struct conf_setting *table = settings_table(&n);

    (void)state;
    for (size_t i = 0; i < n; i++) {
        assert_non_null(table[i].help);
        assert_true(table[i].help[strlen(table[i].help) - 1] != '.');
        assert_true(table[i].programs != 0);
        assert_true((table[i].type == CONF_ENUM) == (table[i].values != NULL));
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(table[i].key, table[j].key);
    }
}

static void test_defaults(void **state)
{
    struct conf_source src = {.file = "/dev/null", .nodename = "box"};
    struct conf *conf = load_source(&src);
    size_t n;
    const struct conf_setting *table = conf_table(conf, &n);

    (void)state;
    for (size_t i = 0; i < n; i++) {
        assert_false(conf_is_set(conf, table[i].key));
        assert_string_equal(conf_origin(conf, table[i].key), "default");
    }
    assert_listen(conf, "registry.new", "127.0.0.1:6701|");
    assert_list(conf, "worker.registry", "127.0.0.1|");
    assert_int_equal(conf_int(conf, "registry.changes"), 100000);
    assert_int_equal(conf_size(conf, "limits.line"), 65536);
    assert_int_equal(conf_duration_ms(conf, "dispatcher.jobs_age"),
                     30LL * 86400000);
    assert_int_equal(conf_int(conf, "ready_fd"), -1);
    assert_int_equal(conf_enum(conf, "log.level"), 2);
    assert_string_equal(conf_str(conf, "log.level"), "info");
    assert_null(conf_str(conf, "client.dispatcher"));
    assert_string_equal(conf_text(conf, "client.dispatcher"), "");
    assert_int_equal(conf_map_size(conf, "worker.attrs"), 0);
    assert_string_equal(conf_str(conf, "worker.host"), "box");
    assert_null(conf_profile(conf));
    conf_free(conf);
    conf_free(NULL);
}

static void test_default_file(void **state)
{
    struct conf_source src = {.nodename = "box"};
    struct conf *conf;

    (void)state;
    if (access(CONF_DEFAULT_FILE, F_OK) == 0)
        skip(); /* this machine has one, and it may say anything */
    conf = load_source(&src);
    assert_null(conf_file(conf));
    conf_free(conf);
}

/* ---- values ----------------------------------------------------------- */

static void test_parse(void **state)
{
    static const char *const no_number[] = {
        "",    "-",  "+1", " 1", "1 ", "0x1", "1e3", "99999999999999999999",
        "1.5", "--1"};
    static const char *const no_unit[] = {
        "", "K", "1KK", "1 K", "-1K", "1x", "9999999999T", "s", "1.5"};
    uint64_t size = 7;
    int64_t n = 7;
    bool flag;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(no_number); i++)
        assert_false(conf_parse_int(no_number[i], &n));
    for (size_t i = 0; i < ARRAY_LEN(no_unit); i++) {
        assert_false(conf_parse_size(no_unit[i], &size));
        assert_false(conf_parse_duration(no_unit[i], &n));
    }
    assert_false(conf_parse_duration("1K", &n));
    assert_false(conf_parse_size("1s", &size));
    assert_int_equal(n, 7);
    assert_int_equal(size, 7);
    assert_true(conf_parse_int("-12", &n) && n == -12);
    assert_true(conf_parse_duration("30", &n) && n == 30000);
    assert_true(conf_parse_duration("500ms", &n) && n == 500);
    assert_true(conf_parse_duration("5m", &n) && n == 300000);
    assert_true(conf_parse_duration("2d", &n) && n == 172800000);
    assert_true(conf_parse_size("64k", &size) && size == 65536);
    assert_true(conf_parse_size("2T", &size) && size == UINT64_C(2) << 40);
    assert_true(conf_parse_bool("On", &flag) && flag);
    assert_true(conf_parse_bool("no", &flag) && !flag);
    assert_false(conf_parse_bool("", &flag) || conf_parse_bool("2", &flag));
}

static void test_ranges(void **state)
{
    struct conf_source src = {.table = small_table,
                              .n_table = ARRAY_LEN(small_table),
                              .file = test_path()};
    struct conf *conf;

    (void)state;
    write_file("s: {text: 'it''s', flag: yes, int: -5}\n");
    conf = load_source(&src);
    assert_string_equal(conf_str(conf, "s.text"), "it's");
    assert_true(conf_bool(conf, "s.flag"));
    assert_int_equal(conf_int(conf, "s.int"), -5);
    conf_free(conf);
    write_file("s:\n  text: ''\n  flag: maybe\n  int: 6\n");
    refuse_source(&src, "F:2: s.text: an empty text is no value\n"
                        "F:3: s.flag: 'maybe' is neither on nor off\n"
                        "F:4: s.int: '6' is out of range, which is -5 to 5\n");
    refuse("limits: {line: 1, idle: 3651d, attrs: x, output: 1x}\n",
           "F:1: limits.line: '1' is out of range, which is 256 to 16M\n"
           "F:1: limits.idle: '3651d' is out of range, which is 0 to 3650d\n"
           "F:1: limits.attrs: 'x' is not a whole number\n"
           "F:1: limits.output: '1x' is not a size (bytes; 64K, 10M, 2G, "
           "1T)\n");
}

static void test_enum(void **state)
{
    (void)state;
    refuse("registry: {store: mem}\nlog: {format: 'text json'}\n",
           "F:1: registry.store: 'mem' is not memory or sqlite:PATH\n"
           "F:2: log.format: 'text json' is none of: text json\n");
    refuse("log: {to: stdout}\n",
           "F:1: log.to: 'stdout' is not stderr, file:PATH or syslog\n");
}

static void test_lists(void **state)
{
    struct conf *conf = load("worker:\n"
                             "  ops: [execute, ping]\n"
                             "  registry: a b:1,  [::1]:1:2:3\n"
                             "registry: {find: off, new: unix!/tmp/x}\n");

    (void)state;
    assert_list(conf, "worker.ops", "execute|ping|");
    assert_list(conf, "worker.registry", "a|b:1|[::1]:1:2:3|");
    assert_listen(conf, "registry.find", "");
    assert_listen(conf, "registry.new", "unix!/tmp/x|");
    assert_string_equal(conf_text(conf, "registry.find"), "off");
    assert_string_equal(conf_text(conf, "worker.ops"), "[execute, ping]");
    conf_free(conf);
    refuse("worker: {ops: [], registry: ''}\n"
           "registry: {new: [off, '127.0.0.1:1'], find: {a: b}}\n"
           "seeds: [[a], {b: c}, null]\n"
           "binds:\n",
           "F:1: worker.ops: the list is empty\n"
           "F:1: worker.registry: the list is empty\n"
           "F:2: registry.new: off stands alone\n"
           "F:2: registry.find: a section stands where a value belongs\n"
           "F:3: seeds: an item is one text\n"
           "F:3: seeds: an item is one text\n"
           "F:3: seeds: an item is one text\n"
           "F:4: binds: there is no value; an empty list is []\n");
}

static void test_map(void **state)
{
    struct conf *conf = load("worker:\n"
                             "  attrs:\n"
                             "    role: web\n"
                             "    empty: ''\n"
                             "    a.b: it's\n");

    (void)state;
    assert_int_equal(conf_map_size(conf, "worker.attrs"), 3);
    assert_string_equal(conf_map_at(conf, "worker.attrs", 0).name, "a.b");
    assert_string_equal(conf_map_get(conf, "worker.attrs", "empty"), "");
    assert_string_equal(conf_map_get(conf, "worker.attrs", "role"), "web");
    assert_null(conf_map_get(conf, "worker.attrs", "rol"));
    assert_null(conf_map_at(conf, "worker.attrs", 3).name);
    assert_origin(conf, "worker.attrs", "F:5");
    assert_string_equal(conf_text(conf, "worker.attrs"),
                        "{a.b: \"it's\", empty: \"\", role: web}");
    conf_free(conf);
    conf = load("worker:\n  attrs:\n");
    assert_false(conf_is_set(conf, "worker.attrs"));
    conf_free(conf);
    refuse("worker:\n"
           "  attrs:\n"
           "    role:\n"
           "    .x: 1\n"
           "    y: [1]\n"
           "    z!: 1\n"
           "  attrs.q: 1\n"
           "  attrs.q: 2\n",
           "F:3: worker.attrs: role has no value; an empty one is ''\n"
           "F:4: worker.attrs: the name '.x': an attribute name begins with a "
           "dot\n"
           "F:5: worker.attrs: the value of an attribute is one text\n"
           "F:6: worker.attrs: the name 'z!': an attribute name ends in one "
           "of ! ? ~ = < >\n"
           "F:8: 'attrs.q' already stands in line 7\n");
    refuse("worker: {attrs: x}\n",
           "F:1: worker.attrs: attributes are written NAME: VALUE\n");
}

static void test_too_many(void **state)
{
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);

    (void)state;
    fputs("worker:\n  attrs:\n", f);
    for (int i = 0; i < CONF_ITEMS_MAX + 1; i++)
        fprintf(f, "    a%d: 1\n", i);
    fputs("  ops:\n", f);
    for (int i = 0; i < CONF_ITEMS_MAX + 3; i++)
        fprintf(f, "    - a%d\n", i);
    fclose(f);
    refuse(text, "F:1027: worker.attrs: more than 1024 entries\n"
                 "F:2053: worker.ops: more than 1024 items\n");
    free(text);
}

static void test_ids(void **state)
{
    struct conf *conf = load("node: a%%b/%n/%u\nworker: {host: '%n-%n'}\n");
    const char *node = conf_str(conf, "node");

    (void)state;
    assert_memory_equal(node, "a%b/box/", 8);
    assert_int_equal(strlen(node), 8 + 20);
    assert_int_equal(strspn(node + 8, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                      "abcdefghijklmnopqrstuvwxyz0123456789"),
                     20);
    assert_string_equal(conf_str(conf, "worker.host"), "box-box");
    assert_string_equal(conf_text(conf, "node"), "\"a%%b/%n/%u\"");
    conf_free(conf);
    refuse("node: a%\nworker: {host: a%xb}\n",
           "F:1: node: 'a%': after % comes n (node name), u (random) or %\n"
           "F:2: worker.host: 'a%xb': after % comes n (node name), u (random) "
           "or %\n");
    refuse("node: a b\n", "F:1: node: 'a b' holds a blank\n");
    refuse("node: \"a\\tb\"\n",
           "F:1: node: 'a\\x09b' holds a control character\n");
}

static void test_node_default(void **state)
{
    struct conf *conf = load("profiles:\n  box:\n  100%: {parent: box}\n");
    struct conf_source src = {
        .file = test_path(), .nodename = "a b\xff", .profile = "100%"};

    (void)state;
    assert_memory_equal(conf_str(conf, "node"), "box/", 4);
    assert_string_equal(conf_profile(conf), "box");
    conf_free(conf);
    conf = load_source(&src);
    assert_memory_equal(conf_str(conf, "node"), "100%/", 5);
    assert_string_equal(conf_text(conf, "node"), "\"100%%/%u\"");
    assert_string_equal(conf_str(conf, "worker.host"), "a_b_");
    conf_free(conf);
    src.profile = NULL;
    conf = load_source(&src);
    assert_memory_equal(conf_str(conf, "node"), "a_b_/", 5);
    conf_free(conf);
}

/* ---- the file --------------------------------------------------------- */

static void test_empty(void **state)
{
    static const char *const empty[] = {
        "",   "\n\n",        "# nothing\n", "---\n",      "--- ~\n",
        "{}", "registry:\n", "profiles:\n", "worker: ~\n"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(empty); i++)
        conf_free(load(empty[i]));
}

static void test_syntax(void **state)
{
    (void)state;
    refuse("a: b: c\n",
           "F:1: mapping values are not allowed in this context\n");
    refuse("registry:\n\tnew: x\n",
           "F:2: found character that cannot start any token while scanning "
           "for the next token that begins in line 2\n");
    refuse("just a text\n", "F:1: settings are written KEY: VALUE\n");
    refuse("- a\n- b\n", "F:1: settings are written KEY: VALUE\n");
    refuse("node: a\n---\nnode: b\n",
           "F:2: a second document (---) is not read\n");
    refuse("? [a]\n: b\n", "F:1: a key must be a word, not a list or a map\n");
    refuse("seeds: [[[[[[[[[[1]]]]]]]]]]\n", "F:1: nested too deep\n");
    refuse("node: \"a\\0b\"\n", "F:1: a NUL cannot stand here\n");
    write_bytes("node: a\n\nx: \xff\n", 13);
    refuse_source(&(struct conf_source){.file = test_path()},
                  "F:3: invalid leading UTF-8 octet\n");
    write_bytes("node: a\n\nx: \0\n", 14);
    refuse_source(&(struct conf_source){.file = test_path()},
                  "F:3: control characters are not allowed\n");
}

static void test_yaml_refused(void **state)
{
    (void)state;
    refuse("node: &x a\n"
           "seeds: *x\n"
           "binds: !!seq []\n"
           "log: &y {level: debug}\n"
           "profiles:\n"
           "  a: {<<: *y}\n",
           "F:1: the anchor &x is not supported: what several have in common "
           "goes into a profile that is their parent\n"
           "F:2: the alias *x is not supported: what several have in common "
           "goes into a profile that is their parent\n"
           "F:3: the tag tag:yaml.org,2002:seq is not supported: a value is "
           "what its setting says\n"
           "F:4: the anchor &y is not supported: what several have in common "
           "goes into a profile that is their parent\n"
           "F:6: the alias *y is not supported: what several have in common "
           "goes into a profile that is their parent\n");
    refuse("*x : 1\n",
           "F:1: the alias *x is not supported: what several have in common "
           "goes into a profile that is their parent\n");
}

static void test_twice(void **state)
{
    (void)state;
    refuse("registry: {new: 'off'}\n"
           "node: a\n"
           "registry.new: 'off'\n"
           "node: b\n"
           "registry: {find: 'off'}\n",
           "F:3: registry.new: set already (F:1)\n"
           "F:4: 'node' already stands in line 2\n"
           "F:5: 'registry' already stands in line 1\n");
    conf_free(load("registry.new: 'off'\nregistry: {find: 'off'}\n"));
}

static void test_unknown(void **state)
{
    (void)state;
    refuse("registry:\n"
           "  nwe: 1\n"
           "  aemp: 127.0.0.1:4040\n"
           "  new: {x: 1}\n"
           "regisrty: {a: b, c: d}\n"
           "hots: a\n"
           "level: debug\n"
           "profile: a\n"
           "something: else\n"
           "\"\\e[31m\": red\n"
           "log: debug\n",
           "F:2: 'registry.nwe' is no setting; did you mean registry.new?\n"
           "F:3: 'registry.aemp' is no setting\n"
           "F:4: registry.new: a section stands where a value belongs\n"
           "F:5: 'regisrty' is no setting; did you mean registry?\n"
           "F:6: 'hots' is no setting; did you mean worker.host?\n"
           "F:7: 'level' is no setting; did you mean log.level?\n"
           "F:8: 'profile' is no setting; did you mean profiles?\n"
           "F:9: 'something' is no setting\n"
           "F:10: '\\x1b[31m' is no setting\n"
           "F:11: log: a section; its settings go below it\n");
}

static void test_many_mistakes(void **state)
{
    struct conf_source src = {.file = test_path()};
    struct conf_errors errs = {0};
    char *text = xcalloc(1, 20000), *at = text;

    (void)state;
    for (int i = 0; i < 1000; i++)
        at += snprintf(at, 20, "x%d: 1\n", i);
    write_file(text);
    free(text);
    assert_null(conf_load(&src, &errs));
    assert_int_equal(errs.n, CONF_ERRORS_MAX);
    assert_int_equal(errs.more, 1000 - CONF_ERRORS_MAX);
    conf_errors_free(&errs);
    assert_int_equal(errs.n + errs.more, 0);
}

static void test_files(void **state)
{
    char *big = xmalloc(CONF_FILE_MAX + 2);

    (void)state;
    refuse_source(&(struct conf_source){.file = "/nonexistent/muster.yaml"},
                  "/nonexistent/muster.yaml: No such file or directory\n");
    refuse_source(&(struct conf_source){.file = "/tmp"},
                  "/tmp: Is a directory\n");
    memset(big, '#', CONF_FILE_MAX + 1);
    write_bytes(big, CONF_FILE_MAX + 1);
    refuse_source(&(struct conf_source){.file = test_path()},
                  "F: larger than 1024 KiB\n");
    write_bytes(big, CONF_FILE_MAX);
    conf_free(load_source(&(struct conf_source){.file = test_path()}));
    /* a file that would be slow, were anything quadratic in it */
    for (size_t i = 0; i < CONF_FILE_MAX / 8; i++)
        snprintf(big + 8 * i, 9, "%06zx:\n", i);
    write_bytes(big, CONF_FILE_MAX);
    refuse_somehow(&(struct conf_source){.file = test_path()});
    free(big);
}

static void test_suggest(void **state)
{
    (void)state;
    assert_int_equal(suggest_distance("", ""), 0);
    assert_int_equal(suggest_distance("abc", ""), 3);
    assert_int_equal(suggest_distance("abcd", "abdc"), 1);
    assert_int_equal(suggest_distance("kitten", "sitting"), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_default_file),
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_enum),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_map),
        cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_node_default),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_syntax),
        cmocka_unit_test(test_yaml_refused),
        cmocka_unit_test(test_twice),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_many_mistakes),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_suggest),
    };

    return cmocka_run_group_tests(tests, test_begin, test_end);
}
