/*
 * The stream of changes and its recent past: a ring of what was committed, in
 * the order of revisions. Every notification is made from it: readers are
 * revisions that walk along.
 *
 * Of those that tell of no service (each write of a key is one) nothing is
 * kept: the ring has gaps there, and a change is found by its revision.
 *
 * Must not know who reads. Bounded by count and by bytes; what is pushed out is
 * forgotten, and changes_knows() says so.
 */
#ifndef MUSTER_STATE_CHANGES_H
#define MUSTER_STATE_CHANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/state/record.h"
#include "server/state/service.h"

enum change_kind {
    CHANGE_NEW,
    CHANGE_SET,
    CHANGE_GONE,
    CHANGE_OTHER /* of no service: readers pass over it */
};

/* Why: of a CHANGE_GONE why it went, of others how they came. */
enum change_reason {
    CHANGE_ASKED,    /* somebody asked for it */
    CHANGE_REPLACED, /* registered anew, in the place of what was */
    CHANGE_EXPIRED,  /* its ttl was over */
    CHANGE_CLOSED    /* its connection ended */
};

struct change {
    uint64_t revision;
    enum change_kind kind;
    enum change_reason reason;
    struct service *service; /* counted; these are NULL for CHANGE_OTHER */
    struct record *before;   /* counted; NULL for CHANGE_NEW */
    struct record *after;    /* counted; NULL for CHANGE_GONE */
};

struct changes {
    struct change *ring;     /* owned; of services only; grows up to max */
    size_t size;             /* allocated, a power of two */
    size_t held;             /* in use */
    uint64_t told;           /* so many of services there ever were */
    size_t count;            /* revisions that are known */
    size_t max;              /* most of them */
    size_t bytes, max_bytes; /* of the records they hold, roughly */
    uint64_t head;     /* the newest revision; 0: nothing has changed yet */
    uint64_t services; /* the newest that tells of a service */
    void (*forget)(void *arg, struct change *c); /* releases what it holds */
    void *arg;
};

void changes_init(struct changes *s, size_t max, size_t max_bytes,
                  void (*forget)(void *arg, struct change *c), void *arg);
/* Nothing up to this revision is known, and it is the newest. */
void changes_start(struct changes *s, uint64_t revision);
void changes_free(struct changes *s);
/* Adds one with revision head + 1; takes over the references in c. */
void changes_add(struct changes *s, const struct change *c);
/* True if everything after that revision is still here. */
bool changes_knows(const struct changes *s, uint64_t revision);
/* The change of that revision, which must be known: head - count < r <= head.
 * A CHANGE_OTHER is good until the next call only. */
const struct change *changes_at(const struct changes *s, uint64_t revision);

#endif
