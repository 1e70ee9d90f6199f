/*
 * Times, schedules, time zones and histories as texts and files: the first
 * byte says which. What is taken is written and taken again as the same; times
 * of a schedule grow; a zone has an offset at every time.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dispatcher/history.h"
#include "dispatcher/when.h"
#include "lib/buf.h"
#include "lib/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW   INT64_C(1790000000000) /* ms */
#define STEPS 12

static const struct zone *rome(void)
{
    static struct zone *z;

    if (!z)
        z = zone_from_rule("CET-1CEST,M3.5.0,M10.5.0/3");
    return z;
}

static void try_time(const char *text)
{
    struct buf out = BUF_INIT;
    int64_t ms, again;

    if (!when_parse(text, NOW, rome(), &ms))
        return;
    when_write(ms, &out);
    if (!when_parse(buf_str(&out), NOW, rome(), &again) || again != ms)
        abort();
    buf_free(&out);
}

static void try_due(const struct every *e)
{
    int64_t t = NOW, next[STEPS];
    struct every_due due;

    for (int i = 0; i < STEPS; i++) {
        if (!every_next(e, NOW, t, &next[i]))
            return;
        if (next[i] <= t)
            abort();
        t = next[i];
    }
    every_due(e, NOW, NOW, next[STEPS - 2], &due);
    if (due.before != STEPS - 2 || due.newest != next[STEPS - 2] ||
        due.next != next[STEPS - 1])
        abort();
}

static void try_every(const char *text)
{
    struct every e;
    char *error = every_parse(&e, text);

    if (!error)
        try_due(&e);
    free(error);
    every_free(&e);
}

static void try_zone(struct zone *z)
{
    static const int64_t times[] = {
        -5000000000, -2000000000, -1,         0,           1000000000,
        1790000000,  1800000000,  4000000000, 90000000000, 250000000000};
    struct zone_span s;
    struct cron c;
    int64_t next;

    if (!z)
        return;
    for (size_t i = 0; i < ARRAY_LEN(times); i++) {
        zone_span_at(z, times[i], &s);
        if (s.start > times[i] || s.end <= times[i])
            abort();
        next = zone_from_local(z, times[i]);
        zone_span_at(z, next, &s);
        if (next + s.offset != times[i] &&
            (next != s.start || next + s.offset < times[i]))
            abort();
    }
    free(cron_parse(&c, "30 2 * * *"));
    if (cron_next(&c, z, 1790000000, &next) && next <= 1790000000)
        abort();
    zone_free(z);
}

static void try_history(const char *text, size_t len)
{
    struct history *h = history_read(text, len), *again;
    struct buf a = BUF_INIT, b = BUF_INIT;

    history_write(h, &a);
    again = history_read(buf_data(&a), buf_len(&a));
    history_write(again, &b);
    if (buf_len(&a) != buf_len(&b) || strcmp(buf_str(&a), buf_str(&b)) != 0)
        abort();
    history_free(h);
    history_free(again);
    buf_free(&a);
    buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bytes = (const char *)data;
    char *text;

    if (!size)
        return 0;
    text = xmemdup0(bytes + 1, size - 1);
    switch (bytes[0]) {
    case 'T': try_time(text); break;
    case 'E': try_every(text); break;
    case 'R': try_zone(zone_from_rule(text)); break;
    case 'Z': try_zone(zone_from_file(text, size - 1)); break;
    case 'H': try_history(text, size - 1); break;
    default: break;
    }
    free(text);
    return 0;
}
