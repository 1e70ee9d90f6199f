/*
 * What musterd counts of its core, told as metrics: services, changes, watches.
 * The store's are told by storage.c, those of connections by the listener host.
 */
#ifndef MUSTER_SERVER_COUNTS_H
#define MUSTER_SERVER_COUNTS_H

struct musterd;

/* Until metrics_forget(m). */
void counts_tell(struct musterd *m);

#endif
