/*
 * The directory (server/state/directory.h) in its daemon: its settings, its
 * turn at the end of each turn of the loop, its numbers; and who has to hear of
 * nodes and checks that fail or go.
 */
#ifndef MUSTER_SERVER_PLACES_H
#define MUSTER_SERVER_PLACES_H

#include <stdbool.h>

#include "lib/conf.h"

struct musterd;
struct places;

/* Before the replay; m->directory is there from now on. m->self must be. */
struct places *places_new(struct musterd *m, const struct conf *conf);
/* Settings that may change while it runs. */
void places_configure(struct places *p, const struct conf *conf);
/* After the replay, and after m->self has its id. */
void places_start(struct places *p);
/* m->self has another address. */
void places_advertise(struct places *p);
/*
 * Who reads the directory may have to wait until its view is there (it is made
 * when it is wanted, which takes some turns where much is registered). Where it
 * is not there, ready() will be called when it is, once.
 */
bool places_are_ready(struct places *p);

struct places_waiter {
    void (*ready)(struct places_waiter *w);
    struct places_waiter *prev, *next;
};

void places_wait(struct places *p, struct places_waiter *w);
/* It waits no longer: not after ready(). */
void places_wait_end(struct places *p, struct places_waiter *w);

/* The daemon ends: what is under way over several turns is done at once. */
void places_finish(struct places *p);
/* The store must have been closed; before the catalog. NULL is fine. */
void places_free(struct places *p);

#endif
