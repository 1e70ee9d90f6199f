#include "lib/auth/op_right.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "lib/attrs.h"
#include "lib/words.h"

/* An item taken apart; the words point into copy. */
struct item {
    char *copy;
    struct word words[OP_RIGHT_WORDS];
    int count; /* <= 0: it is none */
    bool never;
    const char *op;
};

/* NAME=GLOB or NAME?=GLOB */
struct pattern {
    const char *name;
    size_t name_len;
    const char *glob;
    bool optional;
};

static void item_open(struct item *it, const char *text)
{
    it->never = *text == '!';
    it->copy = xstrdup(text + it->never);
    it->count =
        words_split(it->copy, strlen(it->copy), it->words, OP_RIGHT_WORDS);
    it->op = it->count > 0 ? it->words[0].text : "";
}

static bool is_rest(const struct word *w)
{
    return word_is(w, "*");
}

static bool pattern_of(const struct word *w, struct pattern *p)
{
    const char *equals = strchr(w->text, '=');

    if (!equals)
        return false;
    p->name = w->text;
    p->name_len = (size_t)(equals - w->text);
    p->glob = equals + 1;
    p->optional = p->name_len > 0 && equals[-1] == '?';
    p->name_len -= p->optional;
    return attr_name_wrong(p->name, p->name_len) == NULL;
}

char *op_right_wrong(const char *text)
{
    char *wrong = NULL;
    struct pattern p;
    struct item it;

    item_open(&it, text);
    if (it.count == WORDS_TOO_MANY)
        wrong = xasprintf("ops: at most %d arguments", OP_RIGHT_WORDS - 1);
    else if (it.count < 0)
        wrong = xasprintf("ops: %s", words_error_text(it.count));
    else if (!*it.op)
        wrong = xstrdup("ops: an item names no operation");
    for (int i = 1; i < it.count && !wrong; i++)
        if (!is_rest(&it.words[i]) && !pattern_of(&it.words[i], &p))
            wrong =
                xasprintf("ops: '%.60s' is no ARGUMENT=GLOB", it.words[i].text);
    free(it.copy);
    return wrong;
}

enum op_right op_right_op(const char *text, const char *op)
{
    enum op_right says = OP_RIGHT_NOT;
    struct item it;

    item_open(&it, text);
    if (it.count > 0 && fnmatch(it.op, op, 0) == 0 &&
        !(it.never && it.count > 1))
        says = it.never ? OP_RIGHT_NEVER : OP_RIGHT_YES;
    free(it.copy);
    return says;
}

/* -- arguments ------------------------------------------------------------- */

static bool value_matches(const char *glob, const struct argument *a)
{
    if (strcmp(glob, "*") == 0)
        return true;
    return a->len <= OP_RIGHT_VALUE_MAX && !memchr(a->value, '\0', a->len) &&
           fnmatch(glob, a->value, 0) == 0;
}

static bool is_of(const struct pattern *p, const struct argument *a)
{
    return strlen(a->name) == p->name_len &&
           memcmp(a->name, p->name, p->name_len) == 0;
}

/* Each argument of that name matches, and there is one or need not be. */
static bool pattern_holds(const struct pattern *p, argument_fn *at,
                          const void *list)
{
    struct argument a;
    bool there = p->optional;

    for (size_t i = 0; at(list, i, &a); i++) {
        if (!is_of(p, &a))
            continue;
        if (!value_matches(p->glob, &a))
            return false;
        there = true;
    }
    return there;
}

static bool is_named(const struct item *it, const struct argument *a)
{
    struct pattern p;

    for (int i = 1; i < it->count; i++)
        if (is_rest(&it->words[i]) ||
            (pattern_of(&it->words[i], &p) && is_of(&p, a)))
            return true;
    return false;
}

static bool arguments_match(const struct item *it, argument_fn *at,
                            const void *list)
{
    struct argument a;
    struct pattern p;

    for (int i = 1; i < it->count; i++)
        if (pattern_of(&it->words[i], &p) && !pattern_holds(&p, at, list))
            return false;
    if (it->count == 1 || it->never)
        return true;
    for (size_t i = 0; at(list, i, &a); i++)
        if (!is_named(it, &a))
            return false;
    return true;
}

enum op_right op_right_run(const char *text, const char *op, argument_fn *at,
                           const void *list)
{
    enum op_right says = OP_RIGHT_NOT;
    struct item it;

    item_open(&it, text);
    if (it.count > 0 && fnmatch(it.op, op, 0) == 0 &&
        arguments_match(&it, at, list))
        says = it.never ? OP_RIGHT_NEVER : OP_RIGHT_YES;
    free(it.copy);
    return says;
}
