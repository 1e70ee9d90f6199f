/*
 * Who this registry is to those who take it for a Consul: the name of its node
 * and its datacenter, an id that stays over restarts, and the address that it
 * is said to be at.
 *
 * Must not know faces.
 */
#ifndef MUSTER_SERVER_SELF_H
#define MUSTER_SERVER_SELF_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/conf.h"
#include "lib/uuid.h"

struct musterd;

struct self {
    char *node;       /* consul.node_name */
    char *datacenter; /* lower case */
    char *domain;     /* consul.domain, with a dot at its end */
    char *host;       /* of the address, as an IP address where it is one */
    unsigned port;    /* of the address */
    char *address;    /* HOST:PORT, [V6]:PORT */
    char id[UUID_LEN + 1];
    bool is_07; /* consul.compat is 0.7 */
};

/* Before the replay: it joins the store. NULL, and logged, if a setting makes
 * no sense. */
struct self *self_new(struct musterd *m, const struct conf *conf);
/* After the replay: the id is there from now on. */
void self_start(struct self *s);
/* Where a face listens that it is at, when consul.advertise says nothing. */
void self_set_address(struct self *s, const char *host, unsigned port);
/* After the store was closed. NULL is fine. */
void self_free(struct self *s);

#endif
