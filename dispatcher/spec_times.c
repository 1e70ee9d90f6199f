/* Directives that say when a job begins, and which others it is about. */
#include <stdlib.h>
#include <string.h>

#include "dispatcher/clock.h"
#include "dispatcher/spec_impl.h"
#include "dispatcher/spec_values.h"
#include "dispatcher/when.h"
#include "lib/mem.h"

#define KEY_MAX 200 /* bytes */

/* What is said relative to now, or to a day, is a time from here on. */
static const char *set_when(struct dispatch_spec *s, const struct spec_row *row,
                            struct word *w)
{
    char *error;
    struct zone *zone = zone_open(NULL, &error);
    int64_t ms = 0;
    bool ok = zone && when_parse(w->text, clock_wall_ms(), zone, &ms) && ms > 0;

    free(error);
    zone_free(zone);
    *SLOT(s, row, int64_t) = ms;
    return ok ? NULL : "a time: 2026-11-22T09:30:00Z (RFC 3339), 09:30 or +10m";
}

static void write_when(const struct dispatch_spec *s,
                       const struct spec_row *row, struct buf *value)
{
    int64_t ms = *SEEN(s, row, int64_t);

    if (ms)
        when_write(ms, value);
}

static const char *set_every(struct dispatch_spec *s,
                             const struct spec_row *row, struct word *w)
{
    struct every e;
    char *error = every_parse(&e, w->text);

    every_free(&e);
    free(s->wrong);
    s->wrong = error;
    if (error)
        return error;
    *SLOT(s, row, char *) = xmemdup0(w->text, w->len);
    return NULL;
}

static const char *set_times(struct dispatch_spec *s,
                             const struct spec_row *row, struct word *w)
{
    unsigned long long n;

    if (!word_to_u64(w, (unsigned long long)row->max, &n) || !n)
        return "a number from 1";
    *SLOT(s, row, unsigned) = (unsigned)n;
    return NULL;
}

static void write_times(const struct dispatch_spec *s,
                        const struct spec_row *row, struct buf *value)
{
    if (*SEEN(s, row, unsigned))
        buf_add_u64(value, *SEEN(s, row, unsigned));
}

static const char *const missed_words[] = {[DISPATCH_MISSED_DEFAULT] = "",
                                           [DISPATCH_MISSED_SKIP] = "skip",
                                           [DISPATCH_MISSED_ONCE] = "once"};

static const char *set_missed(struct dispatch_spec *s,
                              const struct spec_row *row, struct word *w)
{
    (void)row;
    for (unsigned i = DISPATCH_MISSED_SKIP; i < ARRAY_LEN(missed_words); i++) {
        if (!word_is(w, missed_words[i]))
            continue;
        s->missed = (enum dispatch_missed)i;
        return NULL;
    }
    return "skip or once";
}

static void write_missed(const struct dispatch_spec *s,
                         const struct spec_row *row, struct buf *value)
{
    (void)row;
    buf_add_str(value, missed_words[s->missed]);
}

/* JID, JID=ok or JID=any */
static const char *set_after(struct dispatch_spec *s,
                             const struct spec_row *row, struct word *w)
{
    const char *eq = memchr(w->text, '=', w->len);
    size_t len = eq ? (size_t)(eq - w->text) : w->len;

    (void)row;
    if (!len || (eq && strcmp(eq, "=ok") != 0 && strcmp(eq, "=any") != 0))
        return "JID, JID=ok or JID=any";
    s->after = xmemdup0(w->text, len);
    s->after_any = eq && strcmp(eq, "=any") == 0;
    return NULL;
}

static void write_after(const struct dispatch_spec *s,
                        const struct spec_row *row, struct buf *value)
{
    (void)row;
    if (s->after)
        buf_add_fmt(value, "%s%s", s->after, s->after_any ? "=any" : "");
}

static const char *set_key(struct dispatch_spec *s, const struct spec_row *row,
                           struct word *w)
{
    if (!w->len || w->len > KEY_MAX)
        return "a text of 1 to 200 bytes";
    *SLOT(s, row, char *) = xmemdup0(w->text, w->len);
    return NULL;
}

static const char *set_plan_hosts(struct dispatch_spec *s,
                                  const struct spec_row *row, struct word *w)
{
    (void)row;
    return spec_parse_list(w, &s->plan_hosts, &s->n_plan_hosts)
               ? NULL
               : "names with commas between them, each once";
}

static void write_plan_hosts(const struct dispatch_spec *s,
                             const struct spec_row *row, struct buf *value)
{
    (void)row;
    spec_write_list(s->plan_hosts, s->n_plan_hosts, value);
}

const struct spec_type spec_type_when = {set_when, write_when};
const struct spec_type spec_type_every = {set_every, spec_write_text};
const struct spec_type spec_type_times = {set_times, write_times};
const struct spec_type spec_type_missed = {set_missed, write_missed};
const struct spec_type spec_type_after = {set_after, write_after};
const struct spec_type spec_type_plan_hosts = {set_plan_hosts,
                                               write_plan_hosts};
const struct spec_type spec_type_key = {set_key, spec_write_text};
