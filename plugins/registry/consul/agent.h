/*
 * What the files of the agent's endpoints share: services and checks of the
 * own node, as this agent's.
 */
#ifndef PLUGINS_REGISTRY_CONSUL_AGENT_H
#define PLUGINS_REGISTRY_CONSUL_AGENT_H

#include <stdbool.h>

#include "plugins/registry/consul/call.h"
#include "server/state/directory.h"

/* "0", "t", "TRUE" …: as Go's strconv.ParseBool(). */
bool agent_parse_bool(const char *text, bool *value);

/* Why a check by a script is refused, in Consul's words. */
#define AGENT_NO_SCRIPTS                                                       \
    "Scripts are disabled on this agent; to enable, configure "                \
    "'enable_script_checks' to true"

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

/*
 * An object of all that there is, over as many turns as it takes: more() as
 * call_stream() takes it, of rows behind the last that was looked at, so many
 * of them (shown or not) as long as there is room; it closes the object.
 */
enum http_verdict agent_list(struct call *c, bool (*more)(struct call *c));
unsigned agent_rows(struct call *c);
bool agent_has_room(const struct call *c);
const char *agent_last(const struct call *c); /* its key; NULL: none was */
size_t agent_last_len(const struct call *c);
void agent_set_last(struct call *c, const struct keynode *key);

/* As agent/services and agent/checks show one. */
void agent_write_service(struct call *c, const struct dir_instance *i);
void agent_write_check(struct call *c, const struct dir_check *k);

#endif
