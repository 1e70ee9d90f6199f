#include "plugins/dispatch/exed/pattern.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "lib/rex.h"

enum term_kind {
    TERM_ANY, /* one of these must match */
    TERM_AND, /* & */
    TERM_NOT  /* ! */
};

struct term {
    enum term_kind kind;
    char *glob;      /* owned; NULL: */
    struct rex *rex; /* owned */
};

struct pattern {
    struct term terms[PATTERN_TERMS];
    unsigned count;
    bool has_any; /* one of TERM_ANY is there */
};

/* -- reading --------------------------------------------------------------- */

/* Where the term that begins at p ends: at a separator or the text's end. */
static const char *term_end(const char *p)
{
    const char *open = strspn(p, "!& \t") + p;
    bool regex = *open == '~';
    int depth = 0;

    for (; *p; p++) {
        if (regex && *p == '\\' && p[1])
            p++;
        else if (*p == '[' || (regex && (*p == '(' || *p == '{')))
            depth++;
        else if (depth && (*p == ']' || (regex && (*p == ')' || *p == '}'))))
            depth--;
        else if (!depth && (*p == ':' || *p == ','))
            break;
    }
    return p;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* From its beginning on, as re.match() of Python has it. */
static char *term_regex(struct term *t, const char *text)
{
    char *anchored = xasprintf("^(%s)", text);
    const char *wrong = rex_compile(anchored, &t->rex);

    free(anchored);
    return wrong ? xasprintf("bad pattern ~%.80s: %s", text, wrong) : NULL;
}

static char *term_add(struct pattern *p, const char *text, size_t len)
{
    struct term *t;
    char *copy, *wrong = NULL;

    if (p->count == PATTERN_TERMS)
        return xasprintf("a pattern has at most %d terms", PATTERN_TERMS);
    t = &p->terms[p->count++];
    t->kind = *text == '!' ? TERM_NOT : *text == '&' ? TERM_AND : TERM_ANY;
    if (t->kind != TERM_ANY) {
        text++;
        len--;
    }
    p->has_any |= t->kind == TERM_ANY;
    copy = xmemdup0(text, len);
    if (*copy == '~')
        wrong = term_regex(t, copy + 1);
    else if (!*copy)
        wrong = xasprintf("bad pattern: nothing stands behind ! or &");
    else
        t->glob = xstrdup(strcmp(copy, "all") == 0 ? "*" : copy);
    free(copy);
    return wrong;
}

static char *terms_read(struct pattern *p, const char *text)
{
    const char *end, *last;
    char *wrong = NULL;

    while (*text && !wrong) {
        end = last = term_end(text);
        while (text < last && is_blank(*text))
            text++;
        while (last > text && is_blank(last[-1]))
            last--;
        if (last > text)
            wrong = term_add(p, text, (size_t)(last - text));
        text = *end ? end + 1 : end;
    }
    return wrong;
}

char *pattern_parse(const char *text, struct pattern **out)
{
    struct pattern *p;
    char *wrong;

    if (strlen(text) > PATTERN_MAX)
        return xasprintf("a pattern has at most %d bytes", PATTERN_MAX);
    p = xcalloc(1, sizeof(*p));
    wrong = terms_read(p, text);
    if (!wrong && !p->count)
        wrong = xstrdup("empty pattern: say * for every host");
    if (wrong)
        pattern_free(p);
    else
        *out = p;
    return wrong;
}

void pattern_free(struct pattern *p)
{
    for (unsigned i = 0; p && i < p->count; i++) {
        free(p->terms[i].glob);
        rex_free(p->terms[i].rex);
    }
    free(p);
}

/* -- matching -------------------------------------------------------------- */

static bool term_match(const struct term *t, const char *host)
{
    return t->glob ? fnmatch(t->glob, host, 0) == 0
                   : rex_match(t->rex, host, strlen(host));
}

bool pattern_match(const struct pattern *p, const char *host)
{
    bool any = !p->has_any;

    for (unsigned i = 0; i < p->count; i++) {
        const struct term *t = &p->terms[i];
        bool fits = (t->kind != TERM_ANY || !any) && term_match(t, host);

        if (t->kind == TERM_ANY)
            any |= fits;
        else if (fits == (t->kind == TERM_NOT))
            return false;
    }
    return any;
}
