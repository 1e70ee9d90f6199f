/*
 * The line to one worker: dialled as long as it exists, greeted, and dialled
 * again with a growing, random pause when it breaks.
 *
 *   DOWN --> DIALLING --> GREETING --> UP --> DOWN ...
 *
 * A worker that is silent for too long is asked for its list; one that does not
 * answer that either is taken for dead. Words become calls here; what they mean
 * to a job is run.c's. It must not know jobs or other workers.
 */
#ifndef DISPATCHER_WIRE_H
#define DISPATCHER_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dispatcher/dispatcher.h"
#include "lib/addr.h"
#include "lib/attrs.h"
#include "lib/loop.h"
#include "lib/tls.h"
#include "lib/words.h"

struct wire;

/* One line of output of a job, or of what else it tells. */
struct wire_output {
    const char *jid;
    uint64_t seq;
    bool whole;
    enum dispatch_stream stream;
    const char *text;
    size_t len;
};

/* How a job ended. */
struct wire_exit {
    const char *jid;
    uint64_t seq;
    const char *rc;
    unsigned state;
    const struct attrs *attrs;
};

/* What the owner of a link is told; nothing comes from inside a call to it. */
struct wire_handler {
    /* It greeted: host is its name, ops a comma list. Returns why it is not
     * wanted (the link is closed), or NULL. */
    const char *(*up)(void *arg, const char *host, const char *instance,
                      unsigned slots, const char *ops);
    /* It was up and is not any more. */
    void (*down)(void *arg, const char *why);
    void (*ack)(void *arg, const char *jid);
    void (*refuse)(void *arg, const char *jid, const char *why);
    void (*output)(void *arg, const struct wire_output *o);
    void (*exit)(void *arg, const struct wire_exit *e);
    /* The answer to wire_list(): one for each job, then list_end. */
    void (*have)(void *arg, const char *jid, uint64_t last_seq, bool exited);
    void (*list_end)(void *arg);
    /* A pair of its load line. */
    void (*load)(void *arg, const char *name, const char *value);
    void (*load_end)(void *arg);
    /* What it was asked by wire_drain() is done, or why not. */
    void (*drained)(void *arg, const char *error);
    /* It did not understand something. */
    void (*complaint)(void *arg, const char *text);
};

struct wire_options {
    const char *name;    /* of the dispatcher: its instance */
    const char *token;   /* it shows it in its hello; stays where it is, "" is
                            none; may be NULL */
    const char *id;      /* for the log: the worker's host */
    const char *host;    /* that is meant, behind the worker; NULL: its own */
    size_t line_max;     /* longest line from a worker */
    struct tls *tls;     /* for workers that speak it; borrowed */
    uint64_t connect_ms; /* time for connecting and greeting */
    uint64_t silence_ms; /* after which it is asked; twice that: dead */
};

/* Dials at once. The handler stays valid; options are copied. */
struct wire *wire_new(struct loop *l, const struct addr *addr,
                      const struct wire_options *o,
                      const struct wire_handler *handler, void *arg);
/* Closes it without a word to the owner; NULL is fine. */
void wire_free(struct wire *k);
bool wire_is_up(const struct wire *k);
/* Dials now instead of after the pause; no-op while dialling or up. */
void wire_hurry(struct wire *k);

/* While it is up; otherwise nothing is sent. */
void wire_run(struct wire *k, const char *id, const struct dispatch_spec *spec,
              uint64_t fence);
/* Whether the line of it is no longer than max. */
bool wire_run_fits(const struct dispatch_spec *spec, size_t max);
void wire_cancel(struct wire *k, const char *jid);
void wire_list(struct wire *k);
void wire_resume(struct wire *k, const char *jid, uint64_t seq);
/* reason NULL: not drained any more; ms 0: until then. */
void wire_drain(struct wire *k, const char *reason, uint64_t ms);
void wire_got(struct wire *k, const char *jid, uint64_t seq);

#endif
