#include "server/state/acl_rules.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/hcl.h"

/* A rule on names; sorted by the prefix, and so behind all that its own begins
 * with. */
struct rule {
    char *prefix; /* owned */
    size_t len;
    enum acl_policy policy;
    int within; /* the rule of the next shorter prefix of it; -1: none */
};

struct rule_list {
    struct rule *rules; /* owned */
    size_t count;
};

struct acl_rules {
    struct rule_list lists[ACL_OPERATOR]; /* by kind */
    enum acl_policy operator, keyring;
};

const char *acl_kind_word(enum acl_kind kind)
{
    static const char *const words[ACL_KINDS] = {
        [ACL_KEY] = "key",         [ACL_SERVICE] = "service",
        [ACL_NODE] = "node",       [ACL_SESSION] = "session",
        [ACL_AGENT] = "agent",     [ACL_EVENT] = "event",
        [ACL_QUERY] = "query",     [ACL_OPERATOR] = "operator",
        [ACL_KEYRING] = "keyring",
    };

    return words[kind];
}

/* -- looking --------------------------------------------------------------- */

static int compare(const char *a, size_t a_len, const char *b, size_t b_len)
{
    int order = memcmp(a, b, a_len < b_len ? a_len : b_len);

    return order ? order : (a_len > b_len) - (a_len < b_len);
}

static bool begins(const char *name, size_t len, const struct rule *rule)
{
    return rule->len <= len && !memcmp(name, rule->prefix, rule->len);
}

/* How many rules stand before that name, or (same) at it. */
static size_t count_before(const struct rule_list *l, const char *name,
                           size_t len, bool same)
{
    size_t low = 0, high = l->count, mid;

    while (low < high) {
        mid = (low + high) / 2;
        if (compare(l->rules[mid].prefix, l->rules[mid].len, name, len) <
            (same ? 1 : 0))
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* The rule of the longest prefix of the name. */
static const struct rule *longest(const struct rule_list *l, const char *name,
                                  size_t len)
{
    int at = (int)count_before(l, name, len, true) - 1;

    while (at >= 0 && !begins(name, len, &l->rules[at]))
        at = l->rules[at].within;
    return at >= 0 ? &l->rules[at] : NULL;
}

static bool grants(enum acl_policy policy, enum acl_level level, bool fallback)
{
    switch (policy) {
    case ACL_POLICY_WRITE: return true;
    case ACL_POLICY_READ: return level == ACL_READ;
    case ACL_POLICY_DENY: return false;
    case ACL_POLICY_NONE: break;
    }
    return fallback;
}

/* All keys that begin so: the rule that is about the prefix, and every one
 * about a part of what is below it. */
static bool grants_below(const struct rule_list *l, const char *prefix,
                         size_t len, bool fallback)
{
    const struct rule *rule = longest(l, prefix, len);
    size_t i;

    if (!grants(rule ? rule->policy : ACL_POLICY_NONE, ACL_WRITE, fallback))
        return false;
    for (i = count_before(l, prefix, len, false);
         i < l->count && l->rules[i].len >= len &&
         !memcmp(l->rules[i].prefix, prefix, len);
         i++)
        if (l->rules[i].policy != ACL_POLICY_WRITE)
            return false;
    return true;
}

static bool grants_name(const struct rule_list *l, const char *name, size_t len,
                        enum acl_level level, bool fallback)
{
    const struct rule *rule = longest(l, name, len);

    return grants(rule ? rule->policy : ACL_POLICY_NONE, level, fallback);
}

bool acl_rules_allow(const struct acl_rules *rules, enum acl_kind kind,
                     const char *name, size_t len, enum acl_level level,
                     bool fallback)
{
    if (len == (size_t)-1)
        len = strlen(name);
    switch (kind) {
    case ACL_KEY_PREFIX:
        return grants_below(&rules->lists[ACL_KEY], name, len, fallback);
    case ACL_OPERATOR: return grants(rules->operator, level, fallback);
    case ACL_KEYRING: return grants(rules->keyring, level, fallback);
    case ACL_ACL:
    case ACL_KINDS: return false;
    default:
        return grants_name(&rules->lists[kind], name, len, level, fallback);
    }
}

bool acl_rules_allow_all(const struct acl_rules *rules, enum acl_kind kind,
                         enum acl_level level, bool fallback)
{
    const struct rule_list *l;
    size_t i;

    if (!acl_kind_is_named(kind))
        return acl_rules_allow(rules, kind, "", 0, level, fallback);
    l = &rules->lists[kind];
    for (i = 0; i < l->count; i++)
        if (!grants(l->rules[i].policy, level, fallback))
            return false;
    return fallback || (l->count && !l->rules[0].len);
}

/* -- as a regular expression ----------------------------------------------- */

/* What it is made from: the sorted rules are a tree of characters. */
struct walk {
    const struct rule_list *l;
    enum acl_level level;
    size_t max;
    struct buf *out;
};

static void add_char(struct buf *out, unsigned char c)
{
    if (strchr(".[]{}()*+?|^$\\", c))
        buf_add_char(out, '\\');
    buf_add_char(out, (char)c);
}

/* "|$|[^abc]": ends here, or goes on with a character of no rule's. */
static void add_others(struct walk *w, size_t from, size_t to, size_t depth)
{
    bool caret = false, minus = false;
    unsigned char c, last = 0;
    size_t i;

    buf_add_str(w->out, "$|[^");
    for (i = from; i < to; i++) /* a ] stands in front */
        if (w->l->rules[i].prefix[depth] == ']') {
            buf_add_char(w->out, ']');
            break;
        }
    for (i = from; i < to; i++, last = c) {
        c = (unsigned char)w->l->rules[i].prefix[depth];
        caret |= c == '^';
        minus |= c == '-';
        if (c != last && c != '^' && c != '-' && c != ']')
            buf_add_char(w->out, (char)c);
    }
    buf_add_str(w->out, caret ? "^" : "");
    buf_add_str(w->out, minus ? "-" : "");
    buf_add_char(w->out, ']');
}

static size_t same_char(const struct walk *w, size_t from, size_t to,
                        size_t depth)
{
    char c = w->l->rules[from].prefix[depth];

    while (from < to && w->l->rules[from].prefix[depth] == c)
        from++;
    return from;
}

/* What may follow the first `depth` characters that the rules from..to have in
 * common; above is what holds for names that go another way. False: no name is
 * allowed below, and nothing was written; or it is too long. */
static bool walk(struct walk *w, size_t from, size_t to, size_t depth,
                 bool above)
{
    size_t start = buf_len(w->out), at, next;
    bool alive;

    if (from < to && w->l->rules[from].len == depth)
        above = grants(w->l->rules[from++].policy, w->level, above);
    if (from == to || start > w->max)
        return above; /* whatever follows */
    buf_add_char(w->out, '(');
    if (above)
        add_others(w, from, to, depth);
    alive = above;
    for (; from < to; from = next) {
        next = same_char(w, from, to, depth);
        at = buf_len(w->out);
        buf_add_str(w->out, alive ? "|" : "");
        add_char(w->out, (unsigned char)w->l->rules[from].prefix[depth]);
        if (walk(w, from, next, depth + 1, above))
            alive = true;
        else
            w->out->end = w->out->pos + at;
    }
    buf_add_char(w->out, ')');
    if (!alive)
        w->out->end = w->out->pos + start;
    return alive;
}

bool acl_rules_regex(const struct acl_rules *rules, enum acl_kind kind,
                     enum acl_level level, bool fallback, size_t max,
                     struct buf *out)
{
    struct walk w = {
        .l = &rules->lists[kind], .level = level, .max = max, .out = out};

    buf_add_char(out, '^');
    return walk(&w, 0, w.l->count, 0, fallback) && buf_len(out) <= max;
}

/* -- reading --------------------------------------------------------------- */

static void tell(char **why, const struct hcl_item *at, const char *what)
{
    if (*why)
        return;
    *why = at->line ? xasprintf("line %u: %s", at->line, what) : xstrdup(what);
}

static void tell_key(char **why, const struct hcl_item *at, const char *what)
{
    char *text = xasprintf("%.80s: %s", at->key ? at->key : "", what);

    tell(why, at, text);
    free(text);
}

static enum acl_policy take_policy(const struct hcl_item *item, char **why)
{
    if (item->kind != HCL_TEXT)
        tell_key(why, item, "a policy is a text");
    else if (!strcmp(item->text, "read"))
        return ACL_POLICY_READ;
    else if (!strcmp(item->text, "write"))
        return ACL_POLICY_WRITE;
    else if (!strcmp(item->text, "deny"))
        return ACL_POLICY_DENY;
    else
        tell_key(why, item, "a policy is read, write or deny");
    return ACL_POLICY_NONE;
}

/* { policy = "..." } */
static enum acl_policy take_block(const struct hcl_item *block, char **why)
{
    enum acl_policy policy = ACL_POLICY_NONE;
    const struct hcl_item *item;

    if (block->kind != HCL_OBJECT) {
        tell_key(why, block, "a rule is written { policy = \"read\" }");
        return policy;
    }
    for (item = block->first; item; item = item->next) {
        if (strcmp(item->key, "policy") != 0 || policy)
            tell_key(why, item, "a rule has one policy, and nothing else");
        policy = take_policy(item, why);
    }
    if (!policy)
        tell_key(why, block, "a rule has a policy");
    return policy;
}

static void add_rule(struct rule_list *l, const struct hcl_item *item,
                     char **why)
{
    struct rule *rule;

    if (!item->key) {
        tell(why, item, "a rule has the prefix of a name");
        return;
    }
    l->rules = xreallocarray(l->rules, l->count + 1, sizeof(*l->rules));
    rule = &l->rules[l->count++];
    rule->prefix = xstrdup(item->key);
    rule->len = strlen(item->key);
    rule->policy = take_block(item, why);
    rule->within = -1;
}

/* One block per prefix, and also (as JSON can be written) lists of them. */
static void add_rules(struct rule_list *l, const struct hcl_item *item,
                      char **why)
{
    const struct hcl_item *i;

    if (item->kind != HCL_LIST && item->kind != HCL_OBJECT) {
        tell_key(why, item,
                 "its rules are written \"PREFIX\" { policy = "
                 "\"read\" }");
        return;
    }
    for (i = item->first; i && !*why; i = i->next) {
        if (item->kind == HCL_OBJECT)
            add_rule(l, i, why);
        else if (i->kind == HCL_OBJECT)
            add_rules(l, i, why);
        else
            tell(why, i, "a list of rules holds objects");
    }
}

static int by_prefix(const void *a, const void *b)
{
    const struct rule *x = a, *y = b;

    return compare(x->prefix, x->len, y->prefix, y->len);
}

/* Sorted, each once, and each knows the one it is within. */
static void settle(struct rule_list *l, char **why)
{
    size_t i, n = 0;
    int at;

    if (l->count)
        qsort(l->rules, l->count, sizeof(*l->rules), by_prefix);
    for (i = 0; i < l->count; i++) {
        if (n && !by_prefix(&l->rules[n - 1], &l->rules[i])) {
            if (l->rules[n - 1].policy != l->rules[i].policy && !*why)
                *why = xasprintf("two rules for \"%.80s\" that differ",
                                 l->rules[i].prefix);
            free(l->rules[i].prefix);
            continue;
        }
        at = (int)n - 1;
        while (at >= 0 &&
               !begins(l->rules[i].prefix, l->rules[i].len, &l->rules[at]))
            at = l->rules[at].within;
        l->rules[n] = l->rules[i];
        l->rules[n++].within = at;
    }
    l->count = n;
}

static void take_scalar(enum acl_policy *policy, const struct hcl_item *item,
                        char **why)
{
    if (*policy)
        tell_key(why, item, "it stands twice");
    *policy = take_policy(item, why);
}

static void take_item(struct acl_rules *rules, const struct hcl_item *item,
                      char **why)
{
    enum acl_kind kind;

    for (kind = 0; kind < ACL_ACL; kind++)
        if (acl_kind_word(kind) && !strcmp(acl_kind_word(kind), item->key))
            break;
    if (kind == ACL_OPERATOR)
        take_scalar(&rules->operator, item, why);
    else if (kind == ACL_KEYRING)
        take_scalar(&rules->keyring, item, why);
    else if (kind < ACL_OPERATOR)
        add_rules(&rules->lists[kind], item, why);
    else
        tell_key(why, item,
                 "there are rules for key, service, node, session, agent, "
                 "event, query, operator and keyring");
}

struct acl_rules *acl_rules_parse(const char *text, size_t len, char **why)
{
    struct acl_rules *rules;
    struct hcl_item *top, *item;
    size_t i;

    *why = NULL;
    if (len > ACL_RULES_MAX) {
        *why = xasprintf("longer than %d bytes", ACL_RULES_MAX);
        return NULL;
    }
    top = hcl_parse(text, len, why);
    if (!top)
        return NULL;
    rules = xcalloc(1, sizeof(*rules));
    for (item = top->first; item && !*why; item = item->next)
        take_item(rules, item, why);
    for (i = 0; i < ARRAY_LEN(rules->lists); i++)
        settle(&rules->lists[i], why);
    hcl_free(top);
    if (!*why)
        return rules;
    acl_rules_free(rules);
    return NULL;
}

void acl_rules_free(struct acl_rules *rules)
{
    size_t i, k;

    if (!rules)
        return;
    for (i = 0; i < ARRAY_LEN(rules->lists); i++) {
        for (k = 0; k < rules->lists[i].count; k++)
            free(rules->lists[i].rules[k].prefix);
        free(rules->lists[i].rules);
    }
    free(rules);
}
