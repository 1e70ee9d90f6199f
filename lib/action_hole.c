#include "lib/action_hole.h"

#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/conf.h"
#include "lib/rex.h"
#include "lib/words.h"

#define TYPE_WORDS_MAX 256 /* words of a type: values of an enum */

/* -- types ----------------------------------------------------------------- */

static char *take_int(struct hole *h, struct word *w, int n)
{
    int64_t min = INT64_MIN, max = INT64_MAX;

    h->type = HOLE_INT;
    if ((n != 1 && n != 3) ||
        (n == 3 && (!conf_parse_int(w[1].text, &min) ||
                    !conf_parse_int(w[2].text, &max) || min > max)))
        return xstrdup("a number's type is int, or int MIN MAX");
    h->min = min;
    h->max = max;
    return NULL;
}

static char *take_enum(struct hole *h, struct word *w, int n)
{
    h->type = HOLE_ENUM;
    if (n < 2)
        return xstrdup("enum names no value: enum a b c");
    h->values = xcalloc((size_t)n, sizeof(*h->values));
    for (int i = 1; i < n; i++)
        h->values[h->n_values++] = xstrdup(w[i].text);
    return NULL;
}

/* All behind the word match, blanks and all. */
static char *take_match(struct hole *h, const char *type)
{
    const char *pattern = type + strlen("match");
    const char *wrong;
    char *whole;

    h->type = HOLE_MATCH;
    pattern += strspn(pattern, " \t");
    if (!*pattern)
        return xstrdup("match takes a regular expression");
    whole = xasprintf("^(%s)$", pattern);
    wrong = rex_compile(whole, &h->rex);
    free(whole);
    return wrong ? xasprintf("match: %s", wrong) : NULL;
}

static char *take_path(struct hole *h, struct word *w, int n)
{
    size_t len = n == 2 ? strlen(w[1].text) : 0;

    h->type = HOLE_PATH;
    if (!len || w[1].text[0] != '/')
        return xstrdup("path takes a folder: path /srv/www");
    h->folder =
        xasprintf("%s%s", w[1].text, w[1].text[len - 1] == '/' ? "" : "/");
    return NULL;
}

static char *take_type(struct hole *h, const char *type, struct word *w, int n)
{
    if (n == 1 && word_is(&w[0], "word")) {
        h->type = HOLE_WORD;
        return NULL;
    }
    if (n == 1 && word_is(&w[0], "text")) {
        h->type = HOLE_TEXT;
        return NULL;
    }
    if (n > 0 && word_is(&w[0], "int"))
        return take_int(h, w, n);
    if (n > 0 && word_is(&w[0], "enum"))
        return take_enum(h, w, n);
    if (n > 0 && word_is(&w[0], "match"))
        return take_match(h, type + strspn(type, " \t"));
    if (n > 0 && word_is(&w[0], "path"))
        return take_path(h, w, n);
    return xstrdup("a type is word, text, int MIN MAX, enum a b c, match REGEX "
                   "or path FOLDER");
}

char *hole_parse(struct hole *h, const char *name, const char *type)
{
    char *copy = xstrdup(type), *wrong, *told;
    struct word words[TYPE_WORDS_MAX];
    int n;

    *h = (struct hole){.name = xstrdup(name), .type_text = xstrdup(type)};
    /* quotes are a pattern's own */
    if (strncmp(type + strspn(type, " \t"), "match", 5) == 0)
        copy[strspn(type, " \t") + strcspn(type + strspn(type, " \t"), " \t")] =
            '\0';
    n = words_split(copy, strlen(copy), words, TYPE_WORDS_MAX);
    wrong = n < 0 ? xstrdup(words_error_text(n)) : take_type(h, type, words, n);
    free(copy);
    if (!wrong)
        return NULL;
    told = xasprintf("args: %.60s: %s", name, wrong);
    free(wrong);
    return told;
}

void hole_free(struct hole *h)
{
    while (h->n_values)
        free(h->values[--h->n_values]);
    free(h->values);
    free(h->name);
    free(h->type_text);
    free(h->folder);
    free(h->def);
    rex_free(h->rex);
}

bool hole_is_harmless(const struct hole *h)
{
    return h->type == HOLE_INT || h->type == HOLE_ENUM;
}

/* -- values ---------------------------------------------------------------- */

static bool is_word(const char *value, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)value[i] <= ' ' || value[i] == 0x7f)
            return false;
    return len && value[0] != '-';
}

static bool is_one_of(const struct hole *h, const char *value)
{
    for (size_t i = 0; i < h->n_values; i++)
        if (strcmp(h->values[i], value) == 0)
            return true;
    return false;
}

/* Below its folder, and no part of it goes up again. Links are followed by
 * whoever opens it: what may make them there is in the folder's hands. */
static bool is_below(const struct hole *h, const char *value, size_t len)
{
    size_t folder = strlen(h->folder), part;

    if (len <= folder || strncmp(value, h->folder, folder) != 0)
        return false;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)value[i] < ' ' || value[i] == 0x7f)
            return false;
    for (value += folder;; value += part + 1) {
        part = strcspn(value, "/");
        if (!part || (part == 1 && value[0] == '.') ||
            (part == 2 && value[0] == '.' && value[1] == '.'))
            return false;
        if (!value[part])
            return true;
    }
}

static bool is_number(const struct hole *h, const char *value)
{
    const char *digits = value + (*value == '-');
    int64_t n;

    return *digits && strspn(digits, "0123456789") == strlen(digits) &&
           conf_parse_int(value, &n) && n >= h->min && n <= h->max;
}

static bool fits(const struct hole *h, const char *value, size_t len)
{
    switch (h->type) {
    case HOLE_WORD: return is_word(value, len);
    case HOLE_INT: return is_number(h, value);
    case HOLE_ENUM: return is_one_of(h, value);
    case HOLE_MATCH: return rex_match(h->rex, value, len);
    case HOLE_PATH: return is_below(h, value, len);
    case HOLE_TEXT: return true;
    }
    return false;
}

char *hole_wrong(const struct hole *h, const char *value, size_t len)
{
    if (len > ACTION_VALUE_MAX)
        return xasprintf("%s: more than %d bytes", h->name, ACTION_VALUE_MAX);
    if (memchr(value, '\0', len))
        return xasprintf("%s: a NUL", h->name);
    if (!fits(h, value, len))
        return xasprintf("%s takes %s", h->name, h->type_text);
    return NULL;
}

/* -- texts ----------------------------------------------------------------- */

bool text_next_hole(const char **text, const char **name, size_t *len,
                    const char **wrong)
{
    const char *p = *text;

    *wrong = NULL;
    while ((p = strpbrk(p, "{}"))) {
        if (p[0] == p[1]) {
            p += 2;
            continue;
        }
        *name = p + 1;
        *len = strcspn(p + 1, "{}");
        if (*p == '}' || p[1 + *len] != '}' || !*len)
            *wrong = "a brace that is no {hole} is written twice";
        *text = *wrong ? p + strlen(p) : p + *len + 2;
        return !*wrong;
    }
    return false;
}

static void add_value(struct buf *out, const char *name, size_t len,
                      action_value_fn *value, const void *arg)
{
    char *hole = xmemdup0(name, len);
    const char *text = value(arg, hole);

    buf_add_str(out, text ? text : "");
    free(hole);
}

char *action_fill(const char *text, action_value_fn *value, const void *arg)
{
    struct buf out = BUF_INIT;
    char *filled;
    size_t len;

    for (; *text; text += len) {
        if (text[0] != '{' && text[0] != '}') {
            len = strcspn(text, "{}");
            buf_add(&out, text, len);
        } else if (text[0] == text[1]) {
            buf_add_char(&out, text[0]);
            len = 2;
        } else {
            len = strcspn(text, "}");
            add_value(&out, text + 1, len - 1, value, arg);
            len++;
        }
    }
    filled = xstrdup(buf_str(&out));
    buf_free(&out);
    return filled;
}
