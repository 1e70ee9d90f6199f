/*
 * Events: short messages that are fired and heard, and remembered for a while.
 * What Consul calls user events, with its rules: an event has a name, a payload
 * (any bytes), and filters, by which each agent decides whether it is meant.
 *
 *   fire --(the store's order)--> meant here: in the list, and who waits wakes
 *                            '--> done
 *
 * An event is a change like any other, which is not kept: its place in time is
 * its revision. The list is a ring of the last ones. Those that are the
 * registry's own business (EVENT_REXEC) are never in it.
 *
 * Whether one is meant here is found out by its filters (event_filter.h) before
 * it is fired. Must not know sockets, HTTP, JSON or who is registered.
 */
#ifndef MUSTER_STATE_EVENTS_H
#define MUSTER_STATE_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/uuid.h"
#include "server/state/store.h"

/* Bytes of an event as agents of Consul would tell it to each other. */
#define EVENT_SIZE_MAX 512

/* The name that asks for a remote execution. */
#define EVENT_REXEC "_rexec"

struct events;

/* Immutable once fired. */
struct event {
    char id[UUID_LEN + 1];
    const char *name; /* NUL-terminated, as the filters: "" where there is none
                         of that kind */
    const char *node, *service, *tag;
    const void *payload;
    size_t payload_len;
    uint64_t ltime;            /* its revision */
    struct event *prev, *next; /* of the list, oldest first */
};

/* Everything is borrowed, and copied. */
struct event_request {
    const char *name; /* not "" */
    const void *payload;
    size_t payload_len;
    const char *node, *service, *tag; /* filters; NULL or "": none */
    bool here;                        /* it is meant here: to be listed */
};

enum event_status {
    EVENT_DONE,
    EVENT_REFUSED, /* it cannot be fired; text says why */
    EVENT_FAILED   /* the store could not; text says why */
};

/* e and text are valid during the call; e only with EVENT_DONE, text (static)
 * only without. */
typedef void event_done_fn(void *arg, enum event_status status,
                           const struct event *e, const char *text);

/* Joins the store (before its replay), which is borrowed; at most max events
 * are listed, 1 at least. */
struct events *events_new(struct store *store, size_t max);
void events_set_max(struct events *ev, size_t max);
/* After the store has been closed. NULL is fine. */
void events_free(struct events *ev);

/* NULL, or why it cannot be fired: static, Consul's text. */
const char *event_refusal(const struct event_request *q);

/* done (may be NULL) may be called before this returns, and is called after
 * everybody else has been told. */
void events_fire(struct events *ev, const struct event_request *q,
                 event_done_fn *done, void *arg);

/* -- the list -------------------------------------------------------------- */

/* The next with that name (NULL: any); after NULL: the oldest. */
const struct event *events_next(const struct events *ev, const char *name,
                                const struct event *after);
/* Whether somebody may see it. */
typedef bool event_may_fn(void *arg, const struct event *e);
/*
 * What to answer with: made of the id of the last with that name (NULL: any)
 * that may (NULL: all) lets through, 1 if there is none. Not one of a row of
 * growing numbers: it is compared for being the same.
 */
uint64_t events_index(const struct events *ev, const char *name,
                      event_may_fn *may, void *arg);

/* -- being told ------------------------------------------------------------ */

/* Embedded in who waits for the list to change. */
struct event_waiter {
    /* It must not call events_… in there, but for events_wait_end() of itself.
     */
    void (*changed)(struct event_waiter *w);
    bool waits;
    struct event_waiter *prev, *next;
};

void events_wait(struct events *ev, struct event_waiter *w);
void events_wait_end(struct events *ev, struct event_waiter *w);

struct event_counts {
    uint64_t fired, refused;
    size_t listed, waiters;
};

struct event_counts events_count(const struct events *ev);

#endif
