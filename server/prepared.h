/*
 * Events, prepared queries, coordinates and remote executions (server/state/)
 * as musterd has them: their bounds from the settings, their numbers, and what
 * ends with what: queries with their sessions, coordinates with their nodes.
 * Faces speak to m->events, m->queries, m->coordinates and m->execs, not to
 * this.
 */
#ifndef MUSTER_SERVER_PREPARED_H
#define MUSTER_SERVER_PREPARED_H

#include "lib/conf.h"

struct musterd;
struct prepared;

/* Makes the four, clients of m->store: after m->kv, before the replay. */
struct prepared *prepared_new(struct musterd *m, const struct conf *conf);
/* Settings that may change while it runs. */
void prepared_configure(struct prepared *p, const struct conf *conf);
/* After the replay, and after the keys have started. */
void prepared_start(struct prepared *p);
/* After the store was closed, and before the keys are freed. NULL is fine. */
void prepared_free(struct prepared *p);

#endif
