#include "dispatcher/when.h"

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "dispatcher/calendar.h"
#include "lib/conf.h"

#define SECOND       1000LL
#define DAY_MS       (CALENDAR_DAY * SECOND)
#define AHEAD_MAX    (3650 * DAY_MS) /* of a time from now on */
#define INTERVAL_MIN SECOND
#define ZONE_PREFIX  "TZ="

/* -- a time: each takes what it knows and moves *p behind it --------------- */

static bool take_digits(const char **p, int digits, int max, int *n)
{
    *n = 0;
    for (int i = 0; i < digits; i++) {
        if (!isdigit((unsigned char)**p))
            return false;
        *n = 10 * *n + (*(*p)++ - '0');
    }
    return *n <= max;
}

static bool take_char(const char **p, char c)
{
    if (**p != c)
        return false;
    (*p)++;
    return true;
}

/* .5 .123456: in ms, what is smaller is dropped */
static bool take_fraction(const char **p, int64_t *ms)
{
    int64_t unit = 100;

    if (!isdigit((unsigned char)**p))
        return false;
    for (; isdigit((unsigned char)**p); (*p)++, unit /= 10)
        *ms += (**p - '0') * unit;
    return true;
}

/* HH:MM[:SS[.f]] in ms of a day */
static bool take_clock(const char **p, int64_t *ms)
{
    int h, m, s = 0;

    if (!take_digits(p, 2, 23, &h) || !take_char(p, ':') ||
        !take_digits(p, 2, 59, &m))
        return false;
    *ms = 0;
    if (take_char(p, ':')) {
        if (!take_digits(p, 2, 60, &s)) /* a leap second */
            return false;
        if (take_char(p, '.') && !take_fraction(p, ms))
            return false;
    }
    *ms += ((h * 60LL + m) * 60 + s) * SECOND;
    return true;
}

/* YYYY-MM-DD in days since 1970 */
static bool take_date(const char **p, int64_t *days)
{
    int y, m, d;

    if (!take_digits(p, 4, WHEN_YEAR_MAX, &y) || y < WHEN_YEAR_MIN ||
        !take_char(p, '-') || !take_digits(p, 2, 12, &m) || !m ||
        !take_char(p, '-') || !take_digits(p, 2, 31, &d) || !d ||
        d > calendar_month_days(y, m))
        return false;
    *days = calendar_days(y, m, d);
    return true;
}

/* Z or +HH:MM, in seconds */
static bool take_offset(const char **p, int64_t *seconds)
{
    bool minus = **p == '-';
    int h, m;

    *seconds = 0;
    if (take_char(p, 'Z') || take_char(p, 'z'))
        return true;
    if (!take_char(p, '+') && !take_char(p, '-'))
        return false;
    if (!take_digits(p, 2, 23, &h) || !take_char(p, ':') ||
        !take_digits(p, 2, 59, &m))
        return false;
    *seconds = (minus ? -1 : 1) * (h * 3600LL + m * 60LL);
    return true;
}

static int64_t from_local(const struct zone *zone, int64_t local)
{
    int64_t rest = local % SECOND;

    return zone_from_local(zone, (local - rest) / SECOND) * SECOND + rest;
}

/* False: it is none; an offset that is missing is the zone's. */
static bool parse_date(const char *p, const struct zone *zone, int64_t *ms)
{
    int64_t days, clock, offset;

    if (!take_date(&p, &days) ||
        !(take_char(&p, 'T') || take_char(&p, 't') || take_char(&p, ' ')) ||
        !take_clock(&p, &clock))
        return false;
    clock += days * DAY_MS;
    if (!*p)
        *ms = from_local(zone, clock);
    else if (take_offset(&p, &offset) && !*p)
        *ms = clock - offset * SECOND;
    else
        return false;
    return *ms >= 0;
}

/* Today's, or tomorrow's when that is over. */
static bool parse_clock(const char *p, int64_t now, const struct zone *zone,
                        int64_t *ms)
{
    struct zone_span span;
    int64_t clock, day;

    if (!take_clock(&p, &clock) || *p)
        return false;
    zone_span_at(zone, now / SECOND, &span);
    day = calendar_day_of(now / SECOND + span.offset);
    do
        *ms = from_local(zone, day++ * DAY_MS + clock);
    while (*ms < now);
    return true;
}

static bool parse_ahead(const char *p, int64_t now, int64_t *ms)
{
    int64_t ahead;

    if (!conf_parse_duration(p, &ahead) || ahead < 0 || ahead > AHEAD_MAX)
        return false;
    *ms = now + ahead;
    return true;
}

bool when_parse(const char *text, int64_t now, const struct zone *zone,
                int64_t *ms)
{
    if (*text == '+')
        return parse_ahead(text + 1, now, ms);
    return parse_clock(text, now, zone, ms) || parse_date(text, zone, ms);
}

void when_write(int64_t ms, struct buf *out)
{
    int64_t seconds = ms / SECOND, rest = ms % SECOND, days;
    struct calendar_date d;

    if (rest < 0) {
        rest += SECOND;
        seconds--;
    }
    days = calendar_day_of(seconds);
    d = calendar_date(days);
    seconds -= days * CALENDAR_DAY;
    buf_add_fmt(out, "%04lld-%02d-%02dT%02d:%02d:%02d", (long long)d.year,
                d.month, d.day, (int)(seconds / 3600), (int)(seconds / 60 % 60),
                (int)(seconds % 60));
    if (rest)
        buf_add_fmt(out, ".%03d", (int)rest);
    buf_add_char(out, 'Z');
}

/* -- again and again ------------------------------------------------------- */

/* TZ=NAME before the fields; *text is then what follows. */
static char *take_zone(struct every *e, const char **text)
{
    const char *p = *text;
    size_t len;
    char *name, *error = NULL;

    if (strncmp(p, ZONE_PREFIX, strlen(ZONE_PREFIX)) != 0) {
        e->zone = zone_open(NULL, &error);
        return error;
    }
    p += strlen(ZONE_PREFIX);
    len = strcspn(p, " \t");
    name = xstrndup(p, len);
    e->zone = zone_open(name, &error);
    free(name);
    *text = p + len + strspn(p + len, " \t");
    return error;
}

static bool has_blank(const char *text)
{
    return strpbrk(text, " \t") != NULL;
}

static char *parse_interval(struct every *e, const char *text)
{
    if (conf_parse_duration(text, &e->interval) &&
        e->interval >= INTERVAL_MIN && e->interval <= AHEAD_MAX)
        return NULL;
    e->interval = 0;
    return xasprintf("%.60s: want an interval from 1s, as 90s 10m 1h 2d, or "
                     "five fields of crontab(5) in quotes",
                     text);
}

char *every_parse(struct every *e, const char *text)
{
    char *error;
    int64_t t;

    memset(e, 0, sizeof(*e));
    text += strspn(text, " \t");
    if (*text != '@' && !has_blank(text))
        return parse_interval(e, text);
    error = take_zone(e, &text);
    if (!error)
        error = cron_parse(&e->cron, text);
    if (!error && !cron_next(&e->cron, e->zone, 0, &t))
        error = xasprintf("%.60s: no day is such a one", text);
    return error;
}

void every_free(struct every *e)
{
    zone_free(e->zone);
    e->zone = NULL;
}

bool every_next(const struct every *e, int64_t anchor, int64_t after,
                int64_t *next)
{
    int64_t seconds;

    if (e->interval) {
        *next = anchor;
        if (after >= anchor)
            *next += ((after - anchor) / e->interval + 1) * e->interval;
        return true;
    }
    if (after < anchor)
        after = anchor - 1; /* the anchor itself may be one */
    /* a time of seconds is after a part of one when it is after its second */
    if (!cron_next(&e->cron, e->zone, after / SECOND, &seconds))
        return false;
    *next = seconds * SECOND;
    return true;
}

/* The last one up to now, and how many came before it; false: more than max,
 * and it was not looked further. */
static bool due_count(const struct every *e, int64_t anchor, int64_t settled,
                      int64_t now, unsigned max, struct every_due *due)
{
    for (int64_t t = settled;; t = due->next) {
        due->has_next = every_next(e, anchor, t, &due->next);
        if (!due->has_next || due->next > now)
            return true;
        if (due->before >= max)
            return false;
        due->before += due->has_newest;
        due->has_newest = true;
        due->newest = due->next;
    }
}

/* After a long time the newest is looked for in a short one before now, and in
 * a longer one if it is not there. */
static void due_newest(const struct every *e, int64_t anchor, int64_t settled,
                       int64_t now, struct every_due *due)
{
    static const int64_t spans[] = {60 * SECOND, DAY_MS / 24, DAY_MS,
                                    31 * DAY_MS, AHEAD_MAX};
    struct every_due last = {.many = false};

    for (size_t i = 0; i < ARRAY_LEN(spans) && !last.has_newest; i++) {
        int64_t from = now - spans[i] > settled ? now - spans[i] : settled;

        last = (struct every_due){.many = true};
        (void)due_count(e, anchor, from, now, UINT_MAX, &last);
    }
    last.before = due->before;
    *due = last;
}

void every_due(const struct every *e, int64_t anchor, int64_t settled,
               int64_t now, struct every_due *due)
{
    *due = (struct every_due){.many = false};
    if (!due_count(e, anchor, settled, now, EVERY_COUNTED, due))
        due_newest(e, anchor, settled, now, due);
}
