/*
 * conf_read: fills a layer from a part of the tree of the file, and tells
 * every mistake in it. For the sources of conf only.
 *
 * It must not know libyaml, nor which part is read when.
 */
#ifndef MUSTER_LIB_CONF_READ_H
#define MUSTER_LIB_CONF_READ_H

#include "lib/conf_layer.h"
#include "lib/conf_yaml.h"

/* Where what fills a layer stands, and where mistakes go. */
struct conf_fill {
    struct conf_layer *layer;
    const char *file;    /* for places and origins */
    const char *profile; /* NULL: the common part */
    struct conf_errors *errs;
};

/*
 * From the children of a map of the file. At the top of the common part
 * "profiles", at the top of a profile "parent" are passed over.
 */
void conf_read(const struct conf_fill *fill, const struct conf_node *map);

#endif
