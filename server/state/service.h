/*
 * A service: its name, its record, its lifetime, and the revisions that made
 * and last changed it. Counted: the catalog holds one reference while it is
 * registered, every change that tells of it another.
 *
 * What happens to it is catalog.c's.
 */
#ifndef MUSTER_STATE_SERVICE_H
#define MUSTER_STATE_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "server/state/htab.h"
#include "server/state/record.h"

struct name_list;

struct service;

enum catalog_loss { LOST_REPLACED, LOST_EXPIRED, LOST_REMOVED };

/* Who registered services: a connection. Embedded in the face's own struct. */
struct catalog_owner {
    struct service *services; /* its services, oldest first (utlist) */
    size_t count;
    uint64_t heard_ms; /* when a line last came: its ttls count from there */
    /* Why nobody else may change, remove or take over its services: a static
     * text for who tries; NULL: they are a connection's. */
    const char *fixed;
    const char *from; /* where it is connected from, as text; or NULL */
    /* Somebody else says to be what a service of this owner is: is its peer
     * still there? May be NULL. */
    void (*doubted)(struct catalog_owner *o);
    /* A service of this owner is no longer its own, through no request of its
     * own; v may be gone after the call. */
    void (*lost)(struct catalog_owner *o, struct service *v,
                 enum catalog_loss why);
};

#define SERVICE_NO_DEADLINE UINT32_MAX

struct service {
    uint64_t seq;          /* order of registration; from 1, never used again */
    struct hnode node;     /* in catalog.names while registered */
    struct record *record; /* counted; NULL before and after registration */
    uint64_t created;      /* revisions */
    uint64_t changed;
    uint64_t expires_ms;         /* ttl_ms after a line last came for it, as far
                                    as its owner has heard none since */
    struct catalog_owner *owner; /* its connection; NULL: none (persistent) */
    struct service *prev, *next; /* on its owner's list */
    struct name_list *volatiles; /* owned; attributes whose change is no event;
                                     or NULL */
    uint32_t ttl_ms;             /* 0: none */
    uint32_t deadline_slot; /* in catalog.deadlines, or SERVICE_NO_DEADLINE */
    uint32_t refs;
    uint16_t name_len;
    bool quoted;     /* its name is written in quotes */
    bool persist;    /* its record says so: outlives its connection, and is
                        kept by the store */
    bool registered; /* visible in the catalog */
    char name[];
};

/* A few attribute names, each ended by a NUL; the list by an empty one. */
struct name_list {
    uint32_t size;
    char text[];
};

/* A service that is not registered, with one reference, the caller's. */
struct service *service_new(const char *name, size_t len);
void service_unref(struct record_index *x, struct service *v);

void service_own(struct service *v, struct catalog_owner *o);
void service_disown(struct service *v);

/* Appends "name attr value …" (no line end). */
void service_write(const struct service *v, const struct record *r,
                   struct buf *out);

/* True if the record says "persist" with a non-zero number (registry(4)). */
bool service_persists(const struct record *r);

#endif
