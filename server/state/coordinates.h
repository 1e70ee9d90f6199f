/*
 * Network coordinates: where each node says it is, in a space in which
 * distances are round trips (Vivaldi, as Consul's agents do it). Nobody here
 * measures: nodes tell, and others ask what is near.
 *
 * Not kept over a restart: nodes tell again.
 *
 * Must not know sockets, HTTP, JSON, nor whether a node is registered.
 */
#ifndef MUSTER_STATE_COORDINATES_H
#define MUSTER_STATE_COORDINATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/state/store.h"

#define COORDINATE_DIMENSIONS 8
#define COORDINATE_NODE_MAX   255 /* bytes of a node's name, of a segment's */

struct coordinates;

/* Seconds, all. */
struct coordinate {
    double vec[COORDINATE_DIMENSIONS];
    double error; /* no unit */
    double adjustment, height;
};

/* Of a node that has told nothing. */
#define COORDINATE_FRESH                                                       \
    {                                                                          \
        .error = 1.5, .height = 1e-05                                          \
    }

/* A node's, as it is known; valid until a change of it. */
struct coordinate_row {
    const char *node, *segment; /* segment "": none */
    struct coordinate at;
    uint64_t created, changed; /* revisions */
};

enum coordinate_status {
    COORDINATE_DONE,    /* or it was so already */
    COORDINATE_REFUSED, /* text says why */
    COORDINATE_FAILED   /* the store could not; text says why */
};

typedef void coordinate_done_fn(void *arg, enum coordinate_status status,
                                const char *text);

/* Joins the store (before its replay), which is borrowed. */
struct coordinates *coordinates_new(struct store *store);
/* After the replay. */
void coordinates_start(struct coordinates *co);
/* After the store has been closed. NULL is fine. */
void coordinates_free(struct coordinates *co);

/* segment NULL: "". done (may be NULL) may be called before this returns. */
void coordinates_update(struct coordinates *co, const char *node,
                        const char *segment, const struct coordinate *at,
                        coordinate_done_fn *done, void *arg);
/* The node is no longer registered. */
void coordinates_forget(struct coordinates *co, const char *node);

/* Names of nodes are the same in upper and lower case; NULL: not known. */
const struct coordinate_row *coordinates_find(const struct coordinates *co,
                                              const char *node);
/* The next, by name; after NULL the first. */
const struct coordinate_row *
coordinates_next(const struct coordinates *co,
                 const struct coordinate_row *after);
size_t coordinates_count(const struct coordinates *co);
/* Of the last change; never 0. */
uint64_t coordinates_index(const struct coordinates *co);

/* Seconds of a round trip, as far as the two tell. */
double coordinate_distance(const struct coordinate *a,
                           const struct coordinate *b);

/*
 * Puts rows (pointers to anything) in the order of their nodes' distance from
 * the node `near`; those at the same distance stay as they were among each
 * other, those whose place is not known come last. If that of near is not
 * known (or near is NULL), nothing moves.
 */
void coordinates_sort(const struct coordinates *co, const char *near,
                      const void **rows, size_t count,
                      const char *(*node_of)(const void *row));

/* Embedded in who waits for any of them to change. */
struct coordinate_waiter {
    /* It must not call coordinates_… in there, but for …_wait_end() of itself.
     */
    void (*changed)(struct coordinate_waiter *w);
    bool waits;
    struct coordinate_waiter *prev, *next;
};

void coordinates_wait(struct coordinates *co, struct coordinate_waiter *w);
void coordinates_wait_end(struct coordinates *co, struct coordinate_waiter *w);

#endif
