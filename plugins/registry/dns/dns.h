/*
 * The DNS face: what is registered, as Consul's DNS interface has it, over UDP
 * and TCP on the addresses of registry.dns (over TCP alone where that is TLS or
 * a unix socket).
 *
 *   datagrams --(rate)--.
 *                        +--> answer.h --> view.h --> directory, queries
 *   connections --------'
 *
 * It changes nothing, and nobody can show a token: who asks may see what the
 * anonymous may.
 *
 * doc/dns.md says what it answers.
 */
#ifndef MUSTER_PLUGINS_REGISTRY_DNS_DNS_H
#define MUSTER_PLUGINS_REGISTRY_DNS_DNS_H

struct conf;
struct dns_face;
struct listen_face;
struct musterd;

struct dns_face *dns_new(struct musterd *m, const struct conf *conf);
/* Settings that may change while it runs. */
void dns_configure(struct dns_face *d, const struct conf *conf);
/* No datagrams are taken any more. */
void dns_stop(struct dns_face *d);
/* After its connections were closed. NULL is fine. */
void dns_free(struct dns_face *d);

/* Its listener's; ctx of which is a struct dns_face. */
const struct listen_face *dns_listen_face(void);

#endif
