#include "lib/selector.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/attrs.h"

/* The operators as they end an attribute's word; longest first. */
static const struct {
    const char *text;
    enum selector_op op;
} operators[] = {
    {"<=", SEL_LE},    {">=", SEL_GE},  {"!=", SEL_NE},
    {"!", SEL_NE},     {"?", SEL_GLOB}, {"~", SEL_REGEX},
    {"=", SEL_ONE_OF}, {"<", SEL_LT},   {">", SEL_GT},
};

/* How each is written in pairs. */
static const char *const op_text[] = {
    [SEL_EQ] = "",      [SEL_PRESENT] = "", [SEL_NE] = "!",
    [SEL_ABSENT] = "!", [SEL_GLOB] = "?",   [SEL_REGEX] = "~",
    [SEL_ONE_OF] = "=", [SEL_LT] = "<",     [SEL_LE] = "<=",
    [SEL_GT] = ">",     [SEL_GE] = ">=",    [SEL_NAME] = "",
};

static void term_clear(struct selector_term *t)
{
    if (t->op == SEL_REGEX)
        rex_free(t->u.rex);
    if (t->op == SEL_ONE_OF) {
        free(t->u.list.items);
        free(t->u.list.text);
    }
    free(t->attr);
    free(t->value);
}

void selector_free(struct selector *s)
{
    unsigned i;

    for (i = 0; i < s->count; i++)
        term_clear(&s->terms[i]);
    free(s->terms);
    *s = (struct selector){0};
}

static size_t term_size(const struct selector_term *t)
{
    size_t size = (size_t)t->attr_len + t->value_len + 2;

    if (t->op == SEL_REGEX)
        size += rex_bytes(t->u.rex);
    else if (t->op == SEL_ONE_OF)
        size += t->value_len + t->u.list.count * sizeof(*t->u.list.items);
    return size;
}

size_t selector_size(const struct selector *s)
{
    size_t size = s->size * sizeof(*s->terms);
    unsigned i;

    for (i = 0; i < s->count; i++)
        size += term_size(&s->terms[i]);
    return size;
}

unsigned selector_regexes(const struct selector *s)
{
    unsigned i, n = 0;

    for (i = 0; i < s->count; i++)
        n += s->terms[i].op == SEL_REGEX;
    return n;
}

/* -- numbers --------------------------------------------------------------- */

bool selector_number(const char *text, size_t len, double *out)
{
    static const char suffixes[] = "KMGT";
    const char *end = text + len, *p = text, *suffix;
    double n = 0, scale = 1, sign = 1;
    bool digits = false;

    if (p < end && *p == '-') {
        sign = -1;
        p++;
    }
    for (; p < end && *p >= '0' && *p <= '9'; p++, digits = true)
        n = n * 10 + (*p - '0');
    if (p < end && *p == '.')
        for (p++; p < end && *p >= '0' && *p <= '9'; p++, digits = true)
            n += (*p - '0') * (scale /= 10);
    if (digits && p < end && *p && (suffix = strchr(suffixes, *p))) {
        for (p++; suffix >= suffixes; suffix--)
            n *= 1024;
    }
    *out = sign * n;
    return digits && p == end;
}

static char *term_regex(struct selector_term *t)
{
    const char *wrong = rex_compile(t->value, &t->u.rex);

    if (!wrong)
        return NULL;
    return xasprintf("bad regular expression '%.80s': %s", t->value, wrong);
}

/* -- one term -------------------------------------------------------------- */

static char *term_list(struct selector_term *t)
{
    unsigned i, n = 1;
    char *p, *text;

    for (p = t->value; *p; p++)
        n += *p == ',';
    t->u.list.items = xcalloc(n, sizeof(*t->u.list.items));
    t->u.list.text = text = xstrdup(t->value);
    t->u.list.count = n;
    for (i = 0; i < n; i++) {
        t->u.list.items[i].text = text;
        t->u.list.items[i].len = (unsigned)strcspn(text, ",");
        text += t->u.list.items[i].len;
        *text++ = '\0';
    }
    return NULL;
}

/* Fills in what depends on the operator. On an error t is still clearable. */
static char *term_prepare(struct selector_term *t)
{
    bool any = !strcmp(t->value, "*");

    switch (t->op) {
    case SEL_EQ: t->op = any ? SEL_PRESENT : SEL_EQ; return NULL;
    case SEL_NE: t->op = any ? SEL_ABSENT : SEL_NE; return NULL;
    case SEL_ONE_OF:
        if (strchr(t->value, ','))
            return term_list(t);
        t->op = any ? SEL_PRESENT : SEL_EQ;
        return NULL;
    case SEL_LT:
    case SEL_LE:
    case SEL_GT:
    case SEL_GE:
        if (selector_number(t->value, t->value_len, &t->u.number))
            return NULL;
        return xasprintf("%.80s is compared with numbers (suffixes K M G T), "
                         "and '%.80s' is none",
                         t->attr, t->value);
    case SEL_GLOB:
    case SEL_NAME:
    case SEL_REGEX:
        if (t->value_len > SELECTOR_PATTERN_MAX)
            return xasprintf("a pattern has at most %d bytes",
                             SELECTOR_PATTERN_MAX);
        return t->op == SEL_REGEX ? term_regex(t) : NULL;
    case SEL_PRESENT:
    case SEL_ABSENT: break;
    }
    return NULL;
}

/* Cuts the operator off the end of an attribute's word. */
static enum selector_op op_cut(const char *attr, unsigned *len)
{
    size_t i, n;

    for (i = 0; i < ARRAY_LEN(operators); i++) {
        n = strlen(operators[i].text);
        if (*len >= n && !memcmp(attr + *len - n, operators[i].text, n)) {
            *len -= (unsigned)n;
            return operators[i].op;
        }
    }
    return SEL_EQ;
}

/* The names of the registry's own attributes. */
static bool is_hidden(const char *attr, size_t len)
{
    static const char owner[] = ".owner", pinned[] = ".pinned.";
    const size_t n = sizeof(pinned) - 1;

    if (len == sizeof(owner) - 1 && !memcmp(attr, owner, len))
        return true;
    return len > n && !memcmp(attr, pinned, n) &&
           !attr_name_wrong(attr + n, len - n);
}

bool selector_takes(const struct word *attr)
{
    unsigned len = attr->len;

    if (word_is(attr, ".name"))
        return true;
    op_cut(attr->text, &len);
    return is_hidden(attr->text, len);
}

/* Adds the term; takes no ownership of attr and value. */
static char *selector_add(struct selector *s, enum selector_op op,
                          const char *attr, unsigned attr_len,
                          const char *value, unsigned value_len)
{
    struct selector_term t = {.op = op};
    const char *wrong = NULL;
    char *error;

    if (s->count == SELECTOR_TERMS_MAX)
        return xasprintf("a selector has at most %d terms", SELECTOR_TERMS_MAX);
    if (op != SEL_NAME && !is_hidden(attr, attr_len))
        wrong = attr_name_wrong(attr, attr_len);
    if (wrong)
        return xasprintf("'%.80s': %s", attr, wrong);
    wrong = attr_value_wrong(value, value_len);
    if (wrong)
        return xstrdup(wrong);
    t.attr = xmemdup0(attr, attr_len);
    t.attr_len = attr_len;
    t.value = xmemdup0(value, value_len);
    t.value_len = value_len;
    error = term_prepare(&t);
    if (error) {
        term_clear(&t);
        return error;
    }
    if (s->count == s->size) {
        s->size = s->size ? 2 * s->size : 4;
        s->terms = xreallocarray(s->terms, s->size, sizeof(*s->terms));
    }
    s->terms[s->count++] = t;
    return NULL;
}

char *selector_add_pair(struct selector *s, const struct word *attr,
                        const struct word *value)
{
    unsigned len = attr->len;
    enum selector_op op;

    if (word_is(attr, ".name"))
        return selector_add(s, SEL_NAME, "", 0, value->text, value->len);
    if (len && attr->text[0] == '.' && !selector_takes(attr))
        return xasprintf("unknown directive %.80s", attr->text);
    op = op_cut(attr->text, &len);
    return selector_add(s, op, attr->text, len, value->text, value->len);
}

bool selector_borrow_pair(struct selector_term *t, const struct word *attr,
                          const struct word *value)
{
    if (!attr->len || attr->text[0] == '.' ||
        memchr("!?~=<>", attr->text[attr->len - 1], 6))
        return false;
    t->op = value->len == 1 && *value->text == '*' ? SEL_PRESENT : SEL_EQ;
    t->attr = attr->text;
    t->attr_len = attr->len;
    t->value = value->text;
    t->value_len = value->len;
    return true;
}

/* -- a whole selector as one text ------------------------------------------ */

/*
 * Adds the word as a term by itself if an operator stands inside it. *taken
 * says whether it was one. "role=''" is one with an empty value.
 */
static char *add_single(struct selector *s, const struct word *w, bool *taken)
{
    unsigned at = (unsigned)strcspn(w->text, "!?~=<>"), len;
    unsigned value;
    enum selector_op op;

    *taken = false;
    if (at >= w->len || (w->text[0] == '.' && !is_hidden(w->text, at)))
        return NULL;
    len = at + 1;
    if (len < w->len && w->text[len] == '=' && strchr("!<>", w->text[at]))
        len++;
    if (len == w->len && !w->quoted)
        return NULL; /* the operator ends the word: the value comes next */
    *taken = true;
    value = len;
    op = op_cut(w->text, &len);
    if (value < w->len && strchr("=~<>!", w->text[value]))
        return xasprintf("'%.80s': after an operator comes a value (quote "
                         "it if it begins so)",
                         w->text);
    return selector_add(s, op, w->text, len, w->text + value, w->len - value);
}

static char *parse_words(struct selector *s, const struct word *w, int n)
{
    char *error;
    bool taken;
    int i;

    for (i = 0; i < n; i++) {
        error = add_single(s, &w[i], &taken);
        if (error)
            return error;
        if (taken)
            continue;
        if (i + 1 == n)
            return xasprintf("'%.80s' has no value: write '%.80s=VALUE' or "
                             "'%.80s VALUE'",
                             w[i].text, w[i].text, w[i].text);
        error = selector_add_pair(s, &w[i], &w[i + 1]);
        if (error)
            return error;
        i++;
    }
    return NULL;
}

char *selector_parse_text(struct selector *s, const char *text, size_t len)
{
    struct word words[2 * SELECTOR_TERMS_MAX];
    char *copy, *error;
    int n;

    *s = (struct selector){0};
    if (memchr(text, '\0', len) || memchr(text, '\n', len))
        return xstrdup("a selector holds a NUL or a line end");
    copy = xmemdup0(text, len);
    n = words_split(copy, len, words, (int)ARRAY_LEN(words));
    error = n < 0 ? xstrdup(words_error_text(n)) : parse_words(s, words, n);
    if (error)
        selector_free(s);
    free(copy);
    return error;
}

char *selector_add_all(struct selector *s, const struct selector *more)
{
    const struct selector_term *t;
    char *error = NULL;
    unsigned i;

    for (i = 0; i < more->count && !error; i++) {
        t = &more->terms[i];
        error = selector_add(s, t->op, t->attr, t->attr_len, t->value,
                             t->value_len);
    }
    return error;
}

/* -- writing --------------------------------------------------------------- */

static void term_write(const struct selector_term *t, struct buf *out)
{
    struct buf attr = BUF_INIT;

    buf_add_str(&attr, t->op == SEL_NAME ? ".name" : t->attr);
    buf_add_str(&attr, op_text[t->op]);
    buf_add_word(out, buf_data(&attr), buf_len(&attr));
    buf_add_word(out, t->value, t->value_len);
    buf_free(&attr);
}

static int text_order(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void selector_write_pairs(const struct selector *s, struct buf *out)
{
    char **texts = xcalloc(s->count, sizeof(*texts));
    struct buf one = BUF_INIT;
    unsigned i;

    for (i = 0; i < s->count; i++) {
        buf_reset(&one, 1024);
        term_write(&s->terms[i], &one);
        texts[i] = xmemdup0(buf_data(&one), buf_len(&one));
    }
    qsort(texts, s->count, sizeof(*texts), text_order);
    for (i = 0; i < s->count; i++) {
        if (i || buf_len(out))
            buf_add_char(out, ' ');
        buf_add_str(out, texts[i]);
        free(texts[i]);
    }
    free(texts);
    buf_free(&one);
}
