/*
 * The inside of a remote execution, for its parts only: rexec_run.c has its
 * life, rexec_places.c what is written of each worker.
 */
#ifndef PLUGINS_REGISTRY_CONSUL_REXEC_RUN_IMPL_H
#define PLUGINS_REGISTRY_CONSUL_REXEC_RUN_IMPL_H

#include "lib/loop.h"
#include "plugins/registry/consul/rexec_ask.h"
#include "plugins/registry/consul/rexec_run.h"
#include "plugins/registry/consul/rexec_writer.h"
#include "plugins/registry/consul/rexec_written.h"
#include "server/state/execs.h"
#include "server/state/kv.h"

/* A worker of it. */
struct place {
    char *node, *host; /* owned */
    bool acked;        /* its ack was written, or is on its way */
    bool exited;       /* the same of its exit */
    unsigned pieces;   /* of output and signs of life, so far */
    uint64_t written;  /* bytes of output, with those that are missing */
    /* Of these, what was told before the restart and not yet again: of the
     * first ones, of either stream; of those behind them. */
    uint64_t first, skip[REXEC_STREAMS];
    struct buf out;    /* not yet a piece */
    unsigned errors;   /* bytes of it that are of stderr */
    uint64_t quiet_at; /* when out is written in any case; 0: it is empty */
    uint64_t alive_at; /* when a sign of life is due */
};

struct rexec_run {
    struct musterd *m;
    struct rexec_ask *ask; /* NULL: there is nobody to ask */
    struct rexec_writer *writer;
    struct exec_change *keeping; /* the ask is to begin when that is done */
    char session[KV_SESSION_ID + 1];
    char *prefix, *base; /* owned; of the keys; the same with the session */
    char *dispatcher;    /* owned; its address; NULL: there is none */
    size_t line;
    struct rexec_job job; /* until it was asked for */
    struct place *places; /* owned; sorted by host */
    size_t count, left;   /* left: have not exited */
    uint64_t wait_ms;
    bool known;     /* as what jobs it runs is kept */
    bool asked;     /* the ask has begun; or there is nobody to ask */
    bool cancelled; /* nothing is written any more, and the job is to end */
    struct loop_timer *timer;
    uint64_t timer_at; /* 0: off */
    struct loop_task settle;
    void (*over)(void *arg, struct rexec_run *run);
    void *arg;
};

/* Some of its output. */
void rexec_run_output(struct rexec_run *r, struct place *p,
                      enum muster_stream stream, const char *text, size_t len);
/* So many bytes of it are not to be had. */
void rexec_run_missing(struct rexec_run *r, struct place *p,
                       enum muster_stream stream, uint64_t bytes);
/* What is no output of the command, as a line of it. */
void rexec_run_remark(struct rexec_run *r, struct place *p, const char *text);
void rexec_run_exit(struct rexec_run *r, struct place *p, int rc);
/* All of them, but for those that were before a restart. */
void rexec_run_acknowledge(struct rexec_run *r);
/* What was written before the restart is from now on known. */
void rexec_run_look_back(struct rexec_run *r);
/* For loop_timer_new(): output that has been quiet, signs of life. */
void rexec_run_timer(void *arg);

#endif
