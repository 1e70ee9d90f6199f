/*
 * The checks that a service asks for by its own attributes:
 *
 *   check.http URL       or a path, of the service's own address
 *   check.tcp HOST:PORT  or `on`: the service's own address
 *   check.ttl 10s
 *   check.interval, .timeout, .fails, .warns, .passes, .method,
 *   check.insecure, .deregister_after
 *
 * A second one is check.2.http … and so on up to CHECK_ATTRS_MAX. What cannot
 * be done is said in the place of the check.
 *
 * Must not know the directory, nor run anything.
 */
#ifndef MUSTER_SERVER_CHECK_ATTRS_H
#define MUSTER_SERVER_CHECK_ATTRS_H

#include <stdbool.h>

#include "server/probe.h"
#include "server/state/record.h"

#define CHECK_ATTRS_MAX 16 /* checks of one service */

struct check_attrs {
    unsigned count;
    struct {
        struct probe_spec spec;
        char wrong[200]; /* why there is no spec; "": there is one */
    } checks[CHECK_ATTRS_MAX];
};

/* Whether it asks for any. */
bool check_attrs_any(const struct record *r);
/* address and port are the service's own; port 0: it has none. */
void check_attrs_read(struct check_attrs *a, const struct record *r,
                      const char *address, unsigned port);
void check_attrs_free(struct check_attrs *a);

#endif
