/*
 * The manager, struct muster, as the other files of the library see it: the
 * caller's loop, the options, the registries and which of them is in use.
 *
 * Must not know what the objects on it do.
 */
#ifndef MUSTER_CLIENT_MANAGER_H
#define MUSTER_CLIENT_MANAGER_H

#include <stddef.h>
#include <stdint.h>

#include "client/backoff.h"
#include "client/muster.h"
#include "client/object.h"
#include "lib/addr.h"
#include "lib/conn.h"
#include "lib/loop.h"
#include "lib/tls.h"

#define MANAGER_REGISTRIES_MAX  16
#define MANAGER_DISPATCHER_PORT 6704

struct muster {
    struct loop *loop;
    struct registry_addr registries[MANAGER_REGISTRIES_MAX];
    unsigned registry_count;
    unsigned current;       /* the registry that links try first */
    struct addr dispatcher; /* ADDR_OFF: look one up */
    struct backoff backoff; /* what the links begin with */
    uint64_t connect_ms, request_ms;
    size_t line_max;     /* longest answer line, bytes */
    size_t services_max; /* known to one monitor */
    void (*on_link)(void *arg, enum muster_link state, const char *text);
    void *arg;
    struct tls *tls; /* owned */
    char *token;     /* owned; wiped before it is freed; or NULL */
    struct object_list objects;
    unsigned busy; /* callbacks under way */
    bool dead;
};

/* Anywhere in 0..UINT32_MAX. */
uint32_t manager_chance(void);

/* The first words on a connection: the token, if there is one. */
void manager_greet(const struct muster *m, struct conn *c);

/* Directives of a request as words, with a blank before each; those of the
 * NULL-terminated list only. */
bool manager_write_directives(struct buf *out, const struct muster_attr *d,
                              size_t count, const char *const *known,
                              char **error);

/* What to dial that address with: NULL where no TLS is spoken. */
struct tls *manager_tls(struct muster *m, const struct addr *addr);

/* A registry did not answer: links go on with the one after it. */
void manager_registry_failed(struct muster *m, unsigned registry);

/* Bounds for a connection of the library. */
struct conn_limits manager_conn_limits(const struct muster *m);

/* A callback begins and ends; the manager's memory lives that long. */
void manager_enter(struct muster *m);
void manager_leave(struct muster *m);

/* Gives the caller of the library an error text to free(). */
__attribute__((format(printf, 2, 3))) void manager_error(char **error,
                                                         const char *fmt, ...);

#endif
