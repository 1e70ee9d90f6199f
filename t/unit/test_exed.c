/* The pure parts of the HTTP face of the dispatcher: host patterns, bodies,
 * parameters, and results gathered from events. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/mem.h"
#include "plugins/dispatch/exed/body.h"
#include "plugins/dispatch/exed/gather.h"
#include "plugins/dispatch/exed/params.h"
#include "plugins/dispatch/exed/pattern.h"

/* -- patterns -------------------------------------------------------------- */

static const char *const hosts[] = {"web1.x", "web2.x", "web10.y", "db1.x"};

/* Those of the hosts that match, or the error. */
static char *matched(const char *text)
{
    struct pattern *p = NULL;
    char *error = pattern_parse(text, &p), *out, *more;

    if (error)
        return error;
    out = xstrdup("");
    for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
        if (!pattern_match(p, hosts[i]))
            continue;
        more = xasprintf("%s%s%s", out, *out ? " " : "", hosts[i]);
        free(out);
        out = more;
    }
    pattern_free(p);
    return out;
}

static void test_patterns(void **state)
{
    static const char *const rows[][2] = {
        {"*", "web1.x web2.x web10.y db1.x"},
        {"all", "web1.x web2.x web10.y db1.x"},
        {"web1.x", "web1.x"},
        {"web1", ""},
        {"web?.x", "web1.x web2.x"},
        {"web[12].x", "web1.x web2.x"},
        {"web[!1]*", "web2.x"},
        {"~web", "web1.x web2.x web10.y"},
        {"~web[0-9]\\.x$", "web1.x web2.x"},
        {"~b1", ""}, /* from the beginning on */
        {"~(web|db)1\\.", "web1.x db1.x"},
        {"~web[0-9]{2,3}", "web10.y"},
        {"db*:*.y", "web10.y db1.x"},
        {"db*,*.y", "web10.y db1.x"},
        {" db* , *.y ,", "web10.y db1.x"},
        {"web*:!web1.x", "web2.x web10.y"},
        {"!web1.x:web*", "web2.x web10.y"},
        {"!web*", "db1.x"},
        {"web*:&*.x", "web1.x web2.x"},
        {"&*.x", "web1.x web2.x db1.x"},
        {"*:&*.x:!~web", "db1.x"},
        {"*:!all", ""},
        {"!~(a,web)|db:*.x", "web1.x web2.x"},
        {"", "empty pattern: say * for every host"},
        {" , ", "empty pattern: say * for every host"},
        {"web*:!", "bad pattern: nothing stands behind ! or &"},
    };
    char *got;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        got = matched(rows[i][0]);
        if (strcmp(got, rows[i][1]) != 0)
            fail_msg("%s: %s, not %s", rows[i][0], got, rows[i][1]);
        free(got);
    }
    got = matched("~(web");
    assert_memory_equal(got, "bad pattern ~(web: ", 19);
    free(got);
}

static void test_pattern_bounds(void **state)
{
    char text[PATTERN_MAX + 2], *got;

    (void)state;
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    got = matched(text);
    assert_string_equal(got, "a pattern has at most 4096 bytes");
    free(got);
    for (size_t i = 1; i < sizeof(text) - 1; i += 2)
        text[i] = ',';
    text[PATTERN_MAX] = '\0';
    got = matched(text);
    assert_string_equal(got, "a pattern has at most 64 terms");
    free(got);
}

/* -- bodies ---------------------------------------------------------------- */

/* As compact JSON, or the error. */
static char *parsed(const char *text)
{
    json_t *o = NULL;
    char *out = body_parse(text, strlen(text), &o);

    if (!out)
        out = json_dumps(o, JSON_COMPACT);
    json_decref(o);
    return out;
}

static void test_bodies(void **state)
{
    static const char *const rows[][2] = {
        {"{}", "{}"},
        {"{\"a\":[1,2,],}", "{\"a\":[1,2]}"},
        {"{\"a\":[{},] \n , \t }", "{\"a\":[{}]}"},
        {"{\"a\":\",]\",\"b\":\"\\\",}\",}", "{\"a\":\",]\",\"b\":\"\\\",}\"}"},
        {"[]", "the body is no JSON object"},
        {"\"a\"", NULL},
        {"", NULL},
        {"{,}", NULL},
        {"{\"a\":[,]}", NULL},
        {"{\"a\":[1,,]}", NULL},
        {"{\"a\":,}", NULL},
        {"{\"a\":1,\"a\":2}", NULL},
        {"{\"a\":1}x", NULL},
        {"{\"a\":\"\\u0000\"}", NULL},
        {"{\"a\":\"\xff\"}", NULL},
        {"{\"a\":\"", NULL},
        {"{\"a\":\"\\", NULL},
    };
    char *got;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        got = parsed(rows[i][0]);
        if (rows[i][1] ? strcmp(got, rows[i][1])
                       : strncmp(got, "the body is no JSON: ", 21))
            fail_msg("%s: %s", rows[i][0], got);
        free(got);
    }
}

static void assert_text(const char *bytes, size_t len, const char *as,
                        int base64)
{
    int is;
    json_t *o = body_text(bytes, len, &is);

    assert_string_equal(json_string_value(o), as);
    assert_int_equal(is, base64);
    json_decref(o);
}

static void test_texts(void **state)
{
    json_t *o = body_clean("a\xff");

    (void)state;
    assert_text("\xc3\xbc", 2, "\xc3\xbc", 0);
    assert_text("\xc3", 1, "ww==", 1);
    assert_text("", 0, "", 0);
    assert_string_equal(json_string_value(o), "a\\xff");
    json_decref(o);
}

/* -- parameters ------------------------------------------------------------ */

static const struct param list[] = {
    {.name = "text", .required = true, .wrong = "a text!"},
    {.name = "bool", .type = PARAM_BOOL},
    {.name = "number", .type = PARAM_NUMBER, .min = 1, .max = 20},
    {.name = "texts", .type = PARAM_TEXTS},
    {.name = "list", .type = PARAM_LIST},
    {.name = "object", .type = PARAM_OBJECT},
    {.name = "state", .type = PARAM_STATE},
};
static const struct params params = {list, ARRAY_LEN(list)};

static char *checked(const char *text)
{
    json_t *o = json_loads(text, 0, NULL), *values = NULL;
    char *out = params_of_body(&params, o, &values);

    if (!out)
        out = json_dumps(values, JSON_COMPACT);
    json_decref(values);
    json_decref(o);
    return out;
}

static void test_params(void **state)
{
    static const char *const rows[][2] = {
        {"{\"text\":\"\"}", "{\"text\":\"\"}"},
        {"{}", "a text!"},
        {"{\"text\":null}", "a text!"},
        {"{\"text\":1}", "a text!"},
        {"{\"text\":\"a\",\"bool\":\"True\",\"number\":\"7\"}",
         "{\"text\":\"a\",\"bool\":true,\"number\":7}"},
        {"{\"text\":\"a\",\"bool\":0,\"number\":20}",
         "{\"text\":\"a\",\"bool\":false,\"number\":20}"},
        {"{\"text\":\"a\",\"bool\":2}", "bool must be true or false"},
        {"{\"text\":\"a\",\"bool\":\"TRUE\"}", "bool must be true or false"},
        {"{\"text\":\"a\",\"number\":21}",
         "number must be a whole number within its bounds"},
        {"{\"text\":\"a\",\"number\":\"1x\"}",
         "number must be a whole number within its bounds"},
        {"{\"text\":\"a\",\"number\":1.0}",
         "number must be a whole number within its bounds"},
        {"{\"text\":\"a\",\"texts\":[\"b\"],\"list\":\"c\"}",
         "{\"text\":\"a\",\"texts\":[\"b\"],\"list\":[\"c\"]}"},
        {"{\"text\":\"a\",\"texts\":\"b\"}", "texts must be a list of texts"},
        {"{\"text\":\"a\",\"texts\":[]}", "texts must be a list of texts"},
        {"{\"text\":\"a\",\"texts\":[\"\"]}", "texts must be a list of texts"},
        {"{\"text\":\"a\",\"list\":\"\"}",
         "list must be a text, or a list of texts"},
        {"{\"text\":\"a\",\"object\":{\"b\":1},\"state\":\"failure\"}",
         "{\"text\":\"a\",\"object\":{\"b\":1},\"state\":2}"},
        {"{\"text\":\"a\",\"object\":[]}", "object must be a JSON object"},
        {"{\"text\":\"a\",\"state\":3}",
         "state must be 0 or done, 1 or running, 2 or failure"},
        {"{\"text\":\"a\",\"other\":1}", "unknown parameter other"},
    };
    char *got;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        got = checked(rows[i][0]);
        if (strcmp(got, rows[i][1]) != 0)
            fail_msg("%s: %s, not %s", rows[i][0], got, rows[i][1]);
        free(got);
    }
}

static void test_query(void **state)
{
    char text[] = "text=a&object={\"b\":[1,]}&bool=yes&state=1";
    char twice[] = "text=a&text=b", broken[] = "text=a&object={";
    struct http_query q;
    json_t *values = NULL;
    char *got;

    (void)state;
    assert_true(http_query_split(&q, text));
    assert_null(params_of_query(&params, &q, &values));
    got = json_dumps(values, JSON_COMPACT);
    assert_string_equal(
        got,
        "{\"text\":\"a\",\"object\":{\"b\":[1]},\"bool\":true,\"state\":1}");
    free(got);
    json_decref(values);
    assert_true(http_query_split(&q, twice));
    got = params_of_query(&params, &q, &values);
    assert_string_equal(got, "text stands twice");
    free(got);
    assert_true(http_query_split(&q, broken));
    got = params_of_query(&params, &q, &values);
    assert_string_equal(got, "object must be a JSON object");
    free(got);
}

/* -- results --------------------------------------------------------------- */

static struct attrs exited;
static size_t held;
static uint64_t cut;

static struct gather *gather(const char *op, size_t most)
{
    const struct gather_bound bound = {
        .held = &held, .most = most, .cut = &cut};

    held = cut = 0;
    attrs_set(&exited, "reason", "exited");
    return gather_new(op, &bound);
}

/* What the event completes, as text; "" for nothing. */
static char *add(struct gather *g, struct dispatch_event ev)
{
    json_t *o;
    char *text;

    ev.host = ev.host ? ev.host : "h";
    ev.rc = ev.rc ? ev.rc : "0";
    ev.attrs = &exited;
    if (ev.text)
        ev.len = strlen(ev.text);
    o = gather_add(g, &ev);
    text = o ? json_dumps(o, JSON_COMPACT) : xstrdup("");
    json_decref(o);
    return text;
}

static void assert_add(struct gather *g, struct dispatch_event ev,
                       const char *wanted)
{
    char *got = add(g, ev);

    assert_string_equal(got, wanted);
    free(got);
}

#define OUT(t)                                                                 \
    ((struct dispatch_event){                                                  \
        .kind = DISPATCH_OUTPUT, .text = (t), .whole = true})
#define RESULT(t)                                                              \
    ((struct dispatch_event){                                                  \
        .kind = DISPATCH_RESULT, .text = (t), .whole = true})
#define PIECE(t) ((struct dispatch_event){.kind = DISPATCH_RESULT, .text = (t)})
#define EXIT(s, r)                                                             \
    ((struct dispatch_event){.kind = DISPATCH_EXIT, .state = (s), .rc = (r)})

static void test_execute(void **state)
{
    struct gather *g = gather("execute", 100);

    (void)state;
    assert_add(g, OUT("one"), "");
    assert_int_equal(held, 4);
    assert_add(g, EXIT(0, "0"),
               "{\"state\":4,\"status\":4,\"rtc\":0,\"stdout\":\"one\\n\","
               "\"stderr\":\"\"}");
    assert_int_equal(held, 0);
    gather_forget(g, "h");
    assert_add(g, EXIT(2, "3"),
               "{\"state\":2,\"status\":2,\"rtc\":3,\"stdout\":\"\","
               "\"stderr\":\"\"}");
    gather_free(g);
}

/* What is beyond the bound is left out, and counted. */
static void test_bound(void **state)
{
    struct gather *g = gather("execute", 6);

    (void)state;
    assert_add(g, OUT("12345"), "");
    assert_add(g, OUT("678"), "");
    assert_int_equal(held, 6);
    assert_int_equal(cut, 4);
    assert_add(g,
               (struct dispatch_event){.kind = DISPATCH_CUT,
                                       .stream = DISPATCH_STDOUT,
                                       .bytes = 10},
               "");
    assert_add(g, EXIT(2, "1"),
               "{\"state\":2,\"status\":2,\"rtc\":1,\"stdout\":\"12345\\n\","
               "\"stdout_cut\":14,\"stderr\":\"\"}");
    gather_free(g);
    assert_int_equal(held, 0);
}

static void test_results(void **state)
{
    struct gather *g = gather("deploy", 1000);
    json_t *all;
    char *text;

    (void)state;
    assert_add(g, RESULT("{\"name\":\"a\"}"), "{\"name\":\"a\",\"state\":0}");
    assert_add(g, PIECE("{\"state\""), "");
    assert_add(g, RESULT(":4}"), "{\"state\":4}");
    assert_add(g, RESULT("[1]"), "{\"state\":0,\"result\":[1]}");
    assert_add(g, RESULT("no JSON"), "{\"state\":0,\"result\":\"no JSON\"}");
    assert_add(g, EXIT(4, "0"), "{\"state\":4,\"status\":4}");
    all = gather_results(g);
    assert_int_equal(json_array_size(json_object_get(all, "h")), 5);
    json_decref(all);
    all = gather_last(g);
    text = json_dumps(json_object_get(json_object_get(all, "h"), "state"),
                      JSON_ENCODE_ANY);
    assert_string_equal(text, "4");
    assert_int_equal(
        json_array_size(json_object_get(json_object_get(all, "h"), "results")),
        4);
    free(text);
    json_decref(all);
    gather_free(g);
    assert_int_equal(held, 0);
}

static void test_facts(void **state)
{
    struct gather *g = gather("facter", 1000);

    (void)state;
    assert_add(g, RESULT("{\"os\":\"x\"}"), "");
    assert_add(g, EXIT(0, "0"),
               "{\"state\":0,\"status\":0,\"facter\":{\"os\":\"x\"}}");
    gather_forget(g, "h");
    assert_add(g, EXIT(2, "1"), "{\"state\":2,\"status\":2,\"facter\":{}}");
    gather_free(g);
    attrs_free(&exited);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_patterns), cmocka_unit_test(test_pattern_bounds),
        cmocka_unit_test(test_bodies),   cmocka_unit_test(test_texts),
        cmocka_unit_test(test_params),   cmocka_unit_test(test_query),
        cmocka_unit_test(test_execute),  cmocka_unit_test(test_bound),
        cmocka_unit_test(test_results),  cmocka_unit_test(test_facts),
    };

    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
