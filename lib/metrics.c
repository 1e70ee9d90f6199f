#include "lib/metrics.h"

#include <assert.h>
#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "lib/mem.h"

struct series {
    struct metric m;
    struct series *next;
};

/* All series of one name, which have one type and one help. */
struct family {
    const char *name, *help;
    enum metric_type type;
    struct series *series; /* in the order in which they were added */
    unsigned count;
    struct family *next;
};

struct on_read {
    void (*fn)(void *arg);
    void *arg;
    const void *owner;
    struct on_read *next;
};

static struct family *families; /* by name, ascending */
static struct on_read *hooks;
static uint64_t dropped; /* series over METRIC_SERIES_MAX */

/* -- the list -------------------------------------------------------------- */

static bool name_ok(const char *name, bool colon)
{
    const char *p = name;

    if (isdigit((unsigned char)*p) || !strncmp(name, "__", 2))
        return false;
    while (isalnum((unsigned char)*p) || *p == '_' || (colon && *p == ':'))
        p++;
    return p > name && !*p;
}

/* The program's own texts: a wrong one is the programmer's mistake. */
static void check(const struct metric *m)
{
    size_t i, len = strlen(m->name);
    bool total = len > 6 && !strcmp(m->name + len - 6, "_total");

    assert(name_ok(m->name, true));
    assert(total == (m->type == METRIC_COUNTER));
    assert(!m->count + !m->read + !m->histogram == 2);
    assert((m->type == METRIC_HISTOGRAM) == (m->histogram != NULL));
    for (i = 0; i < METRIC_LABELS_MAX && m->labels[i].name; i++)
        assert(name_ok(m->labels[i].name, false) && m->labels[i].value);
    (void)total;
}

static struct family *family_get(const struct metric *m)
{
    struct family **at = &families, *f;

    while (*at && strcmp((*at)->name, m->name) < 0)
        at = &(*at)->next;
    if (*at && !strcmp((*at)->name, m->name)) {
        assert((*at)->type == m->type);
        return *at;
    }
    f = xcalloc(1, sizeof(*f));
    f->name = m->name;
    f->help = m->help;
    f->type = m->type;
    f->next = *at;
    *at = f;
    return f;
}

static bool same_labels(const struct metric_label *a,
                        const struct metric_label *b)
{
    size_t i;

    for (i = 0; i < METRIC_LABELS_MAX; i++) {
        if (!a[i].name || !b[i].name)
            return a[i].name == b[i].name;
        if (strcmp(a[i].name, b[i].name) || strcmp(a[i].value, b[i].value))
            return false;
    }
    return true;
}

void metrics_add(const struct metric *m)
{
    struct family *f;
    struct series *s;

    check(m);
    f = family_get(m);
    LL_FOREACH (f->series, s)
        if (same_labels(s->m.labels, m->labels)) {
            s->m = *m;
            return;
        }
    if (f->count == METRIC_SERIES_MAX) {
        dropped++;
        return;
    }
    f->count++;
    s = xcalloc(1, sizeof(*s));
    s->m = *m;
    LL_APPEND(f->series, s);
}

void metrics_add_rows(const struct metric_row *rows, size_t n, const void *base,
                      const void *owner, struct metric_label label)
{
    struct metric m = {.owner = owner};
    size_t i, len, at;

    for (i = 0; i < n; i++) {
        len = strlen(rows[i].name);
        m.name = rows[i].name;
        m.help = rows[i].help;
        m.type = len > 6 && !strcmp(m.name + len - 6, "_total") ? METRIC_COUNTER
                                                                : METRIC_GAUGE;
        at = 0;
        memset(m.labels, 0, sizeof(m.labels));
        if (label.name)
            m.labels[at++] = label;
        if (rows[i].label.name)
            m.labels[at] = rows[i].label;
        m.count = (const uint64_t *)((const char *)base + rows[i].offset);
        metrics_add(&m);
    }
}

void metrics_add_gauge(const char *name, const char *help,
                       double (*read)(void *arg), void *arg, const void *owner)
{
    metrics_add(&(struct metric){.name = name,
                                 .help = help,
                                 .type = METRIC_GAUGE,
                                 .read = read,
                                 .arg = arg,
                                 .owner = owner});
}

void metrics_on_read(void (*fn)(void *arg), void *arg, const void *owner)
{
    struct on_read *hook = xcalloc(1, sizeof(*hook));

    hook->fn = fn;
    hook->arg = arg;
    hook->owner = owner;
    LL_APPEND(hooks, hook);
}

static void family_forget(struct family *f, const void *owner)
{
    struct series *s, *next;

    LL_FOREACH_SAFE (f->series, s, next) {
        if (s->m.owner != owner)
            continue;
        LL_DELETE(f->series, s);
        f->count--;
        free(s);
    }
}

void metrics_forget(const void *owner)
{
    struct on_read *hook, *next_hook;
    struct family *f, *next;

    LL_FOREACH_SAFE (hooks, hook, next_hook) {
        if (hook->owner != owner)
            continue;
        LL_DELETE(hooks, hook);
        free(hook);
    }
    LL_FOREACH_SAFE (families, f, next) {
        family_forget(f, owner);
        if (f->series)
            continue;
        LL_DELETE(families, f);
        free(f);
    }
}

/* -- the text -------------------------------------------------------------- */

/* A line feed or backslash would end or garble the line; so would a quote in a
 * label's value. */
static void write_escaped(struct buf *out, const char *text, bool quotes)
{
    for (; *text; text++) {
        if (*text == '\n')
            buf_add_str(out, "\\n");
        else if (*text == '\\' || (quotes && *text == '"'))
            buf_add_fmt(out, "\\%c", *text);
        else
            buf_add_char(out, *text);
    }
}

static void write_number(struct buf *out, double n)
{
    if (isnan(n))
        buf_add_str(out, "NaN");
    else if (isinf(n))
        buf_add_str(out, n < 0 ? "-Inf" : "+Inf");
    else
        buf_add_fmt(out, "%.15g", n);
}

static void write_label(struct buf *out, const char *name, const char *value,
                        bool *any)
{
    buf_add_fmt(out, "%c%s=\"", *any ? ',' : '{', name);
    write_escaped(out, value, true);
    buf_add_char(out, '"');
    *any = true;
}

/* The name, its suffix and its labels, and le as the last where given. */
static void write_series(struct buf *out, const struct metric *m,
                         const char *suffix, const char *le)
{
    bool any = false;
    size_t i;

    buf_add_str(out, m->name);
    buf_add_str(out, suffix);
    for (i = 0; i < METRIC_LABELS_MAX && m->labels[i].name; i++)
        write_label(out, m->labels[i].name, m->labels[i].value, &any);
    if (le)
        write_label(out, "le", le, &any);
    buf_add_str(out, any ? "} " : " ");
}

/* Each bucket holds those before it: so the format wants them. */
static void write_histogram(struct buf *out, const struct metric *m)
{
    const struct histogram *h = m->histogram;
    uint64_t so_far = 0;
    char le[32];
    unsigned i;

    for (i = 0; i <= h->n_bounds; i++) {
        if (i < h->n_bounds)
            snprintf(le, sizeof(le), "%.15g", h->bounds[i]);
        else
            snprintf(le, sizeof(le), "+Inf");
        so_far += h->counts[i];
        write_series(out, m, "_bucket", le);
        buf_add_u64(out, so_far);
        buf_add_char(out, '\n');
    }
    write_series(out, m, "_sum", NULL);
    write_number(out, h->sum);
    buf_add_char(out, '\n');
    write_series(out, m, "_count", NULL);
    buf_add_u64(out, so_far);
    buf_add_char(out, '\n');
}

static void write_metric(struct buf *out, const struct metric *m)
{
    if (m->histogram) {
        write_histogram(out, m);
        return;
    }
    write_series(out, m, "", NULL);
    if (m->count)
        buf_add_u64(out, *m->count);
    else
        write_number(out, m->read(m->arg));
    buf_add_char(out, '\n');
}

static void write_head(struct buf *out, const struct family *f)
{
    static const char *const types[] = {[METRIC_COUNTER] = "counter",
                                        [METRIC_GAUGE] = "gauge",
                                        [METRIC_HISTOGRAM] = "histogram"};

    buf_add_fmt(out, "# HELP %s ", f->name);
    write_escaped(out, f->help, false);
    buf_add_fmt(out, "\n# TYPE %s %s\n", f->name, types[f->type]);
}

/* Numbers that are fetched together, now. */
static void before_reading(void)
{
    static const struct metric own = {
        .name = "muster_metrics_dropped_total",
        .help = "Series that were not taken: too many under one name.",
        .type = METRIC_COUNTER,
        .count = &dropped};
    struct on_read *hook;

    metrics_add(&own);
    LL_FOREACH (hooks, hook)
        hook->fn(hook->arg);
}

static double value_of(const struct metric *m)
{
    if (m->count)
        return (double)*m->count;
    return m->read ? m->read(m->arg) : 0;
}

void metrics_each(void (*fn)(void *arg, const struct metric *m, double value),
                  void *arg)
{
    struct family *f;
    struct series *s;

    before_reading();
    LL_FOREACH (families, f)
        LL_FOREACH (f->series, s)
            fn(arg, &s->m, value_of(&s->m));
}

void metrics_write(struct buf *out)
{
    struct family *f;
    struct series *s;

    before_reading();
    LL_FOREACH (families, f) {
        write_head(out, f);
        LL_FOREACH (f->series, s)
            write_metric(out, &s->m);
    }
}

/* -- histograms ------------------------------------------------------------ */

void histogram_init(struct histogram *h, const double *bounds, unsigned n)
{
    assert(n <= METRIC_BOUNDS_MAX);
    *h = (struct histogram){.bounds = bounds, .n_bounds = n};
}

void histogram_init_seconds(struct histogram *h)
{
    static const double bounds[] = {
        0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
        0.05,    0.1,    0.25,    0.5,    1,     2.5,    5,     10};

    histogram_init(h, bounds, ARRAY_LEN(bounds));
}

void histogram_init_counts(struct histogram *h)
{
    static const double bounds[] = {1,   2,   4,   8,    16,   32,  64,
                                    128, 256, 512, 1024, 2048, 4096};

    histogram_init(h, bounds, ARRAY_LEN(bounds));
}
