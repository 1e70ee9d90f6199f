/*
 * One worker, one identity: two live services of `kind worker` that say they
 * are the same host (the attribute that registry.identity names) cannot both
 * be it. The first is; whoever comes while it is there is quarantined, and
 * says so: the registry gives it, in the same change,
 *
 *   conflict NAME        the service that is there already
 *   conflict.from ADDR   where the quarantined one is connected from
 *   conflict.with ADDR   where the other one is
 *
 * pinned, so that it cannot shake them off. Dispatchers leave such a service
 * alone; `find conflict *` and `event .detail 1 conflict *` tell of it.
 *
 *   comes, or says another host --nobody is it--> is it
 *        \--somebody is--> quarantined --the other gone for a while,--> is it
 *                                        or an admin unsets conflict
 *
 * The same name is the same worker: it replaces itself, in its quarantine or
 * out of it. A worker that comes back under another name while its old
 * connection hangs is quarantined, too; that connection is then watched
 * closely, and when its end is found the rest is as above.
 *
 * Must not know lines. What is in conflict is read from the catalog's index:
 * nothing is kept here but the times of releases.
 */
#ifndef MUSTER_SERVER_IDENTITY_H
#define MUSTER_SERVER_IDENTITY_H

#include "lib/conf.h"

struct identity;
struct musterd;

/* Before the replay. */
struct identity *identity_new(struct musterd *m, const struct conf *conf);
/* Settings that may change while it runs. */
void identity_configure(struct identity *d, const struct conf *conf);
/* After the replay. */
void identity_start(struct identity *d);
/* After every change of a service; costs next to nothing but for workers. */
void identity_changed(struct identity *d);
/* Before the catalog. NULL is fine. */
void identity_free(struct identity *d);

#endif
