/*
 * The inside of filters, for their parts only: filter_parse.c makes the tree of
 * an expression, filter_fields.c knows what can be selected, filter.c looks at
 * rows.
 */
#ifndef PLUGINS_REGISTRY_CONSUL_FILTER_IMPL_H
#define PLUGINS_REGISTRY_CONSUL_FILTER_IMPL_H

#include <stdint.h>

#include "plugins/registry/consul/filter.h"

struct rex;

#define FILTER_PATH_MAX 4 /* parts of a selector */

/* Of a field; SOME is a list of objects: any of them is meant below it. */
enum filter_type {
    FILTER_TEXT,
    FILTER_NUMBER,
    FILTER_BOOL,
    FILTER_LIST,
    FILTER_MAP,
    FILTER_SOME
};

enum filter_op { FILTER_EQUAL, FILTER_IN, FILTER_EMPTY, FILTER_MATCHES };

struct filter_term {
    char *path[FILTER_PATH_MAX]; /* owned */
    unsigned depth;
    enum filter_type type; /* of what is selected */
    enum filter_op op;
    bool negated;
    char *value; /* owned; NULL with FILTER_EMPTY */
    int64_t number;
    bool yes;
    struct rex *rex; /* owned */
};

enum filter_node_kind { FILTER_IS, FILTER_NOT, FILTER_AND, FILTER_OR };

/* Children are places in the filter's nodes; FILTER_IS: left is a term. */
struct filter_node {
    enum filter_node_kind kind;
    unsigned left, right;
};

struct filter {
    enum filter_kind kind;
    struct filter_term terms[FILTER_TERMS_MAX];
    unsigned term_count;
    struct filter_node nodes[4 * FILTER_TERMS_MAX];
    unsigned node_count, root;
    uint64_t work; /* that regular expressions may have had */
};

/* The type of what the term selects; false: there is no such thing. */
bool filter_field_type(enum filter_kind kind, const struct filter_term *t,
                       enum filter_type *type);

#endif
