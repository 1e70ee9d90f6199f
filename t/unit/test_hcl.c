/* HCL and JSON become the same tree, and what is wrong is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/buf.h"
#include "lib/hcl.h"

static void write_item(const struct hcl_item *item, struct buf *out)
{
    const struct hcl_item *i;

    if (item->key)
        buf_add_fmt(out, "<%s>", item->key);
    if (item->text) {
        buf_add_fmt(out, "%s%s", item->kind == HCL_TEXT ? "=" : ":",
                    item->text);
        return;
    }
    buf_add_str(out, item->kind == HCL_LIST ? "[" : "{");
    for (i = item->first; i; i = i->next)
        write_item(i, out);
    buf_add_str(out, item->kind == HCL_LIST ? "]" : "}");
}

static void becomes(const char *text, const char *tree)
{
    char *why = NULL;
    struct hcl_item *top = hcl_parse(text, strlen(text), &why);
    struct buf out = BUF_INIT;

    if (!top)
        print_error("%s: %s\n", text, why);
    assert_non_null(top);
    assert_null(top->key);
    write_item(top, &out);
    assert_string_equal(buf_str(&out), tree);
    buf_free(&out);
    hcl_free(top);
}

static void refused(const char *text, const char *because)
{
    char *why = NULL;
    struct hcl_item *top = hcl_parse(text, strlen(text), &why);

    if (top)
        print_error("taken: %s\n", text);
    assert_null(top);
    assert_non_null(why);
    if (!strstr(why, because))
        print_error("%s: %s\n", text, why);
    assert_non_null(strstr(why, because));
    free(why);
}

static void blocks(void **state)
{
    (void)state;
    becomes("", "{}");
    becomes(" \n# a remark\n// one\n/* two\nlines */", "{}");
    becomes("key \"web/\" { policy = \"write\" }",
            "{<key>{<web/>{<policy>=write}}}");
    becomes("key \"\" {policy=\"read\"}key \"a\" {policy=\"deny\"}",
            "{<key>{<>{<policy>=read}}<key>{<a>{<policy>=deny}}}");
    becomes("operator = \"read\"", "{<operator>=read}");
    becomes("\"operator\" = \"read\",\nkeyring = \"deny\",",
            "{<operator>=read<keyring>=deny}");
    becomes("key = { \"\" = { policy = \"read\" } }",
            "{<key>{<>{<policy>=read}}}");
    becomes("key {\n \"x\" {\n policy = \"read\" } }",
            "{<key>{<x>{<policy>=read}}}");
    becomes("a b c { d = 1 }", "{<a>{<b>{<c>{<d>:1}}}}");
    becomes("a = [1, \"two\", {b = true}, [],]", "{<a>[:1=two{<b>:true}[]]}");
    becomes("a = -1.5e3 b = false", "{<a>:-1.5e3<b>:false}");
}

static void texts(void **state)
{
    (void)state;
    becomes("a = \"x # no remark /* \"", "{<a>=x # no remark /* }");
    becomes("a = \"\\\"\\\\\\n\\t\\x41\\101\\u00e9\\U0001F600\"",
            "{<a>=\"\\\n\tAA\xc3\xa9\xf0\x9f\x98\x80}");
    becomes("a = \"${var.x}\"", "{<a>=${var.x}}");
    refused("a = \"x\ny\"", "line 1: a text has no end");
    refused("a = \"x", "a text has no end");
    refused("a = \"\\", "a text has no end");
    refused("a = \"\\q\"", "escape");
    refused("a = \"\\x0\"", "escape");
    refused("a = \"\\x00\"", "escape");
    refused("a = \"\\ud800\"", "escape");
    refused("a = \"\\U00110000\"", "escape");
    refused("a = \"\\u 123\"", "escape");
    refused("a = \"\xff\"", "UTF-8");
}

static void mistakes(void **state)
{
    (void)state;
    refused("key \"a\" { policy = \"read\"", "a } is missing");
    refused("key \"a\" {\n\n policy : \"read\" }", "line 3");
    refused("key \"a\" = \"read\"", "is missing");
    refused("key", "is missing");
    refused("= 1", "a name is missing");
    refused("}", "a name is missing");
    refused("a = ", "a value is missing");
    refused("a = read", "double quotes");
    refused("a = 1x", "double quotes");
    refused("a = <<END\nx\nEND\n", "here-document");
    refused("a = [1 2]", "a comma or a ]");
    refused("a = [1", "a comma or a ]");
    refused("/* a", "no end");
    refused("a = [[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]", "too many");
    refused("a b c d e f g h i j k l m n o p q r s {}", "is missing");
}

static void json(void **state)
{
    (void)state;
    becomes(" {\"key\": {\"web/\": {\"policy\": \"write\"}}}",
            "{<key>{<web/>{<policy>=write}}}");
    becomes("{\"a\": [1, 2.5, true, \"x\", []], \"b\": {}}",
            "{<a>[:1:2.5:true=x[]]<b>{}}");
    refused("{\"a\": null}", "null");
    refused("{\"a\": 1, \"a\": 2}", "duplicate");
    refused("{\"a\": 1", "line 1");
    refused("{} {}", "line 1");
    refused("{\"a\": \"\\u0000\"}", "line 1");
    refused("{\"a\":[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]}", "more than");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks),
        cmocka_unit_test(texts),
        cmocka_unit_test(mistakes),
        cmocka_unit_test(json),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
