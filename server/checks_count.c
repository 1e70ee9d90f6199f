#include "lib/mem.h"
#include "lib/metrics.h"
#include "server/checks_impl.h"

static const char *const words[] = {[PROBE_CRITICAL] = "critical",
                                    [PROBE_WARNING] = "warning",
                                    [PROBE_PASSING] = "passing"};

static void count_method(struct checks *k, enum probe_method m)
{
    const struct prober_counts *n = prober_counts(k->prober);
    const struct metric_label method = {"method", probe_method_text(m)};
    int s;

    metrics_add(&(struct metric){.name = "muster_checks",
                                 .help = "Checks that are done, by method.",
                                 .type = METRIC_GAUGE,
                                 .labels = {method},
                                 .count = &n->checks[m],
                                 .owner = k});
    if (m == PROBE_TTL)
        return;
    metrics_add(&(struct metric){
        .name = "muster_probe_timeouts_total",
        .help = "Runs of checks that were ended: they took too long.",
        .type = METRIC_COUNTER,
        .labels = {method},
        .count = &n->timeouts[m],
        .owner = k});
    for (s = PROBE_CRITICAL; s <= PROBE_PASSING; s++)
        metrics_add(
            &(struct metric){.name = "muster_probes_total",
                             .help = "Runs of checks, by what came of them.",
                             .type = METRIC_COUNTER,
                             .labels = {method, {"status", words[s]}},
                             .count = &n->runs[m][s],
                             .owner = k});
}

void checks_count(struct checks *k)
{
    static const struct metric_row rows[] = {
        {"muster_probes_running",
         "Checks that run now.",
         offsetof(struct prober_counts, running),
         {NULL, NULL}},
        {"muster_probes_waiting",
         "Checks that are due and wait: consul.probes run already.",
         offsetof(struct prober_counts, waiting),
         {NULL, NULL}},
        {"muster_check_ttls_expired_total",
         "Checks by TTL that were not told in time.",
         offsetof(struct prober_counts, expired),
         {NULL, NULL}},
        {"muster_check_services_removed_total",
         "Services removed because a check was critical for too long.",
         offsetof(struct prober_counts, reaps),
         {NULL, NULL}},
    };
    const struct prober_counts *n = prober_counts(k->prober);
    int m;

    for (m = 0; m < PROBE_METHODS; m++)
        count_method(k, (enum probe_method)m);
    metrics_add_rows(rows, ARRAY_LEN(rows), n, k,
                     (struct metric_label){NULL, NULL});
    metrics_add(&(struct metric){.name = "muster_probe_seconds",
                                 .help = "Time that runs of checks took.",
                                 .type = METRIC_HISTOGRAM,
                                 .histogram = &n->seconds,
                                 .owner = k});
}
