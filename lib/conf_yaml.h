/*
 * conf_yaml: the text of a configuration file as a tree of nodes with line
 * numbers. Of YAML it takes maps, lists and scalars; anchors, aliases and tags
 * are refused by name, as are keys that stand twice.
 *
 * It must not know which settings there are. libyaml is known here only.
 */
#ifndef MUSTER_LIB_CONF_YAML_H
#define MUSTER_LIB_CONF_YAML_H

#include <stddef.h>

#include "lib/conf.h"

enum conf_node_kind {
    CONF_NODE_NULL, /* nothing stands there, or ~ */
    CONF_NODE_SCALAR,
    CONF_NODE_LIST,
    CONF_NODE_MAP,
    CONF_NODE_BAD /* already told as a mistake: pass over it */
};

struct conf_node {
    enum conf_node_kind kind;
    char *key;  /* in a map: owned */
    char *text; /* CONF_NODE_SCALAR: owned, UTF-8 without NUL */
    int line;   /* of the key in a map, else of the value; from 1 */
    struct conf_node *parent;
    struct conf_node *first, *last; /* children: owned */
    struct conf_node *next;         /* sibling */
};

/*
 * The top of the tree, a map; an empty one for an empty text. NULL if the text
 * is no YAML. Mistakes go to errs either way, with `file` as their place.
 */
struct conf_node *conf_yaml_parse(const char *text, size_t len,
                                  const char *file, struct conf_errors *errs);
void conf_node_free(struct conf_node *node); /* with all below; NULL is fine */

/* What is below a map or list, as YAML on one line; to be freed. */
char *conf_node_write(const struct conf_node *node);

/* The child of that key, NULL if there is none. */
const struct conf_node *conf_node_get(const struct conf_node *map,
                                      const char *key);

#endif
