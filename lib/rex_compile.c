#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/rex_impl.h"

/* A pattern being compiled. */
struct rex_parse {
    const char *p; /* what is left of it */
    struct rex *rex;
    const char *error; /* the first one */
    int depth;
    int groups; /* numbered so far; -1: they are not */
};

/* -- instructions ---------------------------------------------------------- */

static int rex_fail(struct rex_parse *c, const char *error)
{
    if (!c->error)
        c->error = error;
    return -1;
}

/* Makes room for n instructions at place `at`; false if there are too many. */
static bool rex_insert(struct rex_parse *c, int at, int n)
{
    struct rex *r = c->rex;

    if (r->count + n > REX_SIZE_MAX) {
        rex_fail(c, "the pattern is too large");
        return false;
    }
    memmove(r->code + at + n, r->code + at,
            (size_t)(r->count - at) * sizeof(*r->code));
    r->count += n;
    return true;
}

static void rex_put(struct rex_parse *c, int at, enum rex_op op, int x, int y)
{
    if (rex_insert(c, at, 1))
        c->rex->code[at] = (struct rex_inst){op, x, y};
}

static void rex_add(struct rex_parse *c, enum rex_op op, int x, int y)
{
    rex_put(c, c->rex->count, op, x, y);
}

/* -- bracket expressions and classes --------------------------------------- */

static void class_add(struct rex_class *k, unsigned char byte)
{
    k->bits[byte / 32] |= (uint32_t)1 << byte % 32;
}

static void class_add_where(struct rex_class *k, int (*is)(int))
{
    int byte;

    for (byte = 0; byte < 128; byte++)
        if (is(byte))
            class_add(k, (unsigned char)byte);
}

static void class_invert(struct rex_class *k)
{
    size_t i;

    for (i = 0; i < ARRAY_LEN(k->bits); i++)
        k->bits[i] = ~k->bits[i];
}

static void rex_add_class(struct rex_parse *c, const struct rex_class *k)
{
    struct rex *r = c->rex;

    rex_add(c, REX_CLASS, r->n_classes, 0);
    if (c->error)
        return;
    r->classes = xreallocarray(r->classes, (size_t)r->n_classes + 1,
                               sizeof(*r->classes));
    r->classes[r->n_classes++] = *k;
}

static const struct {
    const char *name;
    int (*is)(int);
} named_classes[] = {
    {"alnum", isalnum}, {"alpha", isalpha}, {"blank", isblank},
    {"cntrl", iscntrl}, {"digit", isdigit}, {"graph", isgraph},
    {"lower", islower}, {"print", isprint}, {"punct", ispunct},
    {"space", isspace}, {"upper", isupper}, {"xdigit", isxdigit},
};

/* [:name:] at p, after its "[:" . */
static int named_class(struct rex_parse *c, struct rex_class *k)
{
    size_t i, len = strcspn(c->p, ":");

    for (i = 0; i < ARRAY_LEN(named_classes); i++)
        if (strlen(named_classes[i].name) == len &&
            !strncmp(c->p, named_classes[i].name, len) &&
            !strncmp(c->p + len, ":]", 2)) {
            class_add_where(k, named_classes[i].is);
            c->p += len + 2;
            return 0;
        }
    return rex_fail(c, "no such character class");
}

/* One byte of a bracket expression: itself, [.x.] or [=x=]; -1 on an error. */
static int bracket_byte(struct rex_parse *c)
{
    char kind = c->p[0] == '[' ? c->p[1] : '\0';

    if (!c->p[0])
        return rex_fail(c, "a bracket is not closed");
    if (kind != '.' && kind != '=')
        return (unsigned char)*c->p++;
    if (!c->p[2] || c->p[3] != kind || c->p[4] != ']')
        return rex_fail(c, "no such collating element");
    c->p += 5;
    return (unsigned char)c->p[-3];
}

/* One item of a bracket expression: a class, a byte or a range. */
static int bracket_item(struct rex_parse *c, struct rex_class *k)
{
    int from, to;

    if (c->p[0] == '[' && c->p[1] == ':') {
        c->p += 2;
        return named_class(c, k);
    }
    from = to = bracket_byte(c);
    if (from >= 0 && c->p[0] == '-' && c->p[1] != ']') {
        c->p++;
        to = bracket_byte(c);
    }
    if (from < 0 || to < 0)
        return -1;
    if (to < from)
        return rex_fail(c, "a range ends before it begins");
    for (; from <= to; from++)
        class_add(k, (unsigned char)from);
    return 0;
}

/* [...] at p, after its "[". A first "]" is a byte of it. */
static void rex_bracket(struct rex_parse *c)
{
    struct rex_class k = {{0}};
    bool inverted = *c->p == '^';

    c->p += inverted;
    do {
        if (bracket_item(c, &k) < 0)
            return;
    } while (*c->p != ']');
    c->p++;
    if (inverted)
        class_invert(&k);
    rex_add_class(c, &k);
}

static int is_word(int byte)
{
    return isalnum(byte) || byte == '_';
}

/* \x at p, after its backslash. */
static void rex_escape(struct rex_parse *c)
{
    static const struct {
        char letter;
        int (*is)(int);
    } letters[] = {{'w', is_word}, {'s', isspace}, {'d', isdigit}};
    struct rex_class k = {{0}};
    char letter = *c->p;
    size_t i;

    if (!letter) {
        rex_fail(c, "trailing backslash");
        return;
    }
    c->p++;
    if (letter >= '1' && letter <= '9')
        rex_fail(c, "back references are not supported");
    else if (!isalnum((unsigned char)letter))
        rex_add(c, REX_BYTE, (unsigned char)letter, 0);
    else {
        for (i = 0; i < ARRAY_LEN(letters); i++) {
            if (tolower((unsigned char)letter) != letters[i].letter)
                continue;
            class_add_where(&k, letters[i].is);
            if (isupper((unsigned char)letter))
                class_invert(&k);
            rex_add_class(c, &k);
            return;
        }
        rex_fail(c, "unknown escape");
    }
}

/* -- repetition ------------------------------------------------------------ */

static void rex_star(struct rex_parse *c, int start)
{
    int len = c->rex->count - start;

    rex_put(c, start, REX_SPLIT, 1, len + 2);
    rex_add(c, REX_JUMP, -(len + 1), 0);
}

static void rex_plus(struct rex_parse *c, int start)
{
    rex_add(c, REX_SPLIT, start - c->rex->count, 1);
}

static void rex_maybe(struct rex_parse *c, int start)
{
    rex_put(c, start, REX_SPLIT, 1, c->rex->count - start + 1);
}

/* The piece from start on stands min to max times (max < 0: any number). */
static void rex_times(struct rex_parse *c, int start, int min, int max)
{
    int i, at, len = c->rex->count - start;
    int copies = max > min ? max : min ? min : max < 0;
    int last = start + len * (copies - 1);

    if (!copies) {
        c->rex->count = start;
        return;
    }
    if (!rex_insert(c, start, len * (copies - 1)))
        return;
    for (at = start; at < last; at += len)
        memcpy(c->rex->code + at, c->rex->code + last,
               (size_t)len * sizeof(*c->rex->code));
    if (max < 0 && min)
        rex_plus(c, last);
    else if (max < 0)
        rex_star(c, last);
    /* from the last one back: each may end it all */
    for (i = max - 1; i >= min && !c->error; i--)
        rex_maybe(c, start + len * i);
}

/* A decimal number at p, or -1. */
static int rex_number(struct rex_parse *c)
{
    int n = 0;

    if (*c->p < '0' || *c->p > '9')
        return -1;
    for (; *c->p >= '0' && *c->p <= '9'; c->p++)
        n = n > REX_REPEAT_MAX ? n : n * 10 + (*c->p - '0');
    return n;
}

/* {m}, {m,} or {m,n} at p, after its brace. */
static void rex_braces(struct rex_parse *c, int start)
{
    int min = rex_number(c), max = min;

    if (*c->p == ',') {
        c->p++;
        max = rex_number(c);
    }
    if (*c->p++ != '}') {
        c->p--;
        rex_fail(c, "a brace is not closed");
    } else if (min > REX_REPEAT_MAX || max > REX_REPEAT_MAX)
        rex_fail(c, "a repetition count is at most 255");
    else if (max >= 0 && max < min)
        rex_fail(c, "a repetition ends before it begins");
    else
        rex_times(c, start, min, max);
}

static bool rex_is_repetition(const char *p)
{
    return *p == '*' || *p == '+' || *p == '?' ||
           (*p == '{' && p[1] >= '0' && p[1] <= '9');
}

static void rex_repeat(struct rex_parse *c, int start)
{
    while (!c->error && rex_is_repetition(c->p)) {
        switch (*c->p++) {
        case '*': rex_star(c, start); break;
        case '+': rex_plus(c, start); break;
        case '?': rex_maybe(c, start); break;
        default: rex_braces(c, start);
        }
    }
}

/* -- the grammar ----------------------------------------------------------- */

static void rex_alternatives(struct rex_parse *c);

static void rex_group(struct rex_parse *c)
{
    int number = c->groups >= 0 ? ++c->groups : REX_GROUPS_MAX;

    if (++c->depth > REX_DEPTH_MAX) {
        rex_fail(c, "too many groups within groups");
        return;
    }
    if (number < REX_GROUPS_MAX)
        rex_add(c, REX_SAVE, 2 * number, 0);
    rex_alternatives(c);
    if (number < REX_GROUPS_MAX)
        rex_add(c, REX_SAVE, 2 * number + 1, 0);
    c->depth--;
    if (*c->p != ')')
        rex_fail(c, "a parenthesis is not closed");
    else
        c->p++;
}

static void rex_any(struct rex_parse *c)
{
    struct rex_class k = {{0}};

    class_invert(&k);
    rex_add_class(c, &k);
}

static void rex_atom(struct rex_parse *c)
{
    if (rex_is_repetition(c->p)) {
        rex_fail(c, "there is nothing to repeat");
        return;
    }
    switch (*c->p++) {
    case '(': rex_group(c); break;
    case '[': rex_bracket(c); break;
    case '\\': rex_escape(c); break;
    case '.': rex_any(c); break;
    case '^': rex_add(c, REX_BEGIN, 0, 0); break;
    case '$': rex_add(c, REX_END, 0, 0); break;
    default: rex_add(c, REX_BYTE, (unsigned char)c->p[-1], 0);
    }
}

static void rex_sequence(struct rex_parse *c)
{
    int start;

    while (!c->error && *c->p && *c->p != '|' && *c->p != ')') {
        start = c->rex->count;
        rex_atom(c);
        rex_repeat(c, start);
    }
}

/* a|b|c: split, a, jump to the end, split, b, jump to the end, c. */
static void rex_alternatives(struct rex_parse *c)
{
    struct rex_inst *code = c->rex->code;
    int start = c->rex->count, last = 0, at;

    rex_sequence(c);
    while (!c->error && *c->p == '|') {
        c->p++;
        rex_put(c, start, REX_SPLIT, 1, c->rex->count - start + 2);
        rex_add(c, REX_JUMP, last, 0); /* for now: the jump before this */
        last = c->rex->count - 1;
        start = c->rex->count;
        rex_sequence(c);
    }
    while (!c->error && last) {
        at = last;
        last = code[at].x;
        code[at].x = c->rex->count - at;
    }
}

static const char *compile(const char *pattern, int groups, struct rex **out)
{
    struct rex *r = xcalloc(1, sizeof(*r));
    struct rex_parse c = {.p = pattern, .rex = r, .groups = groups};

    r->code = xcalloc(REX_SIZE_MAX + 1, sizeof(*r->code));
    rex_alternatives(&c);
    if (!c.error && *c.p == ')')
        rex_fail(&c, "a parenthesis was not opened");
    if (c.error) {
        rex_free(r);
        return c.error;
    }
    r->code[r->count++] = (struct rex_inst){.op = REX_MATCH};
    r->code = xreallocarray(r->code, (size_t)r->count, sizeof(*r->code));
    r->anchored = r->code[0].op == REX_BEGIN;
    *out = r;
    return NULL;
}

const char *rex_compile(const char *pattern, struct rex **out)
{
    return compile(pattern, -1, out);
}

const char *rex_compile_groups(const char *pattern, struct rex **out)
{
    return compile(pattern, 0, out);
}
