/*
 * Consul's tokens at the other ports of musterd: while ACLs are on, a token of
 * Consul's is shown there as one of ours is, and is as good as a principal with
 * equivalent rights.
 *
 *   management        everything
 *   service write     registers services whose name, and whose attributes
 *                     `service` and `id`, the rules allow
 *   node write        ... whose attributes `node` and `host` they allow
 *   service read      finds and watches: everything, where all services and
 *                     nodes may be read; else services whose attributes
 *                     `service` (and `node`) say that they may
 *
 * No more: keys and events are not spoken of at these ports, and to execute
 * takes a token of ours. Services belong to `consul`, as those that such
 * tokens register over HTTP. One that is changed or destroyed takes its
 * connections with it.
 */
#ifndef MUSTER_SERVER_ACL_PORT_H
#define MUSTER_SERVER_ACL_PORT_H

/* To whom services belong that a token of Consul's registered. */
#define ACL_OWNER "consul"

struct acl_ports;
struct musterd;

/* After m->rights; m->auth asks it from now on. */
struct acl_ports *acl_ports_new(struct musterd *m);
/* Before m->acls. NULL is fine. */
void acl_ports_free(struct acl_ports *p);

#endif
