/*
 * The directory (server/state/directory.h) in its daemon: its settings, its
 * turn at the end of each turn of the loop, its numbers; and who has to hear of
 * nodes and checks that fail or go.
 */
#ifndef MUSTER_SERVER_PLACES_H
#define MUSTER_SERVER_PLACES_H

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
/* The store must have been closed; before the catalog. NULL is fine. */
void places_free(struct places *p);

#endif
