/*
 * What the dispatcher shows on its admin face (lib/admin.h): its jobs and its
 * workers, in numbers.
 */
#ifndef DISPATCHER_ADMIN_H
#define DISPATCHER_ADMIN_H

struct admin;
struct auth;
struct dispatch;
struct listen_host;
struct tls_conf;

struct admin *dispatch_admin(struct dispatch *d, struct listen_host *host,
                             struct auth *auth, struct tls_conf *tls);

#endif
