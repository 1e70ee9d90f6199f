/*
 * admin: the HTTP face by which a daemon is looked at from outside, the same
 * for every daemon:
 *
 *   GET /             the routes there are, as JSON
 *   GET /metrics      what it counts, for Prometheus (metrics.h)
 *   GET /health       200 ok, or 503 degraded and why, as JSON
 *   GET /ready        200 while it serves
 *   GET /debug/state  its parts in numbers, as JSON
 *
 * and whatever tables of routes the daemon adds, whose handlers get the struct
 * admin as ctx. What is healthy and what there is to tell is known by parts:
 * each may have a check and a state.
 *
 * The first four are for everybody on this machine, and elsewhere for those
 * with any token; all else is for those who may administer.
 *
 * Must not know any one daemon.
 */
#ifndef MUSTER_LIB_ADMIN_H
#define MUSTER_LIB_ADMIN_H

#include <stddef.h>

#include "lib/http_route.h"
#include "lib/listen.h"
#include "lib/loop.h"

struct auth;
struct conf;
struct json_t;
struct tls_conf;

/* Something of the daemon; either fn may be NULL. */
struct admin_part {
    const char *name; /* constant: "store" */
    /* NULL: all is well; or what is wrong, for people (static, or valid until
     * the next call). */
    const char *(*check)(void *arg);
    /* A new JSON value for /debug/state. */
    struct json_t *(*state)(void *arg);
};

/* What the daemon adds: constant. */
struct admin_setup {
    const char *program;
    const struct admin_part *parts; /* each fn gets arg */
    size_t n_parts;
    const struct http_table *const *tables;
    size_t n_tables;
};

struct admin;

/* arg is the daemon's own. host and auth are borrowed. */
struct admin *admin_new(struct loop *l, const struct admin_setup *setup,
                        struct listen_host *host, struct auth *auth, void *arg);
/* Settings that may change while it runs. */
void admin_configure(struct admin *a, const struct conf *conf);
/* One more part, of somebody who knows what else may ail; arg is his. */
void admin_add_part(struct admin *a, const struct admin_part *part, void *arg);
/* Its TLS, as a part: whether it is what its files say, and not about to end.
 */
void admin_add_tls(struct admin *a, struct tls_conf *tls);
void *admin_arg(const struct admin *a);
struct loop *admin_loop(const struct admin *a);
/* Requests that wait are answered, streams end: before connections close. */
void admin_stop(struct admin *a, const char *why);
void admin_free(struct admin *a); /* NULL is fine */

/* Plugs into the listener host; its ctx is the struct admin. */
const struct listen_face *admin_face(void);

#endif
