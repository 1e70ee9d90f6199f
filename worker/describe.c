#include "worker/describe.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "lib/words.h"

#define WORDS_MAX (2 + 8 + 2 * DESCRIBE_ATTRS_MAX)

static bool is_alnum(char c)
{
    return c > 0 && isalnum((unsigned char)c);
}

bool describe_name_is_valid(const char *name, size_t len)
{
    size_t i;

    if (!len || len > DESCRIBE_NAME_MAX || !is_alnum(name[0]))
        return false;
    for (i = 1; i < len; i++)
        if (!is_alnum(name[i]) && name[i] != '-' && name[i] != '_')
            return false;
    return true;
}

/* It becomes part of the name of an environment variable. */
static bool arg_name_is_valid(const char *name, size_t len)
{
    size_t i;

    if (!len || len > DESCRIBE_NAME_MAX || isdigit((unsigned char)name[0]))
        return false;
    for (i = 0; i < len; i++)
        if (!is_alnum(name[i]) && name[i] != '_')
            return false;
    return true;
}

/* -- pairs ----------------------------------------------------------------- */

static const struct op_arg *arg_find(const struct description *d,
                                     const char *name, size_t len)
{
    size_t i;

    for (i = 0; i < d->arg_count; i++)
        if (strlen(d->args[i].name) == len &&
            memcmp(d->args[i].name, name, len) == 0)
            return &d->args[i];
    return NULL;
}

static char *take_arg(struct description *d, const char *name, size_t len)
{
    bool optional = len && name[len - 1] == '?';
    struct op_arg *a;

    if (optional)
        len--;
    if (!arg_name_is_valid(name, len))
        return xasprintf("args: %.*s is no name of an argument: letters, "
                         "digits and _",
                         (int)(len < 80 ? len : 80), name);
    if (arg_find(d, name, len))
        return xasprintf("args: %.*s twice", (int)len, name);
    if (d->arg_count == DESCRIBE_ARGS_MAX)
        return xasprintf("args: more than %d", DESCRIBE_ARGS_MAX);
    d->args = xreallocarray(d->args, d->arg_count + 1, sizeof(*d->args));
    a = &d->args[d->arg_count++];
    *a = (struct op_arg){
        .name = xmemdup0(name, len), .required = !optional, .bytes = true};
    return NULL;
}

/* a,b?,c */
static char *take_args(struct description *d, const struct word *value)
{
    const char *at = value->text, *end = at + value->len, *comma;
    char *why = NULL;

    if (d->arg_count)
        return xstrdup("args twice");
    while (at < end && !why) {
        comma = memchr(at, ',', (size_t)(end - at));
        if (!comma)
            comma = end;
        why = take_arg(d, at, (size_t)(comma - at));
        at = comma + 1;
    }
    return why;
}

static char *take_flag(const struct word *name, const struct word *value,
                       bool *flag)
{
    unsigned long long n;

    if (!word_to_u64(value, 1, &n))
        return xasprintf("%s is 0 or 1", name->text);
    *flag = n == 1;
    return NULL;
}

static char *take_attr(struct description *d, const struct word *name,
                       const struct word *value)
{
    char *full;

    if (!describe_name_is_valid(name->text, name->len))
        return xasprintf("%.80s is no name of an attribute", name->text);
    if (d->attrs.count == DESCRIBE_ATTRS_MAX)
        return xasprintf("more than %d attributes", DESCRIBE_ATTRS_MAX);
    full = xasprintf("%s.%s", d->name, name->text);
    attrs_set(&d->attrs, full, value->text);
    free(full);
    return NULL;
}

static char *take_pair(struct description *d, const struct word *name,
                       const struct word *value)
{
    const char *why = attr_value_wrong(value->text, value->len);

    if (!why && value->len > DESCRIBE_VALUE_MAX)
        why = "the value is too long";
    if (why)
        return xasprintf("%.80s: %s", name->text, why);
    if (word_is(name, "args"))
        return take_args(d, value);
    if (word_is(name, "mutex"))
        return take_flag(name, value, &d->mutex);
    if (word_is(name, "leaves"))
        return take_flag(name, value, &d->leaves);
    if (!word_is(name, "doc"))
        return take_attr(d, name, value);
    free(d->doc);
    d->doc = xstrdup(value->text);
    return NULL;
}

/* -- the line -------------------------------------------------------------- */

static char *take_words(struct description *d, const char *name,
                        const struct word *w, int n)
{
    char *why = NULL;
    int i;

    if (n < 2 || !word_is(&w[0], "op"))
        return xstrdup("it does not begin: op NAME");
    if (!word_is(&w[1], name))
        return xasprintf("it says to be %.80s, and its file is %s", w[1].text,
                         name);
    if (n % 2)
        return xstrdup("odd attribute/value pairs");
    d->name = xstrdup(name);
    d->doc = xstrdup("");
    for (i = 2; i < n && !why; i += 2)
        why = take_pair(d, &w[i], &w[i + 1]);
    return why;
}

char *describe_parse(struct description *d, const char *name, char *text,
                     size_t len)
{
    struct word words[WORDS_MAX];
    char *why, *lf;
    int n;

    *d = (struct description){0};
    while (len && (text[len - 1] == '\n' || text[len - 1] == '\r'))
        len--;
    if (!len)
        return xstrdup("it says nothing");
    lf = memchr(text, '\n', len);
    if (lf)
        return xstrdup("it says more than one line");
    n = words_split(text, len, words, WORDS_MAX);
    if (n < 0)
        return xstrdup(words_error_text(n));
    why = take_words(d, name, words, n);
    if (why)
        description_free(d);
    return why;
}

void description_free(struct description *d)
{
    size_t i;

    for (i = 0; i < d->arg_count; i++)
        free((char *)d->args[i].name);
    free(d->args);
    free(d->name);
    free(d->doc);
    attrs_free(&d->attrs);
    *d = (struct description){0};
}
