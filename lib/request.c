#include "lib/request.h"

char *request_read(struct selector *s, const struct directive *table,
                   size_t count, void *out, const struct word *words, int n)
{
    const struct word *w;
    char *error = NULL;

    if (n % 2)
        return xstrdup("odd attribute/value pairs");
    for (w = words; w < words + n && !error; w += 2) {
        if (word_is_directive(w) && !selector_takes(w))
            error = directive_read(table, count, w, w + 1, out);
        else
            error = selector_add_pair(s, w, w + 1);
    }
    return error;
}
