/*
 * The rules of an ACL token, and (behind a NUL) a name. Whatever they are, they
 * are taken or refused with a reason; who may write a name may read it, who may
 * write all below a prefix may write it; and the expression made of them says
 * the same of the name as they do.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "lib/rex.h"
#include "server/state/acl_rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REGEX_MAX 1000

static void check_regex(const struct acl_rules *rules, enum acl_kind kind,
                        const char *name, size_t len, bool fallback)
{
    struct buf regex = BUF_INIT;
    struct rex *rex = NULL;

    if (acl_rules_regex(rules, kind, ACL_READ, fallback, REGEX_MAX, &regex) &&
        !rex_compile(buf_str(&regex), &rex) &&
        rex_match(rex, name, len) !=
            acl_rules_allow(rules, kind, name, len, ACL_READ, fallback))
        abort();
    rex_free(rex);
    buf_free(&regex);
}

static void look(const struct acl_rules *rules, const char *name, size_t len,
                 bool fallback)
{
    enum acl_kind kind;
    bool read, write;

    for (kind = 0; kind < ACL_KINDS; kind++) {
        if (kind == ACL_KEY_PREFIX)
            continue;
        read = acl_rules_allow(rules, kind, name, len, ACL_READ, fallback);
        write = acl_rules_allow(rules, kind, name, len, ACL_WRITE, fallback);
        if ((write && !read) ||
            (!read && acl_rules_allow_all(rules, kind, ACL_READ, fallback)))
            abort();
        if (acl_kind_is_named(kind))
            check_regex(rules, kind, name, len, fallback);
    }
    if (acl_rules_allow(rules, ACL_KEY_PREFIX, name, len, ACL_WRITE,
                        fallback) &&
        !acl_rules_allow(rules, ACL_KEY, name, len, ACL_WRITE, fallback))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = xmemdup0((const char *)data, size), *why;
    size_t len = strlen(text);
    struct acl_rules *rules = acl_rules_parse(text, len, &why);
    const char *name = len < size ? text + len + 1 : "";

    if (!rules && !why)
        abort();
    if (rules) {
        look(rules, name, strlen(name), false);
        look(rules, name, strlen(name), true);
    } else {
        free(why);
    }
    acl_rules_free(rules);
    free(text);
    return 0;
}
