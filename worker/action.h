/*
 * The named actions of a worker: worker.actions as operations. What a caller
 * gives is checked against the holes of the action and becomes parts of its
 * argv; nothing else of what is run is the caller's.
 *
 * Must not know how processes are run, nor what holes are: lib/action.h.
 */
#ifndef MUSTER_WORKER_ACTION_H
#define MUSTER_WORKER_ACTION_H

#include <stddef.h>

#include "lib/attrs.h"
#include "lib/conf.h"
#include "lib/words.h"
#include "worker/op.h"

struct action;

struct action_op {
    struct op op; /* its name, and the names of its holes */
    struct action *action;
};

/* All of them, in the order of their names. */
struct actions {
    struct action_op *list;
    size_t count;
};

/* From worker.actions, in the place of what was there: running jobs do not
 * need it. */
void actions_load(struct actions *a, const struct conf *conf);
void actions_free(struct actions *a);

/* NULL: there is none of that name. a may be NULL. */
const struct op *actions_find(const struct actions *a, const struct word *name);
/* NULL after the last. */
const struct op *actions_at(const struct actions *a, size_t i);

/* What callers may know of each: the attribute action.NAME, its arguments and
 * their types in pairs, and action.NAME.doc. */
void actions_attrs(const struct actions *a, struct attrs *out);

#endif
