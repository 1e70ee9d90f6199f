/*
 * metrics: what a program counts about itself, and its text as Prometheus reads
 * it (text exposition format 0.0.4). A count is a uint64_t in whatever struct
 * its owner keeps it in, and counting is x++ there; what is known here is where
 * that number lies, what it is called and what it means. Numbers are read when
 * somebody asks, and at no other time.
 *
 *   struct face { struct face_counts { uint64_t lines, refused; } counts; };
 *   static const struct metric_row rows[] = {
 *       {"muster_face_lines_total", "Lines read.",
 *        offsetof(struct face_counts, lines)},
 *       {"muster_face_refusals_total", "Requests refused.",
 *        offsetof(struct face_counts, refused), {"reason", "limit"}},
 *   };
 *   metrics_add_rows(rows, ARRAY_LEN(rows), &f->counts, f,
 *                    (struct metric_label){"face", "new"});
 *   ...
 *   f->counts.lines++;
 *   ...
 *   metrics_forget(f);
 *
 * A label's value comes from a small set that is known before the program runs
 * (a face, a limit, a class of reasons): never a name that a client chose, an
 * address or a number of something. METRIC_SERIES_MAX holds anyone to that who
 * errs; t/admin/labels.t holds the documentation (doc/metrics.md) to it.
 *
 * One list per process, as there is one /metrics; all calls come from the
 * thread of the loop, and so does every x++: a thread of its own hands its
 * numbers over with its results. Must not know HTTP, nor what is counted.
 */
#ifndef MUSTER_LIB_METRICS_H
#define MUSTER_LIB_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"

#define METRIC_LABELS_MAX 3
#define METRIC_SERIES_MAX 512 /* of one name; more are not taken */
#define METRIC_BOUNDS_MAX 24  /* of one histogram */

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

/* Constant text, both; name NULL: no label. */
struct metric_label {
    const char *name, *value;
};

/* How often a value fell between two bounds, and the sum of all. */
struct histogram {
    const double *bounds; /* ascending; the last bucket is above all of them */
    unsigned n_bounds;
    uint64_t counts[METRIC_BOUNDS_MAX + 1];
    double sum;
};

/*
 * One series. name, help and labels point to constant text. A counter's name
 * ends in _total; times are in seconds, sizes in bytes, and the name says so.
 * One of count, read and histogram says where its value comes from.
 */
struct metric {
    const char *name, *help;
    enum metric_type type;
    struct metric_label labels[METRIC_LABELS_MAX];
    const uint64_t *count;
    double (*read)(void *arg); /* called when somebody asks */
    const struct histogram *histogram;
    void *arg;         /* of read */
    const void *owner; /* for metrics_forget(); may be NULL */
};

/* A counter in a struct of counts, or a gauge (its name has no _total). */
struct metric_row {
    const char *name, *help;
    size_t offset; /* of a uint64_t */
    struct metric_label label;
};

/* From now on it is told. A second one of that name and those labels takes the
 * place of the first. The struct is copied. */
void metrics_add(const struct metric *m);
/* A series for each row, its number at base + offset; a row's own label stands
 * behind the one given here. */
void metrics_add_rows(const struct metric_row *rows, size_t n, const void *base,
                      const void *owner, struct metric_label label);
/* Short for gauges of a function. */
void metrics_add_gauge(const char *name, const char *help,
                       double (*read)(void *arg), void *arg, const void *owner);
/* fn is called before the values are read: for numbers that are fetched
 * together, as those of /proc. */
void metrics_on_read(void (*fn)(void *arg), void *arg, const void *owner);
/* The owner goes, and its numbers with it: nothing of it is read again. */
void metrics_forget(const void *owner);

/* All of it, as text: names in the order of the alphabet. */
void metrics_write(struct buf *out);
/* The same one by one, for who writes them in another way; value is that of a
 * counter or a gauge. */
void metrics_each(void (*fn)(void *arg, const struct metric *m, double value),
                  void *arg);
/* What that text is, for HTTP. */
#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* bounds stay the caller's and constant; at most METRIC_BOUNDS_MAX. */
void histogram_init(struct histogram *h, const double *bounds, unsigned n);
/* Bounds for what we measure: seconds from 50 us to 10 s; and counts of things
 * that come together, 1 to 4096. */
void histogram_init_seconds(struct histogram *h);
void histogram_init_counts(struct histogram *h);

static inline void histogram_add(struct histogram *h, double value)
{
    unsigned i = 0;

    while (i < h->n_bounds && value > h->bounds[i])
        i++;
    h->counts[i]++;
    h->sum += value;
}

#endif
