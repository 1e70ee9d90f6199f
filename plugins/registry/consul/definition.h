/*
 * What a check of the catalog says of how it is done: its Definition, which
 * whoever runs it elsewhere (consul-esm) looks for. Nothing is run here.
 *
 * Must not know how checks of the agent are run (agent_probe.h).
 */
#ifndef PLUGINS_REGISTRY_CONSUL_DEFINITION_H
#define PLUGINS_REGISTRY_CONSUL_DEFINITION_H

#include <jansson.h>

struct call;
struct dir_check;

/*
 * The field "Definition" of a check, as the directory keeps it: free(). NULL:
 * there is none, it says nothing, or it is wrong, which is noted (body_ok()).
 */
char *definition_read(struct call *c, const json_t *check);

/* Writes it as a value, {} if there is none. */
void definition_write(struct call *c, const struct dir_check *check);

#endif
