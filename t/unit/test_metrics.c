/* lib/metrics.c: the text that Prometheus reads */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/mem.h"
#include "lib/metrics.h"

static int owner; /* of everything that a test adds */

/* The text but for the one series that is always there. */
static const char *text(struct buf *b)
{
    static const char own[] =
        "# HELP muster_metrics_dropped_total Series that were not taken: too "
        "many under one name.\n"
        "# TYPE muster_metrics_dropped_total counter\n"
        "muster_metrics_dropped_total ";
    char *at, *end;

    buf_reset(b, 0);
    metrics_write(b);
    buf_str(b);
    at = strstr(buf_data(b), own);
    assert_non_null(at);
    end = strchr(at + sizeof(own) - 1, '\n') + 1;
    memmove(at, end, strlen(end) + 1);
    return buf_data(b);
}

static double half(void *arg)
{
    return *(double *)arg / 2;
}

static void counters_and_gauges(void **state)
{
    struct counted {
        uint64_t lines, refused, open;
    } n = {UINT64_MAX, 2, 3};
    const struct metric_row rows[] = {
        {"muster_lines_total",
         "Lines read.",
         offsetof(struct counted, lines),
         {NULL, NULL}},
        {"muster_refusals_total",
         "Refused.",
         offsetof(struct counted, refused),
         {"reason", "limit"}},
        {"muster_connections",
         "Open.",
         offsetof(struct counted, open),
         {NULL, NULL}},
    };
    struct buf b = BUF_INIT;
    double value = 5;

    (void)state;
    metrics_add_rows(rows, ARRAY_LEN(rows), &n, &owner,
                     (struct metric_label){"face", "new"});
    metrics_add_gauge("muster_a", "First.", half, &value, &owner);
    assert_string_equal(
        text(&b), "# HELP muster_a First.\n"
                  "# TYPE muster_a gauge\n"
                  "muster_a 2.5\n"
                  "# HELP muster_connections Open.\n"
                  "# TYPE muster_connections gauge\n"
                  "muster_connections{face=\"new\"} 3\n"
                  "# HELP muster_lines_total Lines read.\n"
                  "# TYPE muster_lines_total counter\n"
                  "muster_lines_total{face=\"new\"} 18446744073709551615\n"
                  "# HELP muster_refusals_total Refused.\n"
                  "# TYPE muster_refusals_total counter\n"
                  "muster_refusals_total{face=\"new\",reason=\"limit\"} 2\n");
    n.refused++;
    value = INFINITY;
    assert_non_null(strstr(text(&b), "reason=\"limit\"} 3\n"));
    assert_non_null(strstr(text(&b), "muster_a +Inf\n"));
    value = -INFINITY;
    assert_non_null(strstr(text(&b), "muster_a -Inf\n"));
    value = NAN;
    assert_non_null(strstr(text(&b), "muster_a NaN\n"));
    metrics_forget(&owner);
    assert_string_equal(text(&b), "");
    buf_free(&b);
}

/* One name: one HELP and TYPE, its series together, each of them once. */
static void families(void **state)
{
    uint64_t one = 1, two = 2, three = 3;
    struct metric m = {.name = "muster_x_total",
                       .help = "X.",
                       .type = METRIC_COUNTER,
                       .labels = {{"limit", "line"}},
                       .count = &one,
                       .owner = &owner};
    struct buf b = BUF_INIT;

    (void)state;
    metrics_add(&m);
    metrics_add_gauge("muster_y", "Y.", half, &(double){2}, &owner);
    m.labels[0].value = "value";
    m.count = &two;
    metrics_add(&m);
    m.count = &three;
    m.labels[0].value = "line";
    m.owner = &two;
    metrics_add(&m);
    assert_string_equal(text(&b), "# HELP muster_x_total X.\n"
                                  "# TYPE muster_x_total counter\n"
                                  "muster_x_total{limit=\"line\"} 3\n"
                                  "muster_x_total{limit=\"value\"} 2\n"
                                  "# HELP muster_y Y.\n"
                                  "# TYPE muster_y gauge\n"
                                  "muster_y 1\n");
    metrics_forget(&owner);
    assert_string_equal(text(&b), "# HELP muster_x_total X.\n"
                                  "# TYPE muster_x_total counter\n"
                                  "muster_x_total{limit=\"line\"} 3\n");
    metrics_forget(&two);
    buf_free(&b);
}

static void escapes(void **state)
{
    uint64_t n = 0;
    struct buf b = BUF_INIT;

    (void)state;
    metrics_add(&(struct metric){
        .name = "muster_x_total",
        .help = "a \"b\" \\ c\nd",
        .type = METRIC_COUNTER,
        .labels = {{"a", "q\"b\\n\nl\xc3\xa4"}, {"b", ""}, {"c", "}"}},
        .count = &n,
        .owner = &owner});
    assert_string_equal(text(&b),
                        "# HELP muster_x_total a \"b\" \\\\ c\\nd\n"
                        "# TYPE muster_x_total counter\n"
                        "muster_x_total{a=\"q\\\"b\\\\n\\nl\xc3\xa4\",b=\"\","
                        "c=\"}\"} 0\n");
    metrics_forget(&owner);
    buf_free(&b);
}

static void histograms(void **state)
{
    static const double bounds[] = {0.5, 2.5};
    struct buf b = BUF_INIT;
    struct histogram h;

    (void)state;
    histogram_init(&h, bounds, ARRAY_LEN(bounds));
    metrics_add(&(struct metric){.name = "muster_turn_seconds",
                                 .help = "T.",
                                 .type = METRIC_HISTOGRAM,
                                 .labels = {{"face", "find"}},
                                 .histogram = &h,
                                 .owner = &owner});
    histogram_add(&h, 0);
    histogram_add(&h, 0.5); /* a bound belongs to its bucket */
    histogram_add(&h, 0.75);
    histogram_add(&h, 1000);
    assert_string_equal(
        text(&b), "# HELP muster_turn_seconds T.\n"
                  "# TYPE muster_turn_seconds histogram\n"
                  "muster_turn_seconds_bucket{face=\"find\",le=\"0.5\"} 2\n"
                  "muster_turn_seconds_bucket{face=\"find\",le=\"2.5\"} 3\n"
                  "muster_turn_seconds_bucket{face=\"find\",le=\"+Inf\"} 4\n"
                  "muster_turn_seconds_sum{face=\"find\"} 1001.25\n"
                  "muster_turn_seconds_count{face=\"find\"} 4\n");
    metrics_forget(&owner);

    histogram_init_seconds(&h);
    metrics_add(&(struct metric){.name = "muster_s_seconds",
                                 .help = "S.",
                                 .type = METRIC_HISTOGRAM,
                                 .histogram = &h,
                                 .owner = &owner});
    assert_non_null(strstr(text(&b), "_bucket{le=\"5e-05\"} 0\n"));
    assert_non_null(strstr(text(&b), "_bucket{le=\"10\"} 0\n"));
    metrics_forget(&owner);
    histogram_init_counts(&h);
    histogram_add(&h, 4096);
    assert_int_equal(h.counts[h.n_bounds - 1], 1);
    histogram_add(&h, 4097);
    assert_int_equal(h.counts[h.n_bounds], 1);
    buf_free(&b);
}

/* Whoever labels by what clients choose finds an end. */
static void bounded(void **state)
{
    static char values[METRIC_SERIES_MAX + 5][8];
    uint64_t n = 0;
    struct buf b = BUF_INIT;
    const char *at;
    unsigned i, lines = 0;

    (void)state;
    for (i = 0; i < ARRAY_LEN(values); i++) {
        snprintf(values[i], sizeof(values[i]), "%u", i);
        metrics_add(&(struct metric){.name = "muster_x_total",
                                     .help = "X.",
                                     .type = METRIC_COUNTER,
                                     .labels = {{"id", values[i]}},
                                     .count = &n,
                                     .owner = &owner});
    }
    metrics_write(&b);
    for (at = buf_str(&b); (at = strstr(at, "_total{id=")); at++)
        lines++;
    assert_int_equal(lines, METRIC_SERIES_MAX);
    assert_non_null(strstr(buf_str(&b), "\nmuster_metrics_dropped_total 5\n"));
    metrics_forget(&owner);
    buf_free(&b);
}

static void fetch(void *arg)
{
    (*(uint64_t *)arg)++;
}

static void before_reading(void **state)
{
    uint64_t n = 0;
    struct buf b = BUF_INIT;

    (void)state;
    metrics_on_read(fetch, &n, &owner);
    metrics_add(&(struct metric){.name = "muster_fetched",
                                 .help = "F.",
                                 .type = METRIC_GAUGE,
                                 .count = &n,
                                 .owner = &owner});
    assert_non_null(strstr(text(&b), "muster_fetched 1\n"));
    assert_non_null(strstr(text(&b), "muster_fetched 2\n"));
    metrics_forget(&owner);
    text(&b);
    assert_int_equal(n, 2);
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counters_and_gauges),
        cmocka_unit_test(families),
        cmocka_unit_test(escapes),
        cmocka_unit_test(histograms),
        cmocka_unit_test(bounded),
        cmocka_unit_test(before_reading),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
