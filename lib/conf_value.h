/*
 * conf_value: the value of one setting in one layer, and how to own, copy and
 * overlay it. For the sources of conf only.
 *
 * It must not know settings or their types.
 */
#ifndef MUSTER_LIB_CONF_VALUE_H
#define MUSTER_LIB_CONF_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The value of a setting. All texts are owned. */
struct conf_value {
    bool set;
    bool above;     /* by something above the built-in default */
    char *text;     /* of what is no list or map, as it was written */
    int64_t number; /* of what has one, see conf_type_check() */
    char **items;   /* of a list; of a map the values */
    char **names;   /* of a map */
    char **origins; /* of a map */
    size_t n;       /* items */
    char *origin;
    char *expanded; /* of a CONF_ID, once that is known */
    char *shown;    /* for conf_text(), once all is known */
    char *joined;   /* of a list, for conf_joined() */
};

void conf_value_free(struct conf_value *value); /* not set again */
void conf_value_copy(struct conf_value *to, const struct conf_value *from);

/* Appends an item to a list. */
void conf_value_add(struct conf_value *value, const char *item);

/* Whether a map has an entry of that name, and where it is or would be. */
bool conf_value_has_entry(const struct conf_value *value, const char *name,
                          size_t *at);
void conf_value_set_entry(struct conf_value *value, const char *name,
                          const char *text, const char *origin);

/* Lays `over` on top: its entries on those of a map, else all of it. */
void conf_value_merge(struct conf_value *value, struct conf_value *over);

#endif
