/*
 * The worker in the registry: one service, named by the address that
 * dispatchers dial, with the host's facts and the worker's state as
 * attributes. Kept registered by libmuster, whatever happens to registries.
 *
 * Must not know jobs.
 */
#ifndef MUSTER_WORKER_REGISTER_H
#define MUSTER_WORKER_REGISTER_H

#include <stdbool.h>

#include "client/muster.h"
#include "lib/addr.h"
#include "lib/attrs.h"
#include "lib/buf.h"
#include "lib/conf.h"

struct event_base;

struct registrar {
    struct muster *muster;
    struct muster_registration *service;
    struct muster_monitor *conflict; /* of itself in quarantine */
    struct attrs attrs;              /* as they are registered */
    char *name;                      /* of the service */
    char *refused;       /* the last refusal, not to log it again and again */
    struct attrs facts;  /* of attrs, those that plugins have set */
    struct attrs doubts; /* of these, those that may yet be refused */
    uint64_t doubts_ms;  /* when the last one was set */
};

/* What a worker says of itself: its own words for it, then the settings'. */
void registrar_attrs(struct attrs *a, const struct conf *conf, const char *host,
                     const char *ops, unsigned slots);

/* Begins to register; false, and logged, on what can never be registered.
 * attrs are copied. */
bool registrar_start(struct registrar *r, struct event_base *base,
                     const struct conf *conf, const char *token,
                     const struct addr *addr, const struct attrs *attrs);
/* Sets one attribute. */
void registrar_set(struct registrar *r, const char *attr, const char *value);
/* Takes one away, if it is there. */
void registrar_unset(struct registrar *r, const char *attr);
/* Sets one that a job's plugin has found out, unless it is not a plugin's to
 * set: what the worker or its configuration sets, or too many. What the
 * registry refuses is taken back. */
void registrar_fact(struct registrar *r, const char *jid, const char *attr,
                    const char *value);
/* Makes what is registered be attrs, but for load, slots_free,
 * drain and facts. */
void registrar_update(struct registrar *r, const struct attrs *attrs);
/* SIGHUP: the settings of TLS, and the token (NULL: none). */
void registrar_reload(struct registrar *r, const struct conf *conf,
                      const char *token);
/* Removes it from the registry. */
void registrar_stop(struct registrar *r);

#endif
