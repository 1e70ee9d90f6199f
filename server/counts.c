#include "server/counts.h"

#include "lib/mem.h"
#include "lib/metrics.h"
#include "server/musterd.h"

static const struct metric_row catalog_rows[] = {
    {"muster_service_changes_total",
     "Changes of services, by what they were.",
     offsetof(struct catalog_counts, registered),
     {"kind", "registered"}},
    {"muster_service_changes_total",
     "",
     offsetof(struct catalog_counts, updated),
     {"kind", "updated"}},
    {"muster_service_changes_total",
     "",
     offsetof(struct catalog_counts, silent),
     {"kind", "volatile"}},
    {"muster_service_changes_total",
     "",
     offsetof(struct catalog_counts, replaced),
     {"kind", "replaced"}},
    {"muster_service_changes_total",
     "",
     offsetof(struct catalog_counts, removed),
     {"kind", "removed"}},
    {"muster_service_changes_total",
     "",
     offsetof(struct catalog_counts, expired),
     {"kind", "expired"}},
    {"muster_service_changes_total",
     "",
     offsetof(struct catalog_counts, lost),
     {"kind", "lost"}},
    {"muster_attributes",
     "Attributes of all services.",
     offsetof(struct catalog_counts, attrs),
     {NULL, NULL}},
};

static const struct metric_row watch_rows[] = {
    {"muster_watch_evaluations_total",
     "Times a change was compared with a watched selection.",
     offsetof(struct watches, verdicts),
     {NULL, NULL}},
    {"muster_watch_wakes_total",
     "Times a reader was woken.",
     offsetof(struct watches, wakes),
     {NULL, NULL}},
    {"muster_watch_gaps_total",
     "Times a reader was told that it missed changes.",
     offsetof(struct watches, gaps),
     {NULL, NULL}},
};

static double services(void *arg)
{
    const struct musterd *m = arg;

    return (double)catalog_count(m->catalog);
}

static double revision(void *arg)
{
    const struct musterd *m = arg;

    return (double)catalog_revision(m->catalog);
}

static double ring_changes(void *arg)
{
    const struct musterd *m = arg;

    return (double)m->catalog->changes.count;
}

static double ring_bytes(void *arg)
{
    const struct musterd *m = arg;

    return (double)m->catalog->changes.bytes;
}

static double readers(void *arg)
{
    const struct musterd *m = arg;

    return m->watches.watchers;
}

static double watched(void *arg)
{
    const struct musterd *m = arg;

    return HASH_COUNT(m->watches.by_key);
}

static double watch_bytes(void *arg)
{
    const struct musterd *m = arg;

    return (double)m->watch_bytes;
}

void counts_tell(struct musterd *m)
{
    static const struct {
        const char *name, *help;
        double (*read)(void *arg);
    } gauges[] = {
        {"muster_services", "Services that are registered.", services},
        {"muster_revision", "The revision of the last change.", revision},
        {"muster_ring_changes", "Recent changes that are kept for .since.",
         ring_changes},
        {"muster_ring_bytes", "Memory that the recent changes take.",
         ring_bytes},
        {"muster_watchers", "Readers of port event.", readers},
        {"muster_watches", "Different selections that are watched.", watched},
        {"muster_watch_bytes", "Memory that the watched selections take.",
         watch_bytes},
    };
    const struct metric_label none = {NULL, NULL};
    size_t i;

    metrics_add_rows(catalog_rows, ARRAY_LEN(catalog_rows), &m->catalog->counts,
                     m, none);
    metrics_add_rows(watch_rows, ARRAY_LEN(watch_rows), &m->watches, m, none);
    for (i = 0; i < ARRAY_LEN(gauges); i++)
        metrics_add_gauge(gauges[i].name, gauges[i].help, gauges[i].read, m, m);
}
