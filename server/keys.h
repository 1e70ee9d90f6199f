/*
 * The tree of keys and the sessions (server/state/kv.h) as musterd has them:
 * their bounds from the settings, the timer that ends sessions, and their
 * numbers. Faces speak of keys to m->kv, not to this.
 */
#ifndef MUSTER_SERVER_KEYS_H
#define MUSTER_SERVER_KEYS_H

#include "lib/conf.h"

struct musterd;
struct keys;

/* Makes m->kv, a client of m->store: before the replay. */
struct keys *keys_new(struct musterd *m, const struct conf *conf);
/* Settings that may change while it runs. */
void keys_configure(struct keys *k, const struct conf *conf);
/* After the replay: sessions have their whole time from now on. */
void keys_start(struct keys *k);
/* After the store was closed. NULL is fine. */
void keys_free(struct keys *k);

#endif
