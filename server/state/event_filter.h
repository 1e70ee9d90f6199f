/*
 * The filters of an event (events.h): whether it is meant for an agent, by the
 * agent's node, its services' ids, and the tags of those. Regular expressions
 * (lib/rex.h), that match anywhere. This registry is the agent of its own node.
 */
#ifndef MUSTER_STATE_EVENT_FILTER_H
#define MUSTER_STATE_EVENT_FILTER_H

#include <stdbool.h>

#include "lib/mem.h"
#include "server/state/events.h"

struct directory;
struct event_filter;

/* NULL and *out; or what is wrong, in Consul's words (free()). */
MUST_CHECK char *event_filter_new(const struct event_request *q,
                                  struct event_filter **out);
void event_filter_free(struct event_filter *f); /* NULL is fine */

/* Sets *here, for the node of that name, which is d's own; d is read only for
 * its services. False: that took too long to find out, and was given up. */
bool event_filter_judge(const struct event_filter *f, const char *node,
                        struct directory *d, bool *here);

#endif
