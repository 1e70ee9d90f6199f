#include "lib/conf_keys.h"

#include <string.h>

#include "lib/conf_errors.h"
#include "lib/conf_types.h"
#include "lib/suggest.h"

const struct conf_setting *conf_key_find(const struct conf_layer *layer,
                                         const char *key)
{
    for (size_t i = 0; i < layer->n; i++)
        if (strcmp(layer->table[i].key, key) == 0)
            return &layer->table[i];
    return NULL;
}

const struct conf_setting *conf_key_map(const struct conf_layer *layer,
                                        const char *key, const char **entry)
{
    const struct conf_setting *s;
    size_t len;

    for (size_t i = 0; i < layer->n; i++) {
        s = &layer->table[i];
        len = strlen(s->key);
        if (conf_type_is_map(s->type) && strncmp(key, s->key, len) == 0 &&
            key[len] == '.') {
            *entry = key + len + 1;
            return s;
        }
    }
    return NULL;
}

bool conf_key_is_section(const struct conf_layer *layer, const char *key)
{
    size_t len = strlen(key);

    for (size_t i = 0; i < layer->n; i++)
        if (strncmp(layer->table[i].key, key, len) == 0 &&
            layer->table[i].key[len] == '.')
            return true;
    return false;
}

/* The section of a key, where a section may be what was meant. */
static void try_section(struct suggest *s, const char *key)
{
    char section[SUGGEST_MAX];
    size_t len = strcspn(key, ".");

    if (key[len] == '\0' || strchr(s->word, '.') != NULL)
        return;
    snprintf(section, sizeof(section), "%.*s", (int)len, key);
    suggest_try(s, section);
}

/*
 * The key whose last part is that word, or nearly: worker.host for "host" or
 * "hots". NULL if there is none.
 */
static const char *by_last_part(const struct conf_layer *layer,
                                const char *word)
{
    const char *near = NULL, *last;
    size_t distance;

    for (size_t i = 0; i < layer->n; i++) {
        last = strrchr(layer->table[i].key, '.');
        if (last == NULL)
            continue;
        distance = suggest_distance(word, last + 1);
        if (distance == 0)
            return layer->table[i].key;
        if (distance == 1 && near == NULL && strlen(word) >= 4)
            near = layer->table[i].key;
    }
    return near;
}

/* The nearest of what there is, NULL if nothing is near. */
static const char *nearest(const struct conf_layer *layer, struct suggest *s)
{
    const char *last = by_last_part(layer, s->word);

    suggest_try(s, "profiles");
    for (size_t i = 0; i < layer->n; i++) {
        suggest_try(s, layer->table[i].key);
        try_section(s, layer->table[i].key);
    }
    if (s->best[0] != '\0' && (last == NULL || s->distance <= 1))
        return s->best;
    return last;
}

void conf_key_tell_unknown(const struct conf_layer *layer, const char *key,
                           const char *where, int line, const char *prefix,
                           struct conf_errors *errs)
{
    struct suggest s;
    const char *meant;

    suggest_begin(&s, key);
    meant = nearest(layer, &s);
    if (meant != NULL)
        conf_errors_add(errs, where, line,
                        "%s'%.100s' is no setting; did you mean %s?", prefix,
                        key, meant);
    else
        conf_errors_add(errs, where, line, "%s'%.100s' is no setting", prefix,
                        key);
}
