/* What rules allow: the longest prefix decides, and the regular expression
 * made of them says the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/mem.h"
#include "lib/rex.h"
#include "server/state/acl_rules.h"

static struct acl_rules *rules_of(const char *text)
{
    char *why;
    struct acl_rules *rules = acl_rules_parse(text, strlen(text), &why);

    if (!rules)
        print_error("%s: %s\n", text, why);
    assert_non_null(rules);
    return rules;
}

static void refused(const char *text, const char *because)
{
    char *why;
    struct acl_rules *rules = acl_rules_parse(text, strlen(text), &why);

    assert_null(rules);
    if (!strstr(why, because))
        print_error("%s: %s\n", text, why);
    assert_non_null(strstr(why, because));
    free(why);
}

static bool may(const struct acl_rules *r, enum acl_kind kind, const char *name,
                enum acl_level level)
{
    bool no = acl_rules_allow(r, kind, name, (size_t)-1, level, false);

    /* a rule that is about it leaves the default nothing to say */
    assert_int_equal(no,
                     acl_rules_allow(r, kind, name, (size_t)-1, level, true));
    return no;
}

static void longest_prefix(void **state)
{
    struct acl_rules *r = rules_of("key \"\" { policy = \"read\" }\n"
                                   "key \"a/\" { policy = \"write\" }\n"
                                   "key \"a/b/\" { policy = \"deny\" }\n"
                                   "key \"a/b/c\" { policy = \"write\" }\n"
                                   "operator = \"read\" keyring = \"write\"");

    (void)state;
    assert_true(may(r, ACL_KEY, "x", ACL_READ));
    assert_false(may(r, ACL_KEY, "x", ACL_WRITE));
    assert_false(may(r, ACL_KEY, "a", ACL_WRITE));
    assert_true(may(r, ACL_KEY, "a/", ACL_WRITE));
    assert_true(may(r, ACL_KEY, "a/x", ACL_READ));
    assert_true(may(r, ACL_KEY, "a/b", ACL_WRITE));
    assert_false(may(r, ACL_KEY, "a/b/", ACL_READ));
    assert_false(may(r, ACL_KEY, "a/b/b", ACL_READ));
    assert_false(may(r, ACL_KEY, "a/b/d", ACL_READ));
    assert_true(may(r, ACL_KEY, "a/b/cd", ACL_WRITE));
    assert_true(may(r, ACL_OPERATOR, "", ACL_READ));
    assert_false(may(r, ACL_OPERATOR, "", ACL_WRITE));
    assert_true(may(r, ACL_KEYRING, "", ACL_WRITE));
    assert_false(may(r, ACL_ACL, "", ACL_READ));
    /* of what no rule speaks the default decides */
    assert_true(acl_rules_allow(r, ACL_SERVICE, "x", 1, ACL_WRITE, true));
    assert_false(acl_rules_allow(r, ACL_SERVICE, "x", 1, ACL_READ, false));
    acl_rules_free(r);
}

static void whole_prefixes(void **state)
{
    struct acl_rules *r = rules_of("key \"a/\" { policy = \"write\" }"
                                   "key \"a/b/x\" { policy = \"read\" }"
                                   "key \"c\" { policy = \"write\" }"
                                   "key \"c/d\" { policy = \"write\" }");

    (void)state;
    assert_true(may(r, ACL_KEY_PREFIX, "a/a", ACL_WRITE));
    assert_false(may(r, ACL_KEY_PREFIX, "a/", ACL_WRITE));
    assert_false(may(r, ACL_KEY_PREFIX, "a/b/", ACL_WRITE));
    assert_false(may(r, ACL_KEY_PREFIX, "a/b/x", ACL_WRITE));
    assert_false(may(r, ACL_KEY_PREFIX, "a/b/xy", ACL_WRITE));
    assert_true(may(r, ACL_KEY_PREFIX, "a/b/y", ACL_WRITE));
    assert_true(may(r, ACL_KEY_PREFIX, "c", ACL_WRITE));
    /* of the rest the default decides, unless something below is denied */
    assert_false(may(r, ACL_KEY_PREFIX, "", ACL_WRITE));
    assert_true(acl_rules_allow(r, ACL_KEY_PREFIX, "d", 1, ACL_WRITE, true));
    assert_false(acl_rules_allow(r, ACL_KEY_PREFIX, "d", 1, ACL_WRITE, false));
    acl_rules_free(r);
}

static void forms(void **state)
{
    static const char *const same[] = {
        "service \"web\" { policy = \"write\" }",
        "service = { web = { policy = \"write\" } }",
        "{\"service\": {\"web\": {\"policy\": \"write\"}}}",
        "{\"service\": [{\"web\": {\"policy\": \"write\"}}]}",
        "service \"web\" { policy = \"write\" }\n"
        "service \"web\" { policy = \"write\" }",
    };
    struct acl_rules *r;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(same); i++) {
        r = rules_of(same[i]);
        assert_true(may(r, ACL_SERVICE, "web1", ACL_WRITE));
        assert_false(acl_rules_allow(r, ACL_SERVICE, "we", 2, ACL_READ, false));
        acl_rules_free(r);
    }
    r = rules_of("");
    assert_true(acl_rules_allow_all(r, ACL_SERVICE, ACL_WRITE, true));
    assert_false(acl_rules_allow_all(r, ACL_SERVICE, ACL_READ, false));
    acl_rules_free(r);
    r = rules_of("service \"\" { policy = \"read\" } "
                 "node \"a\" { policy = \"write\" }");
    assert_true(acl_rules_allow_all(r, ACL_SERVICE, ACL_READ, false));
    assert_false(acl_rules_allow_all(r, ACL_SERVICE, ACL_WRITE, true));
    assert_false(acl_rules_allow_all(r, ACL_NODE, ACL_READ, false));
    assert_true(acl_rules_allow_all(r, ACL_NODE, ACL_READ, true));
    acl_rules_free(r);
}

static void mistakes(void **state)
{
    char *big = xasprintf("# %070000d\n", 0), *why;

    (void)state;
    refused("keys \"\" { policy = \"read\" }", "there are rules for key");
    refused("key prefix { policy = \"read\" }\n\"key prefix\" \"\" {}",
            "there are rules for key");
    refused("key \"\" { policy = \"sudo\" }", "read, write or deny");
    refused("key \"\" { policy = 1 }", "a policy is a text");
    refused("key \"\" { }", "a rule has a policy");
    refused("key \"\" { police = \"read\" }", "nothing else");
    refused("key \"\" { policy = \"read\" policy = \"read\" }", "nothing else");
    refused("key = \"read\"", "its rules are written");
    refused("key \"\" = { policy = \"read\" }", "is missing");
    refused("{\"key\": {\"\": \"read\"}}", "a rule is written");
    refused("{\"key\": [\"read\"]}", "a list of rules holds objects");
    refused("key \"a\" { policy = \"read\" }\nkey \"a\" { policy = \"deny\" }",
            "two rules for \"a\"");
    refused("operator = \"all\"", "read, write or deny");
    refused("operator \"\" { policy = \"read\" }", "a policy is a text");
    refused("operator = \"read\"\noperator = \"read\"", "it stands twice");
    refused("key \"a\" {", "line 1");
    assert_null(acl_rules_parse(big, strlen(big), &why));
    assert_non_null(strstr(why, "longer than"));
    free(why);
    free(big);
}

/* -- against a naive one --------------------------------------------------- */

#define RULES 6
#define CHARS "ab/]^-."

static uint32_t seed = 1;

static unsigned pick(unsigned n)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 12) % n;
}

static void random_name(char *out, unsigned most)
{
    unsigned len = pick(most + 1);

    for (unsigned i = 0; i < len; i++)
        *out++ = CHARS[pick(sizeof(CHARS) - 1)];
    *out = '\0';
}

static bool naive(char (*prefixes)[8], const unsigned *policies, unsigned n,
                  const char *name, enum acl_level level, bool fallback)
{
    int best = -1;

    for (unsigned i = 0; i < n; i++)
        if (!strncmp(name, prefixes[i], strlen(prefixes[i])) &&
            (best < 0 || strlen(prefixes[i]) > strlen(prefixes[best])))
            best = (int)i;
    if (best < 0)
        return fallback;
    return policies[best] == 2 || (policies[best] == 1 && level == ACL_READ);
}

static void check_random(bool fallback)
{
    static const char *const names[] = {"deny", "read", "write"};
    char prefixes[RULES][8], name[12];
    struct buf text = BUF_INIT, regex = BUF_INIT;
    unsigned policies[RULES], n = pick(RULES + 1), i, k;
    enum acl_level level = pick(2) ? ACL_READ : ACL_WRITE;
    struct acl_rules *r;
    struct rex *rex = NULL;
    bool any;

    for (i = 0; i < n; i++) {
        random_name(prefixes[i], 4);
        for (k = 0; k < i; k++)
            if (!strcmp(prefixes[i], prefixes[k]))
                break;
        policies[i] = k < i ? policies[k] : pick(3);
        buf_add_fmt(&text, "node \"%s\" { policy = \"%s\" }\n", prefixes[i],
                    names[policies[i]]);
    }
    r = rules_of(buf_len(&text) ? buf_str(&text) : "");
    any = acl_rules_regex(r, ACL_NODE, level, fallback, 1000, &regex);
    if (any)
        assert_null(rex_compile(buf_str(&regex), &rex));
    for (i = 0; i < 50; i++) {
        bool want;

        random_name(name, 8);
        want = naive(prefixes, policies, n, name, level, fallback);
        assert_int_equal(want, acl_rules_allow(r, ACL_NODE, name, strlen(name),
                                               level, fallback));
        if (rex && want != rex_match(rex, name, strlen(name)))
            print_error("%s%s: %s\n", buf_str(&text), buf_str(&regex), name);
        assert_int_equal(want, rex && rex_match(rex, name, strlen(name)));
        if (!want)
            assert_false(acl_rules_allow_all(r, ACL_NODE, level, fallback));
    }
    rex_free(rex);
    buf_free(&regex);
    buf_free(&text);
    acl_rules_free(r);
}

static void as_a_naive_one(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3000; i++)
        check_random(i % 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(longest_prefix), cmocka_unit_test(whole_prefixes),
        cmocka_unit_test(forms),          cmocka_unit_test(mistakes),
        cmocka_unit_test(as_a_naive_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
