/*
 * A backup being made: a thread of its own copies the database with a
 * connection of its own (lib/db.h), while changes go on. The copy is made
 * beside it, PATH.backup, and loses its name when it is whole.
 */
#ifndef MUSTER_STATE_STORE_BACKUP_H
#define MUSTER_STATE_STORE_BACKUP_H

#include <stdbool.h>

#include "server/state/store.h"

struct store_backup;

/* When it is done, wake_fd (an eventfd) becomes readable. */
struct store_backup *store_backup_begin(const char *from, int wake_fd,
                                        store_backup_fn *done, void *arg);
bool store_backup_is_done(struct store_backup *b);
/* Waits for it if need be, tells done, and frees b. */
void store_backup_end(struct store_backup *b);

#endif
