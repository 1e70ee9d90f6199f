#include "lib/conf_value.h"

#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"

static void free_texts(char **texts, size_t n)
{
    for (size_t i = 0; texts != NULL && i < n; i++)
        free(texts[i]);
    free(texts);
}

void conf_value_free(struct conf_value *v)
{
    free_texts(v->items, v->n);
    free_texts(v->names, v->n);
    free_texts(v->origins, v->n);
    free(v->text);
    free(v->origin);
    free(v->expanded);
    free(v->shown);
    free(v->joined);
    *v = (struct conf_value){0};
}

void conf_value_add(struct conf_value *v, const char *item)
{
    v->items = xreallocarray(v->items, v->n + 1, sizeof(*v->items));
    v->items[v->n++] = xstrdup(item);
}

static char **copy_texts(char *const *texts, size_t n)
{
    char **copy;

    if (texts == NULL)
        return NULL;
    copy = xcalloc(n + 1, sizeof(*copy));
    for (size_t i = 0; i < n; i++)
        copy[i] = xstrdup(texts[i]);
    return copy;
}

static char *copy_text(const char *text)
{
    return text == NULL ? NULL : xstrdup(text);
}

void conf_value_copy(struct conf_value *to, const struct conf_value *from)
{
    struct conf_value copy = *from;

    copy.items = copy_texts(from->items, from->n);
    copy.names = copy_texts(from->names, from->n);
    copy.origins = copy_texts(from->origins, from->n);
    copy.text = copy_text(from->text);
    copy.origin = copy_text(from->origin);
    copy.expanded = copy_text(from->expanded);
    copy.shown = copy_text(from->shown);
    copy.joined = copy_text(from->joined);
    conf_value_free(to);
    *to = copy;
}

/* Where an entry of that name is, or would be: names are in order. */
static size_t entry_place(const struct conf_value *v, const char *name,
                          bool *found)
{
    size_t low = 0, high = v->n, mid;
    int order;

    *found = false;
    while (low < high && !*found) {
        mid = low + (high - low) / 2;
        order = strcmp(name, v->names[mid]);
        *found = order == 0;
        if (order <= 0)
            high = mid;
        else
            low = mid + 1;
    }
    return high;
}

/* Makes room for an entry at i. */
static void entry_insert(struct conf_value *v, size_t i)
{
    char ***arrays[] = {&v->items, &v->names, &v->origins};

    for (size_t a = 0; a < ARRAY_LEN(arrays); a++) {
        char **texts = xreallocarray(*arrays[a], v->n + 1, sizeof(*texts));

        memmove(texts + i + 1, texts + i, (v->n - i) * sizeof(*texts));
        texts[i] = NULL;
        *arrays[a] = texts;
    }
    v->n++;
}

bool conf_value_has_entry(const struct conf_value *v, const char *name,
                          size_t *at)
{
    bool found;

    *at = entry_place(v, name, &found);
    return found;
}

void conf_value_set_entry(struct conf_value *v, const char *name,
                          const char *text, const char *origin)
{
    bool found;
    size_t i = entry_place(v, name, &found);

    if (!found)
        entry_insert(v, i);
    free(v->names[i]);
    free(v->items[i]);
    free(v->origins[i]);
    v->names[i] = xstrdup(name);
    v->items[i] = xstrdup(text);
    v->origins[i] = xstrdup(origin);
}

void conf_value_merge(struct conf_value *v, struct conf_value *over)
{
    if (!over->set)
        return;
    if (v->set && (over->names != NULL || v->names != NULL)) {
        for (size_t i = 0; i < over->n; i++)
            conf_value_set_entry(v, over->names[i], over->items[i],
                                 over->origins[i]);
        free(v->origin);
        v->origin = xstrdup(over->origin);
        v->above = over->above;
        conf_value_free(over);
        return;
    }
    conf_value_free(v);
    *v = *over;
    *over = (struct conf_value){0};
}
