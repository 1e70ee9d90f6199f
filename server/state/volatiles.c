#include "server/state/volatiles.h"

#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"

struct name_list *volatiles_new(const struct word *names)
{
    struct name_list *l = xcalloc(1, sizeof(*l) + names->len + 2);
    const char *p = names->text, *end = p + names->len, *stop;

    for (; p < end; p = stop + 1) {
        stop = memchr(p, ',', (size_t)(end - p));
        if (!stop)
            stop = end;
        if (stop == p)
            continue;
        memcpy(l->text + l->size, p, (size_t)(stop - p));
        l->size += (uint32_t)(stop - p) + 1;
    }
    if (l->size)
        return l;
    free(l);
    return NULL;
}

static bool list_has(const struct name_list *l, const char *name, size_t len)
{
    const char *p;

    if (!l)
        return false;
    for (p = l->text; p < l->text + l->size; p += strlen(p) + 1)
        if (strlen(p) == len && !memcmp(p, name, len))
            return true;
    return false;
}

bool volatiles_has(const struct name_list *l, const struct word *name)
{
    return list_has(l, name->text, name->len);
}

bool volatiles_same(const struct name_list *a, const struct name_list *b)
{
    if (!a || !b)
        return a == b;
    return a->size == b->size && !memcmp(a->text, b->text, a->size);
}

/* True if everything in a that is not volatile is in b. */
static bool within(const struct name_list *l, const struct record *a,
                   const struct record *b)
{
    const struct attr_pair *p;
    struct record_places there;
    bool yes = true;
    uint32_t i;
    int at;

    record_places_of(&there, b);
    for (i = 0; i < a->count && yes; i++) {
        p = a->pairs[i];
        if (i < b->count && b->pairs[i] == p)
            continue;
        at = record_places_find(&there, p->key);
        yes = (at >= 0 && b->pairs[at] == p) ||
              list_has(l, p->key->name, p->key->len);
    }
    record_places_end(&there);
    return yes;
}

bool volatiles_equal(const struct name_list *l, const struct record *a,
                     const struct record *b)
{
    return within(l, a, b) && within(l, b, a);
}
