#include "dispatcher/admin.h"

#include <jansson.h>

#include "dispatcher/core.h"
#include "lib/admin.h"
#include "lib/mem.h"
#include "lib/metrics.h"

static const char *check_registry(void *arg)
{
    const struct dispatch *d = arg;

    if (!d->synced)
        return "no registry has told the workers yet";
    return d->view_old ? "no registry can be reached; the workers are those "
                         "of the last view"
                       : NULL;
}

static json_t *state_workers(void *arg)
{
    const struct dispatch *d = arg;

    return json_pack("{s:i}", "known", (int)HASH_CNT(by_name, d->by_name));
}

static json_t *state_jobs(void *arg)
{
    const struct dispatch *d = arg;

    return json_pack("{s:I, s:i, s:i}", "made", (json_int_t)d->jobs_made,
                     "running", (int)d->n_live, "matching", (int)d->n_matching);
}

static const struct admin_part parts[] = {
    {.name = "registry", .check = check_registry},
    {.name = "workers", .state = state_workers},
    {.name = "jobs", .state = state_jobs},
};

static const struct admin_setup setup = {
    .program = "muster-dispatch", .parts = parts, .n_parts = ARRAY_LEN(parts)};

static double running(void *arg)
{
    const struct dispatch *d = arg;

    return d->n_live;
}

static double held(void *arg)
{
    const struct dispatch *d = arg;

    return d->held.count;
}

static double workers(void *arg)
{
    const struct dispatch *d = arg;

    return HASH_CNT(by_name, d->by_name);
}

struct admin *dispatch_admin(struct dispatch *d, struct listen_host *host,
                             struct auth *auth, struct tls_conf *tls)
{
    struct admin *a = admin_new(d->loop, &setup, host, auth, d);

    admin_add_tls(a, tls);
    metrics_add(&(struct metric){.name = "muster_jobs_total",
                                 .help = "Jobs submitted.",
                                 .type = METRIC_COUNTER,
                                 .count = &d->jobs_made,
                                 .owner = a});
    metrics_add_gauge("muster_jobs_running", "Jobs that have not ended.",
                      running, d, a);
    metrics_add_gauge("muster_jobs_held",
                      "Jobs that do not begin yet, schedules too.", held, d, a);
    metrics_add(&(struct metric){.name = "muster_schedule_missed_total",
                                 .help = "Planned times of schedules that "
                                         "no run was made for.",
                                 .type = METRIC_COUNTER,
                                 .count = &d->held.missed,
                                 .owner = a});
    metrics_add_gauge("muster_workers", "Workers that are known.", workers, d,
                      a);
    return a;
}
