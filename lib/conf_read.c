#include "lib/conf_read.h"

#include <stdlib.h>
#include <string.h>

#include "lib/conf_errors.h"
#include "lib/conf_keys.h"
#include "lib/conf_types.h"
#include "lib/mem.h"

/* What the following functions all pass on. */
static void tell(const struct conf_fill *f, int line, const char *key,
                 const char *what)
{
    if (f->profile != NULL)
        conf_errors_add(f->errs, f->file, line, "profile %.60s: %.100s: %s",
                        f->profile, key, what);
    else
        conf_errors_add(f->errs, f->file, line, "%.100s: %s", key, what);
}

static char *origin_of(const struct conf_fill *f, int line)
{
    if (f->profile != NULL)
        return xasprintf("profile %s (%s:%d)", f->profile, f->file, line);
    return xasprintf("%s:%d", f->file, line);
}

/* A list from a node: its items, or what one text holds. */
static bool read_list(const struct conf_fill *f, const struct conf_setting *s,
                      struct conf_value *v, const struct conf_node *node)
{
    char why[CONF_WHY_MAX];
    bool good = true;

    if (node->kind == CONF_NODE_SCALAR) {
        if (conf_put_text(s, v, node->text, why))
            return true;
        tell(f, node->line, s->key, why);
        return false;
    }
    for (node = node->first; node != NULL; node = node->next) {
        if (node->kind == CONF_NODE_SCALAR &&
            conf_put_item(s, v, node->text, why))
            continue;
        if (node->kind != CONF_NODE_SCALAR)
            snprintf(why, sizeof(why), "an item is one text");
        if (node->kind != CONF_NODE_BAD)
            tell(f, node->line, s->key, why);
        good = false;
        if (v->n == CONF_ITEMS_MAX)
            break;
    }
    return good;
}

static bool read_value(const struct conf_fill *f, const struct conf_setting *s,
                       struct conf_value *v, const struct conf_node *node)
{
    bool is_list = conf_type_is_list(s->type);
    char why[CONF_WHY_MAX];
    bool good;

    if (node->kind == CONF_NODE_NULL)
        snprintf(why, sizeof(why), "there is no value%s",
                 is_list ? "; an empty list is []" : "");
    else if (node->kind == CONF_NODE_MAP)
        snprintf(why, sizeof(why), "a section stands where a value belongs");
    else if (node->kind == CONF_NODE_LIST && !is_list)
        snprintf(why, sizeof(why), "a list stands where one value belongs");
    else if (is_list)
        return read_list(f, s, v, node) &&
               (conf_put_check(s, v, why) ||
                (tell(f, node->line, s->key, why), 0));
    else if ((good = conf_put_text(s, v, node->text, why)))
        return good;
    tell(f, node->line, s->key, why);
    return false;
}

static void read_entry(const struct conf_fill *f, const struct conf_setting *s,
                       const char *name, const struct conf_node *node)
{
    struct conf_value *v = conf_layer_value(f->layer, s);
    bool tree = s->type == CONF_ACTIONS && node->kind == CONF_NODE_MAP;
    char why[CONF_WHY_MAX] = "the value of an attribute is one text";
    char *origin = origin_of(f, node->line);
    char *text = tree ? conf_node_write(node) : NULL;
    size_t at;

    if (s->type == CONF_ACTIONS)
        snprintf(why, sizeof(why), "%.100s takes a map: {argv: [...]}", name);

    if (node->kind == CONF_NODE_NULL)
        snprintf(why, sizeof(why), "%.100s has no value; an empty one is ''",
                 name);
    else if ((tree || node->kind == CONF_NODE_SCALAR) &&
             conf_value_has_entry(v, name, &at))
        snprintf(why, sizeof(why), "%.100s is set already (%s)", name,
                 v->origins[at]);
    else if ((tree ||
              (s->type == CONF_MAP && node->kind == CONF_NODE_SCALAR)) &&
             conf_put_entry(s, v, name, tree ? text : node->text, origin, why))
        why[0] = '\0';
    if (why[0] != '\0' && node->kind != CONF_NODE_BAD)
        tell(f, node->line, s->key, why);
    free(origin);
    free(text);
}

static void read_map(const struct conf_fill *f, const struct conf_setting *s,
                     const struct conf_node *node)
{
    if (node->kind == CONF_NODE_NULL)
        return;
    if (node->kind != CONF_NODE_MAP) {
        tell(f, node->line, s->key,
             s->type == CONF_MAP ? "attributes are written NAME: VALUE"
                                 : "actions are written NAME: {argv: [...]}");
        return;
    }
    for (node = node->first; node != NULL; node = node->next)
        read_entry(f, s, node->key, node);
}

static void read_setting(const struct conf_fill *f,
                         const struct conf_setting *s,
                         const struct conf_node *node)
{
    struct conf_value *v = conf_layer_value(f->layer, s), fresh = {0};
    char *origin, why[CONF_WHY_MAX];

    if (conf_type_is_map(s->type)) {
        read_map(f, s, node);
        return;
    }
    if (v->set) {
        snprintf(why, sizeof(why), "set already (%s)", v->origin);
        tell(f, node->line, s->key, why);
        return;
    }
    if (!read_value(f, s, &fresh, node)) {
        conf_value_free(&fresh);
        return;
    }
    origin = origin_of(f, node->line);
    *v = fresh;
    conf_put_origin(v, origin);
    free(origin);
}

static void read_children(const struct conf_fill *f, const char *prefix,
                          const struct conf_node *map);

static void read_section(const struct conf_fill *f, const char *key,
                         const struct conf_node *node)
{
    if (node->kind == CONF_NODE_MAP)
        read_children(f, key, node);
    else if (node->kind != CONF_NODE_NULL)
        tell(f, node->line, key, "a section; its settings go below it");
}

static void read_unknown(const struct conf_fill *f, const char *key,
                         const struct conf_node *node)
{
    char prefix[100] = "";

    if (strcmp(key, "profiles") == 0 || strcmp(key, "parent") == 0) {
        tell(f, node->line, key,
             f->profile != NULL ? "stands at the top of the file only"
                                : "stands in a profile only");
        return;
    }
    if (f->profile != NULL)
        snprintf(prefix, sizeof(prefix), "profile %.60s: ", f->profile);
    conf_key_tell_unknown(f->layer, key, f->file, node->line, prefix, f->errs);
}

static void read_child(const struct conf_fill *f, const char *key,
                       const struct conf_node *node)
{
    const struct conf_setting *s = conf_key_find(f->layer, key);
    const char *entry;

    if (node->kind == CONF_NODE_BAD)
        return;
    if (s != NULL)
        read_setting(f, s, node);
    else if ((s = conf_key_map(f->layer, key, &entry)) != NULL)
        read_entry(f, s, entry, node);
    else if (conf_key_is_section(f->layer, key))
        read_section(f, key, node);
    else if (f->errs->n == CONF_ERRORS_MAX)
        f->errs->more++;
    else
        read_unknown(f, key, node);
}

/* The keys below `prefix`, which may be written with dots themselves. */
static void read_children(const struct conf_fill *f, const char *prefix,
                          const struct conf_node *map)
{
    const struct conf_node *node;
    char *key;

    for (node = map->first; node != NULL; node = node->next) {
        key = prefix[0] == '\0' ? xstrdup(node->key)
                                : xasprintf("%s.%s", prefix, node->key);
        read_child(f, key, node);
        free(key);
    }
}

void conf_read(const struct conf_fill *f, const struct conf_node *map)
{
    const char *other = f->profile == NULL ? "profiles" : "parent";
    const struct conf_node *node;

    for (node = map->first; node != NULL; node = node->next)
        if (strcmp(node->key, other) != 0)
            read_child(f, node->key, node);
}
