#include <fnmatch.h>
#include <string.h>

#include "lib/selector.h"

static bool term_list_match(const struct selector_term *t, const char *value,
                            size_t len)
{
    unsigned i;

    for (i = 0; i < t->u.list.count; i++)
        if (t->u.list.items[i].len == len &&
            !memcmp(t->u.list.items[i].text, value, len))
            return true;
    return false;
}

static bool term_number_match(const struct selector_term *t, const char *value,
                              size_t len)
{
    double n;

    if (!selector_number(value, len, &n))
        return false;
    switch (t->op) {
    case SEL_LT: return n < t->u.number;
    case SEL_LE: return n <= t->u.number;
    case SEL_GT: return n > t->u.number;
    default: return n >= t->u.number;
    }
}

bool selector_term_match(const struct selector_term *t, const char *value,
                         size_t len)
{
    if (!value)
        return t->op == SEL_ABSENT;
    switch (t->op) {
    case SEL_EQ: return len == t->value_len && !memcmp(value, t->value, len);
    case SEL_NE:
        return len != t->value_len || memcmp(value, t->value, len) != 0;
    case SEL_PRESENT: return true;
    case SEL_ABSENT: return false;
    case SEL_GLOB: return fnmatch(t->value, value, 0) == 0;
    case SEL_REGEX: return rex_match(t->u.rex, value, len);
    case SEL_ONE_OF: return term_list_match(t, value, len);
    case SEL_LT:
    case SEL_LE:
    case SEL_GT:
    case SEL_GE: return term_number_match(t, value, len);
    case SEL_NAME: break;
    }
    return false;
}

/* In hundreds of nanoseconds, but for a regular expression. */
static size_t term_cost(const struct selector_term *t, size_t len)
{
    switch (t->op) {
    case SEL_GLOB:
    case SEL_NAME: return len * t->value_len / 32;
    case SEL_ONE_OF: return t->u.list.count / 32;
    default: return len / 64;
    }
}

static void spend(unsigned *budget, size_t cost)
{
    *budget = cost < *budget ? *budget - (unsigned)cost : 0;
}

enum selector_result selector_term_part(const struct selector_term *t,
                                        const char *value, size_t len,
                                        unsigned *budget)
{
    enum rex_result r;

    if (value && t->op == SEL_REGEX) {
        r = rex_match_part(t->u.rex, value, len, budget);
        return r == REX_MORE ? SELECTOR_MORE : (enum selector_result)r;
    }
    if (value)
        spend(budget, term_cost(t, len));
    return (enum selector_result)selector_term_match(t, value, len);
}

enum selector_result selector_name_part(const struct selector_term *t,
                                        const char *name, size_t len,
                                        unsigned *budget)
{
    spend(budget, term_cost(t, len));
    return (enum selector_result)selector_name_match(t, name);
}

bool selector_name_match(const struct selector_term *t, const char *name)
{
    return fnmatch(t->value, name, 0) == 0;
}

bool selector_match(const struct selector *s, const char *name,
                    selector_lookup_fn *lookup, const void *record)
{
    const struct selector_term *t;
    const char *value;
    size_t len = 0;
    unsigned i;

    for (i = 0; i < s->count; i++) {
        t = &s->terms[i];
        if (t->op == SEL_NAME) {
            if (!selector_name_match(t, name))
                return false;
            continue;
        }
        value = lookup(record, t->attr, t->attr_len, &len);
        if (!selector_term_match(t, value, len))
            return false;
    }
    return true;
}
