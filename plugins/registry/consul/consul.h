/*
 * The Consul face of musterd: Consul's HTTP interface, for its clients as they
 * are. It translates between HTTP and the calls of server/state, and holds
 * nothing that others share. A family of endpoints is a file with a table of
 * routes (families.h); what all of them have in common is a call (call.h).
 */
#ifndef PLUGINS_REGISTRY_CONSUL_CONSUL_H
#define PLUGINS_REGISTRY_CONSUL_CONSUL_H

struct conf;
struct consul;
struct listen_face;
struct musterd;

/* m is borrowed. */
struct consul *consul_new(struct musterd *m);
/* Settings that may change while it runs. */
void consul_configure(struct consul *u, const struct conf *conf);
/* Requests that wait are answered: before connections close. */
void consul_stop(struct consul *u, const char *why);
void consul_free(struct consul *u); /* NULL is fine */

/* Plugs into the listener host; its ctx is the struct consul. */
const struct listen_face *consul_face(void);

#endif
