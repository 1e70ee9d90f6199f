/*
 * What may be with the store at the same time: changes of different keys side
 * by side, so that they share a commit; changes of one key one after another;
 * and a change that claims everything (a prefix, the end of a session) alone,
 * in its place in the order of arrival. So each is judged by what is
 * committed, and what was found still holds when it is applied.
 *
 *   enter --keys free--> runs --> leave --> those that waited for its keys run
 *         \--taken-----> waits in the line of each of its keys
 *
 * turns.h is the same for changes of one name each. All keys of a claim are
 * queued for at once, so no two claims wait for each other.
 *
 * Must not know what a claim does.
 */
#ifndef MUSTER_STATE_LANES_H
#define MUSTER_STATE_LANES_H

#include <stdbool.h>
#include <stddef.h>

struct lane;
struct lane_claim;

/* A key of a claim; key is borrowed until it has left. */
struct lane_place {
    const char *key;
    size_t key_len;
    struct lane *lane;         /* the line it stands in; NULL: none */
    struct lane_claim *claim;  /* whose it is */
    struct lane_place *behind; /* next in line */
};

/* Embedded in what wants to run. */
struct lane_claim {
    struct lane_place *places; /* borrowed; the same key may stand twice */
    unsigned count;
    bool all;                         /* everything: places do not count */
    void (*run)(struct lane_claim *); /* may leave, and be gone, in there */
    unsigned missing;                 /* keys it is not first in line for */
    struct lane_claim *next;          /* of those that wait to enter, or that
                                         may run */
};

struct lanes {
    struct lane *by_key;
    size_t inside;                   /* claims that entered and have not left */
    struct lane_claim *first, *last; /* that wait to enter, or run alone */
    bool alone;                      /* the first of them runs */
    struct lane_claim *ready, *ready_last; /* that have all their keys */
    bool going;
};

/* The claim runs, now or when it can. */
void lanes_enter(struct lanes *l, struct lane_claim *c);
/* It has run, and is done. */
void lanes_leave(struct lanes *l, struct lane_claim *c);

#endif
