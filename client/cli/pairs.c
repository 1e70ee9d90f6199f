#include "client/cli/pairs.h"

#include <stdlib.h>
#include <string.h>

#include "lib/selector.h"

/* Whether the word is an attribute (with an operator at most) whose value is
 * the next word. */
static bool takes_next(const char *word)
{
    size_t at;

    if (strpbrk(word, " \t'"))
        return false;
    at = strcspn(word, "!?~=<>");
    return word[at] == 0 || word[at + strspn(word + at, "!?~=<>")] == 0;
}

/* Checks the term that was just appended, for an error that names it. */
static char *check(struct buf *out, size_t from)
{
    struct selector s;
    char *error =
        selector_parse_text(&s, buf_data(out) + from, buf_len(out) - from);

    if (!error)
        selector_free(&s);
    return error;
}

char *pairs_selector(struct buf *out, char *const *words, size_t count)
{
    char *error;

    if (count == 1 && strcmp(words[0], "all") == 0)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        size_t from = buf_len(out);

        if (takes_next(words[i]) && i + 1 == count)
            return xasprintf("%s has no value: write %s=VALUE or %s VALUE",
                             words[i], words[i], words[i]);
        if (takes_next(words[i])) {
            buf_add_words(out, words[i]);
            if (strchr(words[i + 1], '\n'))
                return xasprintf("the value of %s holds a line end", words[i]);
            buf_add_words(out, words[++i]);
        } else {
            if (from)
                buf_add_char(out, ' ');
            buf_add_str(out, words[i]);
        }
        error = check(out, from);
        if (error)
            return error;
    }
    return NULL;
}

static char *set_pair(struct attrs *a, const char *name, const char *value)
{
    const char *wrong = attr_name_wrong(name, strlen(name));

    if (wrong)
        return xasprintf("attribute '%s': %s", name, wrong);
    wrong = attr_value_wrong(value, strlen(value));
    if (wrong)
        return xasprintf("value of attribute %s: %s", name, wrong);
    if (attrs_get(a, name))
        return xasprintf("attribute %s is given twice", name);
    attrs_set(a, name, value);
    return NULL;
}

char *pairs_attrs(struct attrs *a, char *const *words, size_t count)
{
    char *error = NULL;

    for (size_t i = 0; i < count && !error; i++) {
        char *name, *equals = strchr(words[i], '=');

        if (equals) {
            name = xstrndup(words[i], (size_t)(equals - words[i]));
            error = set_pair(a, name, equals + 1);
            free(name);
        } else if (i + 1 < count) {
            error = set_pair(a, words[i], words[i + 1]);
            i++;
        } else {
            error = xasprintf("%s has no value: write %s=VALUE", words[i],
                              words[i]);
        }
    }
    return error;
}

char *pairs_name_wrong(const char *name)
{
    const char *wrong = service_name_wrong(name, strlen(name));

    return wrong ? xasprintf("%s: %s", name, wrong) : NULL;
}
