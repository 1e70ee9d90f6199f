/* Tokens as they are written: the fields, the file, the file's mode. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/auth/private_file.h"
#include "lib/auth/rights.h"
#include "lib/auth/secret.h"
#include "lib/auth/tokens.h"
#include "lib/mem.h"

#define HASH                                                                   \
    "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

/* -- fields ---------------------------------------------------------------- */

static void test_times(void **state)
{
    static const struct {
        const char *text;
        long long t;
    } good[] = {
        {"2027-01-31T12:00:00Z", 1801396800},
        {"2027-01-31t12:00:00z", 1801396800},
        {"2027-01-31T13:30:00+01:30", 1801396800},
        {"2027-01-31T11:59:00-00:01", 1801396800},
        {"2027-01-31T12:00:00.25Z", 1801396800},
        {"2028-02-29T00:00:00Z", 1835395200},
    };
    static const char *const bad[] = {
        "",
        "tomorrow",
        "2027-01-31",
        "2027-01-31T12:00Z",
        "2027-01-31T12:00:00",
        "2027-01-31 12:00:00Z",
        "2027-02-29T00:00:00Z",
        "2027-13-01T00:00:00Z",
        "2027-00-01T00:00:00Z",
        "2027-01-31T24:00:00Z",
        "2027-01-31T12:60:00Z",
        "2027-01-31T12:00:00Zx",
        "2027-01-31T12:00:00+1:00",
        "2027-01-31T12:00:00+24:00",
        "2027-01-31T12:00:00.Z",
        "1969-01-31T12:00:00Z",
        "-027-01-31T12:00:00Z",
        "1970-01-01T00:00:00Z",
    };
    char text[RIGHTS_TIME_MAX];
    time_t t;
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_LEN(good); i++) {
        assert_true(rights_time_read(good[i].text, &t));
        assert_true(t == good[i].t);
    }
    for (i = 0; i < ARRAY_LEN(bad); i++)
        if (rights_time_read(bad[i], &t))
            fail_msg("%s is no time", bad[i]);
    rights_time_write(1801396800, text);
    assert_string_equal(text, good[0].text);
}

/* NULL for a text that is taken. */
static void field(const char *name, const char *value, const char *wrong)
{
    struct principal *p = principal_new("x");
    char *error = rights_set(p, name, value);

    if (wrong) {
        assert_non_null(error);
        if (!strstr(error, wrong))
            fail_msg("%s %s: %s, not %s", name, value, error, wrong);
    } else if (error) {
        fail_msg("%s %s: %s", name, value, error);
    }
    free(error);
    principal_unref(p);
}

static void test_fields(void **state)
{
    (void)state;
    field("hash", HASH, NULL);
    field("hash", "sha256:00", "64 hexadecimal digits");
    field("hash", "md5:00", "64 hexadecimal digits");
    field("cert", "*.example.com", NULL);
    field("cert", "", "1 to");
    field("expires", "2027-01-31T12:00:00Z", NULL);
    field("expires", "soon", "is no time");
    field("register", "web* db*", NULL);
    field("register", "", NULL);
    field("register", "'", "quote");
    field("register", "''", "empty glob");
    field("set", "*", NULL);
    field("ops", "p?ng", NULL);
    field("kv_read", "app/* db", NULL);
    field("kv_write", "''", "empty glob");
    field("pin.role", "web", NULL);
    field("pin.role", "", NULL);
    field("pin.", "web", "empty");
    field("pin..role", "web", "dot");
    field("pin.role", "a\nb", "line end");
    field("find", "all", NULL);
    field("find", "none", NULL);
    field("find", "os linux mem>=8G .pinned.role=web", NULL);
    field("watch", "mem>= x", "numbers");
    field("exec", "", "write all, or none");
    field("exec", " ", "write all, or none");
    field("admin", "on", NULL);
    field("admin", "off", NULL);
    field("admin", "yes", "on or off");
    field("colour", "red", "unknown right");
    field("pin", "x", "unknown right");
}

static void test_bounds(void **state)
{
    struct principal *p = principal_new("x");
    char name[32], *error = NULL;
    int i;

    (void)state;
    for (i = 0; i < PRINCIPAL_LIST_MAX; i++)
        assert_null(rights_add(p, "ops", "x"));
    error = rights_add(p, "ops", "x");
    assert_string_equal(error, "ops: at most 64 globs");
    free(error);
    for (i = 0; i < PRINCIPAL_PINS_MAX; i++) {
        snprintf(name, sizeof(name), "pin.a%d", i);
        assert_null(rights_set(p, name, "v"));
    }
    assert_null(rights_set(p, "pin.a0", "other"));
    error = rights_set(p, "pin.b", "v");
    assert_string_equal(error, "pin: at most 64 attributes");
    free(error);
    principal_unref(p);
}

/* What is written is read again as the same. */
static void test_round(void **state)
{
    static const char *const fields[][2] = {
        {"hash", HASH},
        {"cert", "*.x y"},
        {"expires", "2027-01-31T12:00:00Z"},
        {"register", "web* 'it''s a'"},
        {"set", "load"},
        {"pin.role", "web"},
        {"pin.a b", "it's"},
        {"find", "os linux mem>=8G host~'^w b'"},
        {"watch", ".pinned.role=web .owner!=x"},
        {"exec", ".name w*"},
        {"ops", "ping execute"},
        {"kv_read", "*"},
        {"kv_write", "app/* x"},
        {"admin", "on"}};
    struct principal *p = principal_new("x"), *q = principal_new("x");
    struct buf line = BUF_INIT;
    struct word words[64];
    size_t i;
    int n;

    (void)state;
    for (i = 0; i < ARRAY_LEN(fields); i++)
        assert_null(rights_set(p, fields[i][0], fields[i][1]));
    rights_write(p, true, &line);
    n = words_split(buf_data(&line), strlen(buf_str(&line)), words, 64);
    assert_int_equal(n, 2 * ARRAY_LEN(fields));
    for (i = 0; i < (size_t)n; i += 2)
        assert_null(rights_set(q, words[i].text, words[i + 1].text));
    assert_true(principal_same(p, q));
    assert_null(rights_wrong(p));
    attrs_set(&q->pins, "role", "db");
    assert_false(principal_same(p, q));
    buf_reset(&line, 0);
    rights_write(p, false, &line);
    assert_null(strstr(buf_str(&line), "sha256"));
    buf_free(&line);
    principal_unref(p);
    principal_unref(q);
}

/* -- the file -------------------------------------------------------------- */

/* All mistakes as one text, to free(). */
static char *mistakes(const struct conf_errors *errs)
{
    struct buf text = BUF_INIT;
    char *copy;
    size_t i;

    for (i = 0; i < errs->n; i++)
        buf_add_fmt(&text, "%s: %s\n", errs->items[i].where,
                    errs->items[i].text);
    copy = xstrdup(buf_str(&text));
    buf_free(&text);
    return copy;
}

static struct tokens *parse(const char *text, struct conf_errors *errs)
{
    return tokens_parse(text, strlen(text), "F", errs);
}

static void test_good_file(void **state)
{
    struct conf_errors errs = {0};
    struct tokens *t = parse("# who\n"
                             "web:\n"
                             "  hash: " HASH "\n"
                             "  register: [web*, 'a b']\n"
                             "  set: '*'\n"
                             "  pin: {role: web, n: 1}\n"
                             "  find: all\n"
                             "a_-9: {admin: on}\n",
                             &errs);
    const struct principal *web = tokens_find(t, "web");

    (void)state;
    assert_non_null(t);
    assert_int_equal(errs.n, 0);
    assert_int_equal(t->count, 2);
    assert_true(web->has_hash);
    assert_int_equal(web->names.count, 2);
    assert_string_equal(web->names.list[1], "a b");
    assert_string_equal(principal_pin(web, "n"), "1");
    assert_int_equal(web->find.kind, SCOPE_ALL);
    assert_int_equal(web->watch.kind, SCOPE_NONE);
    assert_true(tokens_find(t, "a_-9")->admin);
    assert_null(tokens_find(t, "we"));
    tokens_free(t);
    t = parse("", &errs);
    assert_non_null(t);
    assert_int_equal(t->count, 0);
    tokens_free(t);
}

static void test_bad_files(void **state)
{
    static const struct {
        const char *text, *wrong;
    } rows[] = {
        {"web\n", "F:1: "},
        {"- web\n", "F:1: "},
        {"web:\n", "F:1: token web: its rights are missing"},
        {"web: x\n", "F:1: token web: its rights are missing"},
        {"we b: {}\n", "F:1: 'we b': a token's name"},
        {"-web: {}\n", "F:1: '-web': a token's name"},
        {"we.b: {}\n", "a token's name"},
        {"anonymous: {}\n", "are taken"},
        {"auto: {}\n", "are taken"},
        {"a: {}\na: {}\n", "F:2: "},
        {"a:\n  colour: red\n", "F:2: token a: there is no right colour"},
        {"a:\n  pin.role: web\n", "F:2: token a: there is no right pin.role"},
        {"a:\n  find:\n", "F:2: token a: find has no value"},
        {"a:\n  find: [all]\n", "F:2: token a: find takes one text"},
        {"a:\n  register: {x: y}\n", "register takes a list of texts"},
        {"a:\n  register:\n  - [x]\n", "an item of a list is one text"},
        {"a:\n  pin: role\n", "attributes are written {NAME: VALUE}"},
        {"a:\n  pin: {role: [x]}\n", "a pinned attribute is one text"},
        {"a:\n  pin: {.owner: x}\n", "begins with a dot"},
        {"a: {exec: all}\n", "F:1: token a: exec says where"},
        {"a: {ops: ping}\n", "token a: ops says what"},
        {"a: {set: x}\n", "token a: set says what"},
        {"a: {pin: {x: y}}\n", "token a: pin is for what"},
        {"a: &x {}\nb: *x\n", "anchor"},
    };
    struct conf_errors errs = {0};
    char *text;
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_LEN(rows); i++) {
        assert_null(parse(rows[i].text, &errs));
        assert_true(errs.n > 0);
        text = mistakes(&errs);
        if (!strstr(text, rows[i].wrong))
            fail_msg("%s: %s, not %s", rows[i].text, text, rows[i].wrong);
        free(text);
        conf_errors_free(&errs);
    }
}

/* All mistakes are told, in their order. */
static void test_all_mistakes(void **state)
{
    struct conf_errors errs = {0};
    char *text;

    (void)state;
    assert_null(parse("a:\n  find: 'x~('\n  admin: no\n  foo: 1\n"
                      "b.c: {}\n",
                      &errs));
    assert_int_equal(errs.n, 4);
    text = mistakes(&errs);
    assert_non_null(strstr(text, "F:2: token a: find: "));
    assert_non_null(strstr(text, "F:3: token a: admin"));
    assert_non_null(strstr(text, "F:4: token a: there is no right foo"));
    assert_non_null(strstr(text, "F:5: "));
    free(text);
    conf_errors_free(&errs);
}

/* -- private files --------------------------------------------------------- */

static void test_modes(void **state)
{
    static const struct {
        mode_t mode;
        const char *wrong;
    } rows[] = {{0600, NULL},
                {0400, NULL},
                {0640, NULL},
                {0604, "everybody read"},
                {0602, "everybody change"},
                {0620, "a group change"},
                {0660, "a group change"}};
    char path[] = "/tmp/muster-unit-XXXXXX", *text, *why = NULL;
    int fd = mkstemp(path);
    size_t i, len;

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "abc", 3), 3);
    for (i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(fchmod(fd, rows[i].mode), 0);
        text = private_read(path, 10, &len, &why);
        if (rows[i].wrong) {
            assert_null(text);
            assert_non_null(strstr(why, rows[i].wrong));
        } else {
            assert_string_equal(text, "abc");
            assert_int_equal(len, 3);
            assert_null(why);
        }
        free(text);
        free(why);
        why = NULL;
    }
    fchmod(fd, 0640);
    assert_null(private_read(path, 2, &len, &why)); /* too much */
    free(why);
    why = private_write(path, "new", 3);
    assert_null(why);
    text = private_read(path, 10, &len, &why);
    assert_string_equal(text, "new");
    free(text);
    unlink(path);
    assert_null(private_read(path, 2, &len, &why));
    assert_string_equal(why, "No such file or directory");
    free(why);
    assert_null(private_read("/tmp", 2, &len, &why));
    assert_non_null(strstr(why, "regular file"));
    free(why);
    close(fd);
}

static void test_own_token(void **state)
{
    static const struct {
        const char *text, *token;
    } rows[] = {{"web.secret\n", "web.secret"},
                {"web.secret", "web.secret"},
                {"web.secret\r\nmore\n", "web.secret"},
                {"", NULL},
                {"\nweb.secret\n", NULL},
                {"secret\n", NULL},
                {"web.a b\n", NULL},
                {"web.a'b\n", NULL}};
    char path[] = "/tmp/muster-unit-XXXXXX", *token, *why = NULL;
    int fd = mkstemp(path);
    size_t i;

    (void)state;
    assert_true(fd >= 0);
    for (i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(ftruncate(fd, 0), 0);
        assert_int_equal(pwrite(fd, rows[i].text, strlen(rows[i].text), 0),
                         (ssize_t)strlen(rows[i].text));
        token = token_read(path, &why);
        if (rows[i].token)
            assert_string_equal(token, rows[i].token);
        else
            assert_non_null(strstr(why, "NAME.SECRET"));
        secret_free(token);
        free(why);
        why = NULL;
    }
    unlink(path);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_times),        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_bounds),       cmocka_unit_test(test_round),
        cmocka_unit_test(test_good_file),    cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_all_mistakes), cmocka_unit_test(test_modes),
        cmocka_unit_test(test_own_token),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
