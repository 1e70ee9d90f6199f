/*
 * What every object of the library is first: a member of its manager that may
 * be freed from any callback, its own included.
 *
 *   object_enter(&x->obj);
 *   x->cb.on_something(...);
 *   if (!object_leave(&x->obj))
 *       return;                 freed meanwhile: do not touch x any more
 *
 * object_end() takes an object out of service at once (its stop() closes its
 * connections and timers), and frees it when no such callback is under way.
 * Must not know what the objects are.
 */
#ifndef MUSTER_CLIENT_OBJECT_H
#define MUSTER_CLIENT_OBJECT_H

#include <stdbool.h>
#include <sys/queue.h>

#include "lib/mem.h"

struct muster;
struct object;

struct object_class {
    /* Ends everything that could call back; may be called inside one. */
    void (*stop)(struct object *o);
    /* Frees the memory. */
    void (*release)(struct object *o);
};

struct object {
    struct muster *m;
    const struct object_class *class;
    TAILQ_ENTRY(object) entry; /* in the manager, unless dead */
    unsigned busy;             /* callbacks under way */
    bool dead;
};

TAILQ_HEAD(object_list, object);

void object_begin(struct object *o, struct muster *m,
                  const struct object_class *class);
void object_enter(struct object *o);
/* False: the object is gone. */
bool object_leave(struct object *o);
void object_end(struct object *o);

#endif
