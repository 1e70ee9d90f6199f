#include <fnmatch.h>
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/mem.h"
#include "lib/selector.h"
#include "t/unit/model.h"

/* Selectors as the model understands them. */

static const struct {
    const char *text;
    double n;
} numbers[] = {
    {"0", 0},       {"1", 1},     {"2", 2},   {"10", 10},      {"1K", 1024},
    {"1024", 1024}, {"1.5", 1.5}, {"-3", -3}, {"2M", 2 << 20},
};

static bool number_of(const char *text, double *n)
{
    size_t i;

    for (i = 0; i < ARRAY_LEN(numbers); i++)
        if (!strcmp(numbers[i].text, text)) {
            *n = numbers[i].n;
            return true;
        }
    return false;
}

void naive_random(struct naive *n, struct rng *r)
{
    static const char *const attrs[] = {"a",    "b",   "num",    "load",
                                        "vol",  "x y", "nobody", "persist",
                                        "tags", "a"};
    static const char *const ops[] = {"",  "",  "",  "!",  "!", "?",
                                      "~", "=", "<", "<=", ">", ">="};
    static const char *const values[] = {"1", "2",    "x", "y", "abc", "a,b",
                                         "",  "it's", "*", "*", "1K",  "0"};
    static const char *const globs[] = {"*", "a*", "?", "[1x]*", "*c", ""};
    static const char *const regexes[] = {"^a", "c$", "1|x",
                                          "^$", "",   "^[^0-9]"};
    static const char *const lists[] = {"1,2", "x,y,abc", "q,1,1", ",x",
                                        "y",   "*",       "q,r"};
    static const char *const names[] = {"n1", "n*",     "n?",  "*2",
                                        "zz", "n[0-9]", "it's"};
    struct naive_term *t;

    for (n->count = 0; n->count < rng_below(r, MODEL_TERMS + 1); n->count++) {
        t = &n->terms[n->count];
        snprintf(t->attr, sizeof(t->attr), "%s",
                 rng_pick(r, attrs, ARRAY_LEN(attrs)));
        snprintf(t->op, sizeof(t->op), "%s", rng_pick(r, ops, ARRAY_LEN(ops)));
        snprintf(t->value, sizeof(t->value), "%s",
                 *t->op == '?'   ? rng_pick(r, globs, ARRAY_LEN(globs))
                 : *t->op == '~' ? rng_pick(r, regexes, ARRAY_LEN(regexes))
                 : *t->op == '=' ? rng_pick(r, lists, ARRAY_LEN(lists))
                 : *t->op == '<' || *t->op == '>'
                     ? numbers[rng_below(r, ARRAY_LEN(numbers))].text
                     : rng_pick(r, values, ARRAY_LEN(values)));
        if (rng_below(r, 8))
            continue;
        snprintf(t->attr, sizeof(t->attr), ".name");
        t->op[0] = '\0';
        snprintf(t->value, sizeof(t->value), "%s",
                 rng_pick(r, names, ARRAY_LEN(names)));
    }
}

static bool naive_regex(const char *pattern, const char *value)
{
    regex_t re;
    bool yes;

    assert_int_equal(regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB), 0);
    yes = regexec(&re, value, 0, NULL, 0) == 0;
    regfree(&re);
    return yes;
}

static bool naive_list(const char *list, const char *value)
{
    char copy[16], *rest = copy, *item;

    if (!strcmp(list, "*"))
        return true;
    snprintf(copy, sizeof(copy), "%s", list);
    while ((item = strsep(&rest, ",")))
        if (!strcmp(item, value))
            return true;
    return false;
}

static bool naive_compare(const char *op, const char *value, const char *with)
{
    double a, b;

    if (!number_of(value, &a) || !number_of(with, &b))
        return false;
    if (op[0] == '<')
        return a < b || (op[1] && a <= b);
    return a > b || (op[1] && a >= b);
}

static bool term_holds(const struct naive_term *t, const struct row *row)
{
    const char *value = NULL;
    unsigned i;

    if (!strcmp(t->attr, ".name"))
        return fnmatch(t->value, row->name, 0) == 0;
    for (i = 0; i < row->count; i++)
        if (!strcmp(row->attrs[i].name, t->attr))
            value = row->attrs[i].value;
    if (!value)
        return *t->op == '!' && !strcmp(t->value, "*");
    switch (*t->op) {
    case '\0': return !strcmp(t->value, "*") || !strcmp(t->value, value);
    case '!': return strcmp(t->value, "*") != 0 && strcmp(t->value, value) != 0;
    case '?': return fnmatch(t->value, value, 0) == 0;
    case '~': return naive_regex(t->value, value);
    case '=': return naive_list(t->value, value);
    default: return naive_compare(t->op, value, t->value);
    }
}

bool naive_match(const struct naive *n, const struct row *row)
{
    unsigned i;

    if (!*row->name)
        return false;
    for (i = 0; i < n->count; i++)
        if (!term_holds(&n->terms[i], row))
            return false;
    return true;
}

struct selector naive_selector(const struct naive *n)
{
    struct selector s = {0};
    struct word attr, value;
    char text[24], *error;
    unsigned i;

    for (i = 0; i < n->count; i++) {
        snprintf(text, sizeof(text), "%s%s", n->terms[i].attr, n->terms[i].op);
        attr = (struct word){.text = text, .len = (unsigned)strlen(text)};
        value.text = (char *)n->terms[i].value;
        value.len = (unsigned)strlen(value.text);
        error = selector_add_pair(&s, &attr, &value);
        if (error)
            fail_msg("%s %s: %s", text, value.text, error);
    }
    return s;
}
