/*
 * conf_layer: one layer of settings (the defaults, the common part of a file, a
 * profile, the command line): a value for each row of the table, most of them
 * not set. Filling one checks everything and tells every mistake; laying one
 * over another cannot fail any more.
 *
 * It must not know in which order layers lie, nor what a program does with
 * them. For the sources of conf only.
 */
#ifndef MUSTER_LIB_CONF_LAYER_H
#define MUSTER_LIB_CONF_LAYER_H

#include "lib/conf.h"
#include "lib/conf_types.h"
#include "lib/conf_value.h"

struct conf_layer {
    const struct conf_setting *table; /* borrowed: it is constant */
    size_t n;
    struct conf_value *values; /* a row each; owned */
};

void conf_layer_init(struct conf_layer *layer, const struct conf_setting *table,
                     size_t n);
void conf_layer_free(struct conf_layer *layer);

/* Lays `over` on top; what it holds moves over and it is empty then. */
void conf_layer_merge(struct conf_layer *layer, struct conf_layer *over);

/* From one KEY=VALUE of the command line; may replace what it holds. */
void conf_layer_option(struct conf_layer *layer, const char *option,
                       struct conf_errors *errs);

/* A single setting from a text; where and origin say who set it. */
void conf_layer_set(struct conf_layer *layer,
                    const struct conf_setting *setting, const char *text,
                    const char *where, const char *origin,
                    struct conf_errors *errs);

struct conf_value *conf_layer_value(const struct conf_layer *layer,
                                    const struct conf_setting *setting);

/*
 * Parts of a value in the making; false, and why, where a text does not fit.
 * One text, or one more item of a list; a whole value from one text, a list
 * separated by commas or blanks; an entry of a map; what can be said of a list
 * once all of it is there; and who set it.
 */
bool conf_put_item(const struct conf_setting *setting, struct conf_value *value,
                   const char *text, char *why);
bool conf_put_text(const struct conf_setting *setting, struct conf_value *value,
                   const char *text, char *why);
bool conf_put_entry(const struct conf_setting *setting,
                    struct conf_value *value, const char *name,
                    const char *text, const char *origin, char *why);
bool conf_put_check(const struct conf_setting *setting,
                    const struct conf_value *value, char *why);
void conf_put_origin(struct conf_value *value, const char *origin);

#endif
