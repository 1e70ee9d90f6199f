/*
 * A service: its name, its record, its lifetime, and the revisions that made
 * and last changed it. Counted: the catalog holds one reference while it is
 * registered, every change that tells of it another.
 *
 * Only data; what happens to it is catalog.c's.
 */
#ifndef MUSTER_STATE_SERVICE_H
#define MUSTER_STATE_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "server/state/htab.h"
#include "server/state/record.h"

struct catalog_owner;
struct name_list;

#define SERVICE_NO_DEADLINE UINT32_MAX

struct service {
    uint64_t seq;          /* order of registration; from 1, never used again */
    struct hnode node;     /* in catalog.names while registered */
    struct record *record; /* counted; NULL before and after registration */
    uint64_t created;      /* revisions */
    uint64_t changed;
    uint64_t expires_ms;         /* with ttl_ms: when it is removed */
    struct catalog_owner *owner; /* its connection; NULL: none (persistent) */
    struct service *prev, *next; /* on its owner's list */
    struct name_list *volatiles; /* owned; attributes whose change is no event;
                                     or NULL */
    uint32_t ttl_ms;             /* 0: none */
    uint32_t deadline_slot; /* in catalog.deadlines, or SERVICE_NO_DEADLINE */
    uint32_t refs;
    uint16_t name_len;
    bool quoted;     /* its name is written in quotes */
    bool persist;    /* its record says so: outlives its connection */
    bool registered; /* visible in the catalog */
    char name[];
};

/* A few attribute names, each ended by a NUL; the list by an empty one. */
struct name_list {
    uint32_t size;
    char text[];
};

#endif
