#include "dispatcher/cron.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "dispatcher/calendar.h"

#define FIELDS     5
#define YEARS      40 /* that are searched: 29 February on a given weekday */
#define SPANS_MAX  (4 * YEARS)
#define SMALL_STEP (3 * 3600) /* of the clock; more is a correction */

/* -- fields ---------------------------------------------------------------- */

struct field {
    const char *name;
    int min, max;
    const char *const *names; /* of min, min + 1, ...; three letters each */
};

static const char *const months[] = {"jan", "feb", "mar", "apr", "may",
                                     "jun", "jul", "aug", "sep", "oct",
                                     "nov", "dec", NULL};
static const char *const weekdays[] = {"sun", "mon", "tue", "wed",
                                       "thu", "fri", "sat", NULL};

static const struct field fields[FIELDS] = {
    {"minute", 0, 59, NULL},         {"hour", 0, 23, NULL},
    {"day of month", 1, 31, NULL},   {"month", 1, 12, months},
    {"day of week", 0, 7, weekdays},
};

/* A number or a name; moves *p behind it. */
static bool take_value(const struct field *f, const char **p, int *n)
{
    const char *s = *p;

    for (int i = 0; f->names && f->names[i]; i++) {
        if (strncasecmp(s, f->names[i], 3) == 0 &&
            !isalnum((unsigned char)s[3])) {
            *n = f->min + i;
            *p = s + 3;
            return true;
        }
    }
    *n = 0;
    while (isdigit((unsigned char)*s) && *n <= f->max)
        *n = 10 * *n + (*s++ - '0');
    if (s == *p || *n > f->max || *n < f->min)
        return false;
    *p = s;
    return true;
}

/* A number from 1 behind a slash; at most what a field has. */
static bool take_step(const struct field *f, const char **p, int *step)
{
    const struct field number = {f->name, 1, f->max, NULL};

    *step = 1;
    if (**p != '/')
        return true;
    (*p)++;
    return take_value(&number, p, step);
}

/* * or A or A-B, and a step after all but A */
static bool take_range(const struct field *f, const char **p, uint64_t *set)
{
    int from = f->min, to = f->max, step = 1;
    bool one = false;

    if (**p == '*') {
        (*p)++;
    } else {
        if (!take_value(f, p, &from))
            return false;
        one = **p != '-';
        to = from;
        if (!one) {
            (*p)++;
            if (!take_value(f, p, &to) || to < from)
                return false;
        }
    }
    if (!one && !take_step(f, p, &step))
        return false;
    for (int i = from; i <= to; i += step)
        *set |= UINT64_C(1) << i;
    return true;
}

static bool parse_field(const struct field *f, const char *text, uint64_t *set)
{
    *set = 0;
    do {
        if (!take_range(f, &text, set))
            return false;
    } while (*text++ == ',');
    return text[-1] == '\0';
}

static char *field_error(const struct field *f, const char *text)
{
    return xasprintf("%s %.40s: want * or numbers from %d to %d%s, as 5, 1-5, "
                     "*/5 or 1,3-9/2",
                     f->name, text, f->min, f->max,
                     f->names ? " or names of three letters" : "");
}

static char *parse_fields(struct cron *c, char *words[FIELDS])
{
    uint64_t sets[FIELDS];

    for (int i = 0; i < FIELDS; i++) {
        if (!parse_field(&fields[i], words[i], &sets[i]))
            return field_error(&fields[i], words[i]);
    }
    *c = (struct cron){.minutes = sets[0],
                       .hours = (uint32_t)sets[1],
                       .days = (uint32_t)sets[2],
                       .months = (uint32_t)sets[3],
                       .weekdays = (uint8_t)((sets[4] | sets[4] >> 7) & 0x7f),
                       .any_day = words[2][0] == '*',
                       .any_weekday = words[4][0] == '*',
                       .fixed = words[0][0] != '*' && words[1][0] != '*'};
    return NULL;
}

static const char *nickname(const char *text)
{
    static const char *const names[][2] = {
        {"@hourly", "0 * * * *"},   {"@daily", "0 0 * * *"},
        {"@midnight", "0 0 * * *"}, {"@weekly", "0 0 * * 0"},
        {"@monthly", "0 0 1 * *"},  {"@yearly", "0 0 1 1 *"},
        {"@annually", "0 0 1 1 *"},
    };

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (strcmp(text, names[i][0]) == 0)
            return names[i][1];
    }
    return text;
}

char *cron_parse(struct cron *c, const char *text)
{
    char *copy = xstrdup(nickname(text)), *words[FIELDS + 1], *save = NULL;
    char *word = strtok_r(copy, " \t", &save), *error;
    int n = 0;

    while (word && n <= FIELDS) {
        words[n++] = word;
        word = strtok_r(NULL, " \t", &save);
    }
    if (n == FIELDS)
        error = parse_fields(c, words);
    else
        error = xasprintf("%.60s: want five fields: minute, hour, day of "
                          "month, month, day of week",
                          text);
    free(copy);
    return error;
}

/* -- times ----------------------------------------------------------------- */

static bool has(uint64_t set, int n)
{
    return set >> n & 1;
}

static bool day_matches(const struct cron *c, int day, int weekday)
{
    bool by_day = has(c->days, day), by_weekday = has(c->weekdays, weekday);

    return c->any_day || c->any_weekday ? by_day && by_weekday
                                        : by_day || by_weekday;
}

/* The first minute of that day, from that one on, or -1. */
static int next_minute(const struct cron *c, int from)
{
    for (int h = from / 60, m = from % 60; h < 24; h++, m = 0) {
        if (!has(c->hours, h))
            continue;
        for (; m < 60; m++) {
            if (has(c->minutes, m))
                return h * 60 + m;
        }
    }
    return -1;
}

/* The first time that matches, from a local one on; false: none in YEARS. */
static bool next_local(const struct cron *c, int64_t from, int64_t *local)
{
    int64_t days = calendar_day_of(from);
    int64_t last = calendar_date(days).year + YEARS;
    int minute = (int)((from - days * CALENDAR_DAY + 59) / 60);

    for (;;) {
        struct calendar_date d = calendar_date(days);

        if (d.year > last)
            return false;
        if (!has(c->months, d.month)) {
            days += calendar_month_days(d.year, d.month) - d.day + 1;
            minute = 0;
            continue;
        }
        if (day_matches(c, d.day, calendar_weekday(days))) {
            minute = next_minute(c, minute);
            if (minute >= 0) {
                *local = days * CALENDAR_DAY + (int64_t)minute * 60;
                return true;
            }
        }
        days++;
        minute = 0;
    }
}

/* A time in a span whose clocks were set back has been there before. */
static int64_t after_repeat(const struct cron *c, const struct zone_span *s,
                            int64_t t)
{
    int64_t back = (int64_t)s->before - s->offset;

    if (c->fixed && s->start != INT64_MIN && back > 0 && back < SMALL_STEP &&
        t < s->start + back)
        return s->start + back;
    return t;
}

/* Whether a time of the span that was never shown, for clocks went forward at
 * its end, is made up for then. */
static bool in_gap(const struct cron *c, const struct zone *z,
                   const struct zone_span *s, int64_t t)
{
    struct zone_span next;
    int64_t gap;

    zone_span_at(z, s->end, &next);
    gap = (int64_t)next.offset - s->offset;
    return c->fixed && gap > 0 && gap < SMALL_STEP && t < s->end + gap;
}

bool cron_next(const struct cron *c, const struct zone *z, int64_t after,
               int64_t *next)
{
    int64_t t = after + 1, local;

    for (int i = 0; i < SPANS_MAX; i++) {
        struct zone_span s;

        zone_span_at(z, t, &s);
        t = after_repeat(c, &s, t);
        if (!next_local(c, t + s.offset, &local))
            return false;
        *next = local - s.offset;
        if (*next < s.end)
            return true;
        if (in_gap(c, z, &s, *next)) {
            *next = s.end;
            return true;
        }
        t = s.end;
    }
    return false;
}
