/*
 * or:    and { "or" and }          match: SELECTOR OP VALUE
 * and:   not { "and" not }              | VALUE [not] in SELECTOR
 * not:   "not" not | "(" or ")" | match
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/rex.h"
#include "plugins/registry/consul/boolean.h"
#include "plugins/registry/consul/filter_impl.h"

#define NONE UINT32_MAX /* no node: there was an error */

/* An expression being read. */
struct parse {
    const char *text, *p;
    struct filter *f;
    char *error; /* owned; the first one */
    unsigned depth;
};

static unsigned fail(struct parse *c, char *error)
{
    if (c->error)
        free(error);
    else
        c->error = error;
    return NONE;
}

static unsigned fail_here(struct parse *c, const char *what)
{
    return fail(c, xasprintf("1:%zu: %s", (size_t)(c->p - c->text) + 1, what));
}

/* -- words ----------------------------------------------------------------- */

static bool is_inner(char ch)
{
    return isalnum((unsigned char)ch) || (ch && strchr("_-/:", ch));
}

static void skip(struct parse *c)
{
    while (isspace((unsigned char)*c->p))
        c->p++;
}

/* Takes that keyword; false, and nothing is taken, if it is another one. */
static bool take(struct parse *c, const char *word)
{
    size_t len = strlen(word);

    skip(c);
    if (strncmp(c->p, word, len) != 0 || is_inner(c->p[len]) ||
        c->p[len] == '.' || c->p[len] == '[')
        return false;
    c->p += len;
    return true;
}

/* The same of two, with blanks between them. */
static bool take_two(struct parse *c, const char *first, const char *second)
{
    const char *was = c->p;

    if (take(c, first) && take(c, second))
        return true;
    c->p = was;
    return false;
}

static bool take_sign(struct parse *c, const char *sign)
{
    skip(c);
    if (strncmp(c->p, sign, strlen(sign)) != 0)
        return false;
    c->p += strlen(sign);
    return true;
}

/* \n, \t, \", \\ and the like, as they are in JSON and Go; others stay. */
static char unescape(char ch)
{
    return ch == 'n' ? '\n' : ch == 't' ? '\t' : ch == 'r' ? '\r' : ch;
}

/* "…" or `…` at p; NULL: it is not closed. Owned. */
static char *take_quoted(struct parse *c)
{
    char quote = *c->p++, *out = xmalloc(strlen(c->p) + 1), *to = out;

    while (*c->p && *c->p != quote) {
        if (quote == '"' && c->p[0] == '\\' && c->p[1]) {
            c->p++;
            *to++ = unescape(*c->p++);
        } else
            *to++ = *c->p++;
    }
    *to = '\0';
    if (*c->p) {
        c->p++;
        return out;
    }
    free(out);
    fail_here(c, "a quote is not closed");
    return NULL;
}

/* -- selectors and values -------------------------------------------------- */

/* What a match is made of, before it is known which is which. */
struct operand {
    char *text;                  /* owned: as a value */
    char *path[FILTER_PATH_MAX]; /* owned: as a selector */
    unsigned depth;              /* 0: it is none */
};

static void operand_free(struct operand *o)
{
    unsigned i;

    for (i = 0; i < o->depth; i++)
        free(o->path[i]);
    free(o->text);
    *o = (struct operand){0};
}

static bool path_add(struct parse *c, struct operand *o, char *part)
{
    if (part && o->depth < FILTER_PATH_MAX) {
        o->path[o->depth++] = part;
        return true;
    }
    if (part)
        fail_here(c, "a selector has too many parts");
    free(part);
    return false;
}

/* ["…"] at p, behind the bracket. */
static bool take_index(struct parse *c, struct operand *o)
{
    skip(c);
    if ((*c->p != '"' && *c->p != '`') || !path_add(c, o, take_quoted(c))) {
        fail_here(c, "a text in quotes is expected behind [");
        return false;
    }
    if (take_sign(c, "]"))
        return true;
    fail_here(c, "] is expected");
    return false;
}

static bool take_part(struct parse *c, struct operand *o)
{
    const char *from = c->p;

    while (is_inner(*c->p))
        c->p++;
    return path_add(c, o, xstrndup(from, (size_t)(c->p - from)));
}

/* A name with what is behind its dots and in its brackets. */
static bool take_bare(struct parse *c, struct operand *o)
{
    const char *from = c->p;
    bool ok = take_part(c, o);

    while (ok && (*c->p == '.' || *c->p == '[')) {
        if (*c->p++ == '[')
            ok = take_index(c, o);
        else if (isalnum((unsigned char)*c->p) || *c->p == '_')
            ok = take_part(c, o);
        else {
            fail_here(c, "a name is expected behind the dot");
            ok = false;
        }
    }
    o->text = xstrndup(from, (size_t)(c->p - from));
    return ok;
}

/* -1.5: a value, and no selector. */
static bool take_number(struct parse *c, struct operand *o)
{
    const char *from = c->p;

    while (is_inner(*c->p) || *c->p == '.')
        c->p++;
    o->text = xstrndup(from, (size_t)(c->p - from));
    return true;
}

static bool take_operand(struct parse *c, struct operand *o)
{
    *o = (struct operand){0};
    skip(c);
    if (*c->p == '"' || *c->p == '`') {
        o->text = take_quoted(c);
        return o->text != NULL;
    }
    if (isalpha((unsigned char)*c->p) || *c->p == '_')
        return take_bare(c, o);
    if (isdigit((unsigned char)*c->p) || *c->p == '-')
        return take_number(c, o);
    fail_here(c, "a selector or a value is expected");
    return false;
}

/* -- matches --------------------------------------------------------------- */

static const char *op_name(const struct filter_term *t)
{
    static const char *const names[][2] = {
        [FILTER_EQUAL] = {"Equal", "Not Equal"},
        [FILTER_IN] = {"In", "Not In"},
        [FILTER_EMPTY] = {"Is Empty", "Is Not Empty"},
        [FILTER_MATCHES] = {"Matches", "Not Matches"},
    };

    return names[t->op][t->negated];
}

static bool op_fits(enum filter_op op, enum filter_type type)
{
    switch (op) {
    case FILTER_EQUAL:
        return type == FILTER_TEXT || type == FILTER_NUMBER ||
               type == FILTER_BOOL;
    case FILTER_IN:
        return type == FILTER_TEXT || type == FILTER_LIST || type == FILTER_MAP;
    case FILTER_EMPTY:
        return type == FILTER_LIST || type == FILTER_MAP || type == FILTER_SOME;
    default: return type == FILTER_TEXT;
    }
}

static char *value_wrong(struct filter_term *t)
{
    const char *wrong;
    char *end;

    if (t->op == FILTER_MATCHES) {
        wrong = rex_compile(t->value, &t->rex);
        return wrong ? xasprintf("Failed to compile regular expression \"%s\": "
                                 "%s",
                                 t->value, wrong)
                     : NULL;
    }
    if (t->type == FILTER_BOOL) {
        if (!boolean_parse(t->value, &t->yes))
            return xasprintf("\"%s\" is neither true nor false", t->value);
    }
    if (t->type == FILTER_NUMBER) {
        errno = 0;
        t->number = strtoll(t->value, &end, 10);
        if (errno || !*t->value || *end)
            return xasprintf("\"%s\" is no whole number", t->value);
    }
    return NULL;
}

/* The selector as it was written, more or less: for errors. Owned. */
static char *path_text(const struct filter_term *t)
{
    struct buf b = BUF_INIT;
    char *text;
    unsigned i;

    for (i = 0; i < t->depth; i++) {
        if (i)
            buf_add_char(&b, '.');
        buf_add_str(&b, t->path[i]);
    }
    text = xstrdup(buf_str(&b));
    buf_free(&b);
    return text;
}

/* Whether the term makes sense for such rows: NULL, or why not. */
static char *term_wrong(enum filter_kind kind, struct filter_term *t)
{
    char *path, *wrong = NULL;

    path = path_text(t);
    if (!filter_field_type(kind, t, &t->type))
        wrong = xasprintf("Selector \"%s\" is not valid", path);
    else if (!op_fits(t->op, t->type))
        wrong = xasprintf("Invalid match operator \"%s\" for selector \"%s\"",
                          op_name(t), path);
    free(path);
    return wrong || !t->value ? wrong : value_wrong(t);
}

static unsigned add_node(struct parse *c, enum filter_node_kind kind,
                         unsigned left, unsigned right)
{
    struct filter *f = c->f;

    if (left == NONE || right == NONE)
        return NONE;
    if (f->node_count == ARRAY_LEN(f->nodes))
        return fail_here(c, "the expression is too long");
    f->nodes[f->node_count] = (struct filter_node){kind, left, right};
    return f->node_count++;
}

/* A term of a selector and (NULL: it needs none) a value, both taken over. */
static unsigned add_term(struct parse *c, enum filter_op op, bool negated,
                         struct operand *selector, struct operand *value)
{
    struct filter *f = c->f;
    struct filter_term *t = &f->terms[f->term_count];
    char *wrong;

    if (!selector->depth)
        return fail_here(c, "what is looked at must be a selector");
    if (f->term_count == FILTER_TERMS_MAX)
        return fail_here(c, "the expression has too many terms");
    f->term_count++;
    *t = (struct filter_term){
        .depth = selector->depth, .op = op, .negated = negated};
    memcpy(t->path, selector->path, sizeof(t->path));
    selector->depth = 0;
    if (value) {
        t->value = value->text;
        value->text = NULL;
    }
    wrong = term_wrong(f->kind, t);
    return wrong ? fail(c, wrong)
                 : add_node(c, FILTER_IS, f->term_count - 1, 0);
}

/* Behind the first operand: what is done with it. */
static unsigned parse_op(struct parse *c, struct operand *a, struct operand *b)
{
    bool negated = take_two(c, "not", "in");

    if (negated || take(c, "in"))
        return take_operand(c, b) ? add_term(c, FILTER_IN, negated, b, a)
                                  : NONE;
    if (take_two(c, "is", "empty"))
        return add_term(c, FILTER_EMPTY, false, a, NULL);
    if (take(c, "is"))
        return take_two(c, "not", "empty")
                   ? add_term(c, FILTER_EMPTY, true, a, NULL)
                   : fail_here(c, "empty or not empty is expected behind is");
    negated = take_two(c, "not", "contains");
    if (negated || take(c, "contains"))
        return take_operand(c, b) ? add_term(c, FILTER_IN, negated, a, b)
                                  : NONE;
    negated = take_two(c, "not", "matches");
    if (negated || take(c, "matches"))
        return take_operand(c, b) ? add_term(c, FILTER_MATCHES, negated, a, b)
                                  : NONE;
    negated = take_sign(c, "!=");
    if (negated || take_sign(c, "=="))
        return take_operand(c, b) ? add_term(c, FILTER_EQUAL, negated, a, b)
                                  : NONE;
    return fail_here(c, "an operator is expected: ==, !=, in, not in, "
                        "contains, not contains, is empty, is not empty, "
                        "matches, not matches");
}

static unsigned parse_match(struct parse *c)
{
    struct operand a = {0}, b = {0};
    unsigned node = take_operand(c, &a) ? parse_op(c, &a, &b) : NONE;

    operand_free(&a);
    operand_free(&b);
    return node;
}

/* -- the rest -------------------------------------------------------------- */

static unsigned parse_or(struct parse *c);

static unsigned parse_group(struct parse *c)
{
    unsigned node = parse_or(c);

    if (node != NONE && !take_sign(c, ")"))
        return fail_here(c, "a parenthesis is not closed");
    return node;
}

static unsigned parse_not(struct parse *c)
{
    unsigned node;

    if (++c->depth > FILTER_DEPTH_MAX)
        return fail_here(c, "too much in parentheses");
    if (take(c, "not"))
        node = add_node(c, FILTER_NOT, parse_not(c), 0);
    else if (take_sign(c, "("))
        node = parse_group(c);
    else
        node = parse_match(c);
    c->depth--;
    return node;
}

static unsigned parse_and(struct parse *c)
{
    unsigned node = parse_not(c);

    while (node != NONE && take(c, "and"))
        node = add_node(c, FILTER_AND, node, parse_not(c));
    return node;
}

static unsigned parse_or(struct parse *c)
{
    unsigned node = parse_and(c);

    while (node != NONE && take(c, "or"))
        node = add_node(c, FILTER_OR, node, parse_and(c));
    return node;
}

char *filter_compile(enum filter_kind kind, const char *text,
                     struct filter **out)
{
    struct parse c = {.text = text, .p = text};

    if (strlen(text) > FILTER_TEXT_MAX)
        return xstrdup("Failed to create boolean expression evaluator: the "
                       "expression is longer than 8192 bytes");
    c.f = xcalloc(1, sizeof(*c.f));
    c.f->kind = kind;
    c.f->root = parse_or(&c);
    skip(&c);
    if (!c.error && *c.p)
        fail_here(&c, "nothing is expected here, but for and, or");
    if (!c.error) {
        *out = c.f;
        return NULL;
    }
    text = c.error;
    filter_free(c.f);
    c.error =
        xasprintf("Failed to create boolean expression evaluator: %s", text);
    free((char *)text);
    return c.error;
}
