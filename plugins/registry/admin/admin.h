/*
 * The admin face of musterd (lib/admin.h): its health, its state, and the
 * routes by which it is administered. A file of this folder that has routes
 * gives a table; it is a line in admin.c.
 *
 * Handlers get the struct admin; admin_arg() of it is the struct musterd.
 */
#ifndef MUSTER_FACE_ADMIN_H
#define MUSTER_FACE_ADMIN_H

struct admin;
struct auth;
struct listen_host;
struct musterd;

struct admin *registry_admin_new(struct musterd *m, struct listen_host *host,
                                 struct auth *auth);

#endif
