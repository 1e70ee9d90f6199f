#include "worker/inventory.h"

#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "lib/words.h"

#define WORDS_MAX       512 /* of a line */
#define HOST_NAME_BYTES 255 /* bytes of a host's name */

bool inventory_attr_is_own(const char *name)
{
    static const char *const own[] = {"kind", "host",    "via",    "addr",
                                      "ops",  "version", "slots",  "slots_free",
                                      "load", "drain",   "persist"};
    size_t i;

    for (i = 0; i < ARRAY_LEN(own); i++)
        if (strcmp(own[i], name) == 0)
            return true;
    return false;
}

const struct inventory_host *inventory_find(const struct inventory *v,
                                            const char *name)
{
    struct inventory_host *h;

    HASH_FIND_STR(v->by_name, name, h);
    return h;
}

static bool name_is_plain(const struct word *w)
{
    size_t i;

    if (!w->len || w->len > HOST_NAME_BYTES)
        return false;
    for (i = 0; i < w->len; i++) {
        char c = w->text[i];

        if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
              (c >= 'a' && c <= 'z') || c == '_' ||
              (i && (c == '.' || c == '-'))))
            return false;
    }
    return true;
}

static const char *take_attrs(struct attrs *a, const struct word *w, int n)
{
    const char *wrong = n % 2 ? "odd attribute/value pairs" : NULL;
    int i;

    for (i = 0; i < n && !wrong; i += 2) {
        wrong = attr_name_wrong(w[i].text, w[i].len);
        if (!wrong)
            wrong = attr_value_wrong(w[i + 1].text, w[i + 1].len);
        if (!wrong && !inventory_attr_is_own(w[i].text))
            attrs_set(a, w[i].text, w[i + 1].text);
    }
    return wrong;
}

static const char *take_line(struct inventory *v, char *line, size_t len)
{
    struct word words[WORDS_MAX];
    int n = words_split(line, len, words, WORDS_MAX);
    struct inventory_host *h;

    if (n <= 0)
        return n ? words_error_text(n) : NULL;
    if (n < 2 || !word_is(&words[0], "host") || !name_is_plain(&words[1]))
        return "it is not: host NAME [attr value]...";
    if (inventory_find(v, words[1].text))
        return "that host comes twice";
    if (HASH_COUNT(v->by_name) == INVENTORY_HOSTS)
        return "that are too many hosts";
    h = xcalloc(1, sizeof(*h));
    h->name = xstrdup(words[1].text);
    HASH_ADD_KEYPTR(hh, v->by_name, h->name, strlen(h->name), h);
    return take_attrs(&h->attrs, words + 2, n - 2);
}

char *inventory_parse(struct inventory *v, char *text, size_t len)
{
    char *end = text + len, *line = text, *lf;
    unsigned long number = 0;
    const char *wrong = NULL;
    char *why;

    *v = (struct inventory){0};
    for (; line < end && !wrong; line = lf + 1) {
        lf = memchr(line, '\n', (size_t)(end - line));
        if (!lf)
            lf = end;
        *lf = '\0';
        number++;
        wrong = take_line(v, line, (size_t)(lf - line));
    }
    if (!wrong)
        return NULL;
    why = xasprintf("line %lu: %s", number, wrong);
    inventory_free(v);
    return why;
}

void inventory_free(struct inventory *v)
{
    struct inventory_host *h, *next;

    HASH_ITER (hh, v->by_name, h, next) {
        HASH_DEL(v->by_name, h);
        free(h->name);
        attrs_free(&h->attrs);
        free(h);
    }
    v->by_name = NULL;
}
