/*
 * What the files of the agent's endpoints share: services and checks of the
 * own node, as this agent's.
 */
#ifndef PLUGINS_REGISTRY_CONSUL_AGENT_H
#define PLUGINS_REGISTRY_CONSUL_AGENT_H

#include <stdbool.h>

#include "plugins/registry/consul/call.h"
#include "server/state/directory.h"

/* A dir_done_fn whose arg is a call that is held: 200 without a body, or why
 * not. */
void agent_done(void *arg, const struct dir_result *r);
/* Hold the call, and ask on its behalf; what is in q is borrowed. */
enum http_verdict agent_register(struct call *c, struct dir_request *q);
enum http_verdict agent_deregister(struct call *c, struct dir_removal *q);

/* Of the own node, but for the service `consul`; NULL: none. */
const struct dir_instance *agent_instance(const struct call *c, const char *id);
const struct dir_check *agent_check(const struct call *c, const char *id);

/* Whether a service of the own node may be shown: to a token of Consul's with
 * the right to the service alone. */
bool agent_sees(struct call *c, const struct dir_instance *i);
/* Whether a service of that name, or the own node, may be changed. */
bool agent_demand_service(struct call *c, const char *service);
bool agent_demand_node(struct call *c);
/* The same for a check: its service's right, or the node's. */
bool agent_demand_check(struct call *c, const struct dir_check *k);
/* Whether a check may be by a script. False: it has been answered. */
bool agent_demand_script(struct call *c);

/*
 * An object of all that there is on the own node, over as many turns as it
 * takes. row() finds the row behind that key (NULL: the first), writes it by
 * agent_write_row() if it is to be shown, and returns its key; NULL: there is
 * none.
 */
typedef const struct keynode *agent_row_fn(struct call *c,
                                           const struct dir_node *own,
                                           const char *key, size_t len);
enum http_verdict agent_list(struct call *c, agent_row_fn *row);
/* The value under that id, which write() writes, if the call's filter has it.
 */
void agent_write_row(struct call *c, const char *id,
                     void (*write)(struct call *c, const void *row),
                     const void *row);

/* As agent/services and agent/checks show one. */
void agent_write_service(struct call *c, const struct dir_instance *i);
void agent_write_check(struct call *c, const struct dir_check *k);

#endif
