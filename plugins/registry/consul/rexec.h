/*
 * Remote execution as Consul's clients ask for it: an event `_rexec` becomes a
 * job of a dispatcher that is registered here, on the workers that its filters
 * mean; what becomes of it goes to the keys that Consul's agents would write.
 *
 *   fired --> picking --> asking --submit--> acked --> output ... --> exits
 *     |         |            |                  \
 *     |     (no worker:   (no dispatcher:        '--session ends--> cancelled
 *   (off)    nothing)      255 of each)
 *
 * From asking on a restart of musterd goes on with it: rexec_run.h.
 *
 * It is off unless consul.remote_exec is on, and then by right only: who fires
 * the event must be allowed to execute. Which workers he may execute on is
 * looked at when they are picked; the dispatcher sees the token of this musterd
 * (token_file).
 *
 * Must not know HTTP, nor how keys and jobs are kept.
 */
#ifndef PLUGINS_REGISTRY_CONSUL_REXEC_H
#define PLUGINS_REGISTRY_CONSUL_REXEC_H

#include <stdbool.h>

#include "lib/conf.h"

#define REXEC_RUNS_MAX 256 /* at once; more are not begun */

struct call;
struct event;
struct musterd;
struct rexec;

/* m is borrowed; conf must live until rexec_configure() gives another one. */
struct rexec *rexec_new(struct musterd *m, const struct conf *conf);
void rexec_configure(struct rexec *x, const struct conf *conf);
/* Goes on with those that were under way when musterd ended: once, when all
 * that is kept is there. */
void rexec_resume(struct rexec *x);
/* What runs at the dispatcher goes on there, and the next start goes on with
 * it. NULL is fine. */
void rexec_free(struct rexec *x);

/*
 * An event EVENT_REXEC is to be fired by that call, which may fire it: false:
 * who asks may not execute anything, and it has been answered (403); return
 * HTTP_DONE. Where it is off every one may be fired, and does nothing.
 */
bool rexec_may_fire(struct call *c);
/* It was fired. */
void rexec_fired(struct call *c, const struct event *e);

#endif
