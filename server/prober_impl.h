/*
 * The inside of the prober, for prober*.c only: prober.c knows which checks
 * there are and judges what comes of them, prober_run.c when they run.
 */
#ifndef MUSTER_SERVER_PROBER_IMPL_H
#define MUSTER_SERVER_PROBER_IMPL_H

#include <uthash.h>

#include "server/prober.h"

struct check {
    struct prober *prober;
    const char *id; /* in key */
    struct probe_spec spec;
    char *text; /* owned: the spec as a line, to compare */
    enum probe_status status;
    unsigned streak;       /* outcomes in a row that would change it ... */
    bool bad;              /* ... to the worse */
    bool failing;          /* it is critical, or warns because it fails */
    uint64_t critical_ms;  /* since when it is critical; 0: it is not */
    char *said;            /* owned: what a TTL was told last; or NULL */
    struct probe_run *run; /* it runs; or NULL */
    uint64_t started_ms;
    struct loop_timer *timer;  /* it runs: its timeout; else it is due */
    bool waits;                /* in line for a seat */
    struct check *prev, *next; /* of that line */
    struct check *reap_prev, *reap_next; /* of those with reap_ms */
    UT_hash_handle hh;
    size_t key_len;
    char key[]; /* node NUL id NUL */
};

struct prober {
    struct loop *loop;
    struct prober_user user;
    struct probe_place place;
    struct tls *tls[2]; /* for https: certificates matter, and not */
    unsigned at_once;
    bool scripts;
    char *script_user;      /* owned; NULL: as we are */
    char *ca;               /* owned; see struct prober_limits */
    struct check *checks;   /* by key */
    struct check *line;     /* that wait for a seat, the first first */
    struct check *reaps;    /* with reap_ms */
    size_t reap_count;      /* of them */
    size_t reap_left;       /* of them, in this look for critical services */
    struct loop_task begin; /* begins some of those in line */
    struct loop_timer *reaper;
    struct prober_counts counts;
    uint64_t chance; /* of the jitter; never 0 */
};

static inline struct probe_id check_id(const struct check *c)
{
    return (struct probe_id){.node = c->key, .id = c->id};
}

/* What came of a run, or of waiting to be told. */
void prober_judge(struct check *c, enum probe_status status,
                  const char *output);

/* -- prober_run.c ---------------------------------------------------------- */

/* When it is due, from now on; whatever it was doing is given up. */
void prober_schedule(struct check *c, bool soon);
/* It does nothing any longer. */
void prober_stop(struct check *c);
/* Begins what waits, as far as there are seats. */
void prober_begin(void *arg);
/* The certificates that https needs: see struct probe_place. */
struct tls *prober_tls(void *arg, bool insecure, const char **error);

#endif
