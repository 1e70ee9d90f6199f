#include "server/prepared.h"

#include <stdlib.h>

#include "lib/mem.h"
#include "lib/metrics.h"
#include "server/musterd.h"
#include "server/state/coordinates.h"
#include "server/state/events.h"
#include "server/state/execs.h"
#include "server/state/queries.h"
#include "server/state/session.h"

/* The numbers, as of when somebody last asked. */
struct prepared_counts {
    uint64_t fired, refused, listed, waiters, queries, coordinates;
};

struct prepared {
    struct musterd *m;
    struct session_observer sessions;
    struct loop_task look; /* a session has ended */
    struct prepared_counts counts;
};

/* -- numbers --------------------------------------------------------------- */

static void count(void *arg)
{
    struct prepared *p = arg;
    struct event_counts n = events_count(p->m->events);

    p->counts = (struct prepared_counts){
        .fired = n.fired,
        .refused = n.refused,
        .listed = n.listed,
        .waiters = n.waiters,
        .queries = queries_count(p->m->queries),
        .coordinates = coordinates_count(p->m->coordinates)};
}

static void add_metrics(struct prepared *p)
{
#define ROW(name, field, help)                                                 \
    {                                                                          \
        name, help, offsetof(struct prepared_counts, field),                   \
        {                                                                      \
            NULL, NULL                                                         \
        }                                                                      \
    }
    static const struct metric_row rows[] = {
        ROW("muster_events_fired_total", fired, "Events that were fired."),
        ROW("muster_events_refused_total", refused,
            "Events that were refused: too large, or wrong."),
        ROW("muster_events_listed", listed, "Events in the list."),
        ROW("muster_events_waiters", waiters,
            "Readers that wait for the list of events to change."),
        ROW("muster_queries", queries, "Prepared queries that are kept."),
        ROW("muster_coordinates", coordinates,
            "Nodes whose coordinates are known."),
    };
#undef ROW

    metrics_add_rows(rows, ARRAY_LEN(rows), &p->counts, p,
                     (struct metric_label){NULL, NULL});
    metrics_on_read(count, p, p);
}

/* -- sessions -------------------------------------------------------------- */

static bool session_lives(void *arg, const char *id)
{
    const struct prepared *p = arg;

    return session_find(p->m->kv, id) != NULL;
}

static void session_gone(struct session_observer *o, const struct session *s,
                         uint64_t revision)
{
    struct prepared *p = container_of(o, struct prepared, sessions);

    (void)s;
    (void)revision;
    if (queries_count(p->m->queries))
        loop_settle(p->m->loop, &p->look);
}

static void look_at_sessions(void *arg)
{
    struct prepared *p = arg;

    musterd_tick(p->m);
    queries_look_at_sessions(p->m->queries);
}

/* -- life ------------------------------------------------------------------ */

void prepared_configure(struct prepared *p, const struct conf *conf)
{
    events_set_max(p->m->events, (size_t)conf_int(conf, "limits.events"));
    queries_set_max(p->m->queries, (size_t)conf_int(conf, "limits.queries"));
}

struct prepared *prepared_new(struct musterd *m, const struct conf *conf)
{
    struct prepared *p = xcalloc(1, sizeof(*p));

    p->m = m;
    m->events = events_new(m->store, 1);
    m->queries = queries_new(m->store, 0, session_lives, p);
    m->coordinates = coordinates_new(m->store);
    m->execs = execs_new(m->store);
    p->sessions.gone = session_gone;
    session_observe(m->kv, &p->sessions);
    p->look = (struct loop_task){.fn = look_at_sessions, .arg = p};
    prepared_configure(p, conf);
    add_metrics(p);
    return p;
}

void prepared_start(struct prepared *p)
{
    queries_start(p->m->queries);
    coordinates_start(p->m->coordinates);
}

void prepared_free(struct prepared *p)
{
    if (!p)
        return;
    metrics_forget(p);
    session_unobserve(p->m->kv, &p->sessions);
    loop_unsettle(p->m->loop, &p->look);
    events_free(p->m->events);
    queries_free(p->m->queries);
    coordinates_free(p->m->coordinates);
    execs_free(p->m->execs);
    p->m->events = NULL;
    p->m->queries = NULL;
    p->m->coordinates = NULL;
    p->m->execs = NULL;
    free(p);
}
