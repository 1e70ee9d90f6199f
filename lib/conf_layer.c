#include "lib/conf_layer.h"

#include <stdlib.h>
#include <string.h>

#include "lib/conf_errors.h"
#include "lib/conf_keys.h"
#include "lib/conf_types.h"
#include "lib/mem.h"

#define SEPARATORS ", \t"

void conf_layer_init(struct conf_layer *layer, const struct conf_setting *table,
                     size_t n)
{
    layer->table = table;
    layer->n = n;
    layer->values = xcalloc(n + 1, sizeof(*layer->values));
}

void conf_layer_free(struct conf_layer *layer)
{
    for (size_t i = 0; layer->values != NULL && i < layer->n; i++)
        conf_value_free(&layer->values[i]);
    free(layer->values);
    layer->values = NULL;
}

void conf_layer_merge(struct conf_layer *layer, struct conf_layer *over)
{
    for (size_t i = 0; i < layer->n; i++)
        conf_value_merge(&layer->values[i], &over->values[i]);
}

struct conf_value *conf_layer_value(const struct conf_layer *layer,
                                    const struct conf_setting *setting)
{
    return &layer->values[setting - layer->table];
}

/* One text into the value of a setting that is no map. */
bool conf_put_item(const struct conf_setting *s, struct conf_value *v,
                   const char *text, char *why)
{
    int64_t number;

    if (v->n == CONF_ITEMS_MAX) {
        snprintf(why, CONF_WHY_MAX, "more than %d items", CONF_ITEMS_MAX);
        return false;
    }
    if (!conf_type_check(s, text, &number, why))
        return false;
    if (conf_type_is_list(s->type)) {
        conf_value_add(v, text);
    } else {
        v->text = xstrdup(text);
        v->number = number;
    }
    return true;
}

/* What can be said of a list only when all of it is there. */
bool conf_put_check(const struct conf_setting *s, const struct conf_value *v,
                    char *why)
{
    if (v->n < (size_t)s->min) {
        snprintf(why, CONF_WHY_MAX, "the list is empty%s",
                 s->type == CONF_LISTEN ? "; write off" : "");
        return false;
    }
    for (size_t i = 0; s->type == CONF_LISTEN && i < v->n; i++) {
        if (v->n > 1 && strcmp(v->items[i], "off") == 0) {
            snprintf(why, CONF_WHY_MAX, "off stands alone");
            return false;
        }
    }
    return true;
}

/* A list or a single value from one text. */
bool conf_put_text(const struct conf_setting *s, struct conf_value *v,
                   const char *text, char *why)
{
    char *item;
    size_t len;
    bool good = true;

    if (!conf_type_is_list(s->type))
        return conf_put_item(s, v, text, why);
    for (; good && *text != '\0'; text += len) {
        text += strspn(text, SEPARATORS);
        len = strcspn(text, SEPARATORS);
        if (len == 0)
            break;
        item = xstrndup(text, len);
        good = conf_put_item(s, v, item, why);
        free(item);
    }
    return good && conf_put_check(s, v, why);
}

void conf_put_origin(struct conf_value *v, const char *origin)
{
    free(v->origin);
    v->origin = xstrdup(origin);
    v->set = true;
    v->above = true;
}

/* The place of an option names its key already. */
static void tell_put(const struct conf_setting *s, const char *where,
                     const char *why, struct conf_errors *errs)
{
    if (strncmp(where, "-o ", 3) == 0)
        conf_errors_add(errs, where, 0, "%s", why);
    else
        conf_errors_add(errs, where, 0, "%s: %s", s->key, why);
}

void conf_layer_set(struct conf_layer *layer, const struct conf_setting *s,
                    const char *text, const char *where, const char *origin,
                    struct conf_errors *errs)
{
    struct conf_value *v = conf_layer_value(layer, s), fresh = {0};
    char why[CONF_WHY_MAX];

    if (!conf_put_text(s, &fresh, text, why)) {
        tell_put(s, where, why, errs);
        conf_value_free(&fresh);
        return;
    }
    conf_value_free(v);
    *v = fresh;
    conf_put_origin(v, origin);
}

/* An entry of a map; false and why. */
bool conf_put_entry(const struct conf_setting *s, struct conf_value *v,
                    const char *name, const char *text, const char *origin,
                    char *why)
{
    size_t at;

    if (!conf_type_check_entry(s, name, text, why))
        return false;
    if (v->n == CONF_ITEMS_MAX && !conf_value_has_entry(v, name, &at)) {
        snprintf(why, CONF_WHY_MAX, "more than %d entries", CONF_ITEMS_MAX);
        return false;
    }
    conf_value_set_entry(v, name, text, origin);
    conf_put_origin(v, origin);
    return true;
}

static void option_set(struct conf_layer *layer, const char *key,
                       const char *text, const char *where,
                       struct conf_errors *errs)
{
    const struct conf_setting *s = conf_key_find(layer, key);
    char why[CONF_WHY_MAX];
    const char *entry;

    if (s != NULL && conf_type_is_map(s->type)) {
        conf_errors_add(errs, where, 0, "%s is a map; write %s.NAME=VALUE", key,
                        key);
    } else if (s != NULL) {
        conf_layer_set(layer, s, text, where, "-o", errs);
    } else if ((s = conf_key_map(layer, key, &entry)) != NULL) {
        if (!conf_put_entry(s, conf_layer_value(layer, s), entry, text, "-o",
                            why))
            conf_errors_add(errs, where, 0, "%s", why);
    } else if (conf_key_is_section(layer, key)) {
        conf_errors_add(errs, where, 0, "%s is a section; name a setting in it",
                        key);
    } else if (strncmp(key, "profiles", 8) == 0) {
        conf_errors_add(errs, where, 0, "profiles are set in the file only");
    } else {
        conf_key_tell_unknown(layer, key, where, 0, "", errs);
    }
}

void conf_layer_option(struct conf_layer *layer, const char *option,
                       struct conf_errors *errs)
{
    size_t len = strcspn(option, "=");
    char *key, *where;

    key = xstrndup(option, len);
    where = xasprintf("-o %.100s", key);
    if (option[len] != '=' || len == 0)
        conf_errors_add(errs, where, 0, "an option is written KEY=VALUE");
    else
        option_set(layer, key, option + len + 1, where, errs);
    free(key);
    free(where);
}
