#include "worker/admin.h"

#include <jansson.h>

#include "lib/admin.h"
#include "lib/mem.h"
#include "lib/metrics.h"

static json_t *state_jobs(void *arg)
{
    const struct worker *w = arg;

    return json_pack("{s:i, s:i, s:i, s:i}", "running", (int)w->jobs.active,
                     "kept", (int)w->jobs.kept_count, "slots",
                     (int)w->jobs.limits.slots, "slots_free",
                     (int)peers_slots_free(&w->peers));
}

static const char *check_spool(void *arg)
{
    const struct worker *w = arg;

    return w->spool ? spool_trouble(w->spool) : NULL;
}

static json_t *state_spool(void *arg)
{
    const struct worker *w = arg;
    struct spool_counts c = {0};

    if (w->spool)
        spool_counts(w->spool, &c);
    return json_pack("{s:b, s:I, s:I, s:I, s:i}", "used", w->spool != NULL,
                     "synced", (json_int_t)c.synced, "syncs",
                     (json_int_t)c.syncs, "errors", (json_int_t)c.errors,
                     "results", (int)w->jobs.finished_count);
}

static const struct admin_part parts[] = {
    {.name = "jobs", .state = state_jobs},
    {.name = "spool", .check = check_spool, .state = state_spool},
};

static const struct admin_setup setup = {
    .program = "muster-worker", .parts = parts, .n_parts = ARRAY_LEN(parts)};

static double running(void *arg)
{
    const struct worker *w = arg;

    return w->jobs.active;
}

static double results(void *arg)
{
    const struct worker *w = arg;

    return w->jobs.finished_count;
}

static double spool_errors(void *arg)
{
    const struct worker *w = arg;
    struct spool_counts c = {0};

    if (w->spool)
        spool_counts(w->spool, &c);
    return (double)c.errors;
}

static double slots(void *arg)
{
    const struct worker *w = arg;

    return w->jobs.limits.slots;
}

void worker_admin(struct worker *w)
{
    w->admin = admin_new(w->loop, &setup, w->listen, w->auth, w);
    admin_add_tls(w->admin, w->tls);
    admin_configure(w->admin, w->daemon.conf);
    metrics_add_gauge("muster_jobs_running", "Jobs that have not ended.",
                      running, w, w->admin);
    metrics_add_gauge("muster_results_waiting",
                      "Results that no dispatcher has fetched.", results, w,
                      w->admin);
    metrics_add_gauge("muster_spool_errors",
                      "Writes to the spool that failed, since the start.",
                      spool_errors, w, w->admin);
    metrics_add_gauge("muster_slots", "Jobs that may run at once.", slots, w,
                      w->admin);
}
