/*
 * Answers that are lists of the directory's rows: which rows, in what order,
 * over as many turns as it takes, and who waits for them to change.
 */
#ifndef PLUGINS_REGISTRY_CONSUL_LISTING_H
#define PLUGINS_REGISTRY_CONSUL_LISTING_H

#include <stdbool.h>

#include "lib/http.h"
#include "lib/mem.h"
#include "plugins/registry/consul/rows.h"

#define LISTING_PARAMS_MAX HTTP_QUERY_MAX /* of ?tag and ?node-meta, each */

/* What is listed; rows of one kind are of one enum dir_kind. */
enum listing_rows {
    LIST_NODES,     /* all */
    LIST_SERVICES,  /* names, as an object of lists of tags */
    LIST_INSTANCES, /* of a name */
    LIST_OF_NODE,   /* instances of a node, as an object by id */
    LIST_ENTRIES,   /* of a name, with their checks */
    LIST_CHECKS,    /* of a name's instances */
    LIST_NODE_CHECKS,
    LIST_STATE, /* checks, by their status */
    LIST_NOTHING
};

/*
 * Answers the call with that list. name is the request's: of the name, node or
 * state (NULL: none). ?near, ?tag, ?node-meta, ?passing and ?filter are heeded
 * where those rows have them.
 */
enum http_verdict listing_answer(struct call *c, enum listing_rows rows,
                                 const char *name);

#endif
