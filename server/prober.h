/*
 * The prober: runs checks when they are due, and says what came of them.
 *
 *   put --> due --(a seat is free)--> run --answer, or timeout--> due again
 *                \--none--> waits in line for one
 *   put of a TTL --> told, or a sign of life, in time: waits again
 *                \--none--> critical
 *
 * From one start of a check to the next is its interval, a sixteenth more or
 * less; a run is never begun before the last one of that check has ended. How
 * many run at once in all is bounded, and how many begin in one turn of the
 * loop. A change of status takes as many equal outcomes in a row as the check
 * says. A service whose check has been critical for too long is told of, to be
 * removed.
 *
 * What is run is probe.h. Must not know the directory, HTTP faces, nor who
 * reads what is said.
 */
#ifndef MUSTER_SERVER_PROBER_H
#define MUSTER_SERVER_PROBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/loop.h"
#include "lib/metrics.h"
#include "server/probe.h"

#define PROBER_REAP_MS                                                         \
    30000               /* from one look for critical services to the next
                              */
#define PROBER_REAPS 50 /* services that go in a turn of such a look */

struct prober;

/* A check is named by its node and its id on that. */
struct probe_id {
    const char *node, *id;
};

/* Called from the loop, never from inside a call below; both may call the
 * prober. */
struct prober_user {
    /* What a check came to; output is NUL-terminated, valid during the call.
     * Also when nothing has changed. */
    void (*report)(void *arg, struct probe_id id, enum probe_status status,
                   const char *output);
    /* Of a TTL with spec.lives: how long ago its service gave a sign of life,
     * in ms; UINT64_MAX: it never will. */
    uint64_t (*quiet)(void *arg, struct probe_id id);
    /* It has been critical for as long as its reap_ms says. */
    void (*reap)(void *arg, struct probe_id id);
    void *arg;
};

struct prober_limits {
    unsigned at_once; /* runs; at least 1 */
    bool scripts;     /* may be run; else such a check is critical */
    const char *user; /* who runs them if we are root; copied; NULL: root */
    const char *ca;   /* a file of CAs that servers of https are checked
                         against, beside the system's; copied; NULL: none */
};

struct prober_counts {
    uint64_t runs[PROBE_METHODS][PROBE_PASSING + 1];
    uint64_t timeouts[PROBE_METHODS];
    uint64_t expired;               /* TTLs that were not told in time */
    uint64_t reaps;                 /* services to be removed */
    uint64_t checks[PROBE_METHODS]; /* now */
    uint64_t running, waiting;      /* now */
    struct histogram seconds;       /* that runs took */
};

struct prober *prober_new(struct loop *l, const struct prober_user *user);
void prober_free(struct prober *p); /* what runs is ended; NULL is fine */
void prober_limit(struct prober *p, const struct prober_limits *limits);
const struct prober_counts *prober_counts(const struct prober *p);

/*
 * This check is there now. One that is there already, with the same spec, goes
 * on as it was. spec's content is taken over
 * (it is zero then); status is what is known of it; soon: it has just been
 * asked for, and is run at once, else some time within its interval.
 */
void prober_put(struct prober *p, struct probe_id id, struct probe_spec *spec,
                enum probe_status status, bool soon);
/* A TTL has its whole time again: it was asked for anew. */
void prober_renew(struct prober *p, struct probe_id id);
/* It is not there any longer. */
void prober_drop(struct prober *p, struct probe_id id);
/* A TTL is told: its time begins anew. The status is the caller's to report.
 * False: there is no such check, or it is no TTL. */
bool prober_tell(struct prober *p, struct probe_id id, enum probe_status status,
                 const char *output);

#endif
