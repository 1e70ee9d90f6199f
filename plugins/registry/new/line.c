#include "plugins/registry/new/line.h"

#include <stddef.h>
#include <string.h>

#include "lib/attrs.h"
#include "lib/directive.h"
#include "lib/mem.h"

/* What the directives of one line say, before it is looked at as a whole. */
struct said {
    uint64_t ack, ttl; /* UINT64_MAX: not said */
    bool replace;
    struct word of, new, remove, unset, volatiles; /* text NULL: not said */
};

static const struct directive directives[] = {
    {".ack", DIRECTIVE_NUMBER, 1, offsetof(struct said, ack)},
    {".ttl", DIRECTIVE_NUMBER, NEW_TTL_MAX, offsetof(struct said, ttl)},
    {".replace", DIRECTIVE_FLAG, 0, offsetof(struct said, replace)},
    {".unset", DIRECTIVE_TEXT, 0, offsetof(struct said, unset)},
    {".volatile", DIRECTIVE_TEXT, 0, offsetof(struct said, volatiles)},
    {".new", DIRECTIVE_TEXT, 0, offsetof(struct said, new)},
    {".of", DIRECTIVE_TEXT, 0, offsetof(struct said, of)},
    {".remove", DIRECTIVE_TEXT, 0, offsetof(struct said, remove)},
};

static char *name_check(struct new_line *l,
                        const struct new_line_limits *limits)
{
    const char *wrong = service_name_wrong(l->name.text, l->name.len);

    if (!wrong && l->name.len > limits->name) {
        l->why = REFUSED_NAME;
        return xasprintf("service name too long: at most %zu bytes",
                         limits->name);
    }
    return wrong ? xstrdup(wrong) : NULL;
}

static char *pair_check(struct new_line *l, const struct word *name,
                        const struct word *value,
                        const struct new_line_limits *limits)
{
    const char *wrong = attr_name_wrong(name->text, name->len);

    if (!wrong && name->len > limits->name) {
        l->why = REFUSED_NAME;
        return xasprintf("attribute name too long: at most %zu bytes",
                         limits->name);
    }
    if (!wrong && value->len > limits->value) {
        l->why = REFUSED_VALUE;
        return xasprintf("the value of %.80s is too long: at most %zu bytes",
                         name->text, limits->value);
    }
    return wrong ? xasprintf("'%.80s': %s", name->text, wrong) : NULL;
}

static char *take_unset(struct new_line *l, struct said *said)
{
    const char *wrong;

    if (!said->unset.text)
        return NULL;
    wrong = attr_name_wrong(said->unset.text, said->unset.len);
    if (wrong)
        return xasprintf("'%.80s': %s", said->unset.text, wrong);
    if (l->unset_count == NEW_UNSETS_MAX)
        return xasprintf("at most %d .unset on one line", NEW_UNSETS_MAX);
    l->unsets[l->unset_count++] = said->unset;
    said->unset.text = NULL;
    return NULL;
}

/* Compacts the pairs to the front of words, reads the directives. */
static char *read_pairs(struct new_line *l, struct said *said,
                        struct word *words, int n,
                        const struct new_line_limits *limits)
{
    struct word *to = words;
    char *error = NULL;
    int i;

    l->sets = words;
    for (i = 0; i < n && !error; i += 2) {
        if (word_is_directive(&words[i])) {
            error = directive_read(directives, ARRAY_LEN(directives), &words[i],
                                   &words[i + 1], said);
            if (!error)
                error = take_unset(l, said);
            continue;
        }
        error = pair_check(l, &words[i], &words[i + 1], limits);
        *to++ = words[i];
        *to++ = words[i + 1];
    }
    l->set_count = (unsigned)(to - words) / 2;
    return error;
}

/* Which service the line is about; at most one directive may say so. */
static char *take_verb(struct new_line *l, const struct said *said)
{
    int verbs = !!said->of.text + !!said->new.text + !!said->remove.text +
                (l->verb == NEW_REGISTER);

    if (verbs > 1)
        return xstrdup(l->verb == NEW_REGISTER
                           ? ".new, .of and .remove are for a later line"
                           : "only one of .new, .of and .remove on a line");
    if (said->new.text) {
        l->verb = NEW_REGISTER;
        l->name = said->new;
    } else if (said->of.text) {
        l->verb = NEW_UPDATE;
        l->name = said->of;
    } else if (said->remove.text) {
        l->verb = NEW_REMOVE;
        l->name = said->remove;
    } else if (!verbs && (l->set_count || l->unset_count || l->has_ttl ||
                          l->has_volatiles)) {
        l->verb = NEW_UPDATE;
    }
    return NULL;
}

static char *check_whole(struct new_line *l,
                         const struct new_line_limits *limits)
{
    bool says_more = l->set_count || l->unset_count || l->has_ttl ||
                     l->has_volatiles || l->replace;

    if (l->verb == NEW_REGISTER && l->unset_count)
        return xstrdup(".unset is for an update");
    if (l->verb != NEW_REGISTER && l->replace)
        return xstrdup(".replace is for a registration");
    if (l->verb == NEW_REMOVE && says_more)
        return xstrdup(".remove takes nothing else on its line");
    return l->name.text ? name_check(l, limits) : NULL;
}

char *new_line_read(struct new_line *l, struct word *words, int n, bool first,
                    const struct new_line_limits *limits)
{
    struct said said = {.ack = UINT64_MAX, .ttl = UINT64_MAX};
    bool named = first && !(n && n % 2 == 0 && word_is_directive(&words[0]));
    char *error;

    memset(l, 0, offsetof(struct new_line, unsets));
    l->verb = NEW_NOTHING;
    if (named) {
        l->verb = NEW_REGISTER;
        if (!n)
            return xstrdup("bad service name");
        l->name = *words++;
        n--;
        error = name_check(l, limits);
        if (error)
            return error;
    }
    if (n % 2)
        return xstrdup("odd attribute/value pairs");
    error = read_pairs(l, &said, words, n, limits);
    if (error)
        return error;
    l->has_ack = said.ack != UINT64_MAX;
    l->ack = said.ack == 1;
    l->replace = said.replace;
    l->has_ttl = said.ttl != UINT64_MAX;
    l->ttl_s = l->has_ttl ? said.ttl : 0;
    l->volatiles = said.volatiles;
    l->has_volatiles = said.volatiles.text != NULL;
    error = take_verb(l, &said);
    return error ? error : check_whole(l, limits);
}
