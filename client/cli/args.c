#include "client/cli/args.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/suggest.h"
#include "lib/conf.h"
#include "lib/mem.h"

#define DIGITS "0123456789"

static bool wrong(struct args_error *error, char *text, char *hint)
{
    error->text = text;
    error->hint = hint;
    return false;
}

static const struct verb_option *by_name(const struct verb_option *table,
                                         const char *name, size_t len)
{
    for (; table && table->name; table++)
        if (strlen(table->name) == len && strncmp(table->name, name, len) == 0)
            return table;
    return NULL;
}

static const struct verb_option *by_letter(const struct verb_option *table,
                                           char letter)
{
    for (; table && table->name; table++)
        if (table->letter == letter)
            return table;
    return NULL;
}

static const struct verb_option *own_options(const struct args *a)
{
    return a->verb ? a->verb->options : NULL;
}

static const struct verb_option *option_named(const struct args *a,
                                              const char *name, size_t len)
{
    const struct verb_option *o = by_name(own_options(a), name, len);

    return o ? o : by_name(verbs_globals(), name, len);
}

/* The beginning of a word counts as the word. */
static void offer(struct suggest *s, const char *word)
{
    size_t len = strlen(s->word);

    if (len < 2 || strncmp(s->word, word, len) != 0) {
        suggest_try(s, word);
    } else {
        snprintf(s->best, sizeof(s->best), "%s", word);
        s->distance = 0;
    }
}

static void offer_options(struct suggest *s, const struct verb_option *table)
{
    for (; table && table->name; table++)
        offer(s, table->name);
}

static bool unknown_option(const struct args *a, const char *dashed,
                           const char *name, struct args_error *error)
{
    struct suggest s;
    const char *verb = a->verb ? a->verb->word : "";
    char *hint;

    suggest_begin(&s, name);
    offer_options(&s, own_options(a));
    offer_options(&s, verbs_globals());
    if (s.best[0])
        hint = xasprintf("did you mean --%s?", s.best);
    else
        hint = xasprintf("see muster help%s%s", *verb ? " " : "", verb);
    return wrong(error,
                 xasprintf("%s%sno option %s", verb, *verb ? ": " : "", dashed),
                 hint);
}

static bool one_of(const char *words, const char *value)
{
    size_t len = strlen(value), n;

    for (;; words += n + 1) {
        n = strcspn(words, "|");
        if (n == len && memcmp(words, value, n) == 0)
            return true;
        if (!words[n])
            return false;
    }
}

static bool whole_number(const char *text, uint64_t max)
{
    unsigned long long n;
    char *end;

    if (*text < '0' || *text > '9' || strlen(text) > 18)
        return false;
    n = strtoull(text, &end, 10);
    return !*end && n <= max;
}

static bool share(const char *text)
{
    size_t len = strlen(text);
    char number[8];

    if (len == 0 || text[len - 1] != '%')
        return whole_number(text, UINT32_MAX);
    if (len > sizeof(number))
        return false;
    memcpy(number, text, len - 1);
    number[len - 1] = 0;
    return whole_number(number, 100);
}

/* 0.3: seconds, a point, and one to three digits. */
static bool seconds_fraction(const char *text, uint64_t *ms)
{
    size_t whole = strspn(text, DIGITS), part = 0;
    unsigned long long n;

    if (text[whole] == '.')
        part = strspn(text + whole + 1, DIGITS);
    if (!whole || whole > 9 || !part || part > 3 || text[whole + 1 + part])
        return false;
    n = strtoull(text, NULL, 10) * 1000;
    for (size_t i = 0, unit = 100; i < part; i++, unit /= 10)
        n += (unsigned)(text[whole + 1 + i] - '0') * unit;
    *ms = n;
    return true;
}

bool args_time(const char *text, uint64_t *ms)
{
    int64_t value;

    if (seconds_fraction(text, ms))
        return true;
    if (!conf_parse_duration(text, &value) || value < 0)
        return false;
    *ms = (uint64_t)value;
    return true;
}

/* NULL, or what the value should have been. */
static char *value_wrong(const struct verb_option *o, const char *value)
{
    uint64_t ms;

    switch (o->kind) {
    case VALUE_NUMBER:
        return whole_number(value, UINT32_MAX) ? NULL
                                               : xstrdup("a whole number");
    case VALUE_SHARE:
        return share(value) ? NULL : xstrdup("a number, or a percentage N%");
    case VALUE_TIME:
        return args_time(value, &ms)
                   ? NULL
                   : xstrdup(
                         "a time: 30 (seconds), 0.5, 30s, 500ms, 5m, 1h, 2d");
    case VALUE_ONE_OF:
        return one_of(o->value, value) ? NULL
                                       : xasprintf("one of %s", o->value);
    default: return NULL;
    }
}

static bool give(struct args *a, const struct verb_option *o, const char *value,
                 struct args_error *error)
{
    char *expected = value ? value_wrong(o, value) : NULL;

    if (expected) {
        wrong(error, xasprintf("--%s %s: not %s", o->name, value, expected),
              NULL);
        free(expected);
        return false;
    }
    a->given[a->n_given].option = o;
    a->given[a->n_given].value = value;
    a->n_given++;
    return true;
}

static bool no_value(const struct verb_option *o, struct args_error *error)
{
    return wrong(error, xasprintf("--%s needs a value", o->name),
                 xasprintf("--%s %s: %s", o->name, o->value, o->help));
}

/* --name, --name=VALUE, --name VALUE. *next is taken when it is the value. */
static bool long_option(struct args *a, char *arg, char ***next,
                        struct args_error *error)
{
    char *name = arg + 2, *value = strchr(name, '=');
    size_t len = value ? (size_t)(value - name) : strlen(name);
    const struct verb_option *o = option_named(a, name, len);

    if (!o) {
        char *bare = xstrndup(name, len);
        char *dashed = xasprintf("--%s", bare);

        unknown_option(a, dashed, bare, error);
        free(dashed);
        free(bare);
        return false;
    }
    if (value)
        value++;
    if (o->kind == VALUE_NONE && value)
        return wrong(error, xasprintf("--%s takes no value", o->name), NULL);
    if (o->kind == VALUE_NONE)
        return give(a, o, NULL, error);
    if (o->kind == VALUE_OPTIONAL)
        return give(a, o, value ? value : "", error);
    if (!value)
        value = **next ? *(*next)++ : NULL;
    return value ? give(a, o, value, error) : no_value(o, error);
}

/* -abc, -sVALUE, -s VALUE. */
static bool short_options(struct args *a, char *arg, char ***next,
                          struct args_error *error)
{
    for (char *p = arg + 1; *p; p++) {
        const struct verb_option *o = by_letter(own_options(a), *p);
        char dashed[3] = {'-', *p, 0}, *value;

        if (!o)
            o = by_letter(verbs_globals(), *p);
        if (!o)
            return unknown_option(a, dashed, dashed + 1, error);
        if (o->kind != VALUE_NONE && o->kind != VALUE_OPTIONAL) {
            value = p[1] ? p + 1 : (**next ? *(*next)++ : NULL);
            return value ? give(a, o, value, error) : no_value(o, error);
        }
        if (!give(a, o, o->kind == VALUE_NONE ? NULL : "", error))
            return false;
    }
    return true;
}

static bool take_verb(struct args *a, const char *word,
                      struct args_error *error)
{
    struct suggest s;
    const struct verb *table;
    size_t count;

    a->verb = verbs_find(word);
    if (a->verb)
        return true;
    suggest_begin(&s, word);
    table = verbs_table(&count);
    for (size_t i = 0; i < count; i++)
        offer(&s, table[i].word);
    return wrong(error, xasprintf("no verb %s", word),
                 s.best[0] ? xasprintf("did you mean muster %s?", s.best)
                           : xstrdup("muster help lists them"));
}

/* What stands behind --: the command, or words that may begin with a dash. */
static void take_rest(struct args *a, char **rest)
{
    if (a->verb && a->verb->command) {
        a->has_command = true;
        a->command = rest;
        while (rest[a->n_command])
            a->n_command++;
        return;
    }
    for (; *rest; rest++)
        a->words[a->n_words++] = *rest;
}

static bool words_fit(const struct args *a, struct args_error *error)
{
    const struct verb *v = a->verb;
    char *hint;

    if (!v || args_has(a, "help"))
        return true;
    if (a->n_words >= (size_t)v->min &&
        (v->max < 0 || a->n_words <= (size_t)v->max))
        return true;
    hint = xasprintf("usage: muster %s%s%s", v->word, *v->usage ? " " : "",
                     v->usage);
    if (a->n_words < (size_t)v->min)
        return wrong(error, xasprintf("%s: too few words", v->word), hint);
    return wrong(error,
                 xasprintf("%s: unexpected word %s", v->word, a->words[v->max]),
                 hint);
}

bool args_parse(struct args *a, int argc, char **argv, struct args_error *error)
{
    char **next = argv + (argc > 0), *arg;
    bool good = true;

    *a = (struct args){0};
    *error = (struct args_error){0};
    /* no more options than bytes: clusters of letters count, too */
    size_t bytes = 1;
    for (int i = 0; i < argc; i++)
        bytes += strlen(argv[i]) + 1;
    a->given = xcalloc(bytes, sizeof(*a->given));
    a->words = xcalloc((size_t)argc + 1, sizeof(*a->words));
    while (good && (arg = *next)) {
        next++;
        if (strcmp(arg, "--") == 0) {
            take_rest(a, next);
            break;
        }
        if (arg[0] == '-' && arg[1] == '-')
            good = long_option(a, arg, &next, error);
        else if (arg[0] == '-' && arg[1])
            good = short_options(a, arg, &next, error);
        else if (!a->verb)
            good = take_verb(a, arg, error);
        else
            a->words[a->n_words++] = arg;
    }
    return good && words_fit(a, error);
}

void args_free(struct args *a)
{
    free(a->given);
    free(a->words);
    *a = (struct args){0};
}

void args_error_free(struct args_error *error)
{
    free(error->text);
    free(error->hint);
    *error = (struct args_error){0};
}

static const struct args_given *last_given(const struct args *a,
                                           const char *name)
{
    if (!option_named(a, name, strlen(name)))
        abort();
    for (size_t i = a->n_given; i-- > 0;)
        if (strcmp(a->given[i].option->name, name) == 0)
            return &a->given[i];
    return NULL;
}

const char *args_get(const struct args *a, const char *name)
{
    const struct args_given *g = last_given(a, name);

    return g ? g->value : NULL;
}

bool args_has(const struct args *a, const char *name)
{
    return last_given(a, name) != NULL;
}

const char *args_nth(const struct args *a, const char *name, size_t n)
{
    for (size_t i = 0; i < a->n_given; i++)
        if (strcmp(a->given[i].option->name, name) == 0 && n-- == 0)
            return a->given[i].value;
    return NULL;
}

uint64_t args_number(const struct args *a, const char *name, uint64_t none)
{
    const char *text = args_get(a, name);

    return text ? strtoull(text, NULL, 10) : none;
}
