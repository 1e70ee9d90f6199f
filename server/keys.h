/*
 * The tree of keys and the sessions (server/state/kv.h) as musterd has them:
 * their bounds from the settings, the timer that ends sessions, and their
 * numbers. Faces speak of keys to m->kv, not to this.
 */
#ifndef MUSTER_SERVER_KEYS_H
#define MUSTER_SERVER_KEYS_H

#include <stddef.h>

#include "lib/conf.h"
#include "server/state/kv.h"

/* Keys below a prefix that go in one change; of more, so many in each. */
#define KEYS_AT_ONCE 4096

struct musterd;
struct keys;

/* Makes m->kv, a client of m->store: before the replay. */
struct keys *keys_new(struct musterd *m, const struct conf *conf);
/* Settings that may change while it runs. */
void keys_configure(struct keys *k, const struct conf *conf);
/* After the replay: sessions have their whole time from now on. */
void keys_start(struct keys *k);
/* After the start of m->directory: sessions depend on its nodes and checks from
 * now on, and those that were kept end if they cannot be. A node or a check
 * that is not there yet is waited for: services come back to a registry that
 * was started again. */
void keys_depend(struct keys *k);
/* The daemon ends: what goes on in steps does so no more. */
void keys_finish(struct keys *k);
/* After the store was closed. NULL is fine. */
void keys_free(struct keys *k);

/*
 * Deletes every key that begins so. KEYS_AT_ONCE of them go in one change, all
 * or none; more go in steps of so many, in the order of the keys, each a change
 * of its own, with others' requests in between: what comes behind where it
 * stands is deleted, what comes before it stays, and a step that fails ends it.
 * done is told of the last step; it may be called before this returns.
 */
void keys_delete_tree(struct musterd *m, const char *prefix, size_t len,
                      kv_done_fn *done, void *arg);

#endif
