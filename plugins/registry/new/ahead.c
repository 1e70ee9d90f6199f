#include "plugins/registry/new/ahead.h"

#include <string.h>

/* The word at p, which ends at a blank; moves p behind it and the blank. */
static struct word ahead_word(const char **p, const char *end)
{
    const char *from = *p, *to = from;

    while (to < end && *to != ' ')
        to++;
    *p = to < end ? to + 1 : end;
    return (struct word){.text = (char *)from, .len = (unsigned)(to - from)};
}

/* ".of NAME attr value" and ".new NAME …", as programs write them. */
static bool ahead_line(const char *p, const char *end, struct warm_hint *h)
{
    struct word verb;

    if (p == end || *p != '.')
        return false; /* mostly of the connection's own service: it is warm */
    verb = ahead_word(&p, end);
    *h = (struct warm_hint){.name = ahead_word(&p, end)};
    if (word_is(&verb, ".of")) {
        h->attr = ahead_word(&p, end);
        h->value = ahead_word(&p, end);
        return h->name.len > 0;
    }
    return word_is(&verb, ".new") && h->name.len;
}

unsigned new_ahead(const char *bytes, size_t len, struct warm_hint *hints,
                   unsigned max)
{
    const char *p = bytes, *end = bytes + len, *lf;
    unsigned count = 0, lines;

    for (lines = 0; lines < max; lines++, p = lf + 1) {
        lf = memchr(p, '\n', (size_t)(end - p));
        if (!lf)
            break;
        count += ahead_line(p, lf, &hints[count]);
    }
    return count;
}
