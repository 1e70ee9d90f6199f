/*
 * What changes while a worker serves: its load and its free slots. Dispatchers
 * are told of slots at once, for they choose by them; the registry, which
 * serves whoever has no link, at most once a second.
 *
 * Must not know why they change.
 */
#ifndef MUSTER_WORKER_STATUS_H
#define MUSTER_WORKER_STATUS_H

struct worker;

void status_init(struct worker *w);
/* Jobs have come or gone. */
void status_changed(struct worker *w);
void status_free(struct worker *w);

#endif
