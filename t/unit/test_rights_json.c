/* Rights as JSON: there and back, and what is wrong with others' JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/auth/rights_json.h"

static char *read_text(struct principal *p, const char *text)
{
    json_t *o = json_loads(text, JSON_DECODE_ANY, NULL);
    char *error;

    assert_non_null(o);
    error = rights_from_json(p, o);
    json_decref(o);
    return error;
}

static void test_there_and_back(void **state)
{
    static const char text[] =
        "{\"name\":\"web\",\"cert\":\"web*.example\","
        "\"expires\":\"2027-01-31T12:00:00Z\",\"register\":[\"web*\",\"a b\"],"
        "\"set\":[\"*\"],\"pin\":{\"role\":\"web\",\"it's\":\"\"},"
        "\"find\":\"all\",\"watch\":\"role web\",\"exec\":\"os linux\","
        "\"ops\":[\"ping\"],\"admin\":true}";
    struct principal *p = principal_new("web"), *q = principal_new("web");
    json_t *o;
    char *again;

    (void)state;
    assert_null(read_text(p, text));
    assert_string_equal(p->names.list[1], "a b");
    assert_string_equal(principal_pin(p, "it's"), "");
    assert_int_equal(p->watch.kind, SCOPE_SELECTED);
    assert_true(p->admin);
    o = rights_to_json(p);
    again = json_dumps(o, JSON_COMPACT);
    assert_string_equal(again, text);
    assert_null(rights_from_json(q, o));
    assert_true(principal_same(p, q));
    free(again);
    json_decref(o);
    principal_unref(p);
    principal_unref(q);
}

/* The hash goes in, and never out. */
static void test_hash(void **state)
{
    struct principal *p = principal_new("web");
    char *error = read_text(
        p, "{\"hash\": \"sha256:0123456789abcdef0123456789abcdef0123456789abcde"
           "f0123456789abcdef\"}");
    json_t *o = rights_to_json(p);

    (void)state;
    assert_null(error);
    assert_true(p->has_hash);
    assert_null(json_object_get(o, "hash"));
    json_decref(o);
    principal_unref(p);
}

static void test_wrong(void **state)
{
    static const struct {
        const char *text, *error;
    } wrong[] = {
        {"[]", "object"},
        {"{\"register\": \"web*\"}", "register is a list"},
        {"{\"register\": [1]}", "register is a list"},
        {"{\"register\": [\"\"]}", "empty glob"},
        {"{\"pin\": [\"role\"]}", "pin is an object"},
        {"{\"pin\": {\"role\": 1}}", "value of role"},
        {"{\"pin\": {\".role\": \"x\"}}", "pin"},
        {"{\"find\": true}", "find is a text"},
        {"{\"find\": \"\"}", "empty selector"},
        {"{\"find\": \"a~ (\"}", "find"},
        {"{\"admin\": 1}", "admin is a text"},
        {"{\"admin\": \"perhaps\"}", "on or off"},
        {"{\"expires\": \"tomorrow\"}", "expires"},
        {"{\"hash\": \"md5:1\"}", "hash"},
        {"{\"regster\": []}", "unknown right"},
        {"{\"regster\": \"x\"}", "unknown right regster"},
        {"{\"exec\": \"all\"}", "without ops"},
    };
    struct principal *p;
    char *error;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        p = principal_new("web");
        error = read_text(p, wrong[i].text);
        if (!error || !strstr(error, wrong[i].error))
            fail_msg("%s: %s", wrong[i].text, error ? error : "taken");
        free(error);
        principal_unref(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_hash),
        cmocka_unit_test(test_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
