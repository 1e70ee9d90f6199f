/*
 * What is counted of the connections of one face, and told as metrics with the
 * face as their label. For the listener host only.
 */
#ifndef MUSTER_LIB_LISTEN_COUNTS_H
#define MUSTER_LIB_LISTEN_COUNTS_H

#include <stdint.h>

#include "lib/conn.h"
#include "lib/listen.h"
#include "lib/refusal.h"

struct listen_counts {
    const struct listen_face *face;
    struct refusals refusals;
    struct conn_traffic traffic;
    uint64_t opened; /* connections */
    uint64_t open;   /* ... that are so still */
    struct listen_counts *next;
};

/* To be freed with free(), after metrics_forget(owner). */
struct listen_counts *listen_counts_new(const struct listen_face *face,
                                        const void *owner);

/* Of all faces together. */
struct listen_events {
    uint64_t pauses;  /* accepting stopped for want of descriptors or memory */
    uint64_t put_off; /* ... because one turn of the loop allows no more */
};
void listen_events_tell(const struct listen_events *e, const void *owner);

#endif
