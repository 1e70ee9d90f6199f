/*
 * A store for tests that takes its time: what it is given waits until the test
 * says that the oldest is committed, or refuses it. So the catalog is seen with
 * requests under way, as behind a disk or a cluster.
 */
#ifndef MUSTER_TEST_STORE_DELAYED_H
#define MUSTER_TEST_STORE_DELAYED_H

#include <stdbool.h>

#include "server/state/store.h"

struct store *store_delayed_new(void);

/* Requests under way. */
unsigned delayed_count(const struct store *s);
/* The oldest is checked now (as by a store that writes afterwards); false if
 * its condition does not hold. */
bool delayed_check(struct store *s);
/* The oldest is committed: checked (if it was not yet), applied, done. */
void delayed_commit(struct store *s);
/* All that are there and all that come of it. Returns how many. */
unsigned delayed_commit_all(struct store *s);
/* The oldest ends with that status, and nothing is applied. */
void delayed_refuse(struct store *s, enum store_status status);
/* From now on commit() calls done() before it returns, as a store may. */
void delayed_at_once(struct store *s, bool on);
/* The oldest request: to look at. */
const struct store_txn *delayed_first(const struct store *s);

#endif
