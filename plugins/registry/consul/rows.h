/*
 * Nodes, services and checks of the directory as Consul shows them: the objects
 * that answers are made of.
 */
#ifndef PLUGINS_REGISTRY_CONSUL_ROWS_H
#define PLUGINS_REGISTRY_CONSUL_ROWS_H

#include "server/state/directory.h"

struct call;
struct jw;

/* catalog/nodes, and as a part of others. */
void row_node(struct call *c, const struct dir_node *n);
/* catalog/service: with its node's fields in it. */
void row_instance(struct call *c, const struct dir_instance *i);
/* catalog/node, and as a part of others. */
void row_service(struct call *c, const struct dir_instance *i);
void row_check(struct call *c, const struct dir_check *check);
/* health/service: {"Node": ..., "Service": ..., "Checks": [...]}. */
void row_entry(struct call *c, const struct dir_instance *i);

/* Whether the token may see it: a node, a service with its node, a check with
 * what it is of. */
bool row_may_node(struct call *c, const struct dir_node *n);
bool row_may_instance(struct call *c, const struct dir_instance *i);
bool row_may_check(struct call *c, const struct dir_check *check);

/* Parts of them, under that name: texts by name, null where there are none; the
 * tags of i, which may be NULL. */
void row_pairs(struct jw *w, const char *name, const struct dir_pairs *p);
void row_tags(struct jw *w, const char *name, const struct dir_instance *i);

#endif
