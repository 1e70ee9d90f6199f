/*
 * Which workers an event's filters mean, as each agent of Consul decides it for
 * itself: its node's name, the ids of its services, their tags, each searched
 * for a regular expression; and of those on which somebody may execute.
 *
 * Found in slices, one a turn, however many workers there are.
 *
 * Must not know events' or jobs' lives.
 */
#ifndef PLUGINS_REGISTRY_CONSUL_REXEC_PICK_H
#define PLUGINS_REGISTRY_CONSUL_REXEC_PICK_H

#include <stddef.h>

#include "lib/auth/principal.h"
#include "plugins/registry/consul/rexec_kept.h"

struct musterd;
struct rexec_pick;

struct rexec_filters {
    const char *node, *service, *tag; /* regular expressions; "": none */
};

/* list (count of them, by node) is the callee's, for rexec_targets_free(). */
typedef void rexec_picked_fn(void *arg, struct rexec_target *list,
                             size_t count);

/*
 * who: NULL: may execute everywhere; else it is held meanwhile. NULL, and a
 * static text, if a filter is no regular expression. done is not called from
 * inside.
 */
struct rexec_pick *rexec_pick_start(struct musterd *m,
                                    const struct rexec_filters *f,
                                    struct principal *who,
                                    rexec_picked_fn *done, void *arg,
                                    const char **wrong);
/* done is not called. NULL is fine. */
void rexec_pick_cancel(struct rexec_pick *p);

#endif
