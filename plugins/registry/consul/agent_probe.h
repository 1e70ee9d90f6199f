/*
 * A check as a body defines it: of itself, or inside a service. What it is to
 * do becomes a struct probe_spec.
 *
 * Must not know the directory.
 */
#ifndef PLUGINS_REGISTRY_CONSUL_AGENT_PROBE_H
#define PLUGINS_REGISTRY_CONSUL_AGENT_PROBE_H

#include <jansson.h>
#include <stdbool.h>

#include "server/probe.h"

struct call;

/* Texts are borrowed from the body; NULL where there is none. */
struct agent_probe {
    const char *id, *name, *notes, *status;
    struct probe_spec spec; /* owned */
    bool any;               /* the object says anything at all */
    bool docker;            /* in a container */
    const char *later;      /* of a kind that is not here: what is said then */
    bool scripted;          /* by a script */
    bool intervals;         /* by something that is done again and again */
    int64_t interval_ns, ttl_ns;
};

/* Reads it; what is of a wrong type is noted for body_ok(). Free it all the
 * same. */
void agent_probe_read(struct agent_probe *p, struct call *c,
                      const json_t *object);
void agent_probe_free(struct agent_probe *p);
/* In Consul's words where it has some: a static text why it is no check, or
 * NULL. */
const char *agent_probe_wrong(struct agent_probe *p);

#endif
