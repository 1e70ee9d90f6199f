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

static const char *check_store(void *arg)
{
    const struct dispatch *d = arg;

    return d->store->degraded;
}

static json_t *state_store(void *arg)
{
    const struct dispatch *d = arg;
    const struct jobstore_counts *c = &d->store->counts;

    return json_pack("{s:s, s:s?, s:I, s:I, s:I}", "path",
                     d->settings.store ? d->settings.store : "memory",
                     "degraded", d->store->degraded, "jobs",
                     (json_int_t)c->jobs, "bytes", (json_int_t)c->bytes,
                     "commits", (json_int_t)c->commits);
}

static const struct admin_part parts[] = {
    {.name = "registry", .check = check_registry},
    {.name = "workers", .state = state_workers},
    {.name = "jobs", .state = state_jobs},
    {.name = "store", .check = check_store, .state = state_store},
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

static double tasks_in(const struct dispatch *d, bool waiting)
{
    const struct job *j;
    unsigned n = 0;

    TAILQ_FOREACH (j, &d->live, live) {
        n += waiting ? j->counts[TASK_WAITING] : job_active(j);
    }
    return n;
}

static double tasks_waiting(void *arg)
{
    return tasks_in(arg, true);
}

static double tasks_running(void *arg)
{
    return tasks_in(arg, false);
}

static void add_store(const struct dispatch *d, const void *owner)
{
    static const struct metric_row rows[] = {
        {"muster_store_commits_total",
         "Groups of changes put on the disk.",
         offsetof(struct jobstore_counts, commits),
         {NULL, NULL}},
        {"muster_store_changes_total",
         "Changes put on the disk.",
         offsetof(struct jobstore_counts, items),
         {NULL, NULL}},
        {"muster_store_failures_total",
         "Changes that could not be kept.",
         offsetof(struct jobstore_counts, failures),
         {NULL, NULL}},
        {"muster_store_checkpoints_total",
         "Times the log was folded into the database.",
         offsetof(struct jobstore_counts, checkpoints),
         {NULL, NULL}},
        {"muster_store_file_bytes",
         "Size of the database.",
         offsetof(struct jobstore_counts, file_bytes),
         {NULL, NULL}},
        {"muster_store_log_bytes",
         "Size of the log of the database.",
         offsetof(struct jobstore_counts, log_bytes),
         {NULL, NULL}},
        {"muster_store_degraded",
         "1 while nothing can be kept.",
         offsetof(struct jobstore_counts, degraded),
         {NULL, NULL}},
        {"muster_store_jobs",
         "Jobs in the store, but for those that are being read at the start.",
         offsetof(struct jobstore_counts, jobs),
         {NULL, NULL}},
        {"muster_store_job_bytes",
         "What these jobs and their output take of it.",
         offsetof(struct jobstore_counts, bytes),
         {NULL, NULL}},
    };
    const struct jobstore_counts *c = &d->store->counts;

    metrics_add_rows(rows, ARRAY_LEN(rows), c, owner,
                     (struct metric_label){NULL, NULL});
    metrics_add(&(struct metric){.name = "muster_store_commit_seconds",
                                 .help = "Time a write to the disk took.",
                                 .type = METRIC_HISTOGRAM,
                                 .histogram = &c->seconds,
                                 .owner = owner});
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
    metrics_add_gauge("muster_tasks_waiting",
                      "Parts of jobs, on a host each, that have not begun.",
                      tasks_waiting, d, a);
    metrics_add_gauge("muster_tasks_running",
                      "Parts of jobs that are at their workers.", tasks_running,
                      d, a);
    add_store(d, a);
    metrics_add_gauge("muster_workers", "Workers that are known.", workers, d,
                      a);
    return a;
}
