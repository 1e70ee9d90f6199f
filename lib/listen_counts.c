#include "lib/listen_counts.h"

#include "lib/mem.h"
#include "lib/metrics.h"

static const struct metric_row rows[] = {
    {"muster_connections_total",
     "Connections accepted.",
     offsetof(struct listen_counts, opened),
     {NULL, NULL}},
    {"muster_connections",
     "Connections that are open.",
     offsetof(struct listen_counts, open),
     {NULL, NULL}},
    {"muster_lines_total",
     "Lines read.",
     offsetof(struct listen_counts, traffic.lines),
     {NULL, NULL}},
    {"muster_received_bytes_total",
     "Bytes read.",
     offsetof(struct listen_counts, traffic.bytes_in),
     {NULL, NULL}},
    {"muster_sent_bytes_total",
     "Bytes written.",
     offsetof(struct listen_counts, traffic.bytes_out),
     {NULL, NULL}},
};

struct listen_counts *listen_counts_new(const struct listen_face *face,
                                        const void *owner)
{
    struct listen_counts *n = xcalloc(1, sizeof(*n));
    const struct metric_label label = {"face", face->name};

    n->face = face;
    histogram_init_seconds(&n->traffic.busy);
    refusals_tell(&n->refusals, face->name, owner);
    metrics_add_rows(rows, ARRAY_LEN(rows), n, owner, label);
    metrics_add(&(struct metric){
        .name = "muster_batch_seconds",
        .help = "Time that the requests took which came together on one "
                "connection.",
        .type = METRIC_HISTOGRAM,
        .labels = {label},
        .histogram = &n->traffic.busy,
        .owner = owner});
    return n;
}

void listen_events_tell(const struct listen_events *e, const void *owner)
{
    static const struct metric_row event_rows[] = {
        {"muster_accept_pauses_total",
         "Times accepting paused because descriptors or memory ran short.",
         offsetof(struct listen_events, pauses),
         {NULL, NULL}},
        {"muster_accept_put_off_total",
         "Times as many were accepted as one turn of the loop allows.",
         offsetof(struct listen_events, put_off),
         {NULL, NULL}},
    };

    metrics_add_rows(event_rows, ARRAY_LEN(event_rows), e, owner,
                     (struct metric_label){NULL, NULL});
}
