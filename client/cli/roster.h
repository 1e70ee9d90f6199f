/*
 * roster: the hosts of a job as its events tell of them, and what follows from
 * their ends: the numbers of the status line, and the exit status.
 *
 * Pure: no clock, no output.
 */
#ifndef MUSTER_CLI_ROSTER_H
#define MUSTER_CLI_ROSTER_H

#include <stdbool.h>
#include <stddef.h>

#include "client/muster.h"

#include <uthash.h>

struct roster_host {
    char *name;
    unsigned index; /* in the order of their first event */
    bool acked, ended;
    bool drained; /* and so it was left out: no failure */
    bool part[2]; /* the last of that stream was a part of a line */
    int rc;       /* -1: none */
    int status;   /* once ended: what it adds to the exit status */
    char *reason; /* once ended */
    char *detail; /* once ended: what the dispatcher or worker says of it */
    UT_hash_handle hh;
};

struct roster {
    struct roster_host *by_name; /* in the order of their first event */
    unsigned total;              /* of the job, as submit said */
    unsigned acked, ended;
    unsigned ok, failed, lost; /* of the ended; lost: not reached, too */
    unsigned left;             /* of the ended: cancelled or not started */
    unsigned drained;          /* of the ended: left out */
    int worst;                 /* exit status of the ended ones */
    size_t widest;             /* columns of the longest name */
};

/* The host of that name, made when it is new. */
struct roster_host *roster_get(struct roster *h, const char *name);
/* Makes room for a host of that name, which may come. */
void roster_widen(struct roster *h, const char *name);
void roster_ack(struct roster *h, const char *name);
/* An end that came before is not counted again. */
void roster_exit(struct roster *h, const char *name,
                 const struct muster_result *r);
/* From now on in the order of their names, numbers in them counted. */
void roster_sort(struct roster *h);
void roster_free(struct roster *h);

/* What one host's end adds to the exit status: doc/muster.1, EXIT STATUS. */
int roster_status_of(const struct muster_result *r);
/* What its end says of the reason, or NULL. */
const char *roster_why(const struct muster_result *r);

/* Left out on purpose, by whoever looks after the host: see roster_why(). */
bool roster_is_drained(const struct muster_result *r);

#endif
