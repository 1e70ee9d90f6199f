/*
 * A worker as a whole: its parts, and what becomes of its settings. The parts
 * know each other by callbacks only; here they are put together.
 */
#ifndef MUSTER_WORKER_WORKER_H
#define MUSTER_WORKER_WORKER_H

#include "lib/daemon.h"
#include "lib/listen.h"
#include "lib/loop.h"
#include "worker/fronts.h"
#include "worker/action.h"
#include "worker/job.h"
#include "worker/peer.h"
#include "worker/plugins.h"
#include "worker/register.h"

enum worker_phase {
    SERVING,
    DRAINING,  /* no new jobs; running ones go on for a while */
    ENDING,    /* running ones are being ended */
    DELIVERING /* none runs; their results wait to be fetched */
};

struct worker {
    struct daemon daemon;
    struct loop *loop;
    struct listen_host *listen;
    struct auth *auth; /* who may */
    struct tls_conf *tls;
    struct admin *admin;
    struct spool *spool; /* NULL: there is none */
    struct jobs jobs;
    struct peers peers;
    struct plugins *plugins;
    struct fronts *fronts;
    bool starting; /* it waits for the plugins' first descriptions */
    struct registrar registrar;
    char *host; /* worker.host */
    struct actions actions;
    char *ops;        /* "execute,ping" */
    char instance[9]; /* of the spool, or of this process */

    /* what it says of itself as it changes: status.c */
    char load[16];
    struct loop_timer *load_timer;     /* the next look at the load */
    struct loop_timer *registry_timer; /* the registry is told once a second */
    uint64_t registry_ms;              /* when it was last told */
    unsigned slots_told;               /* free slots the dispatchers know of */
    struct loop_task status;

    /* drained by an operator: drained.c */
    int64_t drained_until; /* seconds since 1970; 0: until it is ended */
    struct loop_timer *drained_timer;

    /* its end: drain.c */
    enum worker_phase phase;
    struct loop_timer *drain_timer;
    struct loop_signal *signals[4];
};

/* Settings into the parts; again after a reload. */
void worker_configure(struct worker *w);

#endif
