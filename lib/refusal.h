/*
 * Refusals: the one table of the reasons for which a daemon refuses a peer or
 * lets it wait, and the counts of them. A reason that is a bound names the
 * setting that it comes from; doc/limits.md says of each what happens there,
 * and t/doc-limits.t holds it to this table.
 *
 *   face --(conn_refuse(c, REFUSED_ATTRS, ...))--> its line on the wire
 *                                             `--> x++ in the face's counts
 *
 * A module that knows no connection (the catalog) refuses with the reason's
 * text, refusal_text(), and whoever passes that text on gets the reason back
 * with refusal_of(). Must not know connections, services or HTTP.
 */
#ifndef MUSTER_LIB_REFUSAL_H
#define MUSTER_LIB_REFUSAL_H

#include <stddef.h>
#include <stdint.h>

#include "lib/metrics.h"

enum refusal {
    /* the peer's fault, or ours: no bound */
    REFUSED_REQUEST, /* it cannot be understood, or not be met */
    REFUSED_TAKEN,   /* the name is another one's */
    REFUSED_TOKEN,
    REFUSED_RIGHT,
    REFUSED_OWNER,
    REFUSED_PINNED,
    REFUSED_HANDSHAKE,
    REFUSED_STORE,
    REFUSED_AUDIT,
    /* bounds of a daemon's connections */
    REFUSED_CONNECTIONS,
    REFUSED_PER_ADDRESS,
    REFUSED_MADE_WAY,
    REFUSED_FIRST_LINE,
    REFUSED_IDLE,
    REFUSED_STALLED,
    REFUSED_LINE,
    REFUSED_BODY,
    /* bounds of what is registered */
    REFUSED_NAME,
    REFUSED_VALUE,
    REFUSED_ATTRS,
    REFUSED_SERVICE,
    REFUSED_SERVICES,
    REFUSED_PER_CONNECTION,
    REFUSED_MEMORY,
    /* bounds of what is asked */
    REFUSED_SELECTOR,
    REFUSED_REGEXES,
    REFUSED_READERS,
    REFUSED_WATCHES,
    REFUSALS
};

/* Where nothing is refused, but a client has to wait. */
enum refusal_held {
    HELD_OUTPUT, /* nothing more is taken from it: it does not read */
    HELD_TURN,   /* the rest of its requests are for the next turn */
    HELDS
};

/* Of one face, of all its connections. */
struct refusals {
    uint64_t refused[REFUSALS];
    uint64_t held[HELDS];
};

/* The reason as a metric's label has it: "services". */
const char *refusal_name(enum refusal why);
/* The setting whose bound it is, or NULL. */
const char *refusal_setting(enum refusal why);
/* A static text for the peer, or NULL: its text has figures. */
const char *refusal_text(enum refusal why);
/* The reason of such a text, found by its place in the table; REFUSED_REQUEST
 * for any other text, or NULL. */
enum refusal refusal_of(const char *text);

/* Tells them as muster_refused_total and muster_held_total; face is constant
 * text. metrics_forget(owner) ends it. */
void refusals_tell(const struct refusals *r, const char *face,
                   const void *owner);

#endif
