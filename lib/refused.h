/*
 * refused: what is said about a refusal, beside what the peer is told. Each is
 * logged, but no peer can fill the log with them: of one reason and one
 * address the first few in a while are logged as they come, and when the while
 * is over one line says how many more there were. All of them go to the hook
 * (the audit log), and whoever counts them counts all.
 *
 *   refused: duplicate service name                 (REFUSED_BURST times)
 *   new: … and 123 more refused from 10.0.0.7, the last: duplicate …
 *
 * Addresses beyond REFUSED_PEERS at once share one account per reason.
 *
 * Like the log, it has a state of its own, which ends with the loop. It must
 * not know connections, nor why anything is refused.
 */
#ifndef MUSTER_LIB_REFUSED_H
#define MUSTER_LIB_REFUSED_H

#include "lib/loop.h"

#define REFUSED_BURST     10 /* unless refused_burst() was called */
#define REFUSED_WINDOW_MS 10000
#define REFUSED_PEERS     1024

/* Texts are borrowed. */
struct refused {
    const char *id;   /* of the connection in the log; NULL: it had none yet */
    const char *face; /* "new"; NULL: what the id begins with */
    const char *who;  /* the principal's name; or NULL */
    const char *from; /* "127.0.0.1:40123", "unix" */
    const char *code; /* the class of the reason, constant text: "request" */
    const char *text; /* as the peer is told */
};

/* So many of one reason and one address are logged as they come. */
void refused_burst(unsigned burst);
void refused_tell(struct loop *l, const struct refused *r);
/* Who hears of each; NULL: nobody any more. */
void refused_hook(void (*fn)(const struct refused *r));

#endif
