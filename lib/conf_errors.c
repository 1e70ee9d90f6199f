#include "lib/conf_errors.h"

#include <stdarg.h>
#include <stdlib.h>

#include "lib/mem.h"
#include "lib/utf8.h"

#define TEXT_MAX 500

/* vsnprintf, made safe to print. */
static char *clean_text(const char *fmt, va_list ap)
{
    char raw[TEXT_MAX], clean[4 * TEXT_MAX];

    vsnprintf(raw, sizeof(raw), fmt, ap);
    return xstrdup(utf8_clean(clean, sizeof(clean), raw));
}

static char *clean_where(const char *where, int line)
{
    char clean[TEXT_MAX];

    utf8_clean(clean, sizeof(clean), where);
    return line > 0 ? xasprintf("%s:%d", clean, line) : xstrdup(clean);
}

void conf_errors_add(struct conf_errors *errs, const char *where, int line,
                     const char *fmt, ...)
{
    struct conf_error *e;
    va_list ap;

    if (errs->n == CONF_ERRORS_MAX) {
        errs->more++;
        return;
    }
    errs->items = xreallocarray(errs->items, errs->n + 1, sizeof(*e));
    e = &errs->items[errs->n++];
    e->where = clean_where(where, line);
    e->line = line;
    va_start(ap, fmt);
    e->text = clean_text(fmt, ap);
    va_end(ap);
}

static bool comes_before(const struct conf_error *a, const struct conf_error *b)
{
    return a->line > 0 && (b->line == 0 || a->line < b->line);
}

/* Stable: of one line the first found stays first. */
void conf_errors_sort(struct conf_errors *errs)
{
    struct conf_error e;
    size_t j;

    for (size_t i = 1; i < errs->n; i++) {
        e = errs->items[i];
        for (j = i; j > 0 && comes_before(&e, &errs->items[j - 1]); j--)
            errs->items[j] = errs->items[j - 1];
        errs->items[j] = e;
    }
}

void conf_errors_print(const struct conf_errors *errs, FILE *to,
                       const char *prefix)
{
    for (size_t i = 0; i < errs->n; i++)
        fprintf(to, "%s: %s: %s\n", prefix, errs->items[i].where,
                errs->items[i].text);
    if (errs->more > 0)
        fprintf(to, "%s: and %zu further mistakes\n", prefix, errs->more);
}

void conf_errors_free(struct conf_errors *errs)
{
    for (size_t i = 0; i < errs->n; i++) {
        free(errs->items[i].where);
        free(errs->items[i].text);
    }
    free(errs->items);
    *errs = (struct conf_errors){0};
}
