/*
 * Handshakes of TLS that are under way at a daemon, and their bounds: so many
 * at once, and so many steps in a turn of the loop. For one too many the oldest
 * gives way that waits for its peer; those that wait for us do not, for a flood
 * would push out the very ones that are about to be served.
 *
 * Must not know listeners and faces.
 */
#ifndef MUSTER_LIB_GREET_H
#define MUSTER_LIB_GREET_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/conn.h"
#include "lib/pace.h"

/* One of them: embedded in its owner. */
struct greet {
    struct greets *of; /* NULL: not under way */
    struct conn *conn;
    /* It is done; from here on the connection is the owner's. */
    void (*done)(struct greet *g);
    struct greet *prev, *next;
};

/* All of them. */
struct greets {
    struct pace pace;
    unsigned most; /* 0: no bound; may be changed */
    unsigned count;
    struct greet *list; /* the oldest first */
    struct {
        uint64_t done, gave_way;
    } counts;
};

void greets_init(struct greets *all, struct loop *l);
void greets_end(struct greets *all);

/* Begins one on a fresh connection, whose handler is greet.c's until done().
 * Where it is not to be the connection is closed, and that was logged. */
void greet_begin(struct greets *all, struct greet *g, struct conn *c,
                 struct tls *tls, int fd);
/* The connection goes; fine at any time. */
void greet_gone(struct greet *g);

#endif
