/*
 * conf_keys: which keys there are, by the table of settings, and which was
 * meant by one that is not there. For the sources of conf only.
 *
 * It must not know values.
 */
#ifndef MUSTER_LIB_CONF_KEYS_H
#define MUSTER_LIB_CONF_KEYS_H

#include "lib/conf_layer.h"

/* The row of that key, NULL if there is none. */
const struct conf_setting *conf_key_find(const struct conf_layer *layer,
                                         const char *key);

/* The map of which the key names an entry; *entry is what names it. */
const struct conf_setting *conf_key_map(const struct conf_layer *layer,
                                        const char *key, const char **entry);

/* Whether there are settings below it. */
bool conf_key_is_section(const struct conf_layer *layer, const char *key);

/* Tells that there is no such key, and which was meant, if one is like it. */
void conf_key_tell_unknown(const struct conf_layer *layer, const char *key,
                           const char *where, int line, const char *prefix,
                           struct conf_errors *errs);

#endif
