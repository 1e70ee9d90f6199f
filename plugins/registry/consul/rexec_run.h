/*
 * One remote execution: from the workers that were picked to the last exit that
 * was written down.
 *
 *   start --kept--> asking --submit--> running --all ended, written--> over
 *                     |         |         |
 *                  (no job:  (kept)   (cancel, or a write refused: the job is
 *                255 of each)          cancelled, nothing more is written)
 *
 * What is kept (rexec_kept.h, server/state/execs.h) is who was meant, before
 * the dispatcher is asked, and then which jobs they became. A restart finds
 * those at the dispatcher and goes on: what their output begins with was
 * written before, as many bytes as the keys have, and is passed over. If it
 * came before the dispatcher's answer was kept the job is asked for again,
 * under the same key.
 *
 * The job is several where one line does not hold all workers: rexec_ask.h.
 *
 * Output is written as agents of Consul do: 4096 bytes at once, or what there
 * is REXEC_QUIET_MS after the last of it; an empty piece after each `Wait` in
 * which nothing was written, from the ack to the exit. All workers are
 * acknowledged together, when the dispatcher has answered: who waits for as
 * many exits as acks does not stop before the last.
 *
 * Must not know events, nor who asked.
 */
#ifndef PLUGINS_REGISTRY_CONSUL_REXEC_RUN_H
#define PLUGINS_REGISTRY_CONSUL_REXEC_RUN_H

#include <stdbool.h>

#include "client/muster.h"
#include "plugins/registry/consul/rexec_job.h"
#include "plugins/registry/consul/rexec_kept.h"

#define REXEC_CHUNK    4096 /* bytes of a piece of output */
#define REXEC_QUIET_MS 500
#define REXEC_BACKLOG  (64 * 1024) /* bytes not yet written: the job waits */

struct rexec_run;

/* Borrowed but where it says otherwise, until the call returns. */
struct rexec_run_setup {
    struct musterd *m; /* borrowed for ever */
    const struct rexec_place *place;
    struct rexec_job *job;        /* taken over: left empty */
    uint64_t wait_ms;             /* of silence until a sign of life */
    struct rexec_target *targets; /* taken over; one at least */
    size_t count;
    bool again;                     /* it was under way before the start */
    const struct rexec_part *parts; /* ... as these jobs; or it is not known */
    size_t n_parts;
    /* The dispatcher's; NULL: there is none, and why says so. */
    const struct muster_options *dispatcher;
    const char *why;
    size_t line; /* bytes: limits.line */
    /* It is over, and gone after the call. */
    void (*over)(void *arg, struct rexec_run *run);
    void *arg;
};

struct rexec_run *rexec_run_start(const struct rexec_run_setup *s);
/* The session of that id has ended: what runs is cancelled. May be called while
 * a change is applied. */
void rexec_run_cancel(struct rexec_run *r);
const char *rexec_run_session(const struct rexec_run *r);
/* At the end of it all: over() is not called, and what is kept stays. */
void rexec_run_free(struct rexec_run *r);

#endif
