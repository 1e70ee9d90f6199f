/*
 * Prepared queries as they are spoken of over HTTP, for the files of that
 * family: query.c has the endpoints that keep them, query_execute.c those that
 * ask, query_json.c reads and writes them.
 */
#ifndef PLUGINS_REGISTRY_CONSUL_QUERY_H
#define PLUGINS_REGISTRY_CONSUL_QUERY_H

#include <stdbool.h>

#include "lib/http.h"
#include "plugins/registry/consul/call.h"
#include "server/state/queries.h"

#define QUERY_HIDDEN "<hidden>" /* in the place of a token */

/* A definition as it stands in the body; false: it was answered. d is to be
 * freed in either case. */
bool query_of_body(struct call *c, struct query_def *d, const char **id);
/* def: the query's own, or as it was rendered. */
void query_write_json(struct call *c, const struct query *q,
                      const struct query_def *def);

/* Whether the rights for queries of that name are there; a query that has none
 * is for everybody who knows its id. */
bool query_may_read(struct call *c, const struct query_def *d);
/* False: not, and it has been answered. */
bool query_demand_write(struct call *c, const struct query_def *d);

enum http_verdict query_get_execute(struct http_request *r, void *ctx);
enum http_verdict query_get_explain(struct http_request *r, void *ctx);

#endif
