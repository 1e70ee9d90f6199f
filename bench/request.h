/*
 * What the load generator asks, and how it knows that it was answered: one
 * entry for each kind of load, at the registry's ports or (get, set) at
 * redis-server, which speaks RESP.
 *
 * Must not know sockets or time.
 */
#ifndef MUSTER_BENCH_REQUEST_H
#define MUSTER_BENCH_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/buf.h"

/* One connection's place in its load. */
struct request_state {
    struct buf *out;
    unsigned number; /* of the connection */
    uint64_t sent;   /* requests so far */
};

struct request_kind {
    const char *name;
    const char *arguments;
    void (*add)(struct request_state *s, const uint64_t *args);
    /* Requests of each connection before the clock starts; NULL: none. */
    uint64_t (*prepare)(const uint64_t *args, unsigned conns);
    char end;    /* what the line begins with that ends an answer */
    char found;  /* the answer's other line, one each, begins so; '?': with
                   anything; 0: there is none */
    bool others; /* further lines come with it */
};

/* NULL: there is none of that name. */
const struct request_kind *request_find(const char *name);
void request_usage(void);

/* A service's name and six attributes. */
void request_service(struct buf *out, const char *prefix, uint64_t n);

#endif
