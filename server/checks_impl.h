/*
 * The inside of checks*.c: checks.c stands between directory and prober,
 * checks_attrs.c makes checks of what services say of themselves,
 * checks_count.c tells the numbers.
 */
#ifndef MUSTER_SERVER_CHECKS_IMPL_H
#define MUSTER_SERVER_CHECKS_IMPL_H

#include "server/checks.h"
#include "server/prober.h"

struct noted;

struct checks {
    struct musterd *m;
    struct prober *prober; /* owned */
    struct dir_listener listener;
    uint64_t started; /* the revision: what is newer was asked for just now */
    bool scripts;
    struct noted *noted;   /* services that may ask for checks */
    struct loop_task look; /* at them */
};

/* What the prober is to do; "": nothing. */
const char *checks_definition(const struct dir_check *c);

/* A service has come or changed: look at it soon. */
void checks_note(struct checks *k, const struct dir_instance *i);
void checks_look(void *arg);
void checks_forget(struct checks *k); /* what was noted */

/* Tells of them as metrics, until metrics_forget(k). */
void checks_count(struct checks *k);

#endif
