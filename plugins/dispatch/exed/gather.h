/*
 * What the hosts of a job said, gathered from its events into results as EXEd
 * has them: an object for each thing that an operation did, the last of them
 * for the host as a whole.
 *
 *   execute   {state, status, rtc, stdout, stderr}
 *   facter    {state, status, facter: {...}}
 *   others    {state, ...} for each result that the plugin gave, then
 *             {state, status} and what was printed, if anything was
 *
 * Output that is no UTF-8 is written as base64, and said to be so. What is
 * held is counted, with that of others, and bounded: what comes beyond is
 * left out, and how much that is stands in the result, as it does for what the
 * dispatcher itself did not keep.
 *
 * Pure: must not know requests or readers.
 */
#ifndef PLUGINS_DISPATCH_EXED_GATHER_H
#define PLUGINS_DISPATCH_EXED_GATHER_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "dispatcher/dispatcher.h"

struct gather;

/* The bound, shared by all who gather; each is counted in *held. */
struct gather_bound {
    size_t *held;
    size_t most;
    uint64_t *cut; /* bytes left out, ever */
};

struct gather *gather_new(const char *op, const struct gather_bound *bound);
void gather_free(struct gather *g); /* NULL is fine */

/*
 * Takes an event; returns the result that it completes (json_decref()), or
 * NULL. It is kept for gather_results(), too, unless gather_forget() follows.
 */
json_t *gather_add(struct gather *g, const struct dispatch_event *ev);
/* Nothing more of that host is wanted than what comes. */
void gather_forget(struct gather *g, const char *host);

/* {host: [result, ...]} of all hosts that have any; a new object. */
json_t *gather_results(const struct gather *g);
/* {host: result}: of each the last, with those before in `results`. */
json_t *gather_last(const struct gather *g);

#endif
