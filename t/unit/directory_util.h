/*
 * What the tests of the directory share: a catalog with a directory on it, and
 * what is to be read of it as text.
 */
#ifndef MUSTER_TEST_DIRECTORY_UTIL_H
#define MUSTER_TEST_DIRECTORY_UTIL_H

#include "server/state/directory.h"
#include "t/unit/state_util.h"

#define DIR_OWN_NODE "me"

struct place {
    struct store *store;
    struct catalog *c;
    struct directory *d;
    struct holder holder; /* a connection */
    unsigned pending;     /* times that directory_settle() was asked for */
    char events[4096];    /* of the listener */
    struct dir_listener listener;
};

/* Its own node is DIR_OWN_NODE at 10.0.0.1:6701; the store is given up. The
 * view is not woken. */
void place_open(struct place *p, struct store *store, bool by_table);
void place_close(struct place *p);

/* What done() said. */
struct dir_told {
    unsigned count;
    enum dir_outcome outcome;
    uint64_t revision;
    char text[200];
};

void dir_told_done(void *arg, const struct dir_result *r);

/*
 * "node N | address A | id I | skip | tagged K=V | meta K=V | service NAME |
 * sid ID | saddr A | port P | tag T | smeta K=V | override | check ID STATUS
 * [SERVICE] [DEFINITION] | agent | keep", each once but for the pairs, tags and
 * checks. The answer goes to t.
 */
void dir_register(struct place *p, struct dir_told *t, const char *text);
/* "node [service:ID|check:ID]" */
void dir_deregister(struct place *p, struct dir_told *t, const char *text);
/* It was said once, and done; or refused with that text. */
void dir_assert_done(const struct dir_told *t);
void dir_assert_refused(const struct dir_told *t, const char *text);
/* A line from the connection, as at port new. */
void dir_line(struct place *p, const char *line);
/* The connection ends. */
void dir_hang_up(struct place *p);

/*
 * All of it: for each node
 *   N address[ own][ recorded] {meta}
 *     ID NAME address:port [tags] {meta} c1 m2
 *       CHECK status[ implied] "output"
 *     CHECK ...
 * Valid until the next call.
 */
const char *dir_text(struct place *p);
/* The index of an answer: "services", "node:N", ... as kinds are named. */
uint64_t dir_index(struct place *p, const char *scope);

/* Another view of the same, made from nothing: to be read, and freed before
 * anything happens. */
struct directory *directory_again(struct place *p);

/* Somebody who waits; told counts. */
struct dir_waits {
    struct dir_waiter waiter;
    unsigned told;
};

void dir_waits(struct place *p, struct dir_waits *w, const char *scope);

#endif
