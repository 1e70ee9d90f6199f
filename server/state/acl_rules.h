/*
 * What the rules of an ACL token allow (Consul's legacy ACLs): of keys,
 * services, nodes, sessions, agents, events and prepared queries by the longest
 * prefix of their name; of the operator's and the keyring's matters at all.
 *
 *   key "" { policy = "read" }
 *   key "web/" { policy = "write" }
 *   key "web/secret/" { policy = "deny" }
 *   operator = "read"
 *
 * Write implies read. Where no rule is about a name the default policy decides,
 * which is no part of the rules. They are read strictly, as HCL or JSON
 * (lib/hcl.h): a rule of an unknown kind, or two of one prefix that differ, is
 * refused, for whoever wrote it meant something by it.
 *
 * Pure. Must not know tokens.
 */
#ifndef MUSTER_STATE_ACL_RULES_H
#define MUSTER_STATE_ACL_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"
#include "lib/mem.h"
#include "server/state/acl_kinds.h"

enum acl_policy {
    ACL_POLICY_NONE, /* no rule is about it */
    ACL_POLICY_DENY,
    ACL_POLICY_READ,
    ACL_POLICY_WRITE
};

#define ACL_RULES_MAX 65536 /* bytes of the rules of one token */

/* True for a kind whose names are looked up by prefixes. */
static inline bool acl_kind_is_named(enum acl_kind kind)
{
    return kind < ACL_OPERATOR;
}

struct acl_rules;

/* Of a text; an empty one is no rules. NULL, and *why (free()): what is wrong.
 */
MUST_CHECK struct acl_rules *acl_rules_parse(const char *text, size_t len,
                                             char **why);
void acl_rules_free(struct acl_rules *rules); /* NULL is fine */

/*
 * Whether they allow it; fallback where no rule is about it. len may be
 * (size_t)-1 of a NUL-terminated name. ACL_ACL is never theirs.
 */
bool acl_rules_allow(const struct acl_rules *rules, enum acl_kind kind,
                     const char *name, size_t len, enum acl_level level,
                     bool fallback);
/* The same for every name at once. */
bool acl_rules_allow_all(const struct acl_rules *rules, enum acl_kind kind,
                         enum acl_level level, bool fallback);

/*
 * An extended regular expression that matches just the names they allow, for a
 * kind that goes by prefixes. False if it is longer than max bytes, or a prefix
 * holds what no expression can.
 */
bool acl_rules_regex(const struct acl_rules *rules, enum acl_kind kind,
                     enum acl_level level, bool fallback, size_t max,
                     struct buf *out);

/* "key", "service", …: what rules call it; NULL: they do not speak of it. */
const char *acl_kind_word(enum acl_kind kind);

#endif
