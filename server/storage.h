/*
 * The store of a musterd and its loop: which one the settings name, what it has
 * to hand over at the end of a turn, what it is done with, what is logged and
 * counted of it.
 *
 * Must not know what is kept.
 */
#ifndef MUSTER_SERVER_STORAGE_H
#define MUSTER_SERVER_STORAGE_H

#include <stdbool.h>

#include "server/state/store.h"

struct conf;
struct musterd;
struct storage;

/* Opens m->store as the settings say. NULL, and logged, if that cannot be. */
struct storage *storage_open(struct musterd *m, const struct conf *conf);
/* Of the database, borrowed; NULL: nothing is kept. */
const char *storage_path(const struct storage *s);
/* Takes in what was kept, says how much, and begins to serve; after every
 * module is its client. False, and logged, if it cannot be right. */
bool storage_replay(struct storage *s);
/* Waits until what is under way is done, so that it can still be answered. */
void storage_finish(struct storage *s);
/* Closes m->store: who waits for it is told. NULL is fine. */
void storage_close(struct storage *s);

#endif
