#include "lib/hcl.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "lib/buf.h"
#include "lib/utf8.h"

struct reader {
    const char *at, *end;
    unsigned line, depth;
    char *why; /* owned; the first mistake, or NULL */
};

/* -- the tree -------------------------------------------------------------- */

void hcl_free(struct hcl_item *item)
{
    struct hcl_item *next;

    for (; item; item = next) {
        next = item->next;
        hcl_free(item->first);
        free(item->key);
        free(item->text);
        free(item);
    }
}

static struct hcl_item *item_new(enum hcl_kind kind, unsigned line)
{
    struct hcl_item *item = xcalloc(1, sizeof(*item));

    item->kind = kind;
    item->line = line;
    return item;
}

/* -- JSON ------------------------------------------------------------------ */

static struct hcl_item *from_json(const json_t *json, unsigned depth);

static bool add_json(struct hcl_item ***last, const char *key,
                     const json_t *json, unsigned depth)
{
    struct hcl_item *item = from_json(json, depth);

    if (!item)
        return false;
    item->key = key ? xstrdup(key) : NULL;
    **last = item;
    *last = &item->next;
    return true;
}

static bool add_members(struct hcl_item *to, const json_t *json, unsigned depth)
{
    struct hcl_item **last = &to->first;
    const json_t *value;
    const char *key;
    size_t i;

    if (json_is_array(json)) {
        for (i = 0; i < json_array_size(json); i++)
            if (!add_json(&last, NULL, json_array_get(json, i), depth))
                return false;
        return true;
    }
    json_object_foreach((json_t *)json, key, value)
    {
        if (!add_json(&last, key, value, depth))
            return false;
    }
    return true;
}

static enum hcl_kind kind_of(const json_t *json)
{
    switch (json_typeof(json)) {
    case JSON_OBJECT: return HCL_OBJECT;
    case JSON_ARRAY: return HCL_LIST;
    case JSON_STRING: return HCL_TEXT;
    case JSON_TRUE:
    case JSON_FALSE: return HCL_BOOL;
    default: return HCL_NUMBER;
    }
}

/* NULL: a null, or too deep. */
static struct hcl_item *from_json(const json_t *json, unsigned depth)
{
    struct hcl_item *item;

    if (json_is_null(json) || depth > HCL_DEPTH_MAX)
        return NULL;
    item = item_new(kind_of(json), 0);
    if (item->kind == HCL_OBJECT || item->kind == HCL_LIST) {
        if (!add_members(item, json, depth + 1)) {
            hcl_free(item);
            return NULL;
        }
    } else if (item->kind == HCL_TEXT) {
        item->text = xstrdup(json_string_value(json));
    } else {
        char *text =
            json_dumps(json, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));

        item->text = xstrdup(text ? text : "");
        free(text);
    }
    return item;
}

static struct hcl_item *parse_json(const char *text, size_t len, char **why)
{
    json_error_t error;
    json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
    struct hcl_item *item;

    if (!json) {
        *why = xasprintf("line %d: %s", error.line, error.text);
        return NULL;
    }
    item = from_json(json, 0);
    json_decref(json);
    if (!item)
        *why = xasprintf("a null, or more than %d objects and lists within "
                         "each other",
                         HCL_DEPTH_MAX);
    return item;
}

/* -- HCL: characters ------------------------------------------------------- */

static bool fail(struct reader *r, const char *what)
{
    if (!r->why)
        r->why = xasprintf("line %u: %s", r->line, what);
    return false;
}

static int look(const struct reader *r)
{
    return r->at < r->end ? (unsigned char)*r->at : EOF;
}

static int look_next(const struct reader *r)
{
    return r->at + 1 < r->end ? (unsigned char)r->at[1] : EOF;
}

static void skip_line(struct reader *r)
{
    while (look(r) != EOF && look(r) != '\n')
        r->at++;
}

static bool skip_stars(struct reader *r)
{
    const char *end = memmem(r->at + 2, (size_t)(r->end - r->at) - 2, "*/", 2);

    if (!end)
        return fail(r, "a remark /* has no end");
    for (; r->at < end + 2; r->at++)
        r->line += *r->at == '\n';
    return true;
}

/* Blanks, line ends and remarks. */
static bool skip(struct reader *r)
{
    for (;;) {
        int c = look(r);

        if (c == '#' || (c == '/' && look_next(r) == '/')) {
            skip_line(r);
        } else if (c == '/' && look_next(r) == '*') {
            if (!skip_stars(r))
                return false;
        } else if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            r->line += c == '\n';
            r->at++;
        } else {
            return true;
        }
    }
}

/* -- HCL: texts ------------------------------------------------------------ */

/* So many digits of a base as a number; -1: they are not there. */
static long digits(struct reader *r, int count, int base)
{
    char text[9] = "", *end;
    long n;
    int i;

    for (i = 0; i < count && look(r) != EOF; i++)
        text[i] = *r->at++;
    if (!isxdigit((unsigned char)*text))
        return -1; /* strtol() would take blanks and signs */
    n = strtol(text, &end, base);
    return i == count && !*end ? n : -1;
}

static void add_utf8(struct buf *out, unsigned long c)
{
    if (c < 0x80) {
        buf_add_char(out, (char)c);
        return;
    }
    if (c < 0x800) {
        buf_add_char(out, (char)(0xc0 | c >> 6));
    } else {
        if (c < 0x10000) {
            buf_add_char(out, (char)(0xe0 | c >> 12));
        } else {
            buf_add_char(out, (char)(0xf0 | c >> 18));
            buf_add_char(out, (char)(0x80 | (c >> 12 & 0x3f)));
        }
        buf_add_char(out, (char)(0x80 | (c >> 6 & 0x3f)));
    }
    buf_add_char(out, (char)(0x80 | (c & 0x3f)));
}

/* A character by its number: never a NUL, nor half of a pair. */
static bool add_number(struct reader *r, struct buf *out, long c, long most)
{
    if (c <= 0 || c > most || (c >= 0xd800 && c < 0xe000))
        return fail(r, "an escape is no character");
    add_utf8(out, (unsigned long)c);
    return true;
}

/* What stands behind a backslash. */
static bool add_escape(struct reader *r, struct buf *out)
{
    static const char names[] = "abfnrtv\"\\", values[] = "\a\b\f\n\r\t\v\"\\";
    int c = look(r);
    const char *found = c > 0 ? strchr(names, c) : NULL;

    if (found) {
        r->at++;
        buf_add_char(out, values[found - names]);
        return true;
    }
    if (c >= '0' && c <= '7')
        return add_number(r, out, digits(r, 3, 8), 0x7f);
    if (c == EOF)
        return fail(r, "a text has no end");
    r->at++;
    switch (c) {
    case 'x': return add_number(r, out, digits(r, 2, 16), 0x7f);
    case 'u': return add_number(r, out, digits(r, 4, 16), 0xffff);
    case 'U': return add_number(r, out, digits(r, 8, 16), 0x10ffff);
    default: return fail(r, "an unknown escape in a text");
    }
}

/* The text behind its first quote, and its last; owned, or NULL. */
static char *take_text(struct reader *r)
{
    struct buf out = BUF_INIT;
    bool good = true;
    char *text;

    for (r->at++; good && look(r) != '"'; good = good && !r->why) {
        int c = look(r);

        if (c == EOF || c == '\n') {
            good = fail(r, "a text has no end in its line");
        } else if (c == '\\') {
            r->at++;
            good = add_escape(r, &out);
        } else {
            buf_add_char(&out, (char)c);
            r->at++;
        }
    }
    r->at += good; /* the last quote */
    text = good ? xstrdup(buf_len(&out) ? buf_str(&out) : "") : NULL;
    buf_free(&out);
    return text;
}

static bool is_word(int c)
{
    return c != EOF && (isalnum(c) || c == '_' || c == '-' || c == '.');
}

/* A name without quotes, a number, true or false; owned, or NULL. */
static char *take_word(struct reader *r)
{
    const char *from = r->at;

    while (is_word(look(r)))
        r->at++;
    return r->at > from ? xmemdup0(from, (size_t)(r->at - from)) : NULL;
}

/* -- HCL: items ------------------------------------------------------------ */

static bool take_items(struct reader *r, struct hcl_item *to, int end);
static struct hcl_item *take_value(struct reader *r);

static bool is_number(const char *text)
{
    char *end;

    if (!isdigit((unsigned char)text[*text == '-']))
        return false;
    strtod(text, &end);
    return !*end;
}

static struct hcl_item *take_bare(struct reader *r)
{
    char *text = take_word(r);
    enum hcl_kind kind = HCL_NUMBER;
    struct hcl_item *item;

    if (text && (!strcmp(text, "true") || !strcmp(text, "false")))
        kind = HCL_BOOL;
    else if (!text || !is_number(text)) {
        fail(r, look(r) == '<' ? "a here-document is not taken"
                               : "a value is missing: texts stand in double "
                                 "quotes");
        free(text);
        return NULL;
    }
    item = item_new(kind, r->line);
    item->text = text;
    return item;
}

static bool take_list(struct reader *r, struct hcl_item *to)
{
    struct hcl_item **last = &to->first;

    r->at++;
    while (skip(r) && look(r) != ']') {
        *last = take_value(r);
        if (!*last || !skip(r))
            return false;
        last = &(*last)->next;
        if (look(r) == ',')
            r->at++;
        else if (look(r) != ']')
            return fail(r, "a comma or a ] is missing");
    }
    r->at += !r->why;
    return !r->why;
}

/* An object or a list, from its bracket on. */
static struct hcl_item *take_bracket(struct reader *r)
{
    bool list = look(r) == '[', good;
    struct hcl_item *item = item_new(list ? HCL_LIST : HCL_OBJECT, r->line);

    if (++r->depth > HCL_DEPTH_MAX)
        good = fail(r, "too many blocks within each other");
    else if (list)
        good = take_list(r, item);
    else
        good = take_items(r, item, '}');
    r->depth--;
    if (good)
        return item;
    hcl_free(item);
    return NULL;
}

static struct hcl_item *take_value(struct reader *r)
{
    struct hcl_item *item;
    char *text;

    if (look(r) == '{' || look(r) == '[')
        return take_bracket(r);
    if (look(r) != '"')
        return take_bare(r);
    text = take_text(r);
    if (!text)
        return NULL;
    item = item_new(HCL_TEXT, r->line);
    item->text = text;
    return item;
}

/* What a key or a label is; NULL: none stands here. */
static char *take_key(struct reader *r)
{
    return look(r) == '"' ? take_text(r) : take_word(r);
}

/* Behind a key: more labels and a block, or a value. */
static struct hcl_item *take_rest(struct reader *r, unsigned labels)
{
    struct hcl_item *item, *outer;
    char *label;

    if (!skip(r))
        return NULL;
    if (look(r) == '=' && !labels) {
        r->at++;
        return skip(r) ? take_value(r) : NULL;
    }
    if (look(r) == '{')
        return take_bracket(r);
    if (labels == HCL_DEPTH_MAX || !(label = take_key(r))) {
        fail(r, "a block in braces, or = and a value, is missing");
        return NULL;
    }
    outer = item_new(HCL_OBJECT, r->line);
    item = take_rest(r, labels + 1);
    if (!item) {
        free(label);
        hcl_free(outer);
        return NULL;
    }
    item->key = label;
    outer->first = item;
    return outer;
}

/* Items up to the end, which is taken: a brace, or that of the text. */
static bool take_items(struct reader *r, struct hcl_item *to, int end)
{
    struct hcl_item **last = &to->first;
    char *key;

    r->at += end != EOF;
    while (skip(r) && look(r) != end) {
        key = take_key(r);
        if (!key)
            return fail(r, look(r) == EOF ? "a } is missing"
                                          : "a name is missing");
        *last = take_rest(r, 0);
        if (!*last) {
            free(key);
            return false;
        }
        (*last)->key = key;
        last = &(*last)->next;
        if (skip(r) && look(r) == ',')
            r->at++;
    }
    r->at += end != EOF && !r->why;
    return !r->why;
}

struct hcl_item *hcl_parse(const char *text, size_t len, char **why)
{
    struct reader r = {.at = text, .end = text + len, .line = 1};
    struct hcl_item *top;
    const char *p = text;

    while (p < r.end && isspace((unsigned char)*p))
        p++;
    if (memchr(text, '\0', len) || !utf8_valid(text, len)) {
        *why = xstrdup("a NUL, or no UTF-8");
        return NULL;
    }
    if (p < r.end && *p == '{')
        return parse_json(text, len, why);
    top = item_new(HCL_OBJECT, 1);
    if (take_items(&r, top, EOF))
        return top;
    hcl_free(top);
    *why = r.why ? r.why : xstrdup("no rules");
    return NULL;
}
