/*
 * Finding services by a selector, in the order of registration, a part at a
 * time: a query stands on a seq and goes on from there, so that a long answer
 * is given over many turns of the loop while the catalog changes. It walks the
 * smallest set that any of its terms names, so that it costs what its rarest
 * condition matches.
 *
 * Must not know who asks or how an answer is written.
 */
#ifndef MUSTER_STATE_QUERY_H
#define MUSTER_STATE_QUERY_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/selector.h"
#include "server/state/catalog.h"

struct query {
    const struct selector_term *terms; /* borrowed */
    unsigned count;
    uint64_t after; /* seq of the last one examined */
    uint64_t left;  /* matches still wanted; UINT64_MAX: all */
};

enum query_state {
    QUERY_DONE, /* everything was examined, or enough found */
    QUERY_MORE  /* the budget is used up, or emit wanted to stop */
};

/* Returns false to stop (its service counts as told). */
typedef bool query_emit_fn(void *arg, struct service *v);

/* Examines services until the budget is used up: one of it for each, and what
 * its terms cost beside that (selector_term_cost()). */
enum query_state query_run(struct query *q, const struct catalog *c,
                           unsigned *budget, query_emit_fn *emit, void *arg);

#define QUERY_BATCH 32 /* queries that are warmed together, at most */

/*
 * Fetches from memory what the next query_run() of each of them is likely to
 * look at, side by side: in a large catalog a query waits for memory most of
 * its time. Changes nothing.
 */
void query_warm(const struct catalog *c, const struct query *const *queries,
                unsigned count);

/* True if the term wants one name, and not a glob: .name db1 */
bool query_is_name(const struct selector_term *t);
/* Whether that record (NULL: none) of the service matches all terms. The cost
 * is taken off the budget; SELECTOR_MORE: ask again, with a new one. */
enum selector_result query_matches(const struct selector_term *terms,
                                   unsigned count, const struct service *v,
                                   const struct record *r, unsigned *budget);
/* Takes a cost off a budget. */
static inline void query_spend(unsigned *budget, size_t cost)
{
    *budget = cost < *budget ? *budget - (unsigned)cost : 0;
}

#endif
