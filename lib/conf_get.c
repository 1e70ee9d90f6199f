/* The getters of conf.h, and what two configurations differ in. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/conf_impl.h"
#include "lib/conf_keys.h"
#include "lib/mem.h"

/* The setting of that key; that there is none is a broken program. */
static const struct conf_setting *must_find(const struct conf *conf,
                                            const char *key)
{
    const struct conf_setting *s = conf_key_find(&conf->layer, key);

    if (s == NULL) {
        fprintf(stderr, "conf: there is no setting %s\n", key);
        abort();
    }
    return s;
}

static const struct conf_value *must_value(const struct conf *conf,
                                           const char *key)
{
    return conf_layer_value(&conf->layer, must_find(conf, key));
}

/* The value of a setting that must have that type. */
static const struct conf_value *typed(const struct conf *conf, const char *key,
                                      enum conf_type type)
{
    const struct conf_setting *s = must_find(conf, key);

    if (s->type != type) {
        fprintf(stderr, "conf: %s is a %s, not a %s\n", key,
                conf_type_name(s->type), conf_type_name(type));
        abort();
    }
    return conf_layer_value(&conf->layer, s);
}

const char *conf_nodename(const struct conf *conf)
{
    return conf->nodename;
}

const char *conf_str(const struct conf *conf, const char *key)
{
    const struct conf_value *v = must_value(conf, key);

    return v->expanded != NULL ? v->expanded : v->text;
}

int conf_enum(const struct conf *conf, const char *key)
{
    return (int)typed(conf, key, CONF_ENUM)->number;
}

bool conf_bool(const struct conf *conf, const char *key)
{
    return typed(conf, key, CONF_BOOL)->number != 0;
}

int64_t conf_int(const struct conf *conf, const char *key)
{
    return typed(conf, key, CONF_INT)->number;
}

int64_t conf_duration_ms(const struct conf *conf, const char *key)
{
    return typed(conf, key, CONF_DURATION)->number;
}

uint64_t conf_size(const struct conf *conf, const char *key)
{
    return (uint64_t)typed(conf, key, CONF_SIZE)->number;
}

const char *const *conf_list(const struct conf *conf, const char *key,
                             size_t *count)
{
    const struct conf_value *v = must_value(conf, key);

    *count = v->n;
    return (const char *const *)v->items;
}

const char *conf_joined(const struct conf *conf, const char *key)
{
    const char *joined = must_value(conf, key)->joined;

    return joined != NULL ? joined : "";
}

const char *const *conf_listen(const struct conf *conf, const char *key,
                               size_t *count)
{
    const struct conf_value *v = typed(conf, key, CONF_LISTEN);

    *count = v->n;
    if (v->n == 1 && strcmp(v->items[0], "off") == 0)
        *count = 0;
    return (const char *const *)v->items;
}

static const struct conf_value *map_of(const struct conf *conf, const char *key)
{
    const struct conf_setting *s = conf_key_find(&conf->layer, key);

    return typed(conf, key,
                 s != NULL && s->type == CONF_ACTIONS ? CONF_ACTIONS
                                                      : CONF_MAP);
}

size_t conf_map_size(const struct conf *conf, const char *key)
{
    return map_of(conf, key)->n;
}

struct conf_map_entry conf_map_at(const struct conf *conf, const char *key,
                                  size_t i)
{
    const struct conf_value *v = map_of(conf, key);

    if (i >= v->n)
        return (struct conf_map_entry){0};
    return (struct conf_map_entry){v->names[i], v->items[i], v->origins[i]};
}

const char *conf_map_get(const struct conf *conf, const char *key,
                         const char *name)
{
    const struct conf_value *v = map_of(conf, key);
    size_t at;

    return conf_value_has_entry(v, name, &at) ? v->items[at] : NULL;
}

bool conf_is_set(const struct conf *conf, const char *key)
{
    return must_value(conf, key)->above;
}

const char *conf_origin(const struct conf *conf, const char *key)
{
    const struct conf_value *v = must_value(conf, key);

    return v->origin != NULL ? v->origin : "default";
}

const char *conf_text(const struct conf *conf, const char *key)
{
    return must_value(conf, key)->shown;
}

const char *conf_file(const struct conf *conf)
{
    return conf->file;
}

const char *conf_profile(const struct conf *conf)
{
    return conf->profile;
}

const struct conf_setting *conf_table(const struct conf *conf, size_t *count)
{
    *count = conf->layer.n;
    return conf->layer.table;
}

size_t conf_diff(const struct conf *from, const struct conf *to,
                 unsigned programs, conf_change_fn *fn, void *arg)
{
    const struct conf_setting *s;
    const char *before, *after;
    size_t changes = 0;

    for (size_t i = 0; i < from->layer.n; i++) {
        s = &from->layer.table[i];
        before = from->layer.values[i].shown;
        after = to->layer.values[i].shown;
        if ((s->programs & programs) == 0 || strcmp(before, after) == 0)
            continue;
        fn(arg, s, before, after);
        changes++;
    }
    return changes;
}

void conf_keep_fixed(struct conf *conf, const struct conf *old)
{
    for (size_t i = 0; i < conf->layer.n; i++)
        if (!conf->layer.table[i].reloadable)
            conf_value_copy(&conf->layer.values[i], &old->layer.values[i]);
}
