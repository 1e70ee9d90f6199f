/*
 * A set of services in the order of their registration: the posting list of
 * one attribute value, of one attribute, or of everything. One member costs
 * nothing but its pointer; many are kept in chunks, so that adding, removing
 * and finding a place cost a few cache lines whatever the size.
 *
 * Must not know attributes or selectors; of a service only its seq.
 */
#ifndef MUSTER_STATE_SEQSET_H
#define MUSTER_STATE_SEQSET_H

#include <stddef.h>
#include <stdint.h>

struct service;
struct seqset_many;

struct seqset {
    union {
        struct service *one;      /* count 1 */
        struct seqset_many *many; /* count > 1, owned */
    } u;
    uint32_t count;
};

/* Where an iteration stands. Any change of the set ends it. */
struct seqset_pos {
    const struct seqset *set;
    uint32_t chunk, index;
};

void seqset_free(struct seqset *s);
/* s must not hold it. */
void seqset_add(struct seqset *s, struct service *v);
/* s must hold it. */
void seqset_remove(struct seqset *s, struct service *v);
/* Asks for the memory in which v is or will be looked for, if there are many
 * members; the set itself should be at hand. Changes nothing. */
void seqset_warm(const struct seqset *s);
void seqset_warm_place(const struct seqset *s, const struct service *v);
/* The first member with a seq above after, and on from there; NULL: no more. */
struct service *seqset_first(const struct seqset *s, uint64_t after,
                             struct seqset_pos *pos);
struct service *seqset_next(struct seqset_pos *pos);

#endif
